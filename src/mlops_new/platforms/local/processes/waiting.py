"""Long work that says nothing itself: now and then a line says what it is doing."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

EVERY: Final = 10.0
"""Seconds between two lines."""
_LONGEST: Final = 70
_TAIL: Final = 4096


@contextmanager
def telling(notify: Callable[[str], None], what: str, log: Path, *, every: float = EVERY) -> Iterator[None]:
    """Say every few seconds how long the block takes, and the last line of its log; at the end, how long it took.

    Args:
        notify: Takes the lines, also from another thread.
        what: What goes on: `the environment`.
        log: The file that the work writes to; it need not be there.
        every: Seconds between two lines.
    """
    began, done = time.monotonic(), threading.Event()

    def watch() -> None:
        while not done.wait(every):
            notify(f"{what}: {time.monotonic() - began:.0f} s so far{_doing(log)}")

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()
    notify(f"{what}: ready after {time.monotonic() - began:.0f} s")


def _doing(log: Path) -> str:
    try:
        with log.open("rb") as reader:
            reader.seek(max(0, log.stat().st_size - _TAIL))
            lines = reader.read().decode(errors="replace").splitlines()
    except OSError:
        return ""
    last = next((line.strip() for line in reversed(lines) if line.strip()), "")
    return f" ({last[: _LONGEST - 1] + '…' if len(last) > _LONGEST else last})" if last else ""
