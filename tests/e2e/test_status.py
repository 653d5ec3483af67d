"""`mlops-new status` as a user runs it; on Bitbucket, see test_bitbucket.py."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from mlops_new.platforms.local.stores import Stores
from mlops_new.template.packaged import PACKAGED_VERSION
from tests.e2e.program import mlops_new

NAME = "fresh-sales"


def git(path: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=path, check=True, capture_output=True)


@pytest.fixture
def project(somewhere: Path) -> Path:
    assert mlops_new("project", NAME, "--yes").code == 0
    return somewhere


def test_all_is_well(project: Path) -> None:
    told = mlops_new("status", NAME, "--json")
    assert told.code == 0
    template = {"version": PACKAGED_VERSION, "latest": PACKAGED_VERSION}
    assert told.document == {"project": NAME, "in_sync": True, "differences": [], "template": template}


@pytest.mark.slow
def test_the_name_is_that_of_the_repository_it_stands_in(project: Path) -> None:
    folder = project / f"{NAME}-deploy" / "steps"
    assert mlops_new("status", "--json", cwd=folder).document["project"] == NAME
    assert mlops_new("status", "-C", str(folder)).code == 0
    refused = mlops_new("status", cwd=project)
    assert (refused.code, "is not in a repository" in refused.err) == (2, True)


def change_a_file(project: Path, home: Path) -> None:
    (project / f"{NAME}-build" / "notes.txt").write_text("x", encoding="utf-8")


def commit(project: Path, home: Path) -> None:
    git(project / f"{NAME}-build", "commit", "--allow-empty", "--message", "more")


def stash(project: Path, home: Path) -> None:
    (project / f"{NAME}-build" / "README.md").write_text("x", encoding="utf-8")
    git(project / f"{NAME}-build", "stash")


def commit_a_definition(project: Path, home: Path) -> None:
    file = project / f"{NAME}-build" / "pipeline.json"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace('"ml.m5.xlarge"', '"ml.m5.2xlarge"', 1), encoding="utf-8")
    git(file.parent, "commit", "--all", "--message", "larger")
    git(file.parent, "push", "--quiet", "origin", "main")


def colleague_pushes(project: Path, home: Path) -> None:
    git(project, "clone", "--quiet", str(home / "git" / f"{NAME}-build.git"), "elsewhere")
    git(project / "elsewhere", "commit", "--allow-empty", "--message", "theirs")
    git(project / "elsewhere", "push", "--quiet")


def lose_the_copy(project: Path, home: Path) -> None:
    shutil.rmtree(project / f"{NAME}-build")


def something_else_there(project: Path, home: Path) -> None:
    (project / f"{NAME}-build" / ".copier-answers.yml").unlink()


def lose_the_repository(project: Path, home: Path) -> None:
    shutil.rmtree(home / "git" / f"{NAME}-build.git")


def foreign_repository(project: Path, home: Path) -> None:
    (home / "git" / f"{NAME}-build.git" / "description").write_text("by hand", encoding="utf-8")


def unregister(project: Path, home: Path) -> None:
    Stores.open(home).pipelines.unregister(f"{NAME}-build", project=NAME, repository="build")


def lose_the_template(project: Path, home: Path) -> None:
    shutil.rmtree(home / "git" / "mlops-templates.git")


@pytest.mark.quick_cases(1)
@pytest.mark.parametrize(
    ("happens", "told"),
    [
        (change_a_file, "1 file with uncommitted changes"),
        (commit, "1 commit not pushed"),
        (stash, "1 stash"),
        (commit_a_definition, "pipeline fresh-sales-build differs from the committed pipeline.json"),
        (colleague_pushes, "main has moved on"),
        (lose_the_copy, "fresh-sales-build is missing"),
        (something_else_there, "is not this project's repository"),
        (lose_the_repository, "the build repository is not hosted"),
        (foreign_repository, "was not made for this project"),
        (unregister, "pipeline fresh-sales-build is not registered"),
        (lose_the_template, "the template repository"),
    ],
)
def test_every_difference_is_told(project: Path, home: Path, happens: Callable[[Path, Path], None], told: str) -> None:
    happens(project, home)
    drift = mlops_new("status", NAME, "--json")
    assert drift.code == 6
    assert drift.document["in_sync"] is False
    assert [text for text in drift.document["differences"] if told in text], drift.document


def test_what_does_not_exist_at_all(somewhere: Path, home: Path) -> None:
    drift = mlops_new("status", NAME, "--json")
    assert drift.code == 6
    assert drift.document["template"] == {"version": None, "latest": PACKAGED_VERSION}
    assert not home.exists()
