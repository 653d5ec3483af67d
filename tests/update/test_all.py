"""`mlops-new update --all`: every project of a Git host, each by itself."""

import shutil
from pathlib import Path

import pytest

from mlops_new.names import Kind, Mark
from tests.e2e.program import mlops_new
from tests.update.conftest import KINDS, NAME, Project
from tests.update.fork import NEWEST, OLDEST, git

BRANCH = f"mlops-new/template-{NEWEST}"


def another(project: Project, name: str) -> None:
    """A second project: the first one's repositories under another name."""
    for kind in KINDS:
        hosted = project.home / "git" / f"{name}-{kind}.git"
        shutil.copytree(project.hosted(kind), hosted)
        (hosted / "description").write_text(f"{Mark(name, Kind(kind))}\n", "utf-8")


@pytest.fixture
def three(project: Project) -> Project:
    """Projects that can be updated, one that conflicts, and a repository that is nobody's."""
    another(project, "apples")
    project.edit("build", {"README.md": lambda text: text.replace("## The container", "## Ours")})
    git(project.home / "git", "init", "--quiet", "--bare", "theirs.git")
    return project


@pytest.mark.slow
def test_each_is_updated_as_far_as_it_can_be(three: Project) -> None:
    told = mlops_new("update", "--all", "--yes", "--json")
    assert told.code == 1
    document = told.document
    assert "1 of 2 projects cannot be updated: fresh-sales" in document["error"]["message"]
    projects = {one["project"]: one for one in document["projects"]}
    assert set(projects) == {"apples", NAME}
    assert projects["apples"]["changed"] is True
    assert projects["apples"]["build"]["branch"] == BRANCH
    assert [one["path"] for one in projects[NAME]["build"]["conflicts"]] == ["README.md"]
    assert "README.md" in projects[NAME]["error"]["message"]
    for kind in KINDS:
        assert git(three.home / "git" / f"apples-{kind}.git", "rev-parse", f"{BRANCH}^")
        assert BRANCH not in git(three.hosted(kind), "for-each-ref")


@pytest.mark.slow
def test_a_dry_run_of_all_touches_nothing(project: Project) -> None:
    before = project.state()
    told = mlops_new("update", "--all", "--dry-run", "-C", project.folder)
    assert told.code == 0, told.err
    assert f"{NAME}: the changes from template {OLDEST} to {NEWEST} would be on the branch {BRANCH}" in told.out
    assert project.state() == before


def test_there_are_no_projects(somewhere: Path, home: Path) -> None:
    told = mlops_new("update", "--all", "--yes")
    assert (told.code, told.out.strip()) == (0, "There are no projects on this Git host.")
