"""Build and deploy repository agree, or CI says so."""

from __future__ import annotations

import json
import subprocess
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from ci import contract

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONFIG = """
[project]
name = "sales"
problem_type = "regression"
monitoring = "own"
"""
DATA = """
[data]
target = "sold"
time = ""
ids = ["row"]
features = ["price"]
"""


def repository(folder: Path, kind: str, *, version: str = "v1.2.0", features: str = '["price"]') -> Path:
    folder.mkdir(parents=True)
    answers = f"_commit: {version}\nproject_name: sales\nrepository_kind: {kind}\n"
    (folder / contract.ANSWERS).write_text(answers, encoding="utf-8")
    data = DATA.replace('["price"]', features)
    (folder / contract.CONFIG).write_text(CONFIG + (data if kind == "build" else ""), encoding="utf-8")
    if kind == "deploy":
        columns = {"target": "sold", "time": "", "ids": ["row"], "features": json.loads(features)}
        (folder / contract.COLUMNS).write_text(json.dumps(columns), encoding="utf-8")
    return folder


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", "-c", "user.name=x", "-c", "user.email=x@localhost", *arguments], cwd=folder, check=True)


def compared(one: Path) -> int:
    return contract.compare(contract.side(contract.reader(one)), contract.sister(one))


def test_this_repository_has_a_side() -> None:
    said = contract.side(contract.reader(contract.ROOT))
    assert {"features", "model_package_group", "template", "target"} <= said.keys()


def test_sisters_that_agree(tmp_path: Path) -> None:
    build, deploy = (repository(tmp_path / f"sales-{kind}", kind) for kind in ("build", "deploy"))
    assert [compared(build), compared(deploy)] == [0, 0]


@pytest.mark.parametrize("kind", ["build", "deploy"])
@pytest.mark.parametrize(("what", "value"), [("version", "v1.3.0"), ("features", '["price", "rain"]')])
def test_sisters_that_disagree(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str, what: str, value: str
) -> None:
    build = repository(tmp_path / "sales-build", "build")
    deploy = repository(tmp_path / "sales-deploy", "deploy", **{what: value})
    assert compared({"build": build, "deploy": deploy}[kind]) == 1
    assert ("template" if what == "version" else "features") in capsys.readouterr().err


def test_the_deploy_repository_takes_over_the_columns(tmp_path: Path) -> None:
    repository(tmp_path / "sales-build", "build", features='["rain"]')
    deploy = repository(tmp_path / "sales-deploy", "deploy")
    assert contract.write(deploy, contract.sister(deploy)) == 0
    assert compared(deploy) == 0


def test_the_sister_on_the_git_host_is_compared_on_the_branch_of_the_same_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BITBUCKET_BRANCH", raising=False)
    build = repository(tmp_path / "here" / "sales-build", "build", version="v2.0.0")
    deploy = repository(tmp_path / "host" / "sales-deploy.git", "deploy")
    for folder in (build, deploy):
        git(folder, "init", "--quiet", "--initial-branch=main")
        git(folder, "add", "--all")
        git(folder, "commit", "--quiet", "--message", "x")
    git(build, "remote", "add", "origin", str(tmp_path / "host" / "sales-build.git"))
    assert compared(build) == 1
    git(build, "switch", "--quiet", "--create", "update")
    git(deploy, "switch", "--quiet", "--create", "update")
    (deploy / contract.ANSWERS).write_text(
        "_commit: v2.0.0\nproject_name: sales\nrepository_kind: deploy\n", encoding="utf-8"
    )
    git(deploy, "commit", "--quiet", "--all", "--message", "x")
    assert compared(build) == 0


def test_a_sister_out_of_reach_is_told_and_not_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(contract.TOKEN, raising=False)
    assert compared(cloned_from(tmp_path, str(tmp_path / "nowhere" / "sales-build.git"))) == 0
    assert "NOT COMPARED" in capsys.readouterr().out


@pytest.mark.parametrize("origin", ["nowhere/sales-build.git", "nowhere/renamed.git"])
def test_a_sister_that_a_token_should_reach_fails_where_it_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, origin: str
) -> None:
    monkeypatch.setenv(contract.TOKEN, "secret")
    build = cloned_from(tmp_path, str(tmp_path / origin))
    with pytest.raises(contract.ContractError, match="SISTER_TOKEN is set, but nothing could be read"):
        compared(build)


@pytest.mark.parametrize(
    ("origin", "sister"),
    [
        ("http://bitbucket.org/acme/sales-build", "https://bitbucket.org/acme/sales-deploy"),
        ("http://x-token-auth:old@bitbucket.org/acme/sales-build.git", "https://bitbucket.org/acme/sales-deploy.git"),
        ("https://ann@bitbucket.org/acme/sales-build.git", "https://bitbucket.org/acme/sales-deploy.git"),
        ("http://127.0.0.1:8080/acme/sales-build.git", "http://127.0.0.1:8080/acme/sales-deploy.git"),
        ("git@bitbucket.org:acme/sales-build.git", "git@bitbucket.org:acme/sales-deploy.git"),
        ("/srv/git/sales-build.git/", "/srv/git/sales-deploy.git"),
        ("https://bitbucket.org/acme/renamed.git", None),
    ],
)
def test_the_sister_is_read_by_https(origin: str, sister: str | None) -> None:
    assert contract.sister_url(origin, "build") == sister


def test_no_token_leaves_pipelines_in_clear_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There `origin` is an http address, which goes through a proxy of the step's own."""
    with server(502) as (address, requests):
        for name in ("http_proxy", "https_proxy", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, address)
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("GIT_ALLOW_PROTOCOL", "http:https")  # else this machine may know better
        monkeypatch.setenv(contract.TOKEN, "secret")
        with pytest.raises(contract.ContractError, match="nothing was compared"):
            compared(cloned_from(tmp_path, "http://bitbucket.org/acme/sales-build"))
    assert requests
    assert {method for method, _, _ in requests} == {"CONNECT"}
    assert {authorization for _, _, authorization in requests} == {None}


def test_a_redirection_is_not_followed_with_a_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with server(200) as (elsewhere, others), server(302, elsewhere) as (address, requests):
        monkeypatch.setenv("GIT_ALLOW_PROTOCOL", "http")
        monkeypatch.setenv(contract.TOKEN, "secret")
        with pytest.raises(contract.ContractError, match="nothing was compared"):
            compared(cloned_from(tmp_path, f"{address}/acme/sales-build.git"))
    assert [authorization is not None for _, _, authorization in requests] == [True]
    assert others == []


def cloned_from(folder: Path, origin: str) -> Path:
    build = repository(folder / "sales-build", "build")
    git(build, "init", "--quiet")
    git(build, "remote", "add", "origin", origin)
    return build


@contextmanager
def server(status: int, location: str = "") -> Iterator[tuple[str, list[tuple[str, str, str | None]]]]:
    """A server that notes down who asks for what, and with which authorization."""
    requests: list[tuple[str, str, str | None]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            requests.append((self.command, self.path, self.headers["Authorization"]))
            self.send_response(status)
            self.send_header("Location", f"{location}{self.path}")
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_CONNECT = do_POST = do_GET  # noqa: N815 (http.server looks for these names)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as serving:
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{serving.server_address[1]}", requests
        serving.shutdown()
