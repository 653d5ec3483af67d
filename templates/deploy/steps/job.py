"""A processing job's surroundings: its folders, its settings, and how it says that it failed."""

from __future__ import annotations

import os
import sys
import tomllib
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

CONFIG = Path(__file__).parents[1] / "config.toml"
LONGEST = 1024  # characters of a message that SageMaker keeps


class UnusableError(Exception):
    """A person gave data or a setting that cannot be used. The message says why and what to do."""


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


def config(path: Path = CONFIG) -> dict[str, Any]:
    """The tables of `config.toml`.

    Raises:
        UnusableError: It is no TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise UnusableError(f"{path.name} is not valid TOML: {error}") from error


def run(work: Callable[[], None], *, expected: type[Exception] = UnusableError) -> int:
    """Do a job's work; its exit code. What failed is said in one line, last on stderr and in `output/message`.

    Args:
        work: What to do.
        expected: The error, beside this module's own, that says what a person has to put right. Any other error is a
            fault of the code, and its traceback is shown.
    """
    try:
        work()
    except (UnusableError, expected) as error:
        return _fail(str(error))
    except Exception as error:  # noqa: BLE001 (whatever it was, the job must leave its reason behind)
        traceback.print_exc()
        return _fail(f"{type(error).__name__}: {error}")
    return 0


def _fail(message: str) -> int:
    sys.stdout.flush()
    line = " ".join(message.split())
    folder = root() / "output"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "message").write_text(line[:LONGEST] + "\n", encoding="utf-8")
    sys.stderr.write(line + "\n")
    return 1
