"""Work for other processes, and how those end."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from mlops_new.errors import Error, Invalid
from mlops_new.names import valid_name
from mlops_new.system.worker_pool import Elsewhere, Helpers, Here, spread


@pytest.fixture(params=["here", "elsewhere"])
def helpers(request: pytest.FixtureRequest) -> Iterator[Helpers]:
    """Both who take work."""
    with closing(Here() if request.param == "here" else Elsewhere(1)) as made:
        yield made


def test_an_outcome_comes_back(helpers: Helpers) -> None:
    """What the function returns is what the waiting one gets."""
    assert helpers.begin(divmod, 17, 5)() == (3, 2)


def test_an_error_keeps_its_words_and_its_exit_code(helpers: Helpers) -> None:
    """Whatever its class is."""
    with pytest.raises(Invalid) as told:
        valid_name("Not a name")
    outcome = helpers.begin(valid_name, "Not a name")
    with pytest.raises(Error) as raised:
        outcome()
    again = raised.value
    assert (again.code, again.message, again.hint) == (told.value.code, told.value.message, told.value.hint)


def test_a_helper_that_dies_is_told() -> None:
    """The kernel ends processes that take too much memory."""
    with closing(Elsewhere(1)) as helpers:
        outcome = helpers.begin(os._exit, 9)
        with pytest.raises(Error, match="ended from outside") as raised:
            outcome()
    assert "again" in raised.value.hint


def test_no_process_is_started_for_nothing() -> None:
    """To close what was never used is free."""
    with closing(Elsewhere(1)):
        pass


def test_outcomes_are_in_the_order_of_the_items() -> None:
    """However many processes did them."""
    assert spread(abs, range(-9, 0), alone=2) == list(range(9, 0, -1))


_PARENT = """
import os, sys, time
from mlops_new.system.worker_pool import Elsewhere

if __name__ == "__main__":
    helpers = Elsewhere(1)
    print(helpers.begin(os.getpid)(), flush=True)
    if sys.argv[1:] == ["busy"]:
        helpers.begin(time.sleep, 600)
    time.sleep(600)
"""


@pytest.mark.parametrize("busy", [[], ["busy"]])
def test_helpers_end_with_a_parent_that_is_killed(busy: list[str], tmp_path: Path) -> None:
    """Nobody can clean up after SIGKILL, so they look for themselves."""
    parent, helper = _started(tmp_path, busy)
    os.kill(parent.pid, signal.SIGKILL)
    parent.communicate()
    deadline = time.monotonic() + 300
    while _is_alive(helper) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _is_alive(helper)


def test_ctrl_c_is_told_once(tmp_path: Path) -> None:
    """A terminal sends it to all, and those who only wait say nothing."""
    parent, _ = _started(tmp_path, [])
    os.killpg(parent.pid, signal.SIGINT)
    _, said = parent.communicate(timeout=300)
    assert said.count("Traceback") == 1  # the parent's own
    assert "SpawnProcess" not in said


def _started(tmp_path: Path, arguments: list[str]) -> tuple[subprocess.Popen[str], int]:
    script = tmp_path / "parent.py"
    script.write_text(_PARENT, encoding="utf-8")
    parent = subprocess.Popen(
        [sys.executable, script, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert parent.stdout
    return parent, int(parent.stdout.readline())


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
