"""What the code of a repository is: the one list that images and `CodeUri` are made from.

It is what Git tracks, with submodules in their place, without what the repository's `.codeignore` names (in the syntax
of a `.gitignore`). On this machine, where work is tried before it is committed, new files that Git does not ignore
count, too. Generated repositories decide the same in `ci/code.py`, for CI and Airflow.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from mlops_new.errors import Invalid
from mlops_new.system import git

IGNORE = ".codeignore"


def code_files(repository: Path) -> dict[str, Path]:
    """Where the content of each file is, by the name that it has in the code: sorted.

    A symbolic link stands for what it leads to, which has to belong to the code, too: an object store knows no links.

    Raises:
        Invalid: it is no Git repository, a submodule is not checked out, or a link leads elsewhere.
    """
    names = _names(repository)
    found: dict[str, Path] = {}
    for name in names:
        found |= _resolved(repository, name, names)
    return dict(sorted(found.items()))


def _names(repository: Path, below: str = "") -> list[str]:
    """Every file that belongs to it, links unresolved."""
    listed = set(git.tracked(repository)) - _ignored(repository)
    found: list[str] = []
    for name in sorted(listed):
        path = repository / name
        if path.is_dir() and not path.is_symlink():
            _require_checked_out(path, f"{below}{name}")
            found += _names(path, f"{below}{name}/")
        else:
            found.append(f"{below}{name}")
    return found


def _ignored(repository: Path) -> set[str]:
    if not (repository / IGNORE).is_file():
        return set()
    arguments = ("ls-files", "--cached", "--others", "--ignored", "-z", f"--exclude-from={IGNORE}")
    return set(git.run(*arguments, cwd=repository).split("\0"))


def _require_checked_out(path: Path, name: str) -> None:
    if not (path / ".git").exists():
        raise Invalid(f"the submodule {name} is not checked out", hint="git submodule update --init --recursive")


def _resolved(repository: Path, name: str, names: list[str]) -> Mapping[str, Path]:
    path = repository / name
    if not path.is_symlink():
        return {name: path} if path.is_file() else {}
    target = os.path.relpath(os.path.realpath(path), os.path.realpath(repository)).replace(os.sep, "/")
    if target in names and not (repository / target).is_symlink():
        return {name: repository / target}
    inside = [other for other in names if other.startswith(f"{target}/") and not (repository / other).is_symlink()]
    if not inside or name.startswith(f"{target}/"):
        raise Invalid(
            f"{path} is a link to {path.readlink()}, which is no part of the repository's code",
            hint="put the files there, commit what it leads to, or name the link in .codeignore",
        )
    return {name + other[len(target) :]: repository / other for other in inside}
