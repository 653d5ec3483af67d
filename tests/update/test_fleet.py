"""`mlops-new status --all`: every project at a glance, on both Git hosts."""

import shutil
from pathlib import Path

import pytest

from mlops_new.cli.commands import status_fleet
from mlops_new.cli.console import Console
from mlops_new.names import Kind, Mark
from mlops_new.platforms.local.database.records import Draft
from mlops_new.platforms.local.processes.process_identity import Process
from mlops_new.platforms.local.stores import Stores
from tests.doubles.bitbucket import TooMany
from tests.e2e.acme import NAME, SLUGS, settings
from tests.e2e.program import Ended
from tests.update.conftest import Here, Project
from tests.update.fork import NEWEST, OLDEST, git
from tests.update.organisation import Acme


def told(here: Here) -> dict[str, object]:
    ended = here("status", "--all", "--json")
    (one,) = ended.document["projects"]
    assert ended.code == (6 if one["differences"] else 0)
    return dict(one)


def test_a_project_that_is_as_it_should_be(project: Project, here: Here) -> None:
    assert told(here) == {
        "project": NAME,
        "template": {"version": OLDEST, "latest": NEWEST},
        "in_sync": True,
        "differences": [],
        "updates": [],
        "executions": {},
        "model": None,
    }
    table = here("status", "--all").out.splitlines()
    assert table[0].split() == ["project", "template", "update", "model", "last", "run", "drift"]
    assert f"{OLDEST} < {NEWEST}" in table[1]


@pytest.mark.slow
def test_an_open_update_and_one_that_was_merged_in_one_repository_alone(project: Project, here: Here) -> None:
    branch = f"mlops-new/template-{NEWEST}"
    assert project.update().code == 0
    assert told(here)["updates"] == [branch, branch]
    git(project.copy("build"), "merge", "--quiet", f"origin/{branch}")
    git(project.copy("build"), "push", "--quiet", "origin", "main")
    seen = told(here)
    assert seen["updates"] == [branch]
    assert seen["differences"] == [f"build is at {NEWEST}, deploy is at {OLDEST}"]
    assert project.contract("build").returncode == 1
    git(project.copy("deploy"), "merge", "--quiet", f"origin/{branch}")
    git(project.copy("deploy"), "push", "--quiet", "origin", "main")
    assert project.contract("build").returncode == 0
    assert told(here)["differences"] == []


@pytest.mark.slow
def test_what_differs(project: Project, here: Here) -> None:
    Stores.open(project.home).pipelines.unregister(f"{NAME}-build", project=NAME, repository="build")
    old = git(project.template, "show", f"{OLDEST}:templates/build/steps/evaluate.py") + "\n"
    assert project.update().code == 0
    for kind in ("build", "deploy"):
        git(project.copy(kind), "merge", "--quiet", f"origin/mlops-new/template-{NEWEST}")
        git(project.copy(kind), "push", "--quiet", "origin", "main")
    project.edit("build", {"steps/evaluate.py": lambda _: old})
    project.edit("deploy", {".copier-answers.yml": lambda text: text.replace(NEWEST, "v1.0.0-1-gabcdef0")})
    seen = told(here)
    assert seen["differences"] == [
        f"{NAME}-build lags behind {NEWEST}: steps/evaluate.py",
        f"v1.0.0-1-gabcdef0 of {NAME}-deploy is no version of its template",
        f"build is at {NEWEST}, deploy is at v1.0.0-1-gabcdef0",
        f"pipeline {NAME}-build is not registered",
    ]


@pytest.mark.slow
def test_half_a_project(project: Project, here: Here) -> None:
    shutil.rmtree(project.hosted("deploy"))
    project.edit("build", {".copier-answers.yml": None})
    assert told(here)["differences"] == [
        f"{NAME}-build does not say what it was rendered from",
        f"{NAME}-deploy is missing",
    ]


def test_runs_and_the_model_in_use(project: Project, here: Here) -> None:
    stores = Stores.open(project.home)
    run = stores.executions.start(Draft(f"{NAME}-build", "{}", {}, "", ()), Process.current())
    stores.models.add_model_package(NAME, run.id, "Register", lambda _: {"ModelApprovalStatus": "Approved"})
    stores.models.add_model_package(NAME, run.id, "Again", lambda _: {"ModelApprovalStatus": "PendingManualApproval"})
    seen = told(here)
    assert seen["model"] == 1
    assert seen["executions"] == {f"{NAME}-build": {"status": "Executing", "started": run.started}}
    assert "build Executing" in here("status", "--all").out


@pytest.mark.slow
def test_many_projects_in_one_table(project: Project, here: Here) -> None:
    for number in range(20):
        for kind in Kind:
            hosted = project.home / "git" / f"many-{number}-{kind}.git"
            shutil.copytree(project.hosted(kind), hosted)
            (hosted / "description").write_text(f"{Mark(f'many-{number}', kind)}\n", "utf-8")
    ended = here("status", "--all")
    assert len(ended.out.splitlines()) == 22


@pytest.mark.parametrize("arguments", [["status", NAME, "--all"], ["update", NAME, "--all"]])
def test_a_name_and_all_exclude_each_other(somewhere: Path, here: Here, arguments: list[str]) -> None:
    refused = here(*arguments, "--json")
    assert refused.code == 2
    assert "exclude each other" in refused.document["error"]["message"]


def test_no_projects(somewhere: Path, home: Path, here: Here) -> None:
    assert here("status", "--all").out.strip() == "There are no projects here."
    assert not home.exists()


# --- Bitbucket ---


def look(organisation: Acme, capsys: pytest.CaptureFixture[str]) -> Ended:
    capsys.readouterr()
    place = settings(organisation.place / "home")
    code = status_fleet.run(place, Console(as_json=True), lambda *_: organisation.context())
    out, err = capsys.readouterr()
    return Ended(code, out, err)


@pytest.mark.slow
def test_bitbucket_is_asked_little_and_less_the_second_time(
    organisation: Acme, capsys: pytest.CaptureFixture[str]
) -> None:
    server = organisation.server
    organisation.update()
    server.forget()
    first = look(organisation, capsys)
    (one,) = first.document["projects"]
    assert (one["differences"], one["template"]["version"]) == ([], OLDEST)
    assert [address.rpartition("/")[0] for address in one["updates"]] == [
        f"{server.url}/acme/{slug}/pull-requests" for slug in SLUGS
    ]
    asked = [str(request.path) for request in server.requests if not request.is_git]
    assert len(asked) == 1 + 2 + 2
    server.forget()
    assert look(organisation, capsys).out == first.out
    asked = [request.path for request in server.requests if not request.is_git]
    assert len(asked) == 1 + 2
    assert server.writes == []


@pytest.mark.slow
def test_a_push_is_noticed(organisation: Acme, capsys: pytest.CaptureFixture[str]) -> None:
    look(organisation, capsys)
    copy = organisation.place / "here" / SLUGS[0]
    file = copy / ".copier-answers.yml"
    file.write_text(file.read_text("utf-8").replace(OLDEST, NEWEST), "utf-8")
    git(copy, "commit", "--quiet", "--all", "--message", "x")
    bare = organisation.server.repository(SLUGS[0])
    git(copy, "push", "--quiet", str(bare.git), "HEAD:refs/heads/pushed")
    git(bare.git, "update-ref", "refs/heads/main", "refs/heads/pushed")
    organisation.server.rest.touch(bare)
    (one,) = look(organisation, capsys).document["projects"]
    assert one["differences"] == [f"build is at {NEWEST}, deploy is at {OLDEST}"]


@pytest.mark.slow
def test_the_rate_limit_is_waited_for(organisation: Acme, capsys: pytest.CaptureFixture[str]) -> None:
    organisation.server.fail(TooMany("7"), path="/src/")
    assert look(organisation, capsys).code == 0
    assert "rate limit is reached; waiting 7 s" in " ".join(organisation.waits.said)
