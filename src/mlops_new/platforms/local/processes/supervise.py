"""Run one command and never let it outlive the program that asked for it.

Started as a script of its own (`python -I -S supervise.py COMMAND…`), with nothing of the standard library that takes
time to import: every job waits for it. Standard input is the leash: when its other end closes, on purpose or because
the runner was killed, the command's process group is ended. Standard output takes two lines: `pid N`, then `exit N` or
`signal N`; or one, `error TEXT`, when the command cannot be started. The command itself reads nothing and writes to
what is standard error here.
"""

import _thread
import os
import sys
import time

GRACE_SECONDS = 2.0

# By number, because the module that names them takes longer to import than all else here; Linux and macOS agree.
_SIGKILL, _SIGPIPE, _SIGTERM, _SIGXFSZ = 9, 13, 15, 25


def main(command: list[str]) -> None:
    """Run the command, report how it ended, and leave nothing of its group behind."""
    try:
        child = _spawn(command)
    except OSError as error:
        _say(f"error {command[0]}: {error.strerror}")
        return
    _say(f"pid {child}")
    _thread.start_new_thread(_watch_leash, (child,))
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    # What the command left running belongs to it, and goes with it.
    _kill(child, _SIGKILL)
    _say(f"signal {-code}" if code < 0 else f"exit {code}")


def _spawn(command: list[str]) -> int:
    nothing, output = (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0), (os.POSIX_SPAWN_DUP2, 2, 1)
    # Python ignores these two signals, and a command would inherit that.
    ignored = [_SIGPIPE, _SIGXFSZ]
    return os.posix_spawnp(
        command[0], command, os.environ, file_actions=[nothing, output], setpgroup=0, setsigdef=ignored
    )


def _watch_leash(child: int) -> None:
    while os.read(0, 512):
        continue
    _kill(child, _SIGTERM)
    time.sleep(GRACE_SECONDS)
    _kill(child, _SIGKILL)


def _kill(group: int, number: int) -> None:
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return  # gone already


def _say(line: str) -> None:
    try:
        os.write(1, f"{line}\n".encode())
    except OSError:
        return  # nobody listens any more


if __name__ == "__main__":
    main(sys.argv[1:])
    os._exit(0)  # the other thread may still be waiting, and there is nothing to tidy up
