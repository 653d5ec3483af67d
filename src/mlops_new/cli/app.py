"""The command line: parse, call, exit code. No decision and no effect is made here."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mlops_new.settings.load import Host, PlatformName, load

if TYPE_CHECKING:
    from mlops_new.cli.console import Console

app = typer.Typer(
    name="mlops-new",
    no_args_is_help=True,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Start and keep machine-learning projects on SageMaker: two repositories, hosted, registered and running.",
)
template = typer.Typer(no_args_is_help=True, help="For maintainers of templates: check, publish, switch.")
app.add_typer(template, name="template")
models = typer.Typer(no_args_is_help=True, help="List, show, approve and reject the model versions of a project.")
app.add_typer(models, name="models")

Directory = Annotated[
    Path,
    typer.Option("-C", "--directory", metavar="DIR", help="Work as if started in this folder.", show_default=False),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]
Config = Annotated[
    Path | None,
    typer.Option(
        "--config", metavar="FILE", help="Settings file (default: mlops-new.toml in the user's config folder)."
    ),
]
GitOption = Annotated[Host | None, typer.Option("--git", help="Where the repositories are hosted (default: local).")]
PlatformOption = Annotated[
    PlatformName | None, typer.Option("--platform", help="Where the pipelines run (default: local).")
]
Anew = Annotated[
    list[str] | None,
    typer.Option("--data", metavar="KEY=VALUE", help="Answer one question anew (can be repeated)."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be done and touch nothing.")]
Version = Annotated[int, typer.Argument(metavar="VERSION", help="The model version, as `models list` shows it.")]
Note = Annotated[str, typer.Option("--note", metavar="TEXT", help="Why, kept with the version.")]
HERE = Path()


def _console(*, as_json: bool) -> "Console":
    from mlops_new.cli.console import Console

    return Console(as_json=as_json)


def _version(value: bool) -> None:  # noqa: FBT001  # Typer calls it like this
    if value:
        from mlops_new import __version__

        typer.echo(f"mlops-new {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    del version


@app.command()
def project(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The project's name, for example fresh-sales.")],
    *,
    directory: Annotated[
        Path, typer.Option("-C", "--directory", metavar="DIR", help="Folder for the two repositories (default: here).")
    ] = HERE,
    answers: Annotated[
        Path | None, typer.Option("--answers", metavar="FILE", help="YAML file that answers the template's questions.")
    ] = None,
    data: Annotated[
        list[str] | None, typer.Option("--data", metavar="KEY=VALUE", help="Answer one question (can be repeated).")
    ] = None,
    template: Annotated[
        str | None,
        typer.Option("--template", metavar="URL[@VERSION]", help="Render from this template repository (a fork)."),
    ] = None,
    like: Annotated[
        Path | None,
        typer.Option("--like", metavar="FILE|FOLDER", help="Propose answers by looking at a table: ids, time, types."),
    ] = None,
    git: GitOption = None,
    platform: PlatformOption = None,
    dry_run: DryRun = False,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Go ahead without asking; defaults answer the rest.")
    ] = False,
    as_json: Json = False,
    config: Config = None,
) -> None:
    """Make a project: two repositories, hosted, their pipelines registered. Run again, it finishes what is missing."""
    from mlops_new.cli.assignments import gather
    from mlops_new.cli.commands import project as command

    given = gather(answers, data or [])
    request = command.Request(name, directory.absolute(), given, dry_run=dry_run, yes=yes, template=template, like=like)
    command.run(request, load(config, git=git, platform=platform), _console(as_json=as_json))


@app.command()
def status(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="The project (default: that of this repository).")
    ] = None,
    *,
    every: Annotated[bool, typer.Option("--all", help="Every project of the Git host.")] = False,
    directory: Directory = HERE,
    git: GitOption = None,
    platform: PlatformOption = None,
    as_json: Json = False,
    config: Config = None,
) -> None:
    """Compare a project with what it should be, or look at all of them; exit code 6 if something differs."""
    settings, console = load(config, git=git, platform=platform), _console(as_json=as_json)
    if every:
        from mlops_new.cli.commands import status_fleet

        _refuse_both(name)
        raise typer.Exit(status_fleet.run(settings, console))
    from mlops_new.cli.commands import status as command

    raise typer.Exit(command.run(name, directory.absolute(), settings, console))


def _refuse_both(name: str | None) -> None:
    if name is not None:
        from mlops_new.errors import Invalid

        raise Invalid("a NAME and --all exclude each other", hint="leave one of them out")


@app.command()
def update(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="The project (default: that of this repository).")
    ] = None,
    *,
    every: Annotated[bool, typer.Option("--all", help="Every project of the Git host.")] = False,
    to: Annotated[
        str | None, typer.Option("--to", metavar="VERSION", help="The template version (default: the newest).")
    ] = None,
    resolve: Annotated[
        bool, typer.Option("--resolve", help="Check the update out in the working copies, conflicts and all.")
    ] = False,
    go_on: Annotated[bool, typer.Option("--continue", help="Go on after the conflicts were resolved.")] = False,
    data: Anew = None,
    directory: Directory = HERE,
    git: GitOption = None,
    platform: PlatformOption = None,
    dry_run: DryRun = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Go ahead without asking.")] = False,
    as_json: Json = False,
    config: Config = None,
) -> None:
    """Bring projects to a template version, merged with what was edited, by pull request."""
    from mlops_new.cli.assignments import pairs
    from mlops_new.cli.commands import update as command
    from mlops_new.update.prepare import Goal

    if every:
        _refuse_both(name)
    request = command.Request(
        name,
        directory.absolute(),
        every,
        Goal(to, answers=pairs("--data", data or [])),
        dry_run=dry_run,
        yes=yes,
        resolve=resolve,
        go_on=go_on,
    )
    command.run(request, load(config, git=git, platform=platform), _console(as_json=as_json))


@app.command()
def adopt(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH…", help="The build and the deploy repository.")],
    *,
    to: Annotated[
        str | None, typer.Option("--to", metavar="VERSION", help="The template version (default: the newest).")
    ] = None,
    template: Annotated[
        str | None, typer.Option("--template", metavar="URL[@VERSION]", help="Another template repository (a fork).")
    ] = None,
    data: Annotated[
        list[str] | None, typer.Option("--data", metavar="KEY=VALUE", help="Answer one question (can be repeated).")
    ] = None,
    git: GitOption = None,
    dry_run: DryRun = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Go ahead without asking.")] = False,
    as_json: Json = False,
    config: Config = None,
) -> None:
    """Bring repositories that were made by hand under a template version; it shows first what they lack."""
    from mlops_new.cli.assignments import gather
    from mlops_new.cli.commands import adopt as command

    given = gather(None, data or [])
    request = command.Request([one.absolute() for one in paths], template, to, given, dry_run=dry_run, yes=yes)
    command.run(request, load(config, git=git), _console(as_json=as_json))


@app.command()
def destroy(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The project.")],
    *,
    directory: Directory = HERE,
    git: GitOption = None,
    platform: PlatformOption = None,
    discard: Annotated[
        bool, typer.Option("--discard-local-work", help="Remove uncommitted and unpushed work, too.")
    ] = False,
    purge: Annotated[
        bool, typer.Option("--purge", help="Remove what runs have made, too: model versions, images, data, outputs.")
    ] = False,
    dry_run: DryRun = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Go ahead without asking for the name.")] = False,
    as_json: Json = False,
    config: Config = None,
) -> None:
    """Remove what was made for a project, and only that: pipelines, hosted repositories, working copies."""
    from mlops_new.cli.commands import destroy as command

    request = command.Request(name, directory.absolute(), discard=discard, dry_run=dry_run, yes=yes, purge=purge)
    command.run(request, load(config, git=git, platform=platform), _console(as_json=as_json))


@app.command()
def doctor(
    project: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="A project that is to be made: are its names free?")
    ] = None,
    *,
    git: GitOption = None,
    platform: PlatformOption = None,
    as_json: Json = False,
    config: Config = None,
) -> None:
    """Check this machine, and whether the Git host allows what is needed; it reads only."""
    from mlops_new.cli.commands import doctor as command

    settings = load(config, git=git, platform=platform, any_home=True)
    raise typer.Exit(command.run(project, settings, _console(as_json=as_json)))


@app.command()
def bootstrap(
    *,
    show: Annotated[
        bool, typer.Option("--print", help="Print the CloudFormation template, to deploy it another way, and end.")
    ] = False,
    workspace_uuid: Annotated[
        str | None,
        typer.Option(
            "--workspace-uuid",
            metavar="UUID",
            help="Of the Bitbucket workspace whose Pipelines the account is to trust (default: Bitbucket is asked).",
        ),
    ] = None,
    parameter: Annotated[
        list[str] | None,
        typer.Option("--parameter", "-p", metavar="NAME=VALUE", help="Set a parameter of the template (repeatable)."),
    ] = None,
    allow_replacement: Annotated[
        bool,
        typer.Option("--allow-replacement", help="Let resources be taken away and made anew."),
    ] = False,
    delete_failed: Annotated[
        bool,
        typer.Option("--delete-failed", help="First delete a stack whose creation failed."),
    ] = False,
    git: GitOption = None,
    dry_run: DryRun = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Go ahead without asking.")] = False,
    as_json: Json = False,
    config: Config = None,
) -> None:
    """Prepare an AWS account and region, and the template repository: once. Run again, it shows what would change."""
    from mlops_new.cli.assignments import pairs
    from mlops_new.cli.commands import bootstrap as command

    console = _console(as_json=as_json)
    if show:
        command.show(console)
        return
    request = command.Request(
        dry_run=dry_run,
        yes=yes,
        workspace_uuid=workspace_uuid,
        parameters=pairs("--parameter", parameter or []),
        allow_replacement=allow_replacement,
        delete_failed=delete_failed,
    )
    command.run(request, load(config, git=git), console)


@app.command()
def run(
    pipeline: Annotated[
        str | None,
        typer.Argument(
            metavar="[PIPELINE]",
            help="build, inference or model-quality (default: the first of this repository).",
            show_default=False,
        ),
    ] = None,
    *,
    data: Annotated[
        str | None,
        typer.Option(
            "--input",
            metavar="FILE|FOLDER|s3://…",
            help="The data to work on (default: the repository's sample; on SageMaker the pipeline's default first).",
        ),
    ] = None,
    parameter: Annotated[
        list[str] | None,
        typer.Option("--parameter", "-p", metavar="NAME=VALUE", help="Set a pipeline parameter (can be repeated)."),
    ] = None,
    resume: Annotated[
        str | None,
        typer.Option(
            "--resume",
            metavar="EXECUTION",
            help="Go on with an execution that failed or was stopped; on SageMaker, follow one that is running, too.",
        ),
    ] = None,
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Start it in the background and end.")] = False,
    retrain: Annotated[
        bool, typer.Option("--retrain", help="Start the build pipeline when the run decides to retrain.")
    ] = False,
    dry_run: DryRun = False,
    cost_cap: Annotated[
        str | None,
        typer.Option("--cost-cap", metavar="AMOUNT", help="Do not start what may cost more (default: the settings')."),
    ] = None,
    directory: Directory = HERE,
    platform: PlatformOption = None,
    as_json: Json = False,
    config: Config = None,
) -> None:
    """Run a pipeline of the repository you stand in, and follow it to its end."""
    from mlops_new.cli.assignments import pairs
    from mlops_new.cli.commands import run as command
    from mlops_new.cost.prices import amount

    request = command.Request(
        pipeline=pipeline,
        directory=directory.absolute(),
        input=data,
        parameters=pairs("--parameter", parameter or []),
        resume=resume,
        wait=not no_wait,
        retrain=retrain,
        dry_run=dry_run,
        cost_cap=None if cost_cap is None else amount(cost_cap, "--cost-cap"),
    )
    command.run(request, load(config, platform=platform), _console(as_json=as_json))


@app.command()
def stop(
    execution: Annotated[str, typer.Argument(metavar="EXECUTION", help="Its id, as `run` says it.")],
    *,
    directory: Directory = HERE,
    platform: PlatformOption = None,
    as_json: Json = False,
    config: Config = None,
) -> None:
    """Stop an execution of this project that is running; `run --resume` goes on from there."""
    from mlops_new.cli.commands import stop as command

    command.run(execution, directory.absolute(), load(config, platform=platform), _console(as_json=as_json))


@app.command()
def drill(
    fault: Annotated[
        str,
        typer.Argument(
            metavar="KIND",
            help="One of covariate_shift, concept_drift, missing_column, new_categories, nulls, changed_unit, "
            "swapped_columns; gentle ones: price_up, offset, dead_feed, lost_rows, doubled_rows, missing_group, "
            "mixed_column.",
        ),
    ],
    *,
    data: Annotated[
        str | None,
        typer.Option("--input", metavar="FILE|FOLDER|s3://…", help="The data to copy (default: the sample)."),
    ] = None,
    truth: Annotated[
        str | None, typer.Option("--truth", metavar="FILE", help="Ground truth to copy, for concept_drift.")
    ] = None,
    directory: Directory = HERE,
    platform: PlatformOption = None,
    as_json: Json = False,
    config: Config = None,
) -> None:
    """Put a fault into a copy of the data and see which check catches it: a fire drill before production."""
    from mlops_new.cli.commands import drill as command

    request = command.Request(fault, directory.absolute(), data, truth)
    command.run(request, load(config, platform=platform), _console(as_json=as_json))


@app.command()
def data(
    *,
    table: Annotated[
        str | None,
        typer.Option("--input", metavar="FILE|FOLDER|s3://…", help="The table (default: the repository's sample)."),
    ] = None,
    directory: Directory = HERE,
    as_json: Json = False,
    config: Config = None,
) -> None:
    """Tell what a table is taken for: rows, days, series, each column's type and why; what looks wrong first."""
    from mlops_new.cli.commands import data as command

    command.run(command.Request(directory.absolute(), table), load(config), _console(as_json=as_json))


@app.command()
def lineage(
    subject: Annotated[
        str, typer.Argument(metavar="PATH|s3://…|VERSION", help="A file of predictions, or a model version.")
    ],
    *,
    directory: Directory = HERE,
    platform: PlatformOption = None,
    as_json: Json = False,
    config: Config = None,
) -> None:
    """Tell which model, data, commits and template version something comes from."""
    from mlops_new.cli.commands import lineage as command

    command.run(directory.absolute(), subject, load(config, platform=platform), _console(as_json=as_json))


@app.command()
def image(*, directory: Directory = HERE, as_json: Json = False, config: Config = None) -> None:
    """Make the image of this build repository and print its URI: the ImageUri of runs that AWS clients start."""
    from mlops_new.cli.commands import image as command

    command.run(directory.absolute(), load(config), _console(as_json=as_json))


@app.command()
def serve(
    *,
    port: Annotated[int, typer.Option("--port", metavar="N", help="The port; 0 takes a free one.")] = 4580,
    host: Annotated[
        str, typer.Option("--host", metavar="ADDRESS", help="127.0.0.1, ::1 or localhost, nothing else.")
    ] = "127.0.0.1",
    env: Annotated[
        Path | None,
        typer.Option(
            "--env",
            metavar="FILE",
            help="Write the lines to export to this file, once the server listens; gone when the server ends.",
        ),
    ] = None,
    as_json: Json = False,
    config: Config = None,
) -> None:
    """Serve the platform of this machine as SageMaker and S3, for boto3, the SDK, Airflow and the AWS CLI."""
    from mlops_new.cli.commands import serve as command

    command.run(host, port, env, load(config), _console(as_json=as_json))


@models.command("list")
def list_models(
    *, directory: Directory = HERE, platform: PlatformOption = None, as_json: Json = False, config: Config = None
) -> None:
    """List the model versions of this project, the newest first."""
    from mlops_new.cli.commands import models as command

    command.list_versions(directory.absolute(), load(config, platform=platform), _console(as_json=as_json))


@models.command()
def show(
    version: Version,
    *,
    directory: Directory = HERE,
    platform: PlatformOption = None,
    as_json: Json = False,
    config: Config = None,
) -> None:
    """Show one model version: metrics, data, commit, execution, files."""
    from mlops_new.cli.commands import models as command

    command.show(directory.absolute(), version, load(config, platform=platform), _console(as_json=as_json))


@models.command()
def approve(
    version: Version,
    *,
    note: Note = "",
    directory: Directory = HERE,
    platform: PlatformOption = None,
    as_json: Json = False,
    config: Config = None,
) -> None:
    """Approve a model version: the next inference run uses the latest approved one."""
    from mlops_new.cli.commands import models as command

    settings = load(config, platform=platform)
    command.decide(directory.absolute(), version, "Approved", note, settings, _console(as_json=as_json))


@models.command()
def reject(
    version: Version,
    *,
    note: Note = "",
    directory: Directory = HERE,
    platform: PlatformOption = None,
    as_json: Json = False,
    config: Config = None,
) -> None:
    """Reject a model version: no inference run uses it any more."""
    from mlops_new.cli.commands import models as command

    settings = load(config, platform=platform)
    command.decide(directory.absolute(), version, "Rejected", note, settings, _console(as_json=as_json))


@template.command("check")
def check_template(
    folder: Annotated[
        Path | None, typer.Argument(metavar="[FOLDER]", help="Holds copier.yml and templates/ (default: the packaged).")
    ] = None,
    *,
    released: Annotated[
        str | None,
        typer.Option("--released", metavar="URL", help="Has the released versions (default: FOLDER, else the hosted)."),
    ] = None,
    sdk_python: Annotated[
        str | None,
        typer.Option("--sdk-python", metavar="PYTHON", help="Compile the definitions with this interpreter's SDK."),
    ] = None,
    python: Annotated[
        str | None,
        typer.Option("--python", metavar="PYTHON", help="Run the rendered repositories' checks beside it."),
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Try also what went well before.")] = False,
    git: GitOption = None,
    as_json: Json = False,
    config: Config = None,
) -> None:
    """Render every combination of answers, parse it, and update every released version; exit code 6 on a fault."""
    from mlops_new.cli.commands import template_check as command

    request = command.Request(folder, released, sdk_python, python, fresh=fresh)
    raise typer.Exit(command.run(request, load(config, git=git), _console(as_json=as_json)))


@template.command("publish")
def publish_template(
    folder: Annotated[
        Path | None, typer.Argument(metavar="[FOLDER]", help="Holds copier.yml and templates/ (default: the packaged).")
    ] = None,
    *,
    version: Annotated[
        str | None, typer.Option("--version", metavar="VERSION", help="The tag (default: this program's version).")
    ] = None,
    merge: Annotated[
        bool, typer.Option("--merge", help="Merge it with your organisation's own edits of the template repository.")
    ] = False,
    check: Annotated[
        bool, typer.Option("--check/--no-check", help="First check the templates of FOLDER, as `template check` does.")
    ] = True,
    git: GitOption = None,
    dry_run: DryRun = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Go ahead without asking.")] = False,
    as_json: Json = False,
    config: Config = None,
) -> None:
    """Put a version into the template repository: only forward, and never over an edit of your own."""
    from mlops_new.cli.commands import template_publish as command

    request = command.Request(folder, version, merge=merge, dry_run=dry_run, yes=yes, check=check)
    command.run(request, load(config, git=git), _console(as_json=as_json))


@template.command()
def switch(
    source: Annotated[str, typer.Argument(metavar="URL[@VERSION]", help="The other template repository.")],
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="The project (default: that of this repository).")
    ] = None,
    *,
    resolve: Annotated[
        bool, typer.Option("--resolve", help="Check the update out in the working copies, conflicts and all.")
    ] = False,
    data: Anew = None,
    directory: Directory = HERE,
    git: GitOption = None,
    dry_run: DryRun = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Go ahead without asking.")] = False,
    as_json: Json = False,
    config: Config = None,
) -> None:
    """Bring a project under another template repository, a fork say: an update like any other, in both repositories."""
    from mlops_new.cli.assignments import pairs
    from mlops_new.cli.commands import update as command
    from mlops_new.template.repository import named_template
    from mlops_new.update.prepare import Goal

    found = named_template(source)
    goal = Goal(found.version, found.url, pairs("--data", data or []))
    request = command.Request(
        name, directory.absolute(), every=False, goal=goal, dry_run=dry_run, yes=yes, resolve=resolve
    )
    command.run(request, load(config, git=git), _console(as_json=as_json))
