"""What working copies hold that their remotes do not. Reads only."""

from collections.abc import Mapping
from pathlib import Path

from mlops_new.names import Kind
from mlops_new.ports.git_host import HostedRepository
from mlops_new.project.drift import LocalWork
from mlops_new.project.observe import CopyState, WorkingCopy
from mlops_new.system import git


def local_work(
    copies: Mapping[Kind, WorkingCopy], hosted: Mapping[Kind, HostedRepository | None]
) -> dict[Kind, LocalWork]:
    """For each working copy of ours."""
    return {kind: _work(copy.path, hosted[kind]) for kind, copy in copies.items() if copy.state is CopyState.OURS}


def _work(path: Path, hosted: HostedRepository | None) -> LocalWork:
    head = hosted.head if hosted else None
    return LocalWork(
        changed=len(git.run("status", "--porcelain", cwd=path).splitlines()),
        commits=len(git.unpushed(path)),
        stashed=len(git.run("stash", "list", cwd=path).splitlines()),
        behind=head is not None and not git.has_commit(path, head),
    )
