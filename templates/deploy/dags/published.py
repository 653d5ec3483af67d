"""What the code is that jobs run, where Airflow finds it: a folder in which there may be no Git."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

LISTED = "code.json"  # which `ci/code.py` has written when it published
LEFT_BEHIND = {".git", "__pycache__"}


def files(root: Path) -> dict[str, Path]:
    """Where each file of the code is, by its name: the same as `mlops-new run` and CI take of that commit.

    Raises:
        FileNotFoundError: A file was published and is gone, or a submodule is not there.
    """
    if (root / LISTED).is_file():
        names = json.loads((root / LISTED).read_text(encoding="utf-8"))
    elif (root / ".git").exists():  # a clone, as a DAG bundle or git-sync makes it, or this repository itself
        command = ["python3", "-m", "ci.code"]
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
        if done.returncode:
            raise FileNotFoundError(done.stderr.strip() or "ci.code failed")
        names = done.stdout.splitlines()
    else:  # somebody has copied the folder: all of it
        names = sorted(_below(root))
    missing = [name for name in names if not (root / name).is_file()]
    if missing:
        raise FileNotFoundError(f"{', '.join(missing[:3])} of the published code is not in {root}: publish it again")
    return {name: root / name for name in names}


def _below(root: Path) -> Iterator[str]:
    """Every file of a folder; links to folders are followed, but not in circles."""
    for place, folders, names in os.walk(root, followlinks=True):
        here = os.path.realpath(place)
        into = [name for name in folders if name not in LEFT_BEHIND]
        folders[:] = [name for name in into if not f"{here}/".startswith(f"{os.path.realpath(f'{place}/{name}')}/")]
        yield from (os.path.relpath(f"{place}/{name}", root) for name in names)


def digest(found: Mapping[str, Path]) -> str:
    """A short name for some files, by their names and content."""
    whole = hashlib.sha256()
    for name, path in sorted(found.items()):
        whole.update(f"{name}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return whole.hexdigest()[:40]
