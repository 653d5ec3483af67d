"""`status NAME` and `status --all` say the same of a project, and `update --continue` does what was begun."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.update.conftest import KINDS, NAME, Here, Project, instead
from tests.update.fork import MIDDLE, NEWEST, OLDEST, git

BRANCH = f"mlops-new/template-{NEWEST}"
Happens = Callable[[Project], None]


def differences(here: Here) -> tuple[list[str], list[str]]:
    """What `status NAME` says, and what `status --all` does."""
    one, every = here("status", NAME, "--json"), here("status", "--all", "--json")
    (listed,) = every.document["projects"]
    for ended, document in ((one, one.document), (every, listed)):
        assert ended.code == (6 if document["differences"] else 0)
        assert document["in_sync"] == (not document["differences"])
    return one.document["differences"], listed["differences"]


def half_an_update(project: Project) -> None:
    """Killed between the two pushes."""
    assert project.update().code == 0
    git(project.hosted("deploy"), "branch", "-D", BRANCH)


def merged_in_one_alone(project: Project) -> None:
    assert project.update().code == 0
    git(project.copy("build"), "merge", "--quiet", f"origin/{BRANCH}")
    git(project.copy("build"), "push", "--quiet", "origin", "main")


def answered_by_hand(project: Project) -> None:
    for kind in KINDS:
        project.edit(kind, {".copier-answers.yml": lambda text: text.replace("metric: wape", "metric: rmse")})


def answered_by_hand_in_one_alone(project: Project) -> None:
    project.edit("deploy", {".copier-answers.yml": lambda text: text.replace("metric: wape", "metric: rmse")})


def no_version(project: Project) -> None:
    commit = f"_commit: {OLDEST}"
    for kind in KINDS:
        project.edit(kind, {".copier-answers.yml": lambda text: text.replace(commit, "_commit: v0.0.7")})


@pytest.mark.quick_cases(1)
@pytest.mark.parametrize(
    ("happens", "said"),
    [
        (half_an_update, f"an update is open in {NAME}-build and not in {NAME}-deploy"),
        (merged_in_one_alone, f"build is at {NEWEST}, deploy is at {OLDEST}"),
        (answered_by_hand, f"the answers of {NAME}-build were edited by hand"),
        (answered_by_hand_in_one_alone, "the two repositories are answered otherwise: metric"),
        (no_version, f"v0.0.7 of {NAME}-build is no version of its template"),
    ],
)
def test_both_say_what_differs(project: Project, here: Here, happens: Happens, said: str) -> None:
    assert differences(here) == ([], [])
    happens(project)
    one, every = differences(here)
    assert [text for text in every if said in text], every
    assert set(every) <= set(one)


@pytest.mark.slow
def test_answers_that_are_edited_and_not_committed_are_noticed(project: Project, here: Here) -> None:
    file = project.copy("build") / ".copier-answers.yml"
    file.write_text(file.read_text("utf-8").replace("metric_threshold: 0.4", "metric_threshold: 25"), "utf-8")
    told = here("status", NAME)
    assert told.code == 6
    assert f"the answers of {NAME}-build were edited by hand" in told.out
    assert f"mlops-new update {NAME} --data QUESTION=VALUE" in told.out


@pytest.mark.slow
def test_a_configuration_that_says_otherwise_is_noted(project: Project, here: Here) -> None:
    """It is there to be edited, so nothing is wrong; an update goes by the answers all the same."""
    project.edit("build", {"config.toml": lambda text: text.replace("threshold = 0.4", "threshold = 0.3")})
    told = here("status", NAME, "--json")
    assert (told.code, told.document["in_sync"]) == (0, True)
    (note,) = told.document["notes"]
    assert "config.toml says metric_threshold = 0.3, and it was answered 0.4" in note
    assert f"  note: {note}" in here("status", NAME).out


def resolve(project: Project) -> None:
    """What a person does with the conflict: keep what is theirs."""
    build = project.copy("build")
    lines = (build / "config.toml").read_text("utf-8").splitlines()
    unwanted = ("<<<<<<<", ">>>>>>>", "=======", "learning_rate = 0.05")
    kept = [line for line in lines if not line.startswith(unwanted)]
    (build / "config.toml").write_text("\n".join(kept) + "\n", "utf-8")
    git(build, "add", "--all")


def branches(project: Project) -> dict[str, Any]:
    return {
        kind: (
            git(project.hosted(kind), "for-each-ref", "--format=%(refname:short)", "refs/heads").split(),
            git(project.copy(kind), "for-each-ref", "--format=%(refname:short)", "refs/heads").split(),
            git(project.copy(kind), "rev-parse", "--abbrev-ref", "HEAD"),
        )
        for kind in KINDS
    }


@pytest.fixture
def resolving(project: Project) -> Project:
    """In the middle of an update to a version that is not the newest."""
    project.edit("build", {"config.toml": instead("learning_rate = 0.2", "learning_rate = 0.3")})
    assert project.update(to=MIDDLE, resolve=True).code == 0
    return project


@pytest.mark.slow
def test_an_update_goes_on_to_the_version_that_was_begun(resolving: Project, here: Here) -> None:
    resolve(resolving)
    done = here("update", NAME, "--continue", "--yes", "--json")
    assert done.code == 0, done.err
    assert (done.document["changed"], done.document["template"]["version"]) == (True, MIDDLE)
    assert "nothing was pushed" not in done.err
    there = f"mlops-new/template-{MIDDLE}"
    for kind in KINDS:
        assert f"Push branch {there} of {resolving.hosted(kind)}" in done.err
    assert set(map(str, branches(resolving).values())) == {str((["main", there], ["main"], "main"))}
    again = here("update", NAME, "--continue", "--yes", "--json")
    assert again.code == 2
    assert "in the middle of an update" in again.document["error"]["message"]


@pytest.mark.slow
def test_what_moved_on_meanwhile_is_told_before_anything_is_pushed(resolving: Project, here: Here) -> None:
    resolve(resolving)
    elsewhere = resolving.folder / "elsewhere"
    git(resolving.folder, "clone", "--quiet", resolving.hosted("build"), elsewhere)
    git(elsewhere, "commit", "--quiet", "--allow-empty", "--message", "theirs")
    git(elsewhere, "push", "--quiet", "origin", "main")
    refused = here("update", NAME, "--continue", "--yes", "--json")
    assert refused.code == 1
    assert "has moved on since this update was begun" in refused.document["error"]["message"]
    assert [hosted for hosted, _, _ in branches(resolving).values()] == [["main"], ["main"]]
    git(resolving.copy("build"), "pull", "--quiet", "--no-rebase", "--no-edit", "origin", "main")
    done = here("update", NAME, "--continue", "--yes", "--json")
    assert done.code == 0, done.err
    assert done.document["template"]["version"] == MIDDLE


@pytest.mark.slow
@pytest.mark.parametrize("more", [["--to", NEWEST], ["--data", "metric=mae"], ["--resolve"], ["--all"]])
def test_what_was_begun_is_not_changed_on_the_way(resolving: Project, here: Here, more: list[str]) -> None:
    before = resolving.state()
    assert here("update", *([] if "--all" in more else [NAME]), "--continue", "--yes", *more).code == 2
    assert resolving.state() == before
