"""The environment that child processes get: this process's own without the secrets."""

import os
from collections.abc import Iterable

# Dropped also where a command has no use for them: a job or an installer has even less.
SECRET_VARIABLES = ("BITBUCKET_API_TOKEN", "BITBUCKET_ACCESS_TOKEN")


def inheritable() -> dict[str, str]:
    """This process's environment as its children may see it."""
    return {name: value for name, value in os.environ.items() if name not in SECRET_VARIABLES}


def withhold(names: Iterable[str]) -> None:
    """Take variables that have been read out of the environment of every child that is yet to come."""
    for name in names:
        os.environ.pop(name, None)
