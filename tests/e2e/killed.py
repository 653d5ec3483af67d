"""Run mlops-new and kill it, with all it started, at its n-th effect: `python killed.py N COUNT_FILE ARGUMENT…`.

An effect is anything that Python tells its audit hooks about and that changes the disk or starts a process, when
mlops-new asked for it (what Copier does inside a render is one effect to us: it happens in a staging folder).
"""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

EFFECTS = {"os.rename", "os.mkdir", "os.link", "os.symlink", "shutil.rmtree", "sqlite3.connect", "subprocess.Popen"}


def main() -> None:
    from mlops_new.__main__ import _exit_code

    with deadly(int(sys.argv[1]), Path(sys.argv[2])):
        code = _exit_code(sys.argv[3:])
    sys.exit(code)


@contextmanager
def deadly(effect: int, counter: Path) -> Iterator[None]:
    """Kill this process, with all it started, at its n-th effect; `counter` gets their number if it lives."""
    seen, living = 0, False

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal seen
        if not living and (event in EFFECTS or _is_write(event, arguments)) and _is_ours():
            seen += 1
            if seen == effect:
                os.killpg(0, signal.SIGKILL)

    sys.addaudithook(hook)
    yield
    living = True
    counter.write_text(str(seen), encoding="utf-8")


def _is_write(event: str, arguments: tuple[Any, ...]) -> bool:
    """A named file opened for writing; the numbers that `subprocess` opens are its pipes."""
    if event != "open":
        return False
    named, mode = isinstance(arguments[0], str), str(arguments[1])
    return named and any(letter in mode for letter in "wax+")


def _is_ours() -> bool:
    frame = sys._getframe(2)
    ours = False
    while frame is not None:
        file = frame.f_code.co_filename
        if f"{os.sep}copier{os.sep}" in file:
            return False
        ours = ours or f"{os.sep}mlops_new{os.sep}" in file
        frame = frame.f_back  # type: ignore[assignment]  # None ends the loop
    return ours


if __name__ == "__main__":
    main()
