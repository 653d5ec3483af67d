"""Answers and parameters as people type them: KEY=VALUE words and a YAML file."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from mlops_new.errors import Invalid


def gather(file: Path | None, words: Iterable[str]) -> dict[str, Any]:
    """What `--answers` says, overridden by each `--data`."""
    return (_read(file) if file else {}) | pairs("--data", words)


def pairs(option: str, words: Iterable[str]) -> dict[str, str]:
    """KEY=VALUE words as a mapping.

    Raises:
        Invalid: a word without '=' or without a key, or a key given twice.
    """
    found: dict[str, str] = {}
    for word in words:
        key, separator, value = word.partition("=")
        if not separator or not key:
            raise Invalid(f"{option} {word!r} is not NAME=VALUE")
        if key in found:
            raise Invalid(f"{option} gives {key} twice")
        found[key] = value
    return found


def _read(file: Path) -> dict[str, Any]:
    import yaml

    try:
        answers = yaml.safe_load(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise Invalid(f"the answers file {file} cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise Invalid(f"the answers file {file} is not YAML: {' '.join(str(error).split())}") from error
    if answers is None:
        return {}
    if not isinstance(answers, dict) or not all(isinstance(key, str) for key in answers):
        raise Invalid(f"the answers file {file} is not a mapping of questions to answers")
    return answers
