"""`mlops-new doctor` as a user runs it; what it says of Bitbucket is tested with that adapter."""

import os
from pathlib import Path

import pytest

from tests.e2e.program import Ended, mlops_new


def bad(told: Ended) -> list[str]:
    return [check["check"] for check in told.document if not check["ok"]]


def test_all_is_well(somewhere: Path, home: Path) -> None:
    told = mlops_new("doctor", "--json")
    assert told.code == 0
    assert [check["check"] for check in told.document] == ["git", "git identity", "home", "disk space", "python venv"]
    assert all(set(check) == {"check", "ok", "detail", "hint"} for check in told.document)
    assert all(check["detail"] for check in told.document)
    assert not home.exists()
    assert "✓  git" in mlops_new("doctor").out


@pytest.mark.slow
def test_every_fault_is_told_with_what_to_do(somewhere: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.mktemp("x") / "home"
    file.write_text("not a folder", encoding="utf-8")
    told = mlops_new("doctor", "--json", env={"GIT_CONFIG_GLOBAL": os.devnull, "MLOPS_NEW_HOME": str(file)})
    assert told.code == 1
    assert bad(told) == ["git identity", "home"]
    assert all(check["hint"] for check in told.document if not check["ok"])


def test_without_git(somewhere: Path, tmp_path: Path) -> None:
    told = mlops_new("doctor", "--json", env={"PATH": str(tmp_path)})
    assert told.code == 1
    assert "git" in bad(told)


def test_bitbucket_without_credentials(somewhere: Path) -> None:
    told = mlops_new("doctor", "--json", "--git", "bitbucket", env={"BITBUCKET_WORKSPACE": "acme"})
    assert told.code == 1
    assert bad(told) == ["settings for bitbucket"]
    assert "BITBUCKET_API_TOKEN" in told.document[-1]["hint"]


def test_a_name_that_is_none(somewhere: Path) -> None:
    assert mlops_new("doctor", "Fresh Sales").code == 2
