"""Commands about this machine and an AWS account: parsed, called, and their exit code."""

from pathlib import Path
from typing import Annotated

import typer

from mlops_new.cli.options import (
    Config,
    DryRun,
    GitOption,
    Json,
    PlatformOption,
    new_console,
)
from mlops_new.settings.load import load

WorkspaceUuid = Annotated[
    str | None,
    typer.Option(
        "--workspace-uuid",
        metavar="UUID",
        help="Of the Bitbucket workspace whose Pipelines the account is to trust (default: Bitbucket is asked).",
    ),
]


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
    raise typer.Exit(command.run(project, settings, new_console(as_json=as_json)))


def bootstrap(
    *,
    show: Annotated[
        bool, typer.Option("--print", help="Print the CloudFormation template, to deploy it another way, and end.")
    ] = False,
    workspace_uuid: WorkspaceUuid = None,
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

    console = new_console(as_json=as_json)
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

    command.run(host, port, env, load(config), new_console(as_json=as_json))
