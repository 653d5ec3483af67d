"""Run one command and never let it outlive the program that asked for it.

Started as a script of its own (`python -I -S supervise.py COMMAND…`), with nothing but the quickest of the standard
library. Standard input is the leash: when its other end closes, on purpose or because the runner was killed, the
command's process group is ended. Standard output takes two lines: `pid N`, then `exit N` or `signal N`; or one,
`error TEXT`, when the command cannot be started. The command itself reads nothing and writes to what is standard
error here.
"""

import os
import select
import signal
import sys

GRACE_SECONDS = 2.0


def main(command: list[str]) -> None:
    """Run the command, report how it ended, and leave nothing of its group behind."""
    wakeup, awake = os.pipe()
    os.set_blocking(awake, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(awake)
    ready, failed = os.pipe()
    child = os.fork()
    if child == 0:
        _become(command, failed)
    os.close(failed)
    refusal = os.read(ready, 4096)
    if refusal:
        os.waitpid(child, 0)
        _say("error " + refusal.decode(errors="replace"))
        return
    _say(f"pid {child}")
    _say(_ending(_follow(child, wakeup)))


def _become(command: list[str], failed: int) -> None:
    os.setsid()
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for ignored in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores them, and a command would inherit that
        signal.signal(ignored, signal.SIG_DFL)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    try:
        os.execvp(command[0], command)  # noqa: S606 - a shell is what is not wanted
    except OSError as error:
        os.write(failed, f"{command[0]}: {error.strerror}".encode())
    os._exit(127)


def _follow(child: int, wakeup: int) -> int:
    """Wait for the command's end or the leash's, and give the command's wait status."""
    poll = select.poll()
    poll.register(0, select.POLLIN | select.POLLHUP)
    poll.register(wakeup, select.POLLIN)
    patience: float | None = None
    try:
        while True:
            ended = os.waitpid(child, os.WNOHANG)
            if ended[0]:
                return ended[1]
            events = dict(poll.poll(None if patience is None else patience * 1000))
            if not events:
                _kill(child, signal.SIGKILL)
            if wakeup in events:
                os.read(wakeup, 512)
            if 0 in events and not os.read(0, 512):
                poll.unregister(0)
                _kill(child, signal.SIGTERM)
                patience = GRACE_SECONDS
    finally:
        # What the command left running belongs to it, and goes with it.
        _kill(child, signal.SIGKILL)


def _kill(group: int, number: int) -> None:
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return  # gone already


def _ending(status: int) -> str:
    code = os.waitstatus_to_exitcode(status)
    return f"signal {-code}" if code < 0 else f"exit {code}"


def _say(line: str) -> None:
    try:
        os.write(1, f"{line}\n".encode())
    except OSError:
        return  # nobody listens any more


if __name__ == "__main__":
    main(sys.argv[1:])
