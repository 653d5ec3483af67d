"""Killed at whatever effect, an update is finished by the same command."""

import os
import signal
from functools import partial
from pathlib import Path

import pytest

from tests.e2e.killed import killed_at
from tests.update.conftest import KINDS, Project, copied
from tests.update.fork import NEWEST, git

pytestmark = pytest.mark.slow

# Most of the effects are the work of Git in scratch, each much like the one before.
STRIDE = 1 if os.environ.get("MLOPS_NEW_TEST_EVERY_FAULT") else 8
BRANCH = f"mlops-new/template-{NEWEST}"


def update(project: Project) -> int:
    return project.update().code


def trees(project: Project) -> dict[str, str]:
    """What there is in the end, and that nothing is left over."""
    assert list((project.home / "scratch").iterdir()) == []
    for kind in KINDS:
        assert git(project.copy(kind), "status", "--porcelain") == ""
        assert git(project.hosted(kind), "rev-list", "--count", f"main..{BRANCH}") == "1"
        pushed = git(project.hosted(kind), "rev-parse", BRANCH)
        assert git(project.copy(kind), "rev-parse", f"origin/{BRANCH}") == pushed
    return {kind: git(project.hosted(kind), "rev-parse", f"{BRANCH}^{{tree}}") for kind in KINDS}


def test_killed_at_any_effect_the_same_command_finishes(made: Path, acme: Path, renders: Path, tmp_path: Path) -> None:
    def fresh(effect: int) -> Project:
        return copied(made, tmp_path / f"here-{effect}", tmp_path / f"home-{effect}", acme, renders)

    clean = fresh(0)
    assert update(clean) == 0
    wanted = trees(clean)
    effect, code = 1 - STRIDE, -signal.SIGKILL.value
    while code:
        assert code == -signal.SIGKILL, f"effect {effect}: {code}"
        effect += STRIDE
        project = fresh(effect)
        code = killed_at(effect, partial(update, project), tmp_path / "said")
        assert update(project) == 0
        assert trees(project) == wanted, f"killed at effect {effect}"
    assert effect > 30
