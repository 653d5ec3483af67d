"""Takes the steps of an update; each can be taken again."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, assert_never

from mlops_new.errors import Error
from mlops_new.names import Kind
from mlops_new.ports.git_host import GitAccess, GitHost
from mlops_new.project.steps import PublishTemplate
from mlops_new.system import git
from mlops_new.template import publish as publishing
from mlops_new.template.clones import TemplateCopy
from mlops_new.template.pushing import push_and_settle
from mlops_new.update.merge_result import Side
from mlops_new.update.prepare import Prepared
from mlops_new.update.update_steps import Propose, PushBranch, UpdateStep


class Clashing(Error):
    """Somebody has to decide between the template and what was edited; nothing was pushed."""

    def __init__(self, message: str, *, hint: str, document: dict[str, Any]) -> None:
        super().__init__(message, hint=hint)
        self.document = document


def clashing(prepared: Prepared, document: dict[str, Any], *, pushed: bool = False) -> Clashing:
    """What clashes, file by file, and the way on.

    Args:
        prepared: The update.
        document: The same for programs.
        pushed: Whether this command has pushed already what was resolved.
    """
    files = [
        f"{one.side.slug}/{clash}"
        for one in prepared.repositories
        for clash in (one.merged.clashes if one.merged else ())
    ]
    return Clashing(
        f"{prepared.name} conflicts with template {prepared.target.version} in {_count(len(files))}, "
        f"{'what was resolved is pushed' if pushed else 'nothing was pushed'}: {'; '.join(files)}",
        hint="`mlops-new update --resolve` checks the update out in the working copies; mend the files and `git add` "
        "them, then `mlops-new update --continue`",
        document=document,
    )


def perform_all(
    steps: Iterable[UpdateStep], host: GitHost, template: TemplateCopy, listener: Callable[[UpdateStep], None]
) -> dict[Kind, str]:
    """Take the steps in turn.

    Args:
        steps: They begin with what others need.
        host: The Git host.
        template: The template repository that the update goes to.
        listener: Told after each.

    Returns:
        The address of each pull request that was opened.
    """
    opened: dict[Kind, str] = {}
    for step in steps:
        match step:
            case PublishTemplate():
                publish(step, template, host.access)
            case PushBranch():
                _push(step, host.access)
            case Propose():
                opened[step.kind] = host.pull_requests.open(step.slug, step.branch, step.title, step.description)
            case _:
                assert_never(step)
        listener(step)
    return opened


def publish(step: PublishTemplate, template: TemplateCopy, access: GitAccess) -> None:
    """Push the version that the copy was given; one that somebody published meanwhile is the same."""

    def push(env: Mapping[str, str]) -> None:
        publishing.push(template.path, step.url, step.version, git.remote_refs(step.url, env), env)

    tag = f"refs/tags/{step.version}"
    push_and_settle(access, step.url, push, lambda env: tag in git.remote_refs(step.url, env))


def _push(step: PushBranch, access: GitAccess) -> None:
    ref = f"refs/heads/{step.branch}"
    # Only over what was seen there: a branch that somebody has pushed to meanwhile is not overwritten.
    lease = f"--force-with-lease={ref}:{step.replaces or ''}"

    def push(env: Mapping[str, str]) -> None:
        git.run("push", "--quiet", lease, "origin", f"{step.commit}:{ref}", cwd=step.place, env=env)

    push_and_settle(access, step.url, push, lambda env: git.remote_refs(step.url, env).get(ref) == step.commit)


def fetch_into(copies: Mapping[Kind, Path], sides: Iterable[Side], access: GitAccess) -> None:
    """Let the working copies know the new branches."""
    for side in sides:
        if side.kind in copies:
            with access.credentials(side.url) as env:
                git.run("fetch", "--quiet", "origin", cwd=copies[side.kind], env=env)


def _count(number: int) -> str:
    return f"{number} file{'' if number == 1 else 's'}"
