"""Errors as the services word them: a code that clients branch on, a message for people, an HTTP status."""

import errno
import sqlite3
from collections.abc import Mapping
from http import HTTPStatus

from mlops_new.errors import Conflict, Error, Invalid

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_NO_ROOM = "the disk that MLOPS_NEW_HOME is on is full: nothing was stored; free some space and send it again"


class ServiceError(Exception):
    """What a service answers instead of a result.

    Args:
        code: The service's own name for it: ValidationException, NoSuchKey, ….
        message: What is wrong.
        status: The HTTP status.
        more: Further elements of S3's error document, by name.
    """

    def __init__(
        self, code: str, message: str, status: int = HTTPStatus.BAD_REQUEST, more: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.more = more or {}


class Unmodelled(AssertionError):
    """An answer that the service's model does not know: a bug here, never shown as a result."""


def not_implemented(message: str) -> ServiceError:
    """S3's answer to what this machine cannot do."""
    return ServiceError("NotImplemented", message, HTTPStatus.NOT_IMPLEMENTED)


def full_disk(error: BaseException | None) -> ServiceError | None:
    """The answer where there is no room to write; None where an error means something else.

    Clients do not try again after this status: waiting makes no room.
    """
    while error is not None:
        if isinstance(error, OSError) and error.errno in _FULL:
            return ServiceError("InsufficientStorage", _NO_ROOM, HTTPStatus.INSUFFICIENT_STORAGE)
        if isinstance(error, sqlite3.OperationalError) and "full" in str(error):
            return ServiceError("InsufficientStorage", _NO_ROOM, HTTPStatus.INSUFFICIENT_STORAGE)
        error = error.__cause__ or error.__context__
    return None


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
