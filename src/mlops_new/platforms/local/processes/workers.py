"""Processes that run executions apart from whoever started them: the side of the starter; the other is `worker.py`."""

import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from typing import BinaryIO

from mlops_new.platforms.local.home import Home
from mlops_new.platforms.local.processes.process_identity import Process
from mlops_new.system.environment import inheritable

_WORKER = "mlops_new.platforms.local.worker"


@dataclass
class Worker:
    """A process that waits to be told which execution it runs; it ends when nobody tells it.

    Args:
        process: Its identity.
    """

    process: Process
    _popen: "subprocess.Popen[bytes]" = field(repr=False)

    @classmethod
    def spawn(cls, home: Home) -> "Worker":
        """Start one; what it says goes to the execution's folder once it has one."""
        popen = subprocess.Popen(
            [sys.executable, "-P", "-m", _WORKER],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=inheritable() | {"MLOPS_NEW_HOME": str(home.root)},
            start_new_session=True,
        )
        return cls(Process.of(popen.pid), popen)

    def begin(self, execution: str) -> None:
        """Let it run an execution that it owns."""
        with suppress(BrokenPipeError):  # it has ended already: the run is shown as stopped
            self._leash.write(f"{execution}\n".encode())
            self._leash.flush()

    def let_go(self) -> None:
        """Leave it alone: it ends now if it was told nothing."""
        with suppress(BrokenPipeError):
            self._leash.close()

    def runs(self) -> bool:
        """Whether it has not ended yet."""
        return self._popen.poll() is None

    @property
    def _leash(self) -> BinaryIO:
        if self._popen.stdin is None:
            raise AssertionError("Popen was given a pipe")
        return self._popen.stdin  # type: ignore[return-value]  # an IO[bytes] is one
