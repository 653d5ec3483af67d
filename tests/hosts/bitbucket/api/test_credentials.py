"""Where credentials come from, and everywhere that they must not be found."""

import copy
import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlops_new.errors import Denied, Error, Invalid
from mlops_new.hosts.bitbucket.api.credentials import AccessToken, ApiToken, Secret, account
from mlops_new.hosts.bitbucket.git_credentials import environment as git_environment
from mlops_new.names import Mark
from mlops_new.system import git
from tests.doubles.bitbucket import BitbucketServer
from tests.doubles.bitbucket.access import Token
from tests.doubles.bitbucket.server import PERSONAL, WORKSPACE
from tests.hosts.bitbucket.client import environment, host_at

PERSON = {"BITBUCKET_EMAIL": "ann@example.com", "BITBUCKET_API_TOKEN": "ATATT-1", "BITBUCKET_WORKSPACE": "acme"}


def test_a_persons_token() -> None:
    found = account(PERSON)
    assert found.credentials == ApiToken("ann@example.com", Secret("ATATT-1"))
    assert (found.api, found.git, found.workspace) == ("https://api.bitbucket.org", "https://bitbucket.org", "acme")


def test_an_access_token() -> None:
    found = account({"BITBUCKET_ACCESS_TOKEN": "ATCT-1\n", "BITBUCKET_WORKSPACE": "acme"})
    assert found.credentials == AccessToken(Secret("ATCT-1"))


def test_the_workspace_of_the_settings_file_unless_the_environment_names_one() -> None:
    assert account(PERSON, "other").workspace == "acme"
    assert account({**PERSON, "BITBUCKET_WORKSPACE": ""}, "other").workspace == "other"


def test_another_address_serves_git_too() -> None:
    found = account({**PERSON, "BITBUCKET_API_URL": "http://127.0.0.1:8080/"})
    assert (found.api, found.git) == ("http://127.0.0.1:8080", "http://127.0.0.1:8080")


@pytest.mark.parametrize("name", ["BITBUCKET_API_TOKEN", "BITBUCKET_EMAIL"])
def test_no_credentials(name: str) -> None:
    with pytest.raises(Error) as caught:
        account({key: value for key, value in PERSON.items() if key != name})
    assert isinstance(caught.value, Denied if name == "BITBUCKET_API_TOKEN" else Invalid)
    assert "BITBUCKET_EMAIL" in caught.value.hint


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("BITBUCKET_ACCESS_TOKEN", "ATCT-1", "both"),
        ("BITBUCKET_API_TOKEN", "one two", "not a token"),
        ("BITBUCKET_API_TOKEN", "one\ntwo", "not a token"),
        ("BITBUCKET_EMAIL", "ann", "not an e-mail address"),
        ("BITBUCKET_EMAIL", "an:n@example.com", "not an e-mail address"),
        ("BITBUCKET_WORKSPACE", "https://bitbucket.org/acme", "not a workspace's identifier"),
        ("BITBUCKET_WORKSPACE", "", "no Bitbucket workspace"),
        ("BITBUCKET_API_URL", "api.bitbucket.org", "not a URL"),
        ("BITBUCKET_API_URL", "http://bitbucket.example", "without TLS"),
        ("BITBUCKET_API_URL", "https://ann:hunter2@bitbucket.example", "holds credentials"),
        ("BITBUCKET_API_URL", "https://bitbucket.example:port", "not a URL"),
    ],
)
def test_what_cannot_be_right(name: str, value: str, why: str) -> None:
    with pytest.raises(Invalid, match=why) as caught:
        account({**PERSON, name: value})
    assert caught.value.hint
    told = f"{caught.value.message} {caught.value.hint}"
    assert "hunter2" not in told
    assert not (name.endswith("TOKEN") and value in told)


def test_a_secret_is_not_shown() -> None:
    secret = Secret("hunter2")
    shown = [
        str(secret),
        repr(secret),
        f"{secret}",
        repr(ApiToken("a@b", secret)),
        repr([secret]),
        repr(account(PERSON)),
    ]
    assert not any("hunter2" in text or "ATATT" in text for text in shown)
    for write_down in (pickle.dumps, copy.deepcopy):
        with pytest.raises(TypeError, match="not written down"):
            write_down(secret)


def test_secrets_are_equal_by_their_text() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert len({Secret("a"), Secret("a")}) == 1


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[BitbucketServer]:
    monkeypatch.setenv("GIT_ALLOW_PROTOCOL", "file:http")
    with BitbucketServer() as server:
        for name, value in environment(server).items():
            monkeypatch.setenv(name, value)
        yield server


# Stands in for git: writes down what it was given, and what every process on the machine can see.
SPY = """#!{python}
import glob, os, sys
with open({log!r}, "ab") as log:
    log.write(repr(sys.argv).encode() + repr(dict(os.environ)).encode())
    for path in glob.glob("/proc/[0-9]*/cmdline") + [f"/proc/{{os.getpid()}}/environ"]:
        try:
            log.write(open(path, "rb").read())
        except OSError:
            pass
os.environ["PATH"] = {path!r}
os.execvp("git", ["git", *sys.argv[1:]])
"""


@pytest.mark.parametrize("token", [PERSONAL, WORKSPACE], ids=["API token", "access token"])
def test_git_gets_the_token_and_nobody_else_sees_it(
    server: BitbucketServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, token: Token
) -> None:
    for name, value in environment(server, token).items():
        monkeypatch.setenv(name, value)
    log, bin_folder = tmp_path / "seen", tmp_path / "bin"
    bin_folder.mkdir()
    spy = bin_folder / "git"
    spy.write_text(SPY.format(python=sys.executable, log=str(log), path=os.environ["PATH"]), encoding="utf-8")
    spy.chmod(0o755)
    trace = tmp_path / "trace"
    host = host_at(server, token=token)
    made = host.repositories.create("a-build", mark=Mark("a", "build"), description="")
    copy_of = tmp_path / "copy"
    git.init(copy_of)
    git.run("remote", "add", "origin", made.url, cwd=copy_of)
    (copy_of / "file").write_text("text", encoding="utf-8")
    git.commit_all(copy_of, "Start")
    monkeypatch.setenv("PATH", f"{bin_folder}{os.pathsep}{os.environ['PATH']}")
    for name in ("GIT_TRACE", "GIT_TRACE_CURL", "GIT_CURL_VERBOSE", "GIT_TRACE_SETUP"):
        monkeypatch.setenv(name, str(trace))
    with host.access.credentials(made.url) as env:
        git.push(copy_of, "origin", "HEAD:refs/heads/main", env=env)
        assert token.secret not in repr(env)
        assert [path for path in Path(env_folder(env)).iterdir() if not path.is_fifo()] == []
    assert server.repository("a-build").heads
    looked_at = [log, trace, *(path for path in copy_of.rglob("*") if path.is_file())]
    encoded = token.git_authorization.removeprefix("Basic ").encode()
    for path in looked_at:
        content = path.read_bytes()
        assert token.secret.encode() not in content, path
        assert encoded not in content, path
    assert b"credential" in log.read_bytes()
    assert not Path(env_folder(env)).exists()


def env_folder(env: object) -> str:
    """The folder of the pipe that the helper reads."""
    assert isinstance(env, dict)
    helper = next(value for name, value in env.items() if name.startswith("GIT_CONFIG_VALUE") and "<" in value)
    return str(Path(helper.partition("<")[2].partition(";")[0]).parent)


def test_the_persons_own_helpers_are_not_told(
    server: BitbucketServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = tmp_path / "store"
    git.run("config", "--global", "credential.helper", f"store --file={store}")
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "user.name")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "From The Environment")
    host = host_at(server)
    made = host.repositories.create("a-build", mark=Mark("a", "build"), description="")
    with host.access.credentials(made.url) as env:
        git.remote_refs(made.url, env)
        assert git.run("config", "user.name", env=env).strip() == "From The Environment"
    assert not store.exists()


def test_another_server_is_not_told(server: BitbucketServer) -> None:
    with BitbucketServer() as other:
        host = host_at(server)
        with host.access.credentials(f"{other.url}/acme/a.git") as env:
            assert env == {}
        with git_environment(host.connection.account) as env, pytest.raises(git.GitError):
            git.remote_refs(f"{other.url}/acme/a.git", env)
        assert other.requests


def test_more_than_one_command_can_ask(server: BitbucketServer) -> None:
    host = host_at(server)
    made = host.repositories.create("a-build", mark=Mark("a", "build"), description="")
    with host.access.credentials(made.url) as env:
        for _ in range(5):
            git.remote_refs(made.url, env)


def test_a_refused_token_ends_with_a_line_and_no_prompt(server: BitbucketServer) -> None:
    host = host_at(server)
    made = host.repositories.create("a-build", mark=Mark("a", "build"), description="")
    with host.access.credentials(made.url):
        pass  # git has seen the repository
    server.tokens = [WORKSPACE]
    with host.access.credentials(made.url) as env, pytest.raises(git.GitError, match="Authentication failed"):
        git.remote_refs(made.url, env)


def test_importing_the_host_does_not_load_the_library() -> None:
    code = (
        "import sys, mlops_new.hosts.bitbucket.host; print([m for m in ('requests', 'atlassian') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
