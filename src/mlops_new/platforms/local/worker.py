"""Runs one execution apart from the command that started it: `python -m mlops_new.platforms.local.worker`.

It reads one line, the execution's id: only then is it the execution's owner. What is written goes to the execution's
`runner.log`.
"""

import os
import sys
from pathlib import Path


def main() -> int:
    """Run it, and write what happens to the log."""
    execution = sys.stdin.readline().strip()
    if not execution:
        return 1  # the command was killed before it let go, or needs no run after all
    home = Path(os.environ["MLOPS_NEW_HOME"])
    _write_to(home / "executions" / execution / "runner.log")
    # Not before: a worker that nobody needs shall cost nothing.
    from mlops_new.errors import Error
    from mlops_new.platforms.local.engine import Engine

    platform = Engine(home)
    try:
        platform.run(execution, lambda event: print(event, flush=True))  # noqa: T201  # a log file
    except Error as error:
        sys.stderr.write(f"{error}\n")
        return error.code
    finally:
        platform.close()
    return 0


def _write_to(log: Path) -> None:
    log.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.close(descriptor)


if __name__ == "__main__":
    sys.exit(main())
