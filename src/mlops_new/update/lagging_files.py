"""Files that lag behind the version that a repository records: what a lost merge leaves and `_commit` does not tell."""

from collections.abc import Iterable
from pathlib import Path

from mlops_new.names import ANSWERS_FILE
from mlops_new.system import git
from mlops_new.system.git_trees import Entry, Tree

# Earlier versions that are rendered to compare with, the newest ones.
LOOK_BACK = 3


def suspects(ours: Tree, now: Tree) -> list[str]:
    """Files of the recorded version that the repository has otherwise, or not at all."""
    return sorted(path for path, entry in now.items() if path != ANSWERS_FILE and ours.get(path) != entry)


def lagging(place: Path, ours: Tree, now: Tree, earlier: Iterable[Tree]) -> dict[str, Entry | None]:
    """Which of them nobody has edited: they are as an earlier version had them, or never were in the history.

    Args:
        place: The scratch repository.
        ours: The repository's `main`.
        now: The recorded version, rendered.
        earlier: Earlier versions, rendered with the same answers.

    Returns:
        What the repository has in their place; None where that is nothing.
    """
    found: dict[str, Entry | None] = {}
    before = list(earlier)
    for path in suspects(ours, now):
        entry = ours.get(path)
        if entry is None:
            if not ever_was(place, path, "refs/remotes/origin/main"):
                found[path] = None
        elif any(tree.get(path) == entry for tree in before):
            found[path] = entry
    return found


def ever_was(place: Path, path: str, revision: str) -> bool:
    """Whether a history has had a file: one that is gone was deleted by somebody then."""
    log = git.run("log", "--max-count=1", "--format=%h", revision, "--", path, cwd=place)
    return bool(log.strip())
