"""Errors as the services word them: a code that clients branch on, a message for people, an HTTP status."""

from http import HTTPStatus

from mlops_new.errors import Conflict, Error, Invalid


class ServiceError(Exception):
    """What a service answers instead of a result.

    Args:
        code: The service's own name for it: ValidationException, NoSuchKey, ….
        message: What is wrong.
        status: The HTTP status.
    """

    def __init__(self, code: str, message: str, status: int = HTTPStatus.BAD_REQUEST) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


class Unmodelled(AssertionError):
    """An answer that the service's model does not know: a bug here, never shown as a result."""


def validation(message: str) -> ServiceError:
    """SageMaker's answer to a request that is wrong in itself."""
    return ServiceError("ValidationException", message)


def not_found(message: str) -> ServiceError:
    """SageMaker's answer where there is nothing of that name."""
    return ServiceError("ResourceNotFound", message)


def conflict(message: str) -> ServiceError:
    """SageMaker's answer where a request and what exists exclude each other."""
    return ServiceError("ConflictException", message)


def translated(error: Error) -> ServiceError:
    """An error of this program as SageMaker would word it."""
    message = f"{error.message} ({error.hint})" if error.hint else error.message
    match error:
        case Invalid():
            return validation(message)
        case Conflict():
            return conflict(message)
        case _:
            return ServiceError("InternalFailure", message, HTTPStatus.INTERNAL_SERVER_ERROR)
