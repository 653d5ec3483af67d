"""What this repository says about itself: its project, its pipelines' definitions, its commit."""

from __future__ import annotations

import json
import subprocess
import tomllib
from pathlib import Path
from typing import Any

from ci.errors import CiError

ROOT = Path(__file__).parents[1]


def config() -> dict[str, Any]:
    """The tables of `config.toml`."""
    try:
        return tomllib.loads((ROOT / "config.toml").read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise CiError(f"config.toml cannot be read: {error}") from error


def project() -> str:
    """The project's name, which every other name is made from."""
    match config():
        case {"project": {"name": str(name)}}:
            return name
        case _:
            raise CiError("config.toml does not say the project's name: [project] name")


def kind() -> str:
    """Which of the project's two repositories this is: `build` or `deploy`."""
    return "build" if (ROOT / "pipeline.json").exists() else "deploy"


def definitions() -> dict[str, Path]:
    """The committed definitions by the pipeline's name after the project's, the repository's main pipeline first."""
    if kind() == "build":
        return {"build": ROOT / "pipeline.json"}
    return {path.stem.replace("_", "-"): path for path in sorted((ROOT / "pipelines").glob("*.json"))}


def definition(path: Path) -> dict[str, Any]:
    """A committed definition as a document.

    Raises:
        CiError: It is not there, or no JSON object.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CiError(f"{path.name} cannot be read: {error}; `make definition` writes it") from error
    if not isinstance(found, dict):
        raise CiError(f"{path.name} is no pipeline definition; `make definition` writes it")
    return found


def git(*arguments: str) -> str:
    """What git answers in this repository.

    Raises:
        CiError: git is not there, or refuses; the message is its own.
    """
    # A clone that somebody else made, as in CI's containers, is this repository all the same.
    command = ["git", "-c", f"safe.directory={ROOT}", *arguments]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise CiError("git is not installed") from None
    if done.returncode:
        why = done.stderr.strip().splitlines()
        raise CiError(f"git {arguments[0]} failed: {why[-1] if why else f'exit code {done.returncode}'}")
    return done.stdout


def commit() -> str:
    """The commit that is checked out, 40 hexadecimal digits: in a pull request, the two branches merged."""
    return git("rev-parse", "HEAD").strip()
