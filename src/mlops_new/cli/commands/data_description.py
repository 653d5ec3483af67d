"""What a table is taken for, asked of the project's own code in its image, and told to people."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mlops_new.cli.console import Console
from mlops_new.cli.console import table as columns_of
from mlops_new.errors import Error, Invalid
from mlops_new.ports.platform import Image
from mlops_new.system.environment import inheritable

_MODULE = "reading.description"
_MOST = 10  # lines of what looks wrong, in a run
_LONGEST = 40  # characters of a column's values
_PLURALS = {"category": "categories", "empty": "empty"}


def understands_tables(code: Path) -> bool:
    """Whether an image is new enough to describe tables."""
    return (code / "reading" / "description.py").is_file()


def described(image: Image, table: Path) -> dict[str, Any]:
    """The image's description of a table, by its own `config.toml`.

    Raises:
        Invalid: it is no table.
    """
    return ask(image.python, image.code, _MODULE, str(table.absolute()))


def ask(python: Path, code: Path, module: str, *arguments: str) -> dict[str, Any]:
    """The JSON document that a module of the template's code prints.

    Args:
        python: The environment's interpreter.
        code: The folder of the code.
        module: What is run.
        arguments: Its command line.

    Raises:
        Invalid: a table or a setting cannot be used; the message is the module's own.
        Error: it failed in another way.
    """
    environment = {name: value for name, value in inheritable().items() if not name.startswith("PYTHON")}
    environment |= {"PYTHONPATH": str(code), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [str(python), "-m", module, *arguments]
    done = subprocess.run(command, cwd=code, env=environment, capture_output=True, check=False)
    if done.returncode:
        lines = [line for line in done.stderr.decode(errors="replace").split("\n") if line.strip()]
        reason = lines[-1] if lines else "no reason given"
        if lines and lines[0].startswith("Traceback"):
            raise Error(f"the table could not be described: {reason}")
        raise Invalid(reason)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def tell(document: Mapping[str, Any], console: Console, more: str) -> None:
    """The first lines of a run: what the table was taken for, and what looks wrong about it.

    Args:
        document: Of `described`.
        console: To speak on.
        more: The command that tells the rest.
    """
    console.say(headline(document))
    for line in suspicious(document)[:_MOST]:
        console.say(line, "yellow")
    if document["suspicious"]:
        console.say(f"`{more}` shows each column")


def headline(document: Mapping[str, Any]) -> str:
    """Rows, days, series and columns, in one line."""
    parts = [_count(document["rows"], "row")]
    if document["files"] > 1:
        parts[0] += f" in {document['files']:,} files"
    if span := document["span"]:
        parts.append(f"{span['first']} to {span['last']} ({_count(span['days'], 'day')}, column {span['column']})")
    if series := document["series"]:
        parts.append(f"{series['count']:,} series by {', '.join(series['columns'])}")
    kinds = [column["type"] for column in document["columns"] if "feature" in column["roles"]]
    told = [_count(kinds.count(kind), kind) for kind in dict.fromkeys(kinds)]
    parts.append(f"features: {', '.join(told) or 'none'}")
    if out := left_out(document):
        parts.append(f"left out: {_some(out)}")
    return f"{document['table']}: {'; '.join(parts)}"


def suspicious(document: Mapping[str, Any]) -> list[str]:
    """A line for each thing that looks wrong."""
    lines = [f"  ! {one['column']}: {one['what']}\n      {one['advice']}" for one in document["suspicious"]]
    return [f"  ! {document['problem']}", *lines] if document["problem"] else lines


def left_out(document: Mapping[str, Any]) -> list[str]:
    """The columns that are neither features nor anything else."""
    return [column["name"] for column in document["columns"] if "left out" in column["roles"]]


def text(document: Mapping[str, Any]) -> str:
    """All of it, what looks wrong first."""
    lines = [headline(document)]
    if found := suspicious(document):
        lines += ["", "Look at these first:", *found]
    if document["proposed"]:
        lines += ["", "Proposed lines of [data] in config.toml:", *(f"  {line}" for line in document["proposed"])]
    rows = [["column", "is", "type", "different", "missing", "values", "why"]]
    rows += [_row(column, document["rows"]) for column in document["columns"]]
    return "\n".join([*lines, "", columns_of(rows)])


def _row(column: Mapping[str, Any], rows: int) -> list[str]:
    missing = f"{column['missing']:,} ({100 * column['missing'] / rows:.2g} %)" if column["missing"] else ""
    shown = column["shown"] if len(column["shown"]) <= _LONGEST else column["shown"][:_LONGEST] + "…"
    return [
        column["name"], ", ".join(column["roles"]), column["type"], f"{column['distinct']:,}", missing, shown,
        column["why"],
    ]  # fmt: skip


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun if number == 1 else _PLURALS.get(noun, f'{noun}s')}"


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")  # noqa: PLR2004
