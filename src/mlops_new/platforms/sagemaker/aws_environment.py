"""AWS's own variables and files, judged before anything is asked; what cannot be used is told in one line."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from mlops_new.errors import Invalid
from mlops_new.system.network_settings import refuse_bundle, refuse_proxies, server_fault

_ENDPOINT = "AWS_ENDPOINT_URL"
_TOKEN_FILE = "AWS_WEB_IDENTITY_TOKEN_FILE"  # noqa: S105  # a variable's name
_FILES = "see ~/.aws/config, ~/.aws/credentials and the variables AWS_…: `env | grep AWS_`"


def refuse_environment(environ: Mapping[str, str]) -> None:
    """Pass an environment that botocore can work with.

    Raises:
        Invalid: a variable says what cannot be.
    """
    for name, value in sorted(environ.items()):
        if name.startswith(_ENDPOINT) and value and (fault := server_fault(value)):
            raise Invalid(f"{name} {fault}", hint=f"for example: http://127.0.0.1:8080; or unset {name}")
    refuse_proxies(environ)
    for name in ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"):
        refuse_bundle(name, environ.get(name))
    attempts = environ.get("AWS_MAX_ATTEMPTS")
    if attempts and not (attempts.isascii() and attempts.isdigit() and int(attempts)):
        raise Invalid(f"AWS_MAX_ATTEMPTS is {attempts!r}: it is a number from 1")
    token = environ.get(_TOKEN_FILE)
    if token and not Path(token).is_file():
        raise Invalid(f"{_TOKEN_FILE} is {token!r}: there is no such file", hint=f"or unset {_TOKEN_FILE}")


@contextmanager
def connecting() -> Iterator[None]:
    """In the block botocore reads its configuration and makes a client; it sends nothing.

    Raises:
        Invalid: botocore stumbles over what it reads.
    """
    refuse_environment(os.environ)
    try:
        yield
    except (ValueError, TypeError, AttributeError, OSError) as error:
        # Its own errors are of another kind: these come from values that it takes unread from files and variables.
        text = " ".join(str(error).split()) or type(error).__name__
        raise Invalid(f"AWS's configuration cannot be used: {text}", hint=_FILES) from error
