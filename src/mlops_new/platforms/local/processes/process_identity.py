"""Telling whether a process of the past is still the same one."""

import os
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True)
class Process:
    """A process id with the time it began, because ids are used again.

    Args:
        pid: The id.
        started: When it began, as the system words it; empty when it is not alive.
    """

    pid: int
    started: str

    @classmethod
    def of(cls, pid: int) -> "Process":
        """The process that has this id now."""
        return cls(pid, _started(pid))

    @classmethod
    def current(cls) -> "Process":
        """This process."""
        return cls.of(os.getpid())

    def alive(self) -> bool:
        """Whether it still runs (a zombie does not)."""
        return bool(self.started) and _started(self.pid) == self.started


def _started(pid: int) -> str:
    return _started_linux(pid) if sys.platform == "linux" else _started_elsewhere(pid)


def _started_linux(pid: int) -> str:
    try:
        line = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    # The second field, the name, may hold spaces and brackets; what follows its last bracket does not.
    fields = line.rpartition(")")[2].split()
    return "" if fields[0] in {"Z", "X"} else f"{_boot()}:{fields[19]}"


@cache
def _boot() -> str:
    # Ticks count from the boot, so they alone would match a process of another one.
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _started_elsewhere(pid: int) -> str:
    command = ["ps", "-o", "stat=,lstart=", "-p", str(pid)]
    answer = subprocess.run(
        command, capture_output=True, text=True, check=False, env={"LC_ALL": "C", "PATH": os.defpath}
    )
    state, _, started = answer.stdout.strip().partition(" ")
    return "" if state.startswith("Z") else started.strip()
