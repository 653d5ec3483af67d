"""What a person is told when AWS refuses or is silent."""

import pytest
from botocore import exceptions
from botocore.parsers import ResponseParserError

from mlops_new.errors import Conflict, Denied, Error, Invalid, Unreachable
from mlops_new.platforms.sagemaker.aws_errors import Absent, Busy, Call, Taken, Unclear, judge

ASKED = Call("sagemaker", "DescribePipeline", "fresh-sales-build")
USER = "arn:aws:iam::111122223333:user/ann"


def refused(code: str, text: str = "", status: int = 400) -> exceptions.ClientError:
    response = {"Error": {"Code": code, "Message": text}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return exceptions.ClientError(response, "DescribePipeline")


@pytest.mark.parametrize(
    ("error", "kind", "said", "hint"),
    [
        (refused("ThrottlingException", "Rate exceeded"), Busy, "too often", "wait a minute"),
        (refused("Whatever", status=429), Busy, "too often", "wait a minute"),
        (refused("InternalFailure", status=503), Unclear, "AWS failed at", "continues"),
        (refused("ExpiredTokenException", "it is expired"), Denied, "credentials: it is expired", "log in again"),
        (refused("UnrecognizedClientException"), Denied, "credentials", "log in again"),
        (refused("RequestTimeTooSkewed", status=403), Denied, "credentials", "clock"),
        (refused("AccessDenied", status=403), Denied, "sagemaker:DescribePipeline on fresh-sales-build", "doctor"),
        (
            refused("AccessDeniedException", f"User: {USER} is not authorized to perform: iam:PassRole on resource: r"),
            Denied,
            f"does not allow iam:PassRole on r to {USER}",
            "doctor",
        ),
        (refused("ResourceNotFound", "Pipeline does not exist."), Absent, "does not exist", "region"),
        (refused("ValidationException", "Could not find model package"), Absent, "Could not find", "region"),
        (refused("NoSuchBucket", status=404), Absent, "there is no fresh-sales-build", "bootstrap"),
        (refused("ConflictException", "names must be unique"), Taken, "unique", ""),
        (refused("ValidationException", "Group already exists"), Taken, "already exists", ""),
        (refused("ValidationException", "role arn:x cannot be assumed"), Invalid, "execution role", "bootstrap"),
        (refused("ValidationException", "2 steps\n are too many"), Invalid, "2 steps are too many", ""),
        (refused("ResourceLimitExceeded", "limit is 0"), Error, "quota", "Service Quotas"),
        (refused("PermanentRedirect", status=301), Invalid, "another region", "AWS_REGION"),
        (refused("Strange", "no"), Error, "AWS refuses sagemaker:DescribePipeline", ""),
        (exceptions.NoCredentialsError(), Denied, "no credentials", "log in"),
        (exceptions.NoRegionError(), Invalid, "no region", "AWS_REGION"),
        (exceptions.ProfileNotFound(profile="x"), Invalid, "configuration", "AWS_PROFILE"),
        (exceptions.EndpointConnectionError(endpoint_url="https://x"), Unclear, "does not answer", "network"),
        (exceptions.ReadTimeoutError(endpoint_url="https://x"), Unclear, "does not answer", "network"),
        (exceptions.ConnectionClosedError(endpoint_url="https://x"), Unclear, "does not answer", "network"),
        (exceptions.ParamValidationError(report="too long"), Invalid, "too long", ""),
        (ResponseParserError("<html>"), Unclear, "not AWS's answer", "proxy"),
    ],
)
def test_every_refusal_has_one_line_a_way_out_and_an_exit_code(
    error: Exception, kind: type[Error], said: str, hint: str
) -> None:
    told = judge(error, ASKED)
    assert type(told) is kind
    assert said in told.message
    assert hint in told.hint
    assert "\n" not in told.message


def test_the_exit_codes_follow_from_the_kind() -> None:
    kinds = {Absent: Invalid, Taken: Conflict, Unclear: Unreachable, Busy: Unreachable}
    assert all(issubclass(kind, general) and kind.code == general.code for kind, general in kinds.items())


def test_what_is_not_a_failure_of_aws_is_a_bug_here() -> None:
    assert judge(KeyError("x"), ASKED) is None


def test_an_action_is_named_as_iam_names_it() -> None:
    assert Call("s3", "HeadObject").action == "s3:GetObject"
    assert Call("sts", "GetCallerIdentity").action == "sts:GetCallerIdentity"
