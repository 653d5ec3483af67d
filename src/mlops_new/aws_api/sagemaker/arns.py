"""Names and ARNs: clients may say either."""

import re

from mlops_new.aws_api.http.service_errors import validation

_ARN = re.compile(r"arn:[^:]+:sagemaker:[^:]*:[^:]*:(?P<resource>.+)")


def resource(arn: str) -> str:
    """What follows the account: `pipeline/NAME`. Region and account are not looked at: there is one of each here.

    Raises:
        ServiceError: It is no ARN of SageMaker.
    """
    match = _ARN.fullmatch(arn)
    if match is None:
        raise validation(f"{arn!r} is not an ARN of SageMaker")
    return match["resource"]


def pipeline(name_or_arn: str) -> str:
    """A pipeline's name."""
    return _last(name_or_arn, "pipeline")


def group(name_or_arn: str) -> str:
    """A model package group's name."""
    return _last(name_or_arn, "model-package-group")


def execution(arn: str) -> tuple[str, str]:
    """The pipeline's name and the execution's id.

    Raises:
        ServiceError: It is no ARN of an execution.
    """
    match resource(arn).split("/"):
        case ["pipeline", name, "execution", identity]:
            return name, identity
        case _:
            raise validation(f"{arn!r} is not the ARN of a pipeline execution")


def package(arn: str) -> tuple[str, int]:
    """A model package's group and version.

    Raises:
        ServiceError: It is no ARN of a version.
    """
    match resource(arn).split("/") if arn.startswith("arn:") else arn.split("/"):
        case ["model-package", name, version] if version.isdecimal():
            return name, int(version)
        case [name, version] if version.isdecimal():
            return name, int(version)
        case _:
            raise validation(f"{arn!r} is not a version of a model package group: others are not kept on this machine")


def _last(name_or_arn: str, kind: str) -> str:
    if not name_or_arn.startswith("arn:"):
        return name_or_arn
    match resource(name_or_arn).split("/"):
        case [found, name] if found == kind:
            return name
        case _:
            raise validation(f"{name_or_arn!r} is not the ARN of a {kind}")
