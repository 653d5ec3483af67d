"""Runs an execution in a process of its own, which a test may kill or limit: HOME EXECUTION [MODE [NUMBER]]."""

import contextlib
import os
import resource
import signal
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path

from mlops_new.errors import Error
from mlops_new.platforms.local.database.database_file import Database
from mlops_new.platforms.local.engine import Engine


class Mortal(Database):
    """Dies, as if somebody had sent SIGKILL, right after a transaction."""

    left = 0

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        with super().transaction() as connection:
            yield connection
        Mortal.left -= 1
        if Mortal.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def main(home: str, execution: str, mode: str = "", number: str = "0") -> int:
    sys.stdin.readline()  # only then is this process the execution's owner
    if mode == "small-disk":
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(number), int(number)))
    if mode == "dies-after":
        Mortal.left = int(number)
    try:
        platform = Engine(Path(home), database=Mortal if mode == "dies-after" else Database)
        ended = platform.run(execution, lambda event: print(event, flush=True))  # noqa: T201 - for whoever debugs
    except Error as error:
        sys.stderr.write(f"{error.message}\n{error.hint}\n")
        return error.code
    platform.close()
    return 0 if ended.status == "Succeeded" else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
