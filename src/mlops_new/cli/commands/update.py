"""`mlops-new update`: bring projects to a template version, on a branch, by pull request."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from mlops_new.cli.adapters import Connect, connect, lock
from mlops_new.cli.console import Console
from mlops_new.errors import Error, Invalid
from mlops_new.names import Kind, valid_name
from mlops_new.project.context import Context
from mlops_new.project.here import standing_in
from mlops_new.project.observe import CopyState, working_copies
from mlops_new.project.steps import PublishTemplate
from mlops_new.settings.load import Settings
from mlops_new.system import git
from mlops_new.system.files import make_folder, staging
from mlops_new.template.versions import branch
from mlops_new.update import perform, resolving
from mlops_new.update.outcome import Outcome
from mlops_new.update.planning import Planned, plan_update
from mlops_new.update.prepare import SIDE_BY_SIDE, Goal, Preparation, Prepared
from mlops_new.update.staging import StagedProject
from mlops_new.update.update_steps import UpdateStep
from mlops_new.update.working_copies import ready

Result = TypeVar("Result")
# Projects that are in scratch with all their renders at one time.
_BATCH = 16


@dataclass(frozen=True)
class Request:
    """What was typed.

    Args:
        name: The project; None: that of the repository that `directory` is in, or with `every` all of them.
        directory: Where the working copies are.
        every: Every project of the Git host.
        goal: Where they go.
        dry_run: Show what would change only.
        yes: Confirmed beforehand.
        resolve: Put what conflicts into the working copies.
        go_on: Take what was resolved there.
    """

    name: str | None
    directory: Path
    every: bool
    goal: Goal
    dry_run: bool
    yes: bool
    resolve: bool = False
    go_on: bool = False


class NotUpdated(Error):
    """Some of many projects were not updated."""

    def __init__(self, message: str, document: dict[str, Any]) -> None:
        super().__init__(message, hint="put them right and run the same command again: it continues")
        self.document = document


def run(request: Request, settings: Settings, console: Console, connect: Connect = connect) -> None:
    """Merge in scratch, show, push, propose."""
    if request.every and (request.resolve or request.go_on):
        raise Invalid("conflicts are resolved project by project", hint="name it instead of --all")
    if request.go_on and (request.goal.version or request.goal.answers or request.resolve):
        raise Invalid("--continue goes on with what was begun, to the same version", hint="leave the other options out")
    context = connect(settings, console.say)
    git.check(commits=not request.dry_run)
    if request.every:
        _run_all(request, context, settings, console)
    else:
        _run_one(_named(request), context, settings, console)


def _named(request: Request) -> Request:
    if request.name is not None:
        return replace(request, name=valid_name(request.name))
    repository = standing_in(request.directory)
    return replace(request, name=repository.project, directory=repository.path.parent)


def _run_one(request: Request, context: Context, settings: Settings, console: Console) -> None:
    name = str(request.name)
    with _private(f"update-{name}", f"project-{name}", request, context, settings, console) as private:
        goal, pushed = (_take(name, request, context, console), True) if request.go_on else (request.goal, False)
        preparation = Preparation(context.host, context.templates, private)
        fetched = found(preparation.fetch([name], goal)[name])
        copies = ready(working_copies(name, request.directory), fetched.sides)
        prepared = found(preparation.prepare([fetched])[name])
        outcome = Outcome(name, prepared, changed=pushed)
        if prepared.clashes and not request.dry_run:
            _clash(prepared, copies, outcome, request, console)
        elif not request.dry_run:
            outcome = _bring(outcome, plan_update(prepared, context.host.pull_requests), context, console, request)
            perform.fetch_into(copies, fetched.sides, context.host.access)
            if pushed:
                resolving.leave(copies, prepared.target.version)
        console.result(outcome.text(copies, dry_run=request.dry_run), outcome.document())


def _take(name: str, request: Request, context: Context, console: Console) -> Goal:
    """Push what was resolved; gives the version that was gone to, which may not be the newest any more."""
    copies = working_copies(name, request.directory)
    ours = {kind: copy.path for kind, copy in copies.items() if copy.state is CopyState.OURS}
    if not request.yes and not console.confirm("Push what was resolved?"):
        raise KeyboardInterrupt
    taken = resolving.take(name, ours, context.host.access)
    for url in taken.pushed:
        console.say(f"✓ Push branch {branch(taken.template.version)} of {url}", "green")
    return Goal(taken.template.version, taken.template.url)


def _clash(
    prepared: Prepared, copies: Mapping[Kind, Path], outcome: Outcome, request: Request, console: Console
) -> None:
    if not request.resolve:
        console.say(outcome.text(copies, dry_run=True))
        raise perform.clashing(prepared, outcome.document(), pushed=outcome.changed)
    resolving.check_out(prepared, copies)


def found(result: Result | Error) -> Result:
    """The result, or raise the error that stands in its place."""
    if isinstance(result, Error):
        raise result
    return result


def _bring(outcome: Outcome, planned: Planned, context: Context, console: Console, request: Request) -> Outcome:
    if planned.steps:
        _confirm(planned.steps, [outcome], console, request)
    return _done(outcome, planned, context, console)


def _confirm(steps: Sequence[UpdateStep], outcomes: Sequence[Outcome], console: Console, request: Request) -> None:
    console.plan(steps)
    for one in outcomes:
        for answer in one.answers():
            console.say(f"  {one.name}: {answer}")
    if not request.yes and not console.confirm("Go ahead?"):
        raise KeyboardInterrupt


def _done(outcome: Outcome, planned: Planned, context: Context, console: Console) -> Outcome:
    if outcome.prepared is None:
        return outcome
    opened = perform.perform_all(planned.steps, context.host, outcome.prepared.template, console.done)
    return replace(outcome, changed=outcome.changed or bool(planned.steps), proposals=planned.open | opened)


def _run_all(request: Request, context: Context, settings: Settings, console: Console) -> None:
    with _private("update-all", "update-all", request, context, settings, console) as private:
        names = sorted(
            {one.mark.project for one in context.host.repositories.marked() if one.mark.repository in list(Kind)}
        )
        outcomes = list(_prepared(names, request, context, private))
        if not request.dry_run:
            outcomes = _bring_all(outcomes, request, context, settings, console)
    document = {"projects": [one.document() for one in outcomes]}
    lines = [line for one in outcomes for line in one.lines(dry_run=request.dry_run)]
    text = "\n".join(lines) or "There are no projects on this Git host."
    if failed := [one.name for one in outcomes if one.error]:
        console.say(text)
        raise NotUpdated(f"{len(failed)} of {len(names)} projects cannot be updated: {', '.join(failed)}", document)
    console.result(text, document)


def _prepared(names: Sequence[str], request: Request, context: Context, private: Path) -> Iterator[Outcome]:
    preparation = Preparation(context.host, context.templates, private)
    for start in range(0, len(names), _BATCH):
        fetched = preparation.fetch(names[start : start + _BATCH], request.goal)
        fetched = {name: _unless_unready(one, request.directory) for name, one in fetched.items()}
        made = preparation.prepare([one for one in fetched.values() if not isinstance(one, Error)])
        for name, one in fetched.items():
            prepared = one if isinstance(one, Error) else made[name]
            if isinstance(prepared, Error):
                yield Outcome(name, error=prepared)
            else:
                yield Outcome(name, prepared, perform.clashing(prepared, {}) if prepared.clashes else None)


def _unless_unready(staged: StagedProject | Error, directory: Path) -> StagedProject | Error:
    """A project, unless its working copies, where they stand in the folder, hold what an update would pass over."""
    if isinstance(staged, Error):
        return staged
    try:
        ready(working_copies(staged.name, directory), staged.sides)
    except Error as error:
        return error
    return staged


def _bring_all(
    outcomes: Sequence[Outcome], request: Request, context: Context, settings: Settings, console: Console
) -> list[Outcome]:
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        planned = list(pool.map(lambda one: _planned(one, context), outcomes))
    if steps := list(dict.fromkeys(step for _, some in planned for step in some.steps)):
        _confirm(steps, [one for one, _ in planned], console, request)

    def bring(outcome: Outcome, some: Planned) -> Outcome:
        try:
            with lock(settings, f"project-{outcome.name}", console.say):
                return _let_know(_done(outcome, some, context, console), request.directory, context)
        except Error as error:
            return replace(outcome, error=error)

    # The first that publishes the template does it for all: it goes alone.
    publishing = next((one for one in planned if any(isinstance(step, PublishTemplate) for step in one[1].steps)), None)
    done = {publishing[0].name: bring(*publishing)} if publishing else {}
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        return list(pool.map(lambda one: done.get(one[0].name) or bring(*one), planned))


def _let_know(outcome: Outcome, directory: Path, context: Context) -> Outcome:
    """Fetch the new branches into the working copies that stand in the folder."""
    if outcome.changed and outcome.prepared:
        sides = [one.side for one in outcome.prepared.repositories]
        perform.fetch_into(ready(working_copies(outcome.name, directory), sides), sides, context.host.access)
    return outcome


def _planned(outcome: Outcome, context: Context) -> tuple[Outcome, Planned]:
    if outcome.error or outcome.prepared is None:
        return outcome, Planned()
    try:
        return outcome, plan_update(outcome.prepared, context.host.pull_requests)
    except Error as error:
        return replace(outcome, error=error), Planned()


@contextmanager
def _private(
    place: str, name: str, request: Request, context: Context, settings: Settings, console: Console
) -> Iterator[Path]:
    """A folder for this command alone; a dry run leaves no trace in the home."""
    if request.dry_run:
        with tempfile.TemporaryDirectory(prefix="mlops-new-") as folder:
            yield Path(folder)
        return
    with lock(settings, name, console.say):
        make_folder(context.scratch)
        with staging(context.scratch, place) as private:
            private.mkdir()
            yield private
