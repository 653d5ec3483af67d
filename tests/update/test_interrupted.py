"""Killed at whatever effect, an update is finished by the same command."""

import multiprocessing
import os
import signal
from pathlib import Path

import pytest

from tests.e2e.killed import deadly
from tests.update.conftest import KINDS, Project, copied
from tests.update.fork import NEWEST, git

EVERY = bool(os.environ.get("MLOPS_NEW_TEST_EVERY_FAULT"))
BRANCH = f"mlops-new/template-{NEWEST}"


@pytest.fixture
def forks() -> multiprocessing.context.ForkServerContext:
    """Processes that have everything imported when they start."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.update.conftest", "copier", "concurrent.futures.thread"])
    return context


def killed(project: Project, effect: int, counter: Path, environ: dict[str, str]) -> None:
    """What the process does."""
    os.setsid()
    os.environ.clear()
    os.environ.update(environ)
    with deadly(effect, counter):
        project.update()


def trees(project: Project) -> dict[str, str]:
    """What there is in the end, and that nothing is left over."""
    assert list((project.home / "scratch").iterdir()) == []
    for kind in KINDS:
        assert git(project.copy(kind), "status", "--porcelain") == ""
        assert git(project.hosted(kind), "rev-list", "--count", f"main..{BRANCH}") == "1"
        pushed = git(project.hosted(kind), "rev-parse", BRANCH)
        assert git(project.copy(kind), "rev-parse", f"origin/{BRANCH}") == pushed
    return {kind: git(project.hosted(kind), "rev-parse", f"{BRANCH}^{{tree}}") for kind in KINDS}


def chosen(effects: int) -> list[int]:
    """Most of the effects are Git's work in scratch; the last ones are seen by others."""
    last = effects - 24
    return [*range(1, effects + 1)] if EVERY else [*range(1, last, 29), *range(last, effects + 1, 4)]


def test_killed_at_any_effect_the_same_command_finishes(
    made: Path,
    acme: Path,
    renders: Path,
    tmp_path: Path,
    forks: multiprocessing.context.ForkServerContext,
) -> None:
    def run(effect: int) -> tuple[Project, int | None]:
        place = tmp_path / str(effect)
        project = copied(made, place / "here", place / "home", acme, renders)
        process = forks.Process(target=killed, args=(project, effect, tmp_path / "effects", dict(os.environ)))
        process.start()
        process.join(120)
        return project, process.exitcode

    clean, code = run(0)
    assert code == 0
    wanted = trees(clean)
    effects = int((tmp_path / "effects").read_text("utf-8"))
    for effect in chosen(effects):
        project, code = run(effect)
        assert code == -signal.SIGKILL, f"effect {effect}: {code}"
        again = project.update()
        assert again.code == 0, again.err
        assert trees(project) == wanted, f"killed at effect {effect}"
