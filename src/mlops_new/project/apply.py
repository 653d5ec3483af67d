"""Performs steps, side by side where they do not depend on each other."""

from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from graphlib import TopologicalSorter
from typing import assert_never

from mlops_new import definition
from mlops_new.errors import Conflict, Error
from mlops_new.names import TEMPLATE_MARK, TEMPLATE_SLUG, Kind
from mlops_new.ports.host_setup import SetUp
from mlops_new.project import render
from mlops_new.project.context import Context
from mlops_new.project.plan import Plan
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
from mlops_new.system import git
from mlops_new.system.files import make_folder, staging
from mlops_new.template import publish
from mlops_new.template.pushing import push_and_settle

# Most steps wait for a server.
SIDE_BY_SIDE = 16


@dataclass(frozen=True)
class Done:
    """A step was performed."""

    step: ProjectStep


Listener = Callable[[Done], None]


class StepFailed(Error):
    """A step failed; what came before it stands, and the same command goes on from there."""

    def __init__(self, step: ProjectStep, cause: Error) -> None:
        super().__init__(cause.message, hint=cause.hint or "put it right and run the same command again: it continues")
        self.step = step
        self.code = cause.code  # this one error has the exit code of its cause


def apply(plan: Plan, spec: ProjectSpec, context: Context, listener: Listener) -> None:
    """Perform every step of the plan; on the first failure start nothing more and raise it.

    Raises:
        StepFailed: with the exit code of its cause.
    """
    make_folder(context.scratch)
    with staging(context.scratch, spec.name) as private:
        private.mkdir()
        _apply(plan, spec, replace(context, scratch=private), listener)


def _apply(plan: Plan, spec: ProjectSpec, context: Context, listener: Listener) -> None:
    order = TopologicalSorter(plan.after)
    order.prepare()
    running: dict[Future[None], ProjectStep] = {}
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        while order.is_active():
            running |= {pool.submit(perform, step, spec, context): step for step in order.get_ready()}
            finished, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                step = running.pop(future)
                _outcome(future, step)
                order.done(step)
                listener(Done(step))


def _outcome(future: Future[None], step: ProjectStep) -> None:
    try:
        future.result()
    except Error as error:
        raise StepFailed(step, error) from error


def perform(step: ProjectStep, spec: ProjectSpec, context: Context) -> None:
    """Do one thing. Each is either done whole or can be done again."""
    match step:
        case PublishTemplate():
            _publish(step, context)
        case Render():
            render.render(step, spec, context)
        case Clone():
            _clone(step, context)
        case CreateRepository():
            description = str(spec.answers.get("description", ""))
            context.host.repositories.create(step.slug, mark=spec.mark(step.kind), description=description)
        case SetUp():
            context.setup.perform(step.what)
        case Push():
            _push(step, context)
        case CreateGroup():
            context.registry.create_group(step.name, mark=spec.mark(Kind.BUILD))
        case Register():
            _register(step, spec, context)
        case _:
            assert_never(step)


def _publish(step: PublishTemplate, context: Context) -> None:
    is_new = False
    if step.create:
        description = "Templates that projects are rendered and updated from"
        is_new = (
            context.host.repositories.create(TEMPLATE_SLUG, mark=TEMPLATE_MARK, description=description).head is None
        )

    def push(env: Mapping[str, str]) -> None:
        refs = {} if is_new else git.remote_refs(step.url, env)
        if _tag(step) not in refs:
            publish.publish(step.url, step.version, refs, env, context.scratch)

    # Somebody may publish the same version at this moment.
    push_and_settle(context.host.access, step.url, push, lambda env: _tag(step) in git.remote_refs(step.url, env))


def _tag(step: PublishTemplate) -> str:
    return f"refs/tags/{step.version}"


def _push(step: Push, context: Context) -> None:
    """Push by the remote's name: its URL holds no secret, and git gets the credentials for this one command."""
    push_and_settle(
        context.host.access,
        step.url,
        lambda env: git.push(step.path, "origin", "HEAD:refs/heads/main", env=env),
        lambda env: _is_hosted(step, env),
    )


def _is_hosted(step: Push, env: Mapping[str, str]) -> bool:
    """Whether `main` is there with the same files: somebody may have made the same project meanwhile.

    Raises:
        Conflict: it has other files.
    """
    git.run("fetch", "--quiet", "origin", "refs/heads/main", cwd=step.path, env=env)
    if not git.same_files(step.path, "HEAD", "FETCH_HEAD"):
        raise Conflict(
            f"somebody else has pushed another {step.kind} repository to {step.url}",
            hint=f"move {step.path} away and run the same command again: it clones theirs",
        )
    git.run("fetch", "--quiet", "origin", cwd=step.path, env=env)
    git.run("reset", "--quiet", "--keep", "refs/remotes/origin/main", cwd=step.path)
    return True


def _clone(step: Clone, context: Context) -> None:
    make_folder(step.path.parent)
    with staging(step.path.parent, step.path.name) as place, context.host.access.credentials(step.url) as env:
        git.clone(step.url, place, env)
        place.rename(step.path)


def _register(step: Register, spec: ProjectSpec, context: Context) -> None:
    text = git.read(step.path, "HEAD", step.file)
    if text is None:
        raise Error(
            f"{step.file} is not committed in {step.path}",
            hint=f"commit it (`mlops-new update {spec.name}` brings the template's) and run the same command again",
        )
    found = definition.parse(text, source=step.file)
    definition.check(found, source=step.file)
    context.registry.register(step.pipeline, found, mark=spec.mark(step.kind))
