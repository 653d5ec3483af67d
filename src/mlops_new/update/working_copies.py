"""The working copies that an update stands beside: they have to be in a state that it could lose nothing of."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from mlops_new.errors import Conflict, Error
from mlops_new.names import Kind
from mlops_new.project.observe import CopyState, WorkingCopy
from mlops_new.system import git, git_urls
from mlops_new.template.versions import branch_version
from mlops_new.update.merge_result import Side


def ready(copies: Mapping[Kind, WorkingCopy], sides: Iterable[Side]) -> dict[Kind, Path]:
    """The working copies there are.

    Raises:
        Error: one of them holds something that an update would pass over, naming it.
        Conflict: one belongs to another Git host.
    """
    found = {kind: copy.path for kind, copy in copies.items() if copy.state is CopyState.OURS}
    for side in sides:
        if side.kind in found:
            _refuse_other_origin(copies[side.kind], side)
            _refuse_unready(found[side.kind], side)
    return found


def _refuse_other_origin(copy: WorkingCopy, side: Side) -> None:
    if not (copy.origin and git_urls.same_remote(copy.origin, side.url)):
        raise Conflict(
            f"{copy.path} has the origin {copy.origin or 'of no other repository'}, not {side.url}",
            hint="choose its Git host with --git, or another folder with -C",
        )


def _refuse_unready(path: Path, side: Side) -> None:
    on = git.branch(path)
    if git.run("status", "--porcelain", cwd=path).strip():
        resolving = on and branch_version(on)
        hint = "mlops-new update --continue" if resolving else "commit them, or put them away with git stash"
        raise Error(f"{path} has uncommitted changes", hint=hint)
    if git.run("rev-parse", "--is-shallow-repository", cwd=path).strip() == "true":
        raise Error(f"{path} is a shallow clone, which lacks its history", hint=f"git -C {path} fetch --unshallow")
    if on is None:
        raise Error(f"{path} is on no branch (a detached HEAD)", hint=f"git -C {path} switch main")
    main = git.commit_of(path, "refs/heads/main")
    if main and not git.is_ancestor(side.place, main, side.main):
        raise Error(
            f"main of {path} has commits that {side.url} has not",
            hint=f"git -C {path} push origin main; where that is refused, pull first",
        )
