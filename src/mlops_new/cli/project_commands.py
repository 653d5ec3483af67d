"""Commands about whole projects: parsed, called, and their exit code."""

from pathlib import Path
from typing import Annotated

import typer

from mlops_new.cli.options import (
    HERE,
    Anew,
    Config,
    Directory,
    DryRun,
    GitOption,
    Json,
    PlatformOption,
    new_console,
)
from mlops_new.settings.load import load


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
    command.run(request, load(config, git=git, platform=platform), new_console(as_json=as_json))


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
    settings, console = load(config, git=git, platform=platform), new_console(as_json=as_json)
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
    command.run(request, load(config, git=git, platform=platform), new_console(as_json=as_json))


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
    command.run(request, load(config, git=git), new_console(as_json=as_json))


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
    command.run(request, load(config, git=git, platform=platform), new_console(as_json=as_json))
