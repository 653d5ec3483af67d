"""What a template asks, and its settings: its questions' file as Copier reads it, from any version of it."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from mlops_new.errors import Error
from mlops_new.system import git

# The names that Copier looks for, in its order.
FILES = ("copier.yml", "copier.yaml")
# Settings that every document adds to; of all others the last one counts.
_ADDED_UP = ("_exclude", "_jinja_extensions", "_secret_questions", "_skip_if_exists")


@lru_cache(maxsize=64)
def read_questions(repository: Path, commit: str) -> Mapping[str, Any]:
    """Questions and settings (whose names begin with `_`) of a commit of a template, `!include`d ones, too.

    Args:
        repository: Holds the commit.
        commit: Its hash, so that what was read stays true.

    Raises:
        Error: it is no YAML.
    """
    names = git.run("ls-tree", "-r", "-z", "--name-only", commit, cwd=repository).split("\0")[:-1]
    file = next((name for name in FILES if name in names), None)
    found = list(_documents(repository, commit, file, names)) if file else []
    merged: dict[str, Any] = {}
    for one in found:
        merged |= one
    return merged | {
        name: [value for one in found for value in one.get(name) or []] for name in _ADDED_UP if name in merged
    }


def _documents(repository: Path, commit: str, file: str, names: list[str]) -> Iterator[dict[str, Any]]:
    class Loader(yaml.SafeLoader):
        """With Copier's own tag."""

    def include(loader: yaml.SafeLoader, node: yaml.Node) -> list[Any]:
        pattern = str(loader.construct_scalar(node)) if isinstance(node, yaml.ScalarNode) else ""
        chosen = [name for name in names if PurePosixPath("/", name).match(f"/{pattern}")]
        return [one for name in chosen for one in _documents(repository, commit, name, names)]

    Loader.add_constructor("!include", include)
    Loader.add_multi_constructor("!", lambda *_: None)
    try:
        yield from _flat(list(yaml.load_all(git.read(repository, commit, file) or "", Loader)))
    except yaml.YAMLError as error:
        raise Error(f"{file} of the template is not YAML: {' '.join(str(error).split())}") from error


def _flat(documents: list[Any]) -> Iterator[dict[str, Any]]:
    for one in documents:
        if isinstance(one, list):
            yield from _flat(one)
        elif isinstance(one, dict):
            yield one
