"""What is missing, as steps and the order between them. Pure."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from mlops_new.errors import Conflict
from mlops_new.names import DEFINITIONS, TEMPLATE_MARK, Kind, other_name, pipeline_name, slug
from mlops_new.ports.host_setup import SetUp
from mlops_new.ports.step import Step
from mlops_new.project.observe import CopyState, Observed
from mlops_new.project.spec import ProjectSpec
from mlops_new.project.steps import (
    Clone,
    CreateGroup,
    CreateRepository,
    ProjectStep,
    PublishTemplate,
    Push,
    Register,
    Render,
)
from mlops_new.system.git_urls import same_remote


@dataclass(frozen=True)
class Plan:
    """Steps in the order they are shown, and for each those that must be done before it."""

    steps: tuple[ProjectStep, ...]
    after: Mapping[ProjectStep, frozenset[ProjectStep]]


# Whether one of a Git host's own steps waits for another: `HostSetup.depends`.
Order = Callable[[Step, Step], bool]


def _unordered(what: Step, earlier: Step) -> bool:
    del what, earlier
    return False


def plan_project(spec: ProjectSpec, seen: Observed, host_urls: Mapping[Kind, str], order: Order = _unordered) -> Plan:
    """The steps that make what a person asked for out of what exists.

    Raises:
        Conflict: something of the project's names exists and is not ours.
    """
    refuse_foreign(spec, seen)
    _refuse_other_origins(seen, host_urls)
    after: dict[ProjectStep, frozenset[ProjectStep]] = {}
    for step in _steps(spec, seen, host_urls):
        after[step] = frozenset(earlier for earlier in after if _depends(step, earlier, order))
    return Plan(tuple(after), after)


def refuse_foreign(spec: ProjectSpec, seen: Observed) -> None:
    """Raise `Conflict` for the first thing under our names that is not ours."""
    for copy in seen.copies.values():
        if copy.state is CopyState.FOREIGN:
            raise Conflict(
                f"{copy.path} is not empty and is not this project's repository",
                hint="choose another name, or another folder with -C",
            )
    for kind, repository in seen.hosted.items():
        if repository and repository.mark != spec.mark(kind):
            taken = f"repository {repository.url} exists and was not made for this project"
            raise Conflict(taken, hint=other_name(spec.mark(kind), repository.mark, _ADOPT))
    if seen.refusal:
        raise seen.refusal
    for pipeline in seen.pipelines.values():
        if pipeline and (pipeline.mark is None or pipeline.mark.project != spec.name):
            raise Conflict(f"pipeline {pipeline.name} exists and was not made for this project", hint=_OTHER_NAME)
    if seen.group and (seen.group.mark is None or seen.group.mark.project != spec.name):
        raise Conflict(f"model package group {spec.name} exists and was not made for this project", hint=_OTHER_NAME)
    if seen.template.hosted and seen.template.hosted.mark != TEMPLATE_MARK:
        raise Conflict(f"repository {seen.template.url} exists and was not made by mlops-new")


_OTHER_NAME = "choose another name"
_ADOPT = " (`mlops-new adopt` writes it, too)"


def _refuse_other_origins(seen: Observed, host_urls: Mapping[Kind, str]) -> None:
    """A working copy that would be pushed has to be one of this Git host: else the push would go elsewhere."""
    for kind, copy in seen.copies.items():
        hosted, url = seen.hosted[kind], host_urls[kind]
        is_pushed = copy.state is CopyState.OURS and (hosted is None or hosted.head is None)
        if is_pushed and not (copy.origin and same_remote(copy.origin, url)):
            has = f"the origin {copy.origin}, not" if copy.origin else "no origin; it would be"
            change = "set-url" if copy.origin else "add"
            raise Conflict(
                f"{copy.path} has {has} {url}",
                hint=f"choose another folder with -C, or: git -C {copy.path} remote {change} origin {url}",
            )


def _steps(spec: ProjectSpec, seen: Observed, host_urls: Mapping[Kind, str]) -> Iterator[ProjectStep]:
    fetched = {kind: hosted for kind, hosted in seen.hosted.items() if hosted and hosted.head}
    absent = [kind for kind, copy in seen.copies.items() if copy.state is CopyState.ABSENT]
    rendered = tuple((kind, seen.copies[kind].path) for kind in absent if kind not in fetched)
    if rendered and f"refs/tags/{spec.template.version}" not in seen.template.refs:
        yield PublishTemplate(spec.template.url, spec.template.version, create=seen.template.hosted is None)
    if rendered:
        yield Render(rendered, spec.template.version)
    for kind in absent:
        if kind in fetched:
            yield Clone(kind, fetched[kind].url, seen.copies[kind].path)
    yield from (step for step in seen.setup if step.kind is None)
    for kind in Kind:
        yield from _hosting(spec, seen, kind, host_urls[kind])
    if seen.group is None:
        yield CreateGroup(spec.name)
    for kind in Kind:
        yield from _registering(spec, seen, kind)


def _hosting(spec: ProjectSpec, seen: Observed, kind: Kind, url: str) -> Iterator[ProjectStep]:
    repository = seen.hosted[kind]
    if repository is None:
        yield CreateRepository(kind, slug(spec.name, kind), url)
    setup = [step for step in seen.setup if step.kind is kind]
    yield from (step for step in setup if not step.needs_main)
    if repository is None or repository.head is None:
        yield Push(kind, spec.path(kind), url)
    yield from (step for step in setup if step.needs_main)


def _registering(spec: ProjectSpec, seen: Observed, kind: Kind) -> Iterator[ProjectStep]:
    for short, file in DEFINITIONS[kind].items():
        name = pipeline_name(spec.name, short)
        registered = seen.pipelines[name]
        if registered is None or (name in seen.committed and registered.digest != seen.committed[name]):
            yield Register(kind, name, spec.path(kind), file, update=registered is not None)


def _depends(step: ProjectStep, earlier: ProjectStep, order: Order) -> bool:
    match step, earlier:
        case SetUp(), SetUp():
            return order(step.what, earlier.what)
        case (SetUp(), _) | (_, SetUp()):
            return _depends_on_host(step, earlier)
        case PublishTemplate(), _:
            return False
        case Render(), PublishTemplate():
            return True
        case CreateRepository(), Render():
            return True  # nothing is hosted that could not be rendered
        case Push(), Render() | Clone():
            return True
        case Push(), CreateRepository():
            return step.kind is earlier.kind
        case (CreateGroup() | Register(), Render()) | (Register(), CreateGroup()):
            return True
        case Register(), Clone() | Push():
            return step.kind is earlier.kind
        case _:
            return False


def _depends_on_host(step: ProjectStep, earlier: ProjectStep) -> bool:
    match step, earlier:
        case SetUp(kind=None), Render():
            return True  # as for repositories
        case CreateRepository(), SetUp(kind=None):
            return True
        case SetUp(), CreateRepository():
            return step.kind is earlier.kind
        case SetUp(), Push():
            return step.needs_main and step.kind is earlier.kind
        case Push(), SetUp():
            return earlier.before_push and step.kind is earlier.kind
        case _:
            return False
