"""Which steps on the Git host a prepared update takes."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from mlops_new.names import Kind, Mark
from mlops_new.ports.git_host import PullRequests
from mlops_new.project.steps import PublishTemplate
from mlops_new.template.versions import branch
from mlops_new.update import branches, descriptions
from mlops_new.update.merge_result import Updated
from mlops_new.update.prepare import Prepared
from mlops_new.update.update_steps import Propose, PushBranch, UpdateStep


@dataclass(frozen=True)
class Planned:
    """Steps of one project.

    Args:
        steps: In the order in which they are taken.
        open: The addresses of the pull requests that are open already.
    """

    steps: tuple[UpdateStep, ...] = ()
    open: dict[Kind, str] = field(default_factory=dict)


def plan_update(prepared: Prepared, pull_requests: PullRequests) -> Planned:
    """Commit what was merged, in scratch, and say what the host lacks.

    Raises:
        Conflict: the branch there holds somebody else's commits.
    """
    pushes: list[UpdateStep] = []
    proposals: list[UpdateStep] = []
    found: dict[Kind, str] = {}
    for one in prepared.repositories:
        if one.merged is None and one.in_place is None:
            continue
        if one.merged and one.merged.tree:
            pushes.append(_push(one, one.merged.tree))
        address = pull_requests.find(one.side.slug, branch(one.target.version)) if pull_requests.supported else ""
        if address:
            found[one.side.kind] = address
        elif address is None:
            proposals.append(_proposal(prepared.name, one))
    return Planned((*publications([prepared]), *pushes, *proposals), found)


def publications(prepared: Iterable[Prepared]) -> Iterator[PublishTemplate]:
    """The program's own version, where projects are brought to it before anybody has published it; once."""
    copies = {one.template.seen.url: one.template for one in prepared if not one.is_current}
    for url, copy in copies.items():
        if copy.unpublished:
            yield PublishTemplate(url, copy.unpublished, create=False)


def _push(updated: Updated, tree: str) -> PushBranch:
    side = updated.side
    replaces = branches.replaceable(side, updated.target)
    made = branches.commit(side, tree, updated.target, updated.given)
    return PushBranch(side.kind, side.url, branch(updated.target.version), side.place, made, replaces)


def _proposal(name: str, updated: Updated) -> Propose:
    mark = Mark(name, updated.side.kind.value)
    description = f"{descriptions.description(updated)}\n\n{mark}"
    return Propose(
        updated.side.kind,
        updated.side.slug,
        branch(updated.target.version),
        branches.title(updated.target, updated.given),
        description,
    )
