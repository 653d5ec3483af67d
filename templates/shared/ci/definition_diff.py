"""Say what a pull request changes in the pipelines: a step added, an instance changed.

    python3 -m ci.definition_diff [BRANCH]

Compares the committed definitions with those of a branch: the pull request's target, or main. A difference is no
failure: it is there to be read before somebody approves.
"""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

import definition
from ci import errors, repository
from ci.errors import CiError, say

if TYPE_CHECKING:
    from pathlib import Path


def at(revision: str, path: Path) -> str:
    """A file as it is at a revision; empty where it is not there."""
    name = path.relative_to(repository.ROOT).as_posix()
    listed = repository.git("ls-tree", "--name-only", revision, "--", name)
    return repository.git("show", f"{revision}:{name}") if listed.strip() else ""


def fetched(branch: str) -> str:
    """The commit that a branch is at now; a clone in CI knows no other branch than its own."""
    try:
        repository.git("fetch", "--quiet", "--depth", "1", "origin", branch)
    except CiError as error:
        raise CiError(f"the branch {branch}, which this is compared with, cannot be fetched: {error}") from error
    return repository.git("rev-parse", "FETCH_HEAD").strip()


def differences(old: str, new: str) -> list[str]:
    """One sentence for each difference; none where the two are the same."""
    if old == new:
        return []
    return definition.summary(old, new) if old else ["new"]


def compare(branch: str) -> None:
    """Say how each definition differs from the branch's."""
    commit = fetched(branch)
    for short, path in repository.definitions().items():
        found = differences(at(commit, path), path.read_text(encoding="utf-8"))
        say(f"{short}: {'as in ' + branch if not found else 'differs from ' + branch}")
        for line in found:
            say(f"  {line}")


def main() -> int:
    """Compare with the target branch."""
    parser = argparse.ArgumentParser(prog="ci.definition_diff", description="Say what changes in the pipelines.")
    parser.add_argument("branch", nargs="?", default=os.environ.get("BITBUCKET_PR_DESTINATION_BRANCH") or "main")
    return errors.run("ci.definition_diff", lambda: compare(parser.parse_args().branch))


if __name__ == "__main__":
    sys.exit(main())
