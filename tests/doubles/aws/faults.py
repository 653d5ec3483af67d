"""What can go wrong between a client and AWS, on request."""

from dataclasses import dataclass
from enum import StrEnum

from tests.doubles.aws.wire import Answer, Request, refused

CALLER = "arn:aws:sts::123456789012:assumed-role/data-scientist/ann"
ROLE_REFUSED = (
    "Role arn:aws:iam::123456789012:role/mlops-new-execution cannot be assumed: make sure that it exists and that its "
    "trust relationship allows sagemaker.amazonaws.com"
)


class Kind(StrEnum):
    """What happens instead of an answer."""

    DENIED = "access denied"
    THROTTLED = "throttling"
    EXPIRED = "expired credentials"
    BROKEN = "internal failure"
    NO_ROLE = "a role that does not exist"
    DROPPED_BEFORE = "connection dropped before"
    DROPPED_AFTER = "connection dropped after"


@dataclass
class Fault:
    """One kind of trouble with one operation.

    Args:
        operation: Such as sagemaker:CreatePipeline; empty: every one.
        kind: What happens.
        times: How often.
        skip: How many calls are left alone before.
    """

    operation: str
    kind: Kind
    times: int = 1_000_000
    skip: int = 0

    def strikes(self, operation: str) -> bool:
        """Whether it strikes this call; counts it."""
        if self.operation not in {"", operation} or self.times <= 0:
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        self.times -= 1
        return True


def answer_of(kind: Kind, request: Request) -> Answer | None:
    """The refusal; None where the connection is dropped."""
    action = f"{request.service}:{request.operation}"
    match kind:
        case Kind.DENIED:
            text = f"User: {CALLER} is not authorized to perform: {action} on resource: arn:aws:something"
            return refused(request, "AccessDenied" if request.service == "s3" else "AccessDeniedException", text, 403)
        case Kind.THROTTLED:
            return refused(request, "SlowDown" if request.service == "s3" else "ThrottlingException", "Rate exceeded")
        case Kind.EXPIRED:
            code = "ExpiredToken" if request.service in {"s3", "sts"} else "ExpiredTokenException"
            return refused(request, code, "The security token included in the request is expired")
        case Kind.BROKEN:
            return refused(request, "InternalFailure", "We encountered an internal error", 500)
        case Kind.NO_ROLE:
            return refused(request, "ValidationException", ROLE_REFUSED)
        case Kind.DROPPED_BEFORE | Kind.DROPPED_AFTER:
            return None
