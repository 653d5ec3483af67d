"""One command at a time on one thing, told apart by name."""

import fcntl
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from mlops_new.errors import Error
from mlops_new.system.files import readable_errors

TIMEOUT = 120.0  # seconds; making a project takes a few, an environment a minute or two


@contextmanager
def hold(
    folder: Path, name: str, *, timeout: float = TIMEOUT, waiting: Callable[[str], None] | None = None
) -> Iterator[None]:
    """Hold the lock `name`; the kernel lets go of it however the process ends.

    Raises:
        Error: when another process holds it for longer than `timeout` seconds.
    """
    with readable_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / f"{re.sub(r'[^A-Za-z0-9._-]', '_', name)}.lock").open("a+", encoding="utf-8")
    with file:
        _acquire(file.fileno(), name, timeout, waiting, lambda: _holder(folder, file.name))
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def _acquire(
    descriptor: int, name: str, timeout: float, waiting: Callable[[str], None] | None, holder: Callable[[], str]
) -> None:
    deadline = time.monotonic() + timeout
    told = False
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise Error(
                    f"another mlops-new ({holder()}) has been working on {name} for {timeout:.0f} s",
                    hint="wait for it, or end that process, and run the same command again",
                ) from None
        else:
            return
        if waiting and not told:
            waiting(f"waiting for another mlops-new ({holder()}) that works on {name}")
            told = True
        time.sleep(0.05)


def _holder(folder: Path, file: str) -> str:
    text = (folder / file).read_text(encoding="utf-8").strip()
    return f"process {text}" if text else "process unknown"
