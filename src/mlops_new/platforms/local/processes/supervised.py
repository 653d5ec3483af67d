"""Processes that die with this one: the side of the runner. The other side is `supervise.py`."""

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

_SUPERVISOR = Path(__file__).with_name("supervise.py")


class StopSignal:
    """An event that many threads can wait for together with something else: it has a file descriptor."""

    def __init__(self) -> None:
        self._read, self._write = os.pipe()
        self._set = False

    def set(self) -> None:
        """Raise it, for good. Safe in a signal handler."""
        if not self._set:
            self._set = True
            os.write(self._write, b".")

    def is_set(self) -> bool:
        """Whether it was raised."""
        return self._set

    def wait(self, seconds: float) -> bool:
        """Sleep, unless and until it is raised; True when it was."""
        return bool(_readable([self._read], seconds))

    def fileno(self) -> int:
        """Readable when raised."""
        return self._read

    def close(self) -> None:
        """Give the descriptors back."""
        os.close(self._read)
        os.close(self._write)


@dataclass(frozen=True)
class Ending:
    """How a process ended.

    Args:
        code: Its exit code; minus the signal's number when a signal ended it; None when it could not be started.
        stopped: It was ended because the run was stopped.
        timed_out: It was ended because its time was over.
        error: Why it could not be started.
    """

    code: int | None
    stopped: bool = False
    timed_out: bool = False
    error: str = ""

    def __str__(self) -> str:
        if self.code is None:
            return self.error
        if self.code < 0:
            return f"ended by {signal.Signals(-self.code).name}"
        return f"exit code {self.code}"


class Supervised:
    """A command that runs in a process group of its own and ends when this object is closed or this process dies.

    Args:
        command: Program and arguments; the program is looked up in the environment's PATH.
        environment: The command's whole environment.
        folder: Its working directory.
        log: The file that takes what it writes, added at the end.
    """

    def __init__(self, command: Sequence[str], *, environment: Mapping[str, str], folder: Path, log: Path) -> None:
        with log.open("ab") as sink:
            self._supervisor = subprocess.Popen(
                [sys.executable, "-I", "-S", str(_SUPERVISOR), *command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=sink,
                env=dict(environment),
                cwd=folder,
                start_new_session=True,
                bufsize=0,
            )
        self._heard = b""
        self._eof = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def wait(self, stop: StopSignal, seconds: float | None = None) -> Ending:
        """Wait for the end; end it when the run is stopped or the time is over."""
        deadline = None if seconds is None else time.monotonic() + seconds
        while not self._eof:
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            ready = _readable([self._output, stop.fileno()], left)
            if self._output in ready:
                self._listen()
            elif not ready or stop.is_set():
                self.close()
                return Ending(self._ending().code, stopped=bool(ready), timed_out=not ready)
        self.close()
        return self._ending()

    def release(self) -> None:
        """Let the command be ended, without waiting for it. Any thread may."""
        if self._supervisor.stdin is not None:
            self._supervisor.stdin.close()

    def close(self) -> None:
        """End the command, whatever it is doing, and wait until it has ended."""
        self.release()
        while not self._eof:
            self._listen()
        self._supervisor.wait()
        if self._supervisor.stdout is not None:
            self._supervisor.stdout.close()

    @property
    def _output(self) -> int:
        if self._supervisor.stdout is None:
            raise AssertionError("Popen was given a pipe")
        return self._supervisor.stdout.fileno()

    def _listen(self) -> None:
        heard = os.read(self._output, 4096)
        self._heard += heard
        if not heard:
            self._eof = True
            self._orphan()

    def _ending(self) -> Ending:
        lines = [line.partition(" ") for line in self._heard.decode(errors="replace").splitlines()]
        match lines[-1:]:
            case [("exit", _, code)]:
                return Ending(int(code))
            case [("signal", _, number)]:
                return Ending(-int(number))
            case [("error", _, why)]:
                return Ending(None, error=f"it cannot be started: {why}")
            case _:
                return Ending(-signal.SIGKILL)

    def _orphan(self) -> None:
        # A supervisor that was killed says no last word; its command must not outlive it.
        lines = self._heard.decode(errors="replace").split()
        if lines[:1] == ["pid"] and len(lines) == 2:  # noqa: PLR2004 - a word and a number
            try:
                os.killpg(int(lines[1]), signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                return


def _readable(descriptors: list[int], seconds: float | None) -> list[int]:
    poll = select.poll()
    for descriptor in descriptors:
        poll.register(descriptor, select.POLLIN | select.POLLHUP)
    return [descriptor for descriptor, _ in poll.poll(None if seconds is None else seconds * 1000)]
