"""Build and deploy repository agree, or CI says so."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest

from ci import contract

if TYPE_CHECKING:
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


def test_a_sister_out_of_reach_is_not_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    build = repository(tmp_path / "sales-build", "build")
    git(build, "init", "--quiet")
    git(build, "remote", "add", "origin", str(tmp_path / "nowhere" / "sales-build.git"))
    assert compared(build) == 0
    assert "nothing was compared" in capsys.readouterr().out
