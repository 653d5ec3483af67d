"""What is wrong with a rendered repository. Reads only."""

import json
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import yaml

from mlops_new import definition
from mlops_new.errors import Error
from mlops_new.names import DEFINITIONS, Kind


def faults(folder: Path, kind: Kind) -> list[str]:
    """Everything that does not parse, has a name that was not rendered, or is no valid definition."""
    return [*_names(folder), *_unparsable(folder), *_definitions(folder, kind)]


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _names(folder: Path) -> Iterator[str]:
    for path in _files(folder):
        name = path.relative_to(folder).as_posix()
        if "{{" in name or "{%" in name or path.suffix == ".jinja":
            yield f"{name}: the name was not rendered"


def _python(text: str) -> object:
    return compile(text, "file", "exec", dont_inherit=True)


_PARSERS: dict[str, Callable[[str], object]] = {
    ".json": json.loads,
    ".toml": tomllib.loads,
    ".yml": yaml.safe_load,
    ".yaml": yaml.safe_load,
    ".py": _python,
}


def _unparsable(folder: Path) -> Iterator[str]:
    for path in _files(folder):
        parse = _PARSERS.get(path.suffix)
        if parse is None:
            continue
        try:
            parse(path.read_text(encoding="utf-8"))
        except SyntaxError as error:
            yield f"{path.relative_to(folder)}:{error.lineno}: {error.msg}"
        except (ValueError, yaml.YAMLError) as error:
            yield f"{path.relative_to(folder)}: {str(error).splitlines()[0]}"


def _definitions(folder: Path, kind: Kind) -> Iterator[str]:
    for file in DEFINITIONS[kind].values():
        path = folder / file
        if not path.is_file():
            yield f"{file} is missing"
            continue
        try:
            definition.check(definition.parse(path.read_bytes(), source=file), source=file)
        except Error as error:
            yield error.message
