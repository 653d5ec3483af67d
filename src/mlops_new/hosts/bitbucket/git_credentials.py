"""Lets git authenticate for one command: through its credential protocol, from a pipe that holds the token."""

import os
import shlex
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from mlops_new.hosts.bitbucket.api.credentials import Account
from mlops_new.system import git_configuration

# Each run of the helper takes one copy. One command asks once or twice, an update with Copier a few times more.
_COPIES = 32


@contextmanager
def environment(account: Account) -> Iterator[Mapping[str, str]]:
    """The environment in which git authenticates at this account's host, and at no other.

    git runs the helper named here in place of the person's own (which would otherwise store the token). The token
    itself is in a named pipe only: it is in no argument, variable or file, and is gone with this process.
    """
    with tempfile.TemporaryDirectory(prefix="mlops-new-git-") as folder:
        pipe = Path(folder) / "credential"
        os.mkfifo(pipe, 0o600)
        descriptor = os.open(pipe, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            _fill(descriptor, account)
            yield _variables(account, pipe)
        finally:
            os.close(descriptor)


def _fill(descriptor: int, account: Account) -> None:
    credentials = account.credentials
    copy = f"username={credentials.git_user}\npassword={credentials.token.reveal()}\n".encode()
    for _ in range(_COPIES):
        try:
            os.write(descriptor, copy)  # whole or not at all: it is shorter than what a pipe takes atomically
        except BlockingIOError:
            return


def _variables(account: Account, pipe: Path) -> dict[str, str]:
    # `read` takes a line and leaves the next copy; both it and `printf` are the shell's own: no argument is visible.
    helper = (
        f'!f() {{ test "$1" = get || exit 0; {{ read -r user && read -r password; }} <{shlex.quote(str(pipe))}; '
        'printf "%s\\n%s\\n" "$user" "$password"; }; f'
    )
    section = f"credential.{account.git}"
    config = [
        (f"{section}.helper", ""),  # forget the person's helpers for this host
        (f"{section}.helper", helper),
        (f"{section}.useHttpPath", "false"),
    ]
    return git_configuration.configuration(*config) | {"GIT_ASKPASS": "", "GIT_TRACE_REDACT": "1"}
