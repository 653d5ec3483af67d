"""`mlops-new destroy` as a user runs it; on Bitbucket, see test_bitbucket.py."""

import os
import pty
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mlops_new.names import pipeline_names
from mlops_new.platforms.local.database.model_table import described
from mlops_new.platforms.local.database.records import Draft
from mlops_new.platforms.local.processes.process_identity import Process
from mlops_new.platforms.local.stores import Stores
from mlops_new.ports.executions import Status
from tests.e2e.killed import killed_at, typed
from tests.e2e.program import mlops_new

NAME = "fresh-sales"
PIPELINES = pipeline_names(NAME)


def git(path: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=path, check=True, capture_output=True)


@pytest.fixture
def project(somewhere: Path) -> Path:
    assert mlops_new("project", NAME, "--yes").code == 0
    return somewhere


def left(folder: Path, home: Path) -> list[str]:
    """What there is of any project: folders, repositories, pipelines; staged leftovers, too."""
    stores = Stores.open(home)
    pipelines = [name for name in PIPELINES if stores.pipelines.find(name)]
    stores.database.close()
    found = [path.name for place in (folder, home / "git", home / "scratch") for path in place.iterdir()]
    return sorted([*found, *pipelines])


def test_everything_of_it_goes_and_nothing_else(project: Path, home: Path) -> None:
    assert mlops_new("project", "other", "--yes").code == 0
    (project / "thesis.txt").write_text("mine", encoding="utf-8")
    planned = mlops_new("destroy", NAME, "--dry-run", "--json")
    assert len(planned.document["steps"]) == 4 + len(PIPELINES)
    assert (project / f"{NAME}-build").exists()

    gone = mlops_new("destroy", NAME, "--yes", "--json")
    assert gone.code == 0, gone.err
    assert gone.document["project"] == NAME
    assert gone.document["removed"] == planned.document["steps"]
    assert left(project, home) == [
        "mlops-templates.git", "other-build", "other-build.git", "other-deploy", "other-deploy.git", "thesis.txt",
    ]  # fmt: skip
    assert mlops_new("status", "other").code == 0


@pytest.mark.slow
def test_already_gone_is_fine_and_it_can_be_made_again(project: Path, home: Path) -> None:
    assert mlops_new("destroy", NAME, "--yes").code == 0
    again = mlops_new("destroy", NAME, "--yes", "--json")
    assert (again.code, again.document["removed"]) == (0, [])
    assert mlops_new("project", NAME, "--yes").code == 0
    assert mlops_new("status", NAME).code == 0


@pytest.mark.slow
def test_purge_takes_what_runs_have_made_and_only_this_projects(project: Path, home: Path) -> None:
    stores = Stores.open(home)
    for name in (NAME, "other"):
        made = stores.executions.start(
            Draft(f"{name}-build", "{}", {}, "", (("Train", "Training"),)), Process.current()
        )
        stores.models.add_model_package(name, made.id, "Register", lambda version: described({}, "any", version))
        (stores.home.executions / made.id / "Train").mkdir(parents=True)
        stores.objects.put_text("1", f"s3://mlops-new/{name}/data/table.csv")
    running = mlops_new("destroy", NAME, "--purge", "--yes", "--json")
    assert running.code == 3
    assert "is still running" in running.document["error"]["message"]
    for one in stores.executions.all():
        stores.executions.end(one.id, Status.FAILED)

    assert mlops_new("destroy", NAME, "--yes", "--purge").code == 0
    assert [one.pipeline for one in stores.executions.all()] == ["other-build"]
    assert (stores.models.model_packages(NAME), len(stores.models.model_packages("other"))) == ([], 1)
    assert not stores.objects.path(f"s3://mlops-new/{NAME}").exists()
    assert stores.objects.path("s3://mlops-new/other/data/table.csv").exists()
    assert len(list(stores.home.executions.iterdir())) == 1
    stores.database.close()


@pytest.mark.quick_cases(1)
@pytest.mark.parametrize("work", ["changed", "new", "commit", "branch", "stash"])
def test_work_that_exists_nowhere_else_is_protected(project: Path, home: Path, work: str) -> None:
    copy = project / f"{NAME}-build"
    match work:
        case "changed" | "stash":
            (copy / "README.md").write_text("x", encoding="utf-8")
        case "new":
            (copy / "new.txt").write_text("x", encoding="utf-8")
        case "commit":
            git(copy, "commit", "--allow-empty", "--message", "more")
        case _:
            git(copy, "switch", "--quiet", "--create", "idea")
            git(copy, "commit", "--allow-empty", "--message", "more")
            git(copy, "switch", "--quiet", "main")
    if work == "stash":
        git(copy, "stash")
    before = left(project, home)
    refused = mlops_new("destroy", NAME, "--yes", "--json")
    assert refused.code == 3
    assert str(copy) in refused.document["error"]["message"]
    assert "--discard-local-work" in refused.document["error"]["hint"]
    assert left(project, home) == before
    assert mlops_new("destroy", NAME, "--yes", "--discard-local-work").code == 0
    assert left(project, home) == ["mlops-templates.git"]


@pytest.mark.slow
def test_foreign_things_of_its_names_stay(project: Path, home: Path) -> None:
    (home / "git" / f"{NAME}-build.git" / "description").write_text("by hand", encoding="utf-8")
    shutil.rmtree(project / f"{NAME}-deploy")
    (project / f"{NAME}-deploy").mkdir()
    (project / f"{NAME}-deploy" / "thesis.txt").write_text("mine", encoding="utf-8")
    done = mlops_new("destroy", NAME, "--yes", "--json")
    assert done.code == 0
    assert len(done.document["kept"]) == 2
    assert left(project, home) == [f"{NAME}-build.git", f"{NAME}-deploy", "mlops-templates.git"]
    assert (project / f"{NAME}-deploy" / "thesis.txt").exists()


def test_without_a_terminal_it_takes_a_yes(project: Path, home: Path) -> None:
    before = left(project, home)
    refused = mlops_new("destroy", NAME)
    assert (refused.code, "--yes" in refused.err) == (2, True)
    assert left(project, home) == before


@pytest.mark.slow
@pytest.mark.parametrize(("typed", "code"), [(b"yes\n", 2), (NAME.encode() + b"\n", 0)])
def test_on_a_terminal_the_name_is_typed(project: Path, home: Path, typed: bytes, code: int) -> None:
    parent, child = pty.openpty()
    command = [sys.executable, "-m", "mlops_new", "destroy", NAME]
    with subprocess.Popen(
        command, stdin=child, stdout=subprocess.PIPE, stderr=child, start_new_session=True
    ) as process:
        os.close(child)
        os.write(parent, typed)
        assert process.wait(timeout=300) == code
    os.close(parent)
    assert (project / f"{NAME}-build").exists() == bool(code)


# Every third effect; the last case also makes sure that the range reaches beyond the end.
@pytest.mark.slow
@pytest.mark.parametrize("share", range(2))
def test_killed_at_an_effect_the_same_command_finishes(
    project: Path, home: Path, tmp_path_factory: pytest.TempPathFactory, share: int
) -> None:
    kept = tmp_path_factory.mktemp("kept")
    said, destroy = kept / "said", typed("destroy", NAME, "--yes", "-C", project)
    os.chdir(kept)  # the folder it stood in is made anew again and again
    shutil.copytree(project, kept / "project", symlinks=True)
    shutil.copytree(home, kept / "home", symlinks=True)
    effect, code = 1 + 3 * share, -signal.SIGKILL.value
    while code:
        for place in (project, home):
            shutil.rmtree(place)
        shutil.copytree(kept / "project", project, symlinks=True)
        shutil.copytree(kept / "home", home, symlinks=True)
        code = killed_at(effect, destroy, said)
        again = killed_at(0, destroy, said)
        assert again == 0, said.read_text(encoding="utf-8")
        assert left(project, home) == ["mlops-templates.git"], f"killed at effect {effect}"
        effect += 6
    assert effect > 18
