"""`mlops-new destroy`: remove what was made for a project, and only that."""

from collections.abc import Collection
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

from mlops_new.cli.adapters import Connect, connect, lock
from mlops_new.cli.console import Console
from mlops_new.cli.suggested_commands import typed
from mlops_new.errors import Error
from mlops_new.names import Kind, Mark, slug, valid_name
from mlops_new.ports.step import lines
from mlops_new.project import destroy_plan
from mlops_new.project.context import Context
from mlops_new.project.destroy_plan import DeleteRepository, Found, Owner, Removal, RemoveCopy, TakeDown, Unregister
from mlops_new.project.observe import hosted, pipelines, working_copies
from mlops_new.project.unpushed import local_work
from mlops_new.settings.load import Settings
from mlops_new.system import git
from mlops_new.system.files import remove_whole, staged, sweep


@dataclass(frozen=True)
class Request:
    """What was typed.

    Args:
        name: The project's name.
        directory: Where its working copies are.
        discard: Remove local work that exists nowhere else, too.
        purge: Remove what executions have made, too: model versions, objects, images.
        dry_run: Show the plan only.
        yes: Confirmed beforehand.
    """

    name: str
    directory: Path
    discard: bool
    dry_run: bool
    yes: bool
    purge: bool = False


def run(request: Request, settings: Settings, console: Console, connect: Connect = connect) -> None:
    """Look, show, ask, remove."""
    valid_name(request.name)
    context = connect(settings, console.say)
    git.check_version()
    with _one_at_a_time(request, settings, console):
        _run(request, context, console, typed(settings, "platform", "config"))


def _one_at_a_time(request: Request, settings: Settings, console: Console) -> AbstractContextManager[None]:
    if request.dry_run or not settings.home.exists():
        return nullcontext()
    return lock(settings, f"project-{request.name}", console.say)


def _run(request: Request, context: Context, console: Console, options: str) -> None:
    found = _look(request, context)
    steps = destroy_plan.plan_removal(request.name, found)
    destroy_plan.refuse_running(found, options)
    kept = destroy_plan.kept(request.name, found)
    for text in kept:
        console.say(f"kept: {text}")
    if not request.discard:
        _protect(found, steps)
    documents = [step.document() for step in steps]
    about = {"project": request.name, "kept": kept}
    if request.dry_run:
        shown = lines(steps) or [f"There is nothing of {request.name} to remove."]
        console.result("\n".join(shown), {**about, "steps": documents})
        return
    if steps:
        console.plan(steps)
        if not request.yes:
            console.confirm_by_name(request.name)
    _sweep(request, found, context)
    _remove(steps, context, console)
    done = f"{request.name} is removed." if steps else f"There is nothing of {request.name} to remove."
    console.result(done, {**about, "removed": documents})


def _look(request: Request, context: Context) -> Found:
    name = request.name
    repositories = hosted(name, context.host.repositories)
    registered = pipelines(name, context.registry)
    return Found(
        copies=working_copies(name, request.directory),
        hosted=repositories,
        pipelines=registered,
        remains=context.removal.remains(name, destroy_plan.pipelines_of(name, registered), purge=request.purge),
        purge=request.purge,
        host_steps=context.setup.removable(name, destroy_plan.ours(name, repositories)),
        urls={kind: context.host.repositories.url(slug(name, kind)) for kind in Kind},
    )


def _protect(found: Found, steps: Collection[Removal]) -> None:
    removed = {step.path for step in steps if isinstance(step, RemoveCopy)}
    work = {found.copies[kind].path: one for kind, one in local_work(found.copies, found.hosted).items()}
    destroy_plan.protect_local_work({path: one for path, one in work.items() if path in removed})


def _sweep(request: Request, found: Found, context: Context) -> None:
    """Finish what a killed run had taken out of its place and had no time to remove."""
    sweep(*(staged(request.directory, slug(request.name, kind)) for kind in Kind))
    for kind, repository in found.hosted.items():
        if repository is None:
            context.host.repositories.delete(slug(request.name, kind), Mark(request.name, kind.value))


def _remove(steps: Collection[Removal], context: Context, console: Console) -> None:
    for step in steps:
        try:
            _perform(step, context)
        except Error as error:
            error.hint = error.hint or "put it right and run the same command again: it continues"
            raise
        console.done(step)


def _perform(step: Removal, context: Context) -> None:
    match step:
        case TakeDown(owner=Owner.PLATFORM):
            context.removal.perform(step.what)
        case Unregister():
            context.registry.unregister(step.pipeline, mark=step.mark)
        case DeleteRepository():
            context.host.repositories.delete(step.slug, step.mark)
        case TakeDown():
            context.setup.perform(step.what)
        case RemoveCopy():
            remove_whole(step.path, step.path.parent, step.path.name)
        case _:
            assert_never(step)
