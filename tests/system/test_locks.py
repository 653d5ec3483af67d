import subprocess
import sys
from pathlib import Path

import pytest

from mlops_new.errors import Error
from mlops_new.system import locks

HOLDER = """
import sys
from pathlib import Path
from mlops_new.system import locks
with locks.hold(Path(sys.argv[1]), "x"):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_holder_is_told_who_the_first_is(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        heard: list[str] = []
        with (
            pytest.raises(Error, match=f"process {holder.pid}"),
            locks.hold(tmp_path, "x", timeout=0.1, waiting=heard.append),
        ):
            pass
        assert heard == [f"waiting for another mlops-new (process {holder.pid}) that works on x"]
        holder.kill()


def test_a_killed_holder_lets_go(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout
        holder.stdout.readline()
        holder.kill()
    with locks.hold(tmp_path, "x", timeout=0):
        pass


def test_two_names_do_not_wait_for_each_other(tmp_path: Path) -> None:
    with locks.hold(tmp_path, "x", timeout=0), locks.hold(tmp_path, "y", timeout=0):
        pass
