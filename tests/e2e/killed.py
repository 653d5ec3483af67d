"""Run mlops-new and kill it, with all it started, at its n-th effect.

An effect is anything that Python tells its audit hooks about and that changes the disk or starts a process, when
mlops-new asked for it (what is done inside a render is one effect to us: it happens in a staging folder).
The processes have everything imported when they start: the command is tried at each of some forty effects.
"""

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

EFFECTS = {"os.rename", "os.mkdir", "os.link", "os.symlink", "shutil.rmtree", "sqlite3.connect", "subprocess.Popen"}
_RENDERERS = tuple(f"{os.sep}{part}" for part in (f"copier{os.sep}", "e2e/acme.py", "update/running.py"))
_PRELOADED = [
    "mlops_new.cli.app",
    "mlops_new.cli.commands.destroy",
    "tests.e2e.acme",
    "tests.e2e.killed",
    "tests.update.running",
]
sys.path.append(str(Path(__file__).parents[2]))  # where these processes find this module, wherever a test stands
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(_PRELOADED)


def killed_at(effect: int, command: Callable[[], int], said: Path) -> int:
    """Run a command that is killed at its n-th effect.

    Args:
        effect: Which, from 1; 0 for none.
        command: What is run, to its exit code.
        said: The file that gets what it says.

    Returns:
        The exit code; minus the signal when it was killed.
    """
    process = _FORKS.Process(target=_run, args=(effect, command, dict(os.environ), str(said)))
    process.start()
    process.join(120)
    code = process.exitcode
    assert code is not None, f"killed at effect {effect}: it hangs"
    process.close()
    return code


def typed(*arguments: str | Path) -> Callable[[], int]:
    """What the program does when this is typed."""
    from mlops_new.__main__ import _exit_code

    return partial(_exit_code, list(map(str, arguments)))


def _run(deadly: int, command: Callable[[], int], environ: dict[str, str], said: str) -> None:
    os.setsid()
    os.environ.clear()
    os.environ.update(environ)
    for stream in (1, 2):
        os.dup2(os.open(said, os.O_WRONLY | os.O_CREAT | os.O_APPEND), stream)
    seen = 0

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal seen
        if (event in EFFECTS or _is_write(event, arguments)) and _is_ours():
            seen += 1
            if seen == deadly:
                os.killpg(0, signal.SIGKILL)

    sys.addaudithook(hook)
    code = command()
    sys.stdout.flush()
    os._exit(code)


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
        if any(part in file for part in _RENDERERS):
            return False
        ours = ours or f"{os.sep}mlops_new{os.sep}" in file
        frame = frame.f_back  # type: ignore[assignment]  # None ends the loop
    return ours
