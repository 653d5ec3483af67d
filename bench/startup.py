"""How soon the command line answers, and how fast a project is made."""

import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench.ratios import Line, ratio, seconds
from mlops_new.template.packaged import packaged_files

BIN = Path(sys.executable).parent
TWO_COMMANDS = '''
import typer

app = typer.Typer(help="Two commands.")


@app.command()
def hello(name: str, times: int = 1) -> None:
    """Say hello."""


@app.command()
def goodbye(name: str, formal: bool = False) -> None:
    """Say goodbye."""


app()
'''


def help_page() -> Iterator[Line]:
    """`mlops-new --help` against a Typer program of two commands."""
    with tempfile.TemporaryDirectory() as folder:
        peer = Path(folder) / "two.py"
        peer.write_text(TWO_COMMANDS, encoding="utf-8")
        measured = ratio(
            lambda: seconds([str(BIN / "mlops-new"), "--help"]),
            lambda: seconds([sys.executable, str(peer), "--help"]),
            pairs=15,
        )
    yield Line("mlops-new --help / a two-command Typer program's --help", measured, 1.2)


def project() -> Iterator[Line]:
    """A whole project, hosted and registered, against copying one template."""
    with tempfile.TemporaryDirectory() as folder:
        template = Path(folder) / "template"
        for name, file in packaged_files():
            (template / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, template / name)
        measured = ratio(lambda: _project(folder), lambda: _copy(folder, template), pairs=7)
    yield Line("mlops-new project, hosted and registered / one bare copier copy", measured, 2.0)


def _project(folder: str) -> float:
    place = Path(tempfile.mkdtemp(dir=folder))
    command = [str(BIN / "mlops-new"), "project", "fresh-sales", "--yes", "-C", str(place / "here")]
    return seconds(command, {"MLOPS_NEW_HOME": str(place / "home")})


def _copy(folder: str, template: Path) -> float:
    place = Path(tempfile.mkdtemp(dir=folder))
    command = [str(BIN / "copier"), "copy", "--quiet", "--defaults", "--data", "repository_kind=build"]
    return seconds([*command, str(template), str(place / "copy")])
