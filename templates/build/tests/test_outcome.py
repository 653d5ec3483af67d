"""How jobs end when they are stopped, and that the image can prove itself."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import outcome
import paths

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

JOB = """
import sys, time
from pathlib import Path
import outcome
def work():
    print("started", flush=True)
    try:
        time.sleep(600)
    except Exception:
        pass
outcome.run(work, reason=Path(sys.argv[1]))
"""


def test_a_job_that_is_stopped_ends_at_once_and_says_so(tmp_path: Path) -> None:
    reason = tmp_path / "output" / "failure"
    environment = {**os.environ, "PYTHONPATH": str(paths.CODE)}
    command = [sys.executable, "-c", JOB, str(reason)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as job:
        assert job.stdout
        assert job.stdout.readline() == "started\n"
        job.send_signal(signal.SIGTERM)
        _, told = job.communicate(timeout=300)
    assert job.returncode == 128 + signal.SIGTERM
    assert told == "stopped by SIGTERM before the work was done\n"
    assert reason.read_text(encoding="utf-8") == told


@pytest.mark.parametrize(
    ("failure", "line"), [(ValueError("two\nlines"), "ValueError: two lines\n"), (ValueError("x" * 2000), None)]
)
def test_a_failure_s_reason_is_one_line_that_fits(failure: Exception, line: str | None, tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit) as ended:
        outcome.run(raising(failure), reason=tmp_path / "failure")
    signal.signal(signal.SIGTERM, before)
    told = (tmp_path / "failure").read_text(encoding="utf-8")
    assert ended.value.code == 1
    assert len(told) <= outcome.LONGEST + 1
    assert line is None or told == line


def raising(failure: Exception) -> Callable[[], None]:
    def work() -> None:
        raise failure

    return work
