"""`mlops-new run`: start a pipeline of this repository and follow it."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

from mlops_new import definition
from mlops_new.cli.adapters import platform as connect
from mlops_new.cli.commands import run_around, run_cost, run_inputs, run_outcome
from mlops_new.cli.commands.run_outcome import Outcome, RunFailed
from mlops_new.cli.console import Console
from mlops_new.cost.estimate import Estimate
from mlops_new.definition import Definition, Parameter, parameters
from mlops_new.definition.requests import check_requests
from mlops_new.errors import Error, Invalid
from mlops_new.names import DEFINITIONS, Kind, pipeline_name, slug
from mlops_new.ports.executions import Execution
from mlops_new.ports.platform import Pipelines, Platform
from mlops_new.project.here import Repository, standing_in
from mlops_new.settings.load import Settings


@dataclass(frozen=True)
class Request:
    """What was typed.

    Args:
        pipeline: Its name after the project's; None for the repository's first.
        directory: Where the command stands.
        input: File, folder or object to work on; None for the sample.
        parameters: Given by hand.
        resume: An execution to go on with.
        wait: Follow it to its end.
        retrain: Start the build pipeline when that is what the run decides.
        dry_run: Show what would be started, and what it can cost at most.
        cost_cap: What it may cost at most; None: what the settings say.
    """

    pipeline: str | None
    directory: Path
    input: str | None
    parameters: Mapping[str, str]
    resume: str | None
    wait: bool
    retrain: bool
    dry_run: bool
    cost_cap: Decimal | None = None


def run(request: Request, settings: Settings, console: Console) -> None:
    """Start, or resume, and follow; with `retrain` train anew where that is the decision.

    Raises:
        RunFailed: it did not succeed, or it kept its forecasts back.
    """
    ended = start(request, settings, console)
    decision = ended.document.get("decision")
    if request.retrain and decision and decision["retrain"]:
        console.say("retraining, because that was decided")
        again = start(_build(request), settings, console)
        ended = Outcome(f"{ended.text}\n{again.text}", {**ended.document, "retraining": again.document})
    if ended.document.get("withheld"):
        console.say(ended.text)
        hint = f"the report says why: {ended.document['report']}" if ended.document.get("report") else ""
        raise RunFailed("the forecasts were kept back: there are none to use", hint=hint, document=ended.document)
    console.result(ended.text, ended.document)


def start(request: Request, settings: Settings, console: Console) -> Outcome:
    """Start or resume a run, follow it, and give what came of it.

    Raises:
        RunFailed: it did not succeed.
    """
    repository = standing_in(request.directory)
    platform = connect(settings, repository.project)
    if request.resume:
        return _follow(platform, platform.executions.describe(request.resume), repository, request, console)
    short = _pipeline(request.pipeline, repository)
    name = pipeline_name(repository.project, short)
    found = _definition(repository, short, platform.pipelines)
    sample = "truth" if short == "model-quality" else "input"
    sources = run_inputs.Sources(repository, platform, request.input, console.say, sample)
    if run_around.wanted(found, request.parameters, repository.path):
        return _around(name, found, sources, request, console)
    _refuse_undeclared(found.parameters, request.parameters)
    _refuse_requests(name, found, _told(found, request))
    if request.dry_run:
        return _shown(name, found, request, run_cost.estimated(found, request.parameters, settings))
    run_cost.guard(found, request.parameters, settings, request.cost_cap, console.say)
    # Data and model come first: an environment is not made for an input that is not there.
    given = run_inputs.parameters(found.parameters, request.parameters, sources)
    given, image = run_inputs.with_image(found.parameters, given, sources)
    _refuse_requests(name, found, given)
    if short != "model-quality":  # ground truth has no features
        _describe(image or given.get("ImageUri", ""), sources, console)
    platform.pipelines.make_ready(name, found, mark=repository.mark)
    execution = platform.executions.begin(name, given=given, image=image)
    return _follow(platform, execution, repository, request, console)


def _describe(uri: str, sources: run_inputs.Sources, console: Console) -> None:
    """The first lines: what the table was taken for; on this machine only, where it and the image lie.

    What makes a table unusable is said by the run itself, as everywhere.
    """
    from mlops_new.cli.commands import data_description
    from mlops_new.cli.commands.data import table_of

    machine = sources.platform.machine
    if machine is None or not machine.is_image(uri):
        return
    image = machine.image(uri, notify=console.say)
    if not data_description.understands_tables(image.code):
        return
    with suppress(Error):
        document = data_description.described(image, table_of(sources, machine))
        more = f"mlops-new data --input {sources.data}" if sources.data else "mlops-new data"
        data_description.tell(document, console, more)


def _around(
    name: str, definition: Definition, sources: run_inputs.Sources, request: Request, console: Console
) -> Outcome:
    """The same where pre- and postprocessing are jobs around the pipeline.

    Raises:
        Invalid: it is not on this machine, or not to be followed.
    """
    platform, machine = sources.platform, sources.platform.machine
    if machine is None:
        raise Invalid(
            "pre- and postprocessing of this project are jobs that its Airflow DAG starts around the pipeline",
            hint=f"start the DAG {name} in Airflow; or run it here with --platform local",
        )
    _refuse_undeclared(run_around.declared(definition), request.parameters)
    if request.dry_run:
        return _shown(name, definition, request, before=run_around.BEFORE, after=run_around.AFTER)
    if not request.wait:
        raise Invalid("--no-wait: jobs run before and after the pipeline, and somebody has to start them")
    _describe(run_inputs.model_in_use(sources)["ImageUri"], sources, console)
    ended = run_around.Around(machine, sources, console).run(name, definition, request.parameters)
    return run_outcome.conclude(ended, platform, sources.repository, console, resumable=False)


def _follow(
    platform: Platform, execution: Execution, repository: Repository, request: Request, console: Console
) -> Outcome:
    if not request.wait:
        platform.executions.detach(execution.id, resume=request.resume is not None)
        document = {"pipeline": execution.pipeline, "execution": execution.id, "status": "Executing"}
        return Outcome(f"{execution.pipeline} is running as {execution.id}.", document)
    console.say(f"{execution.pipeline}, execution {execution.id}")
    with console.progress() as progress:
        run_it = platform.executions.resume if request.resume else platform.executions.run
        ended = run_it(execution.id, progress.on)
    return run_outcome.conclude(ended, platform, repository, console)


def _build(request: Request) -> Request:
    """The same request for the build pipeline, in the repository beside, on its own data.

    Raises:
        Invalid: the build repository is not there.
    """
    repository = standing_in(request.directory)
    place = repository.path.parent / slug(repository.project, Kind.BUILD)
    if not place.is_dir():
        raise Invalid(f"there is no build repository {place} to retrain in", hint="clone it there, or retrain by hand")
    return replace(request, pipeline=None, directory=place, input=None, parameters={}, resume=None)


def _pipeline(asked: str | None, repository: Repository) -> str:
    ours = DEFINITIONS[repository.kind]
    if asked is None:
        return next(iter(ours))
    short = asked.removeprefix(f"{repository.project}-")
    if short in ours:
        return short
    for kind in Kind:
        if short in DEFINITIONS[kind]:
            hint = f"cd into {repository.project}-{kind}, or name it with -C"
            raise Invalid(f"pipeline {short} belongs to the {kind} repository, and this is the other one", hint=hint)
    known = ", ".join(short for definitions in DEFINITIONS.values() for short in definitions)
    raise Invalid(f"there is no pipeline {asked}", hint=f"there are: {known}")


def _definition(repository: Repository, short: str, pipelines: Pipelines) -> Definition:
    """The definition as it stands in the working copy: what is being worked on is what runs."""
    file = DEFINITIONS[repository.kind][short]
    path = repository.path / file
    if not path.is_file():
        raise Invalid(f"{path} is not there", hint="`make definition` writes it from the pipeline's Python")
    found = definition.parse(path.read_bytes(), source=file)
    definition.check(found, source=file)
    if faults := pipelines.unsupported(found):
        listed = "".join(f"\n  {fault}" for fault in faults)
        raise Invalid(f"{file} cannot be run on this machine: {faults[0]}", hint=f"all that cannot be run:{listed}")
    return found


def _refuse_undeclared(declared: Mapping[str, Parameter], given: Mapping[str, str]) -> None:
    if unknown := sorted(given.keys() - declared.keys()):
        raise Invalid(
            f"the pipeline has no parameter {', '.join(unknown)}", hint=f"it has: {', '.join(sorted(declared))}"
        )


def _told(definition: Definition, request: Request) -> dict[str, str]:
    """The values of parameters that are known before anything is looked up or uploaded."""
    data = {"InputDataUri": str(request.input)} if run_inputs.is_object(request.input) else {}
    return {name: value for name, value in {**data, **request.parameters}.items() if name in definition.parameters}


def _refuse_requests(name: str, definition: Definition, given: Mapping[str, str]) -> None:
    """What SageMaker would refuse of a run with these values is told before the first job.

    Raises:
        Invalid: there is something.
    """
    values = parameters.known(definition.document.get("Parameters") or [], given)
    check_requests(definition, values, pipeline=name)


def _shown(
    name: str,
    definition: Definition,
    request: Request,
    cost: Estimate | None = None,
    *,
    before: Sequence[str] = (),
    after: Sequence[str] = (),
) -> Outcome:
    jobs = [[(job, "Processing") for job in some] for some in (before, after)]
    whole = [*jobs[0], *((step.name, step.type) for step in definition.steps), *jobs[1]]
    steps = [{"action": "run step", "target": step, "detail": kind} for step, kind in whole]
    lines = [f"{name} would run:", *(f"  + {step} ({kind})" for step, kind in whole)]
    document = {"pipeline": name, "parameters": dict(request.parameters), "steps": steps}
    if cost is not None:
        lines += run_cost.lines(cost)
        document["cost"] = run_cost.document(cost)
    return Outcome("\n".join(lines), document)
