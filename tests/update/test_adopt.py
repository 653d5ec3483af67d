"""`mlops-new adopt`: repositories that somebody made by hand come under a template version."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.e2e.acme import NAME as ACME
from tests.e2e.acme import SLUGS
from tests.hosts.bitbucket.client import host_at
from tests.update.conftest import KINDS, NAME, Here, Project
from tests.update.fork import MIDDLE, NEWEST, OLDEST, git
from tests.update.organisation import Acme

BRANCH = f"mlops-new/adopt-{MIDDLE}"


@pytest.fixture
def by_hand(project: Project) -> Project:
    """A pair that knows nothing of a template, has one file less and one other."""
    for kind in KINDS:
        project.edit(kind, {".copier-answers.yml": None})
        (project.hosted(kind) / "description").write_text("sales, by hand\n", "utf-8")
    project.edit("build", {"model/metrics.py": lambda text: text + "# ours\n", "data/simulate.py": None})
    return project


def arguments(project: Project) -> list[str | Path]:
    return ["adopt", *(project.copy(kind) for kind in KINDS), "--template", project.template, "--to", MIDDLE, "--json"]


@pytest.mark.slow
def test_a_pair_made_by_hand_comes_under_a_version_and_can_be_updated(by_hand: Project, here: Here) -> None:
    before = by_hand.state()
    shown = here(*arguments(by_hand), "--dry-run")
    assert shown.code == 0, shown.err
    assert "model/metrics.py" in shown.document["build"]["differs"]
    assert set(shown.document["build"]["missing"]) == {"OWNERS.md", "data/simulate.py"}
    assert shown.document["deploy"]["missing"] == ["OWNERS.md"]
    assert by_hand.state() == before

    done = here(*arguments(by_hand), "--yes")
    assert done.code == 0, done.err
    for kind in KINDS:
        copy = by_hand.copy(kind)
        assert git(copy, "status", "--porcelain") == ""
        assert git(copy, "diff", "--name-only", "main", BRANCH) == ".copier-answers.yml"
        answers = yaml.safe_load(git(copy, "show", f"{BRANCH}:.copier-answers.yml"))
        assert (answers["_commit"], answers["_src_path"]) == (MIDDLE, str(by_hand.template))
        assert (answers["repository_kind"], answers["target"]) == (kind, "units_sold")
        git(copy, "merge", "--quiet", BRANCH)
        git(copy, "push", "--quiet", "origin", "main")
    told = by_hand.update()
    assert told.code == 0, told.err
    updated = f"mlops-new/template-{NEWEST}"
    assert "# ours" in by_hand.read("build", "model/metrics.py", updated)
    assert (by_hand.hosted("build") / "description").read_text("utf-8").endswith("sales, by hand\n")


@pytest.mark.slow
def test_a_pair_that_is_hosted_nowhere_is_told_the_whole_way(by_hand: Project, here: Here) -> None:
    for kind in KINDS:
        git(by_hand.copy(kind), "remote", "remove", "origin")
        shutil.rmtree(by_hand.hosted(kind))
    refused = here("project", NAME, "--yes", "-C", by_hand.folder)
    assert refused.code == 3
    done = here("adopt", *(by_hand.copy(kind) for kind in KINDS), "--template", by_hand.template, "--yes")
    assert done.code == 0, done.err
    for line in [line.strip() for line in done.out.splitlines() if line.startswith("  git -C")]:
        subprocess.run(["sh", "-c", line], check=True, capture_output=True)  # as a person pastes it
    assert f"`mlops-new project {NAME}` hosts" in done.out
    hosted = here("project", NAME, "--yes", "-C", by_hand.folder)
    assert hosted.code == 0, hosted.err
    assert by_hand.update().code == 0


def without_git(project: Project) -> list[str | Path]:
    (project.folder / "empty").mkdir()
    return [project.folder / "empty"]


def of_two_projects(project: Project) -> list[str | Path]:
    project.edit("deploy", {"config.toml": lambda text: text.replace(f'"{NAME}"', '"other"')})
    return [project.copy(kind) for kind in KINDS]


def twice(project: Project) -> list[str | Path]:
    return [project.copy("build"), project.copy("build")]


def of_another_host(project: Project) -> list[str | Path]:
    git(project.copy("build"), "remote", "set-url", "origin", "https://example.com/x.git")
    return [project.copy("build")]


def of_another_project(project: Project) -> list[str | Path]:
    (project.hosted("build") / "description").write_text("mlops-new: project=x repository=build\n", "utf-8")
    return [project.copy("build")]


def of_no_kind(project: Project) -> list[str | Path]:
    shutil.copytree(project.copy("deploy"), project.folder / "thing")
    git(project.folder / "thing", "rm", "--quiet", "-r", "pipelines")
    git(project.folder / "thing", "commit", "--quiet", "--message", "x")
    return [project.folder / "thing"]


def with_an_answer_that_is_refused(project: Project) -> list[str | Path]:
    return [project.copy("build"), "--data", "problem_type=clustering"]


@pytest.mark.quick_cases(1)
@pytest.mark.parametrize(
    ("happens", "code", "why"),
    [
        (without_git, 2, "is no Git repository"),
        (of_two_projects, 2, "different projects"),
        (twice, 2, "both are build"),
        (of_another_host, 3, "has the origin"),
        (of_another_project, 3, "made for another project"),
        (of_no_kind, 2, "does not show whether"),
        (with_an_answer_that_is_refused, 2, "does not take this answer to problem_type"),
    ],
)
def test_what_is_refused(
    by_hand: Project, here: Here, happens: Callable[[Project], list[str | Path]], code: int, why: str
) -> None:
    given = happens(by_hand)
    before = by_hand.state()
    refused = here("adopt", *given, "--template", f"{by_hand.template}@{OLDEST}", "--yes", "--json")
    assert refused.code == code, refused.err
    assert why in refused.document["error"]["message"]
    assert by_hand.state() == before


@pytest.mark.slow
def test_a_repository_on_bitbucket_is_marked(organisation: Acme) -> None:
    server = organisation.server
    document = server.repository(SLUGS[0]).document
    mark, _, text = document["description"].partition("\n\n")
    document["description"] = text
    host = host_at(server)
    found = host.repositories.find(SLUGS[0])
    assert found is not None
    assert found.mark is None
    host.repositories.adopt(SLUGS[0], mark=organisation.mark("build"))
    assert document["description"] == f"{mark}\n\n{text}"
    server.forget()
    host.repositories.adopt(SLUGS[0], mark=organisation.mark("build"))
    assert server.writes == []
    assert ACME in mark
