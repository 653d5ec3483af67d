"""The one place that says what AWS's refusals and silences mean. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from botocore import exceptions
from botocore.parsers import ResponseParserError

from mlops_new.errors import Conflict, Denied, Error, Invalid, Unreachable

_LONGEST = 400
_AGAIN = "run the same command again: it continues"
_LOG_IN = (
    "log in again (`aws sso login`, or new AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN), then "
    + _AGAIN
)
_DOCTOR = (
    "`mlops-new doctor --platform sagemaker` prints the statement that is missing; when the role has it, " + _AGAIN
)
_REGION = "set AWS_REGION, or region in [sagemaker] of the settings file, to the region that was bootstrapped"
_BOOTSTRAP = "`mlops-new bootstrap` makes it, once for an account and region; or name yours in [sagemaker]"


class Absent(Invalid):
    """AWS says that there is no such thing."""


class Taken(Conflict):
    """AWS says that there is such a thing already."""


class Busy(Unreachable):
    """AWS is asked too often: nothing was done, and later it can be."""


class Unclear(Unreachable):
    """No answer, or none that says whether it was done: whoever wrote looks again first."""


@dataclass(frozen=True)
class Call:
    """What was asked of AWS.

    Args:
        service: As boto names it: sagemaker, s3, ….
        operation: As the API names it: DescribePipeline.
        subject: What it is about; empty where it is about nothing in particular.
    """

    service: str
    operation: str
    subject: str = ""

    @property
    def action(self) -> str:
        """The IAM action that it needs."""
        return _ACTIONS.get((self.service, self.operation), f"{self.service}:{self.operation}")

    def __str__(self) -> str:
        return f"{self.service}:{self.operation}" + (f" of {self.subject}" if self.subject else "")


# Where IAM's word is not the operation's.
_ACTIONS: Mapping[tuple[str, str], str] = {
    ("s3", "CompleteMultipartUpload"): "s3:PutObject",
    ("s3", "CreateMultipartUpload"): "s3:PutObject",
    ("s3", "DeleteObjects"): "s3:DeleteObject",
    ("s3", "HeadBucket"): "s3:ListBucket",
    ("s3", "HeadObject"): "s3:GetObject",
    ("s3", "ListObjectVersions"): "s3:ListBucketVersions",
    ("s3", "ListObjectsV2"): "s3:ListBucket",
    ("s3", "UploadPart"): "s3:PutObject",
    ("service-quotas", "ListServiceQuotas"): "servicequotas:ListServiceQuotas",
}


def judge(error: Exception, call: Call) -> Error | None:
    """What went wrong, for people; None where it is no failure of AWS and so a bug here."""
    match error:
        case exceptions.ClientError():
            return _refused(error.response, call)
        case ResponseParserError():
            return Unclear(f"{call}: what came back is not AWS's answer", hint=_PROXY)
        case exceptions.BotoCoreError():
            return _unsent(error, call)
        case _:
            return None


_PROXY = "a proxy or firewall seems to stand in between: check HTTPS_PROXY, NO_PROXY and AWS_ENDPOINT_URL"
_NETWORK = "check the network, the region, HTTPS_PROXY and AWS_ENDPOINT_URL"
_NO_CREDENTIALS = (
    exceptions.NoCredentialsError,
    exceptions.PartialCredentialsError,
    exceptions.CredentialRetrievalError,
    exceptions.SSOError,
    exceptions.TokenRetrievalError,
    exceptions.NoAuthTokenError,
)
_CONFIGURATION = (
    exceptions.ConfigNotFound,
    exceptions.ConfigParseError,
    exceptions.InvalidConfigError,
    exceptions.InvalidDefaultsMode,
    exceptions.InvalidEndpointConfigurationError,
    exceptions.InvalidMaxRetryAttemptsError,
    exceptions.InvalidProxiesConfigError,
    exceptions.InvalidRetryConfigurationError,
    exceptions.InvalidRetryModeError,
    exceptions.InvalidSTSRegionalEndpointsConfigError,
    exceptions.ProfileNotFound,
    exceptions.UnknownCredentialError,
)
_NO_REGION = (exceptions.NoRegionError, exceptions.InvalidRegionError, exceptions.UnknownRegionError)


def _unsent(error: exceptions.BotoCoreError, call: Call) -> Error:
    text = _line(str(error))
    if isinstance(error, _NO_CREDENTIALS):
        return Denied(f"there are no credentials for AWS: {text}", hint=_LOG_IN)
    if isinstance(error, _NO_REGION):
        return Invalid(f"there is no region to work in: {text}", hint=_REGION)
    if isinstance(error, _CONFIGURATION):
        return Invalid(
            f"AWS's configuration cannot be used: {text}", hint="see ~/.aws/config, AWS_PROFILE, AWS_CONFIG_FILE"
        )
    if isinstance(error, exceptions.ParamValidationError):
        return Invalid(f"{call} cannot be asked: {text}")
    return Unclear(f"AWS does not answer {call}: {text}", hint=f"{_NETWORK}, then {_AGAIN}")


_EXPIRED = {
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidToken",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "RequestExpired",
    "SignatureDoesNotMatch",
    "InvalidSignatureException",
    "TokenRefreshRequired",
    "UnrecognizedClientException",
}
_CLOCK = {"RequestTimeTooSkewed", "RequestInTheFuture"}
_DENIED = {
    "403",
    "AccessDenied",
    "AccessDeniedException",
    "AuthorizationError",
    "Forbidden",
    "NotAuthorized",
    "OptInRequired",
    "UnauthorizedException",
    "UnauthorizedOperation",
}
_BUSY = {
    "BandwidthLimitExceeded",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "TooManyRequestsException",
}
_ABSENT = {
    "404",
    "ChangeSetNotFound",
    "ChangeSetNotFoundException",
    "ImageNotFoundException",
    "NoSuchBucket",
    "NoSuchEntity",
    "NoSuchEntityException",
    "NoSuchKey",
    "NoSuchTagSet",
    "NotFound",
    "NotFoundException",
    "NotImplemented",
    "UnknownOperationException",
    "RepositoryNotFoundException",
    "ResourceNotFound",
    "ResourceNotFoundException",
}
# (The last two are what an endpoint says that has not all of AWS, such as `mlops-new serve`.)
_TAKEN = {
    "AlreadyExistsException",
    "BucketAlreadyExists",
    "BucketAlreadyOwnedByYou",
    "ConflictException",
    "EntityAlreadyExists",
    "EntityAlreadyExistsException",
    "ResourceInUse",
    "ResourceInUseException",
}
_LIMITS = {
    "LimitExceeded",
    "LimitExceededException",
    "ResourceLimitExceeded",
    "ServiceQuotaExceededException",
}
_ELSEWHERE = {"301", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "PermanentRedirect"}
_NOT_THERE = re.compile(r"does ?n[o']t exist|not found|could not find|no such", re.IGNORECASE)
_ALREADY = re.compile(r"already exist|must be unique|already in use", re.IGNORECASE)
_ROLE = re.compile(r"\brole\b.*(assume|invalid|not exist|trust)|(assume|invalid|trust).*\brole\b", re.IGNORECASE)
_WHO = re.compile(
    r"User: (?P<who>\S+) is not authorized to perform: (?P<action>\S+)(?: on resource: (?P<what>\S+))?", re.IGNORECASE
)


def _refused(response: Mapping[str, Any], call: Call) -> Error:
    told = response.get("Error", {})
    code, text = str(told.get("Code", "")), _line(str(told.get("Message", "")))
    status = int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if status == HTTPStatus.TOO_MANY_REQUESTS or code in _BUSY:
        return Busy(f"AWS is asked too often for {call}: {text or code}", hint=f"wait a minute, then {_AGAIN}")
    if found := _by_code(code, text, call):
        return found
    if code in {"ValidationException", "ValidationError", "InvalidParameterException"} and (
        found := _by_text(text, call)
    ):
        return found
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Unclear(f"AWS failed at {call}: {text or code}", hint=f"wait a minute, then {_AGAIN}")
    return Error(f"AWS refuses {call}: {text or code}")


def _by_code(code: str, text: str, call: Call) -> Error | None:
    if code in _EXPIRED:
        return Denied(f"AWS does not accept the credentials: {text or code}", hint=_LOG_IN)
    if code in _CLOCK:
        return Denied(f"AWS does not accept the credentials: {text or code}", hint="set this machine's clock right")
    if code in _DENIED:
        return _denied(text, call)
    if code in _ABSENT:
        return absent(call, code, text)
    if code in _TAKEN:
        return Taken(f"{call}: {text or code}")
    if code in _LIMITS:
        hint = "raise the quota (Service Quotas in AWS's console), or choose another instance type"
        return Error(f"AWS's quota does not allow {call}: {text or code}", hint=hint)
    if code in _ELSEWHERE:
        return Invalid(f"{call.subject or call.service} is in another region: {text or code}", hint=_REGION)
    return None


def _by_text(text: str, call: Call) -> Error | None:
    """SageMaker says a good deal by its catch-all code, and the sentence tells what."""
    if _ROLE.search(text):
        return Invalid(f"SageMaker cannot use the execution role: {text}", hint=f"the role: {_BOOTSTRAP}")
    if _ALREADY.search(text):
        return Taken(f"{call}: {text}")
    if _NOT_THERE.search(text):
        return absent(call, "", text)
    return Invalid(f"AWS does not take {call}: {text}")


def absent(call: Call, code: str, text: str) -> Absent:
    """There is no such thing, and where that means an account without our stack, what to do."""
    if code in {"NoSuchBucket", "RepositoryNotFoundException"}:
        return Absent(f"there is no {call.subject}: {text or code}", hint=f"{_BOOTSTRAP}. Or {_REGION}")
    return Absent(f"{call}: {text or 'there is none'}", hint=f"check the name and the region: {_REGION}")


def _denied(text: str, call: Call) -> Denied:
    match = _WHO.search(text)
    if match is None:
        on = f" on {call.subject}" if call.subject else ""
        return Denied(f"AWS does not allow {call.action}{on}: {text or 'access denied'}", hint=_DOCTOR)
    on = f" on {match['what']}" if match["what"] else ""
    return Denied(f"AWS does not allow {match['action']}{on} to {match['who']}", hint=_DOCTOR)


def _line(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= _LONGEST else f"{plain[: _LONGEST - 1]}…"
