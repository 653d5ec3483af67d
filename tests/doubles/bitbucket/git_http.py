"""Real git over HTTP: `git http-backend` on bare repositories, with Bitbucket's rules about who pushes what."""

import os
import subprocess
import threading
from collections.abc import Mapping
from email.parser import BytesParser

from tests.doubles.bitbucket.messages import Reply, Request
from tests.doubles.bitbucket.state import Repository

# A `push` rule lets nobody change the branch directly.
_HOOK = """#!/bin/sh
case " $REFUSED_REFS " in
*" $1 "*) echo "permission denied to update branch ${1#refs/heads/}" >&2; exit 1 ;;
esac
"""


def serve(request: Request, repository: Repository, headers: Mapping[str, str]) -> Reply:
    """Hand a request to git; afterwards the double knows the branches."""
    _prepare(repository)
    env = _environment(request, repository, headers)
    done = subprocess.run(["git", "http-backend"], input=request.body, env=env, capture_output=True, check=True)
    reply = _reply(done.stdout)
    if request.path.endswith("/git-receive-pack"):
        repository.heads = _heads(repository)
    return reply


def read_file(repository: Repository, revision: str, path: str) -> bytes | None:
    """A file of a branch, or None."""
    if not repository.git.exists():
        return None
    show = ["git", "show", f"{revision}:{path}"]
    done = subprocess.run(show, cwd=repository.git, env=_bare_environment(), capture_output=True, check=False)
    return done.stdout if done.returncode == 0 else None


_ONE_AT_A_TIME = threading.Lock()  # a repository that is only being made is found by nobody


def _prepare(repository: Repository) -> None:
    with _ONE_AT_A_TIME:
        if not repository.git.exists():
            _make(repository)


def _make(repository: Repository) -> None:
    init = ["git", "init", "--quiet", "--bare", "--initial-branch=main", "--template="]
    subprocess.run([*init, repository.git], env=_bare_environment(), check=True)
    (repository.git / "hooks").mkdir()
    hook = repository.git / "hooks" / "update"
    hook.write_text(_HOOK, encoding="utf-8")
    hook.chmod(0o755)


def _bare_environment() -> dict[str, str]:
    """What a server elsewhere would have: nothing of the environment that the tests run in."""
    return {"PATH": os.environ["PATH"], "GIT_CONFIG_NOSYSTEM": "1"}


def _environment(request: Request, repository: Repository, headers: Mapping[str, str]) -> dict[str, str]:
    refused = [f"refs/heads/{rule['pattern']}" for rule in repository.restrictions.values() if rule["kind"] == "push"]
    query = "&".join(f"{name}={value}" for name, value in request.query.items())
    service = request.path.partition(".git")[2]
    return _bare_environment() | {
        "GIT_PROJECT_ROOT": str(repository.git),
        "GIT_HTTP_EXPORT_ALL": "1",
        "REMOTE_USER": "double",
        "PATH_INFO": service,
        "REQUEST_METHOD": request.method,
        "QUERY_STRING": query,
        "CONTENT_TYPE": headers.get("Content-Type", ""),
        "CONTENT_LENGTH": str(len(request.body)),
        "HTTP_CONTENT_ENCODING": headers.get("Content-Encoding", ""),
        "GIT_PROTOCOL": headers.get("Git-Protocol", ""),
        "REFUSED_REFS": " ".join(refused),
    }


def _reply(output: bytes) -> Reply:
    head, _, body = output.partition(b"\r\n\r\n")
    headers = dict(BytesParser().parsebytes(head).items())
    status = int(headers.pop("Status", "200 OK").split()[0])
    return Reply(status, body, headers)


def _heads(repository: Repository) -> dict[str, str]:
    listing = ["git", "for-each-ref", "--format=%(refname) %(objectname)"]
    listed = subprocess.run(
        listing, cwd=repository.git, env=_bare_environment(), capture_output=True, check=True, text=True
    )
    return dict(line.split() for line in listed.stdout.splitlines())
