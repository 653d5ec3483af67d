"""A processing job's surroundings: its folders, its settings, and how it says that it failed."""

from __future__ import annotations

import os
import signal
import sys
import tomllib
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import FrameType

CONFIG = Path(__file__).parents[1] / "config.toml"
Kind = Literal["table", "number", "true or false"]
KINDS: Mapping[Kind, tuple[type, ...]] = {"table": (dict,), "number": (int, float), "true or false": (bool,)}
LONGEST = 1024  # characters of a message that SageMaker keeps
STOPPED = 128 + signal.SIGTERM


class UnusableError(Exception):
    """A person gave data or a setting that cannot be used. The message says why and what to do."""


class StoppedError(BaseException):
    """The job was told to stop. No error, which a job might catch and go on."""


def root() -> Path:
    """Where SageMaker puts a job's files."""
    return Path(os.environ.get("OPT_ML_ROOT", "/opt/ml"))


def input_folder(name: str) -> Path:
    """Where the job finds its input of this name."""
    return root() / "processing" / "input" / name


def output_folder(name: str) -> Path:
    """Where the job leaves its output of this name; made if it is not there."""
    folder = root() / "processing" / "output" / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def rules(step: str, known: Mapping[str, Kind], path: Path = CONFIG) -> dict[str, Any]:
    """The rules of a step: its table in `config.toml`.

    Args:
        step: The table's name.
        known: The rules there are, and what each is.
        path: The configuration.

    Raises:
        UnusableError: It is no TOML, or has a rule that is not known or of another type.
    """
    found = table(step, path)
    for name, value in found.items():
        if name not in known:
            raise UnusableError(f"[{step}] in {path.name} has no rule {name!r}: there is {', '.join(known) or 'none'}")
        if type(value) not in KINDS[known[name]]:
            raise UnusableError(f"[{step}] {name} = {value!r} in {path.name}: a {known[name]} was expected")
    return found


def table(name: str, path: Path = CONFIG) -> dict[str, Any]:
    """A table of `config.toml`; empty where there is none.

    Raises:
        UnusableError: The file is no TOML.
    """
    try:
        return dict(tomllib.loads(path.read_text(encoding="utf-8")).get(name, {}))
    except tomllib.TOMLDecodeError as error:
        raise UnusableError(f"{path.name} is not valid TOML: {error}") from error


def say(text: str) -> None:
    """Say how the job ended."""
    leave(text)
    sys.stdout.write(text + "\n")


def leave(message: str) -> None:
    """Leave a message where SageMaker shows the exit message of a processing job."""
    folder = root() / "output"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "message").write_text(message[:LONGEST] + "\n", encoding="utf-8")


def run(work: Callable[[], None], *, expected: type[Exception] = UnusableError) -> int:
    """Do a job's work; its exit code. What failed is said in one line, last on stderr and in `output/message`.

    A job that is stopped says so, too: without a handler the first process of a container would not notice SIGTERM.

    Args:
        work: What to do.
        expected: The error, beside this module's own, that says what a person has to put right. Any other error is a
            fault of the code, and its traceback is shown.
    """
    signal.signal(signal.SIGTERM, _stop)
    try:
        work()
    except StoppedError:
        _fail("stopped by SIGTERM before the work was done")
        return STOPPED
    except (UnusableError, expected) as error:
        return _fail(str(error))
    except Exception as error:  # noqa: BLE001 (whatever it was, the job must leave its reason behind)
        traceback.print_exc()
        return _fail(f"{type(error).__name__}: {error}")
    return 0


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise StoppedError


def _fail(message: str) -> int:
    sys.stdout.flush()
    line = " ".join(message.split())
    leave(line)
    sys.stderr.write(line + "\n")
    return 1
