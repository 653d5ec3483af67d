"""Folders and commits as listings of what they hold, and back."""

import os
from collections.abc import Mapping
from pathlib import Path

from mlops_new import git

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


def tree_of(place: Path, folder: Path, instead: Mapping[str, Entry | None] | None = None) -> str:
    """Store a folder in a repository, as its own `.gitignore` would have it committed.

    Args:
        place: The repository.
        folder: The folder.
        instead: Entries that take the place of the folder's own; None leaves a file out.

    Returns:
        The tree.
    """
    index = place / ".git" / f"index-{folder.name}"
    env = {"GIT_INDEX_FILE": str(index), "GIT_DIR": str(place / ".git"), "GIT_WORK_TREE": str(folder)}
    git.run("add", "--all", ".", cwd=folder, env=env)
    lines = [_line(path, entry) for path, entry in (instead or {}).items()]
    git.run("update-index", "-z", "--index-info", cwd=folder, env=env, stdin=b"".join(lines))
    tree = git.run("write-tree", cwd=folder, env=env).strip()
    index.unlink()
    return tree


def _line(path: str, entry: Entry | None) -> bytes:
    mode, blob = entry or ("0", "0" * 40)
    return f"{mode} {blob}\t".encode() + os.fsencode(path) + b"\0"
