"""What several commands take, declared once."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mlops_new.settings.load import Host, PlatformName

if TYPE_CHECKING:
    from mlops_new.cli.console import Console

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


def new_console(*, as_json: bool) -> "Console":
    """What this command tells people and programs with; imported when a command runs."""
    from mlops_new.cli.console import Console

    return Console(as_json=as_json)
