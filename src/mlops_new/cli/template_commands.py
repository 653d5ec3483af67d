"""Commands for maintainers of templates: parsed, called, and their exit code."""

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
    new_console,
)
from mlops_new.settings.load import load


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
    raise typer.Exit(command.run(request, load(config, git=git), new_console(as_json=as_json)))


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
    command.run(request, load(config, git=git), new_console(as_json=as_json))


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
    command.run(request, load(config, git=git), new_console(as_json=as_json))
