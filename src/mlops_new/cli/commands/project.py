"""`mlops-new project`: make the two repositories, host them, register their pipelines."""

import shlex
import tempfile
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_new.cli.adapters import Connect, connect, lock
from mlops_new.cli.console import Console
from mlops_new.cli.suggested_commands import typed
from mlops_new.cost.prices import Job
from mlops_new.errors import Conflict, Invalid
from mlops_new.names import DEFINITIONS, Kind, pipeline_name, slug, valid_name
from mlops_new.ports.checks import Check, Purpose
from mlops_new.ports.host_setup import SetUp
from mlops_new.ports.step import lines
from mlops_new.ports.templates import Template
from mlops_new.project.apply import apply
from mlops_new.project.context import Context
from mlops_new.project.observe import CopyState, Observed, observe
from mlops_new.project.plan import Plan, plan_project, refuse_foreign
from mlops_new.project.preflight import refuse
from mlops_new.project.spec import ProjectSpec
from mlops_new.project.steps import CreateRepository, Register
from mlops_new.settings.load import Settings
from mlops_new.system import git
from mlops_new.system.files import require_writable, staged, sweep
from mlops_new.template.copier import load
from mlops_new.template.packaged import PACKAGED_VERSION
from mlops_new.template.publish import at_hand
from mlops_new.template.repository import Source, choose_target, named_template

if TYPE_CHECKING:
    from mlops_new.cli.commands.project_proposals import Proposals


@dataclass(frozen=True)
class Request:
    """What was typed.

    Args:
        name: The project's name.
        directory: Where the working copies go.
        answers: What `--answers` and `--data` say.
        dry_run: Show the plan only.
        yes: Confirmed beforehand; what was not answered has its default.
        template: `URL` or `URL@VERSION` of another template repository than the Git host's own.
        like: A table that suggests answers.
    """

    name: str
    directory: Path
    answers: Mapping[str, Any]
    dry_run: bool
    yes: bool
    template: str | None = None
    like: Path | None = None


def run(request: Request, settings: Settings, console: Console, connect: Connect = connect) -> None:
    """Decide, show, do."""
    valid_name(request.name)
    context = connect(settings, console.say)  # first: from here on no child process is given a secret
    git.check()
    require_writable(request.directory, way_out="choose a folder that is yours with -C")
    require_writable(settings.home, way_out="set MLOPS_NEW_HOME to a folder that is yours")
    with closing(context.helpers), _one_at_a_time(request, settings, console):
        _run(request, settings, context, console)


def _one_at_a_time(request: Request, settings: Settings, console: Console) -> AbstractContextManager[None]:
    if request.dry_run:
        return nullcontext()
    return lock(settings, f"project-{request.name}", console.say)


def _run(request: Request, settings: Settings, context: Context, console: Console) -> None:
    if not request.dry_run:
        sweep(staged(request.directory, request.name), staged(context.scratch, request.name))
    source = named_template(request.template) if request.template else None
    seen = _look(request, context, source)
    template = _template(request, seen, source)
    unanswered = ProjectSpec(request.name, request.directory, request.answers, template)
    refuse_foreign(unanswered, seen)
    if not (request.dry_run or seen.recorded_answers()):
        context.helpers.begin(load)  # while the questions are answered
    ask = console.interactive and not request.yes
    proposals = _proposals(request, seen, settings, console, ask=ask)
    answers = _answers(request, seen, template, context, proposals, ask=ask)
    spec = ProjectSpec(request.name, request.directory, answers, template)
    plan = plan_project(
        spec, seen, {kind: context.host.repositories.url(slug(spec.name, kind)) for kind in Kind}, context.setup.depends
    )
    _check_copies(spec, seen, context)
    notes = context.setup.notes(spec.name) if any(isinstance(step, CreateRepository) for step in plan.steps) else ()
    if request.dry_run:
        document = _plan_document(plan, spec, notes) | _proposed(proposals, answers)
        console.result(_plan_text(plan, spec, notes), document)
        return
    if plan.steps:
        refuse(_unready(plan, answers, context))
        context.setup.require(step for step in plan.steps if isinstance(step, SetUp))
        console.plan(plan.steps)
        _show(proposals, answers, console)
        for note in notes:
            console.say(f"Note: {note}.")
        if not request.yes and not console.confirm("Go ahead?"):
            raise KeyboardInterrupt
        apply(plan, spec, context, lambda done: console.done(done.step))
    recorded = seen.recorded_answers()
    version = str(recorded.get("_commit", template.version))
    url = str(recorded.get("_src_path", template.url))
    document = _document(spec, Template(url, version), context.host.repositories.url, changed=bool(plan.steps))
    console.result(_text(document, typed(settings, "platform", "config")), document)


def _template(request: Request, seen: Observed, source: Source | None) -> Template:
    """What is rendered: the recorded version where the project has begun, else what was asked for, or the newest."""
    recorded = seen.recorded_answers()
    if not recorded.get("_src_path"):
        return choose_target(seen.template, source.version if source else None)
    if source and source.url != recorded["_src_path"]:
        raise Conflict(
            f"{request.name} comes from the template {recorded['_src_path']}",
            hint=f"mlops-new template switch {request.template} changes to another",
        )
    return Template(str(recorded["_src_path"]), str(recorded.get("_commit")))


def _look(request: Request, context: Context, source: Source | None) -> Observed:
    """What there is; and whether it can be worked on, so that a missing right is found before anything is made."""

    def look() -> Observed:
        url = source.url if source else None
        return observe(request.name, request.directory, context.host, context.registry, context.setup, url)

    if request.dry_run:
        return look()
    with ThreadPoolExecutor() as pool:  # at the same time: both only wait for a server
        seen = pool.submit(look)
        refuse(context.host_checks.examine(request.name))
        return seen.result()


def _check_copies(spec: ProjectSpec, seen: Observed, context: Context) -> None:
    """What the settings count on has to be in the repositories that are there already, too."""
    for kind, copy in seen.copies.items():
        if copy.state is CopyState.OURS:
            context.setup.check_rendered(spec.name, kind, copy.path)


def _unready(plan: Plan, answers: Mapping[str, Any], context: Context) -> list[Check]:
    """What the platform says before pipelines are registered there for these answers."""
    if not any(isinstance(step, Register) for step in plan.steps):
        return []
    instances = tuple((job, str(answers.get("instance_type", ""))) for job in Job)
    return context.platform_checks.examine(Purpose(instances, managed=answers.get("monitoring") == "managed"))


def _proposals(
    request: Request, seen: Observed, settings: Settings, console: Console, *, ask: bool
) -> "Proposals | None":
    """What the table of `--like` suggests; nothing for a project that has begun, whose answers are recorded."""
    if request.like is None or seen.recorded_answers():
        return None
    from mlops_new.cli.commands.project_proposals import propose

    found = propose(request.like, request.answers, settings, console, ask=ask)
    if ask or request.dry_run:
        for line in found.lines():
            console.say(line)
    return found


def _proposed(proposals: "Proposals | None", answers: Mapping[str, Any]) -> dict[str, Any]:
    if proposals is None:
        return {}
    return {"proposed": {name: {"answer": answers[name], "why": why} for name, why in _kept(proposals, answers)}}


def _show(proposals: "Proposals | None", answers: Mapping[str, Any], console: Console) -> None:
    """What the project takes from the table, beside the plan."""
    for name, why in _kept(proposals, answers) if proposals else ():
        console.say(f"  = {name}: {answers[name] if answers[name] != '' else 'none'}  ({why})")


def _kept(proposals: "Proposals", answers: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The questions whose proposal is the answer."""
    return [(name, proposals.why[name]) for name, value in proposals.answers.items() if answers.get(name) == value]


def _answers(
    request: Request, seen: Observed, template: Template, context: Context, proposals: "Proposals | None", *, ask: bool
) -> dict[str, Any]:
    """Every question answered; what an existing repository of the project recorded is not asked again."""
    recorded = seen.recorded_answers()
    if "repository_kind" in request.answers or request.answers.get("project_name", request.name) != request.name:
        raise Invalid("the project's name and the kind of repository are not answers", hint="the name is the argument")
    if recorded:
        _refuse_changed(request, recorded)
        return {name: value for name, value in recorded.items() if not name.startswith("_")}
    # The program's own version has the packaged questions, and those are read without a clone.
    data = {**request.answers, "project_name": request.name}
    proposed = proposals.answers if proposals else None
    if template.version == PACKAGED_VERSION and seen.template.ours:
        return context.templates.resolve(None, data, ask=ask, proposed=proposed)
    with tempfile.TemporaryDirectory(prefix="mlops-new-") as private:
        env = at_hand(context.host.access, template.url, Path(private))
        return context.templates.resolve(template, data, ask=ask, env=env, proposed=proposed)


def _refuse_changed(request: Request, recorded: Mapping[str, Any]) -> None:
    changed = sorted(
        name for name, value in request.answers.items() if name in recorded and str(recorded[name]) != str(value)
    )
    if changed:
        raise Conflict(
            f"{request.name} exists with another answer to {', '.join(changed)}",
            hint=f"mlops-new update {request.name} --data QUESTION=VALUE answers anew, by pull request",
        )


def _plan_text(plan: Plan, spec: ProjectSpec, notes: Iterable[str]) -> str:
    if not plan.steps:
        return f"{spec.name} is complete: nothing to do."
    return "\n".join([*lines(plan.steps), *(f"Note: {note}." for note in notes)])


def _plan_document(plan: Plan, spec: ProjectSpec, notes: Iterable[str]) -> dict[str, Any]:
    return {"project": spec.name, "steps": [step.document() for step in plan.steps], "notes": list(notes)}


def _document(spec: ProjectSpec, template: Template, url: Any, *, changed: bool) -> dict[str, Any]:
    repositories = {
        kind.value: {
            "path": str(spec.path(kind)),
            "remote": url(slug(spec.name, kind)),
            "pipelines": [pipeline_name(spec.name, short) for short in DEFINITIONS[kind]],
        }
        for kind in Kind
    }
    source = {"source": template.url, "version": template.version}
    return {"project": spec.name, "changed": changed, "template": source, **repositories}


def _text(document: Mapping[str, Any], options: str) -> str:
    if not document["changed"]:
        return f"{document['project']} is complete: nothing to do."
    lines = [f"{document['project']} is ready (template {document['template']['version']})."]
    for kind in Kind:
        repository = document[kind.value]
        lines.append(f"  {kind:<8}{repository['path']}")
        lines.append(f"          hosted at {repository['remote']}, pipeline {', '.join(repository['pipelines'])}")
    lines.append(f"Next: cd {shlex.quote(document['build']['path'])} && mlops-new run{options}")
    return "\n".join(lines)
