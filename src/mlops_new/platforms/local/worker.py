"""Runs one execution apart from the command that started it: `python -m mlops_new.platforms.local.worker ID`.

It begins when it reads a line: only then has the command made it the execution's owner.
"""

import os
import sys
from pathlib import Path

from mlops_new.errors import Error
from mlops_new.events import Event
from mlops_new.platforms.local.platform import LocalPlatform


def main(execution: str) -> int:
    """Run it, and write what happens to standard output, which is a log file."""
    if not sys.stdin.readline():
        return 1  # the command was killed before it let go; the execution is shown as stopped
    platform = LocalPlatform(Path(os.environ["MLOPS_NEW_HOME"]))
    try:
        platform.run(execution, _write)
    except Error as error:
        sys.stderr.write(f"{error}\n")
        return error.code
    finally:
        platform.close()
    return 0


def _write(event: Event) -> None:
    sys.stdout.write(f"{event}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
