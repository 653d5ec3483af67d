"""How a job ends: with exit code 0, or with one clear line where SageMaker and a person look for it."""

from __future__ import annotations

import logging
import signal
import sys
import traceback
from typing import TYPE_CHECKING

from model.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import FrameType

LONGEST = 1024  # characters of a reason that SageMaker keeps
STOPPED = 128 + signal.SIGTERM


class StoppedError(BaseException):
    """The job was told to stop. No error, which a job might catch and go on."""


def run(job: Callable[[], None], *, reason: Path | None) -> None:
    """Do a job's work. A failure's reason goes to a file, if any, and last to stderr; then the exit code is 1.

    A job that is stopped says so, too. Without a handler the first process of a container would not notice SIGTERM.
    """
    signal.signal(signal.SIGTERM, _stop)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    try:
        job()
    except InputError as error:
        _fail(str(error), reason)
    except StoppedError:
        _fail("stopped by SIGTERM before the work was done", reason, STOPPED)
    except Exception as error:  # noqa: BLE001 (whatever it was, the job must leave its reason behind)
        traceback.print_exc()
        _fail(f"{type(error).__name__}: {error}", reason)


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise StoppedError


def _fail(message: str, reason: Path | None, code: int = 1) -> None:
    sys.stdout.flush()
    line = " ".join(message.split())
    if reason:
        reason.parent.mkdir(parents=True, exist_ok=True)
        reason.write_text(line[:LONGEST] + "\n", encoding="utf-8")
    sys.stderr.write(line + "\n")
    raise SystemExit(code)
