"""Folders and commits as listings of what they hold, and back."""

import os
from collections.abc import Mapping
from pathlib import Path

from mlops_new.system import git

# A file's mode and its blob.
Entry = tuple[str, str]
Tree = Mapping[str, Entry]


def listing(place: Path, revision: str) -> dict[str, Entry]:
    """Every file of a commit or tree."""
    found = {}
    for record in git.run("ls-tree", "-r", "-z", revision, cwd=place).split("\0"):
        if record:
            about, path = record.split("\t", 1)
            mode, _, blob = about.split()
            found[path] = (mode, blob)
    return found


def tree_of(place: Path, folder: Path) -> str:
    """Store a folder in a repository, and give the tree."""
    env = _aside(place, folder.name) | {"GIT_WORK_TREE": str(folder)}
    git.add_all(folder, env)
    return git.run("write-tree", cwd=folder, env=env).strip()


def with_entries(place: Path, tree: str, instead: Mapping[str, Entry | None]) -> str:
    """A tree with some entries in place of its own; None leaves a file out."""
    if not instead:
        return tree
    env = _aside(place, f"from-{tree}")
    git.run("read-tree", tree, cwd=place, env=env)
    lines = [_line(path, entry) for path, entry in instead.items()]
    git.run("update-index", "-z", "--index-info", cwd=place, env=env, stdin=b"".join(lines))
    return git.run("write-tree", cwd=place, env=env).strip()


def _aside(place: Path, name: str) -> dict[str, str]:
    """An index beside the repository's own."""
    return {"GIT_INDEX_FILE": str(place / ".git" / f"index-{name}"), "GIT_DIR": str(place / ".git")}


def _line(path: str, entry: Entry | None) -> bytes:
    mode, blob = entry or ("0", "0" * 40)
    return f"{mode} {blob}\t".encode() + os.fsencode(path) + b"\0"
