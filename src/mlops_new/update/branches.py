"""What the Git host has of an update already, and what may be put in its place."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from mlops_new.errors import Conflict
from mlops_new.names import ANSWERS_FILE
from mlops_new.ports.templates import Template
from mlops_new.system import git
from mlops_new.template.answers import own
from mlops_new.template.versions import branch, recorded
from mlops_new.update.merge_result import Side

# On commits that no person had a hand in: only these are ever replaced.
TRAILER = "Updated-by: mlops-new"


def title(target: Template, given: Collection[str] = ()) -> str:
    """The first line of an update's commit, and the title of its pull request.

    Args:
        target: The version.
        given: The questions that are answered anew, where that is all that the update does.
    """
    if given:
        return f"Change {', '.join(given)} (template {target.version})"
    return f"Update to template {target.version}"


def in_place(side: Side, target: Template, given: Mapping[str, Any]) -> str | None:
    """The commit of an update's branch that holds all of it, on top of `main`; None where there is none.

    A killed command leaves that, or one that was resolved by hand.

    Args:
        side: The repository.
        target: The version.
        given: What is answered anew.
    """
    tip = side.branches.get(branch(target.version))
    if tip is None or tip == side.main or not git.is_ancestor(side.place, side.main, tip):
        return None
    answers = git.read(side.place, tip, ANSWERS_FILE)
    if answers is None or recorded(answers).template != target:
        return None
    has = own(answers)
    return tip if all(name in has and has[name] == value for name, value in given.items()) else None


def replaceable(side: Side, target: Template) -> str | None:
    """What the branch holds that a new commit takes the place of; None where there is no such branch.

    Raises:
        Conflict: somebody else's commits would be lost.
    """
    name = branch(target.version)
    tip = side.branches.get(name)
    if tip is None:
        return None
    extra = git.run("rev-list", f"{side.main}..{tip}", cwd=side.place).split()
    if len(extra) > 1 or (extra and not is_ours(side.place, tip)):
        raise Conflict(
            f"the branch {name} of {side.url} has diverged: it holds commits that mlops-new did not make",
            hint="merge it into main or delete it, and run the same command again",
        )
    return tip


def is_ours(place: Path, commit: str) -> bool:
    """Whether a commit is an update that no person had a hand in."""
    return git.has_commit(place, commit) and TRAILER in git.run("log", "-1", "--format=%B", commit, cwd=place)


def commit(side: Side, tree: str, target: Template, given: Collection[str] = ()) -> str:
    """Commit a merged tree on top of `main`, in the scratch repository."""
    message = f"{title(target, given)}\n\nFrom {side.recorded.version} of {side.recorded.url}.\n\n{TRAILER}\n"
    return git.run("commit-tree", tree, "-p", side.main, "-m", message, cwd=side.place).strip()
