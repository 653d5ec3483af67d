"""Commands about runs and their data: parsed, called, and their exit code."""

from decimal import Decimal
from typing import Annotated

import typer

from mlops_new.cli.options import (
    HERE,
    Config,
    Directory,
    DryRun,
    Json,
    PlatformOption,
    new_console,
)
from mlops_new.errors import Invalid
from mlops_new.settings.amounts import AMOUNT, amount
from mlops_new.settings.load import load

PipelineName = Annotated[
    str | None,
    typer.Argument(
        metavar="[PIPELINE]",
        help="build, inference or model-quality (default: the first of this repository).",
        show_default=False,
    ),
]
Data = Annotated[
    str | None,
    typer.Option(
        "--input",
        metavar="FILE|FOLDER|s3://…",
        help="The data to work on (default: the repository's sample; on SageMaker the pipeline's default first).",
    ),
]
Resumed = Annotated[
    str | None,
    typer.Option(
        "--resume",
        metavar="EXECUTION",
        help="Go on with an execution that failed or was stopped; on SageMaker, follow one that is running, too.",
    ),
]


def run(
    pipeline: PipelineName = None,
    *,
    data: Data = None,
    parameter: Annotated[
        list[str] | None,
        typer.Option("--parameter", "-p", metavar="NAME=VALUE", help="Set a pipeline parameter (can be repeated)."),
    ] = None,
    resume: Resumed = None,
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

    request = command.Request(
        pipeline=pipeline,
        directory=directory.absolute(),
        input=data,
        parameters=pairs("--parameter", parameter or []),
        resume=resume,
        wait=not no_wait,
        retrain=retrain,
        dry_run=dry_run,
        cost_cap=None if cost_cap is None else _cap(cost_cap),
    )
    command.run(request, load(config, platform=platform), new_console(as_json=as_json))


def _cap(typed: str) -> Decimal:
    read = amount(typed)
    if read is None:
        raise Invalid(f"--cost-cap is {typed!r}; it is {AMOUNT}", hint="for example: 0.23")
    return read


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

    command.run(execution, directory.absolute(), load(config, platform=platform), new_console(as_json=as_json))


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
    command.run(request, load(config, platform=platform), new_console(as_json=as_json))


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

    command.run(command.Request(directory.absolute(), table), load(config), new_console(as_json=as_json))


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

    command.run(directory.absolute(), subject, load(config, platform=platform), new_console(as_json=as_json))


def image(*, directory: Directory = HERE, as_json: Json = False, config: Config = None) -> None:
    """Make the image of this build repository and print its URI: the ImageUri of runs that AWS clients start."""
    from mlops_new.cli.commands import image as command

    command.run(directory.absolute(), load(config), new_console(as_json=as_json))
