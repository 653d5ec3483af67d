"""How a CI script ends: with exit code 0, or with one line on stderr that says what is wrong and what to do."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

INTERRUPTED = 130
LONGEST = 600  # characters of a message; AWS's own can be longer than anybody reads
DENIED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AccessDeniedExceptionFault")
SIGN_IN = (
    *("ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException"),
    *("InvalidIdentityToken", "IDPRejectedClaim", "InvalidAccessKeyId", "SignatureDoesNotMatch"),
)
THROTTLED = ("Throttling", "ThrottlingException", "TooManyRequestsException", "SlowDown", "RequestLimitExceeded")


class CiError(Exception):
    """A step of CI cannot be done. The message says why and what to do."""


def run(name: str, work: Callable[[], int | None]) -> int:
    """Do a script's work; its exit code.

    Args:
        name: The script's name, which its message begins with.
        work: What to do. Gives an exit code, or nothing for 0.
    """
    try:
        return work() or 0
    except CiError as error:
        return fail(name, str(error))
    except ModuleNotFoundError as error:
        if error.name not in {"boto3", "botocore"}:
            raise
        return fail(name, "boto3 is not installed: pip install --requirement ci/requirements.txt")
    except KeyboardInterrupt:
        fail(name, "interrupted; what runs in AWS goes on")
        return INTERRUPTED
    except Exception as error:
        # AWS's errors can be named only where boto3 is, which some scripts do without; all others go on.
        message = of_aws(error)
        if message is None:
            raise
        return fail(name, message)


def of_aws(error: BaseException) -> str | None:
    """What an error of AWS or of the way to it means; None for any other error."""
    known = sys.modules.get("botocore.exceptions")
    if known is None:
        return None
    if type(error).__name__ == "S3UploadFailedError" and error.__context__:
        return of_aws(error.__context__)  # what boto3 has wrapped
    if isinstance(error, known.ClientError):
        return refused(error)
    return unreachable(error) if isinstance(error, known.BotoCoreError) else None


def fail(name: str, message: str) -> int:
    """Say in one line what is wrong, and give the exit code."""
    line = " ".join(message.split())
    sys.stdout.flush()
    sys.stderr.write(f"{name}: {line if len(line) <= LONGEST else line[:LONGEST] + '…'}\n")
    return 1


def say(text: str) -> None:
    """Tell how it goes; at once, because CI's log is read while it grows."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def code(error: Any) -> str:
    """AWS's name for what is wrong, of a ClientError."""
    return str(error.response.get("Error", {}).get("Code", "unknown"))


def absent(error: Any) -> bool:
    """Whether a ClientError says that there is no such thing; SageMaker has more than one way to say so."""
    message = str(error.response.get("Error", {}).get("Message", ""))
    if code(error) in {"ResourceNotFound", "ResourceNotFoundException", "404", "NoSuchKey"}:
        return True
    words = any(sign in message for sign in ("does not exist", "Could not find"))
    return code(error) == "ValidationException" and words and ":role/" not in message


def refused(error: Any) -> str:
    """What AWS refused, why, and what to do."""
    message = str(error.response.get("Error", {}).get("Message", ""))
    operation, name = error.operation_name, code(error)
    if name in SIGN_IN or operation.startswith("AssumeRole"):
        return (
            f"AWS does not accept these credentials in {operation} ({name}): {message}. Does the role AWS_ROLE_ARN "
            "trust this workspace, and has this step `oidc: true`? A token is good for an hour"
        )
    if name in DENIED:
        return f"AWS denies {operation}: {message}. Give the role of CI (AWS_ROLE_ARN) that right"
    if name in THROTTLED:
        return f"AWS still throttles {operation} after several tries; run this step again"
    if "role" in message.lower() and name == "ValidationException":
        return f"{operation}: {message}. Is the execution role there? MLOPS_EXECUTION_ROLE names another one"
    if name == "NoSuchBucket":
        return f"{operation}: {message}. `mlops-new bootstrap` makes the bucket; MLOPS_BUCKET names another one"
    return f"{operation} failed ({name}): {message}"


def unreachable(error: BaseException) -> str:
    """Why AWS could not be asked, and what to do."""
    match type(error).__name__:
        case "NoRegionError":
            return "no region is set: set the variable AWS_REGION of this repository, for example to eu-north-1"
        case "NoCredentialsError" | "PartialCredentialsError":
            return "there are no credentials: in CI a step needs `oidc: true` and the variable AWS_ROLE_ARN"
        case _:
            return f"AWS could not be asked: {error}. Run this step again"
