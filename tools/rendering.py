"""Render the templates as they stand in the work tree, for tools and tests."""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

import copier

ROOT = Path(__file__).parents[1]


def render(kind: str, destination: Path, **answers: object) -> Path:
    """Render the `build` or the `deploy` repository into a folder that it makes.

    From a Git repository Copier renders the last tag; from a plain folder it renders what is there.
    """
    with TemporaryDirectory() as folder:
        shutil.copy(ROOT / "copier.yml", folder)
        shutil.copytree(ROOT / "templates", Path(folder, "templates"), ignore=shutil.ignore_patterns("__pycache__"))
        copier.run_copy(
            folder, destination, data={"repository_kind": kind, **answers}, defaults=True, overwrite=True, quiet=True
        )
    return destination
