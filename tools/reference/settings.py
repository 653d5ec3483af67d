"""The page of the settings file, from the annotated example, which the tests read with every line switched on."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_TABLE = re.compile(r"^\[+([^\]]+)\]+")
_KEY = re.compile(r'^([A-Za-z0-9_-]+|"[^"]+") *= *(.*)$')
_OFF = "#: "


@dataclass
class Table:
    """A table of a TOML file.

    Args:
        name: As the file names it; empty for what stands before any table.
        text: The comment above it.
        rows: Key, value and comment of each setting.
    """

    name: str
    text: str = ""
    rows: list[tuple[str, str, str]] = field(default_factory=list)


def read(text: str) -> list[Table]:
    """The tables of an annotated TOML file: a comment explains what follows it, or stands behind it."""
    tables = [Table("")]
    above: list[str] = []
    for line in _statements(text):
        if not line.strip():
            if not tables[-1].name and not tables[-1].rows and above:
                tables[-1].text = " ".join(above)
            above = []
        elif line.startswith("# "):
            above.append(line[2:])
        elif named := _TABLE.match(line):
            tables.append(Table(named[1], " ".join([*above, _comment(line)]).strip()))
            above = []
        elif setting := _KEY.match(line):
            value, behind = _parted(setting[2])
            tables[-1].rows.append((setting[1], value, " ".join([*above, behind]).strip()))
            above = []
    return [table for table in tables if table.rows or table.text]


def _statements(text: str) -> Iterator[str]:
    """Lines, with a list or table that goes over several of them on one, and settings that are off switched on."""
    pending = ""
    for line in text.splitlines():
        whole = f"{pending} {line.strip()}" if pending else line.removeprefix(_OFF)
        if not whole.startswith("#") and whole.count("[") > whole.count("]"):
            pending = whole
            continue
        pending = ""
        # `# runs = 2  # comment` is a setting at its default, not an explanation.
        yield re.sub(r"^# (?=[a-z_]+ = \S+ {2}# )", "", whole)


def _parted(text: str) -> tuple[str, str]:
    """A value and the comment behind it; a `#` within quotes is none."""
    quoted = ""
    for place, char in enumerate(text):
        if char in "\"'" and quoted in {"", char}:
            quoted = "" if quoted else char
        elif char == "#" and not quoted:
            return text[:place].strip(), text[place + 1 :].strip()
    return text.strip(), ""


def _comment(line: str) -> str:
    return _parted(line)[1]


def sections(tables: list[Table], top: str) -> str:
    """The tables as sections of a page, in Markdown."""
    parts = []
    for table in tables:
        rows = [f"| `{key}` | {_code(value)} | {_cell(text)} |" for key, value, text in table.rows]
        head = ["| key | for example | means |", "|---|---|---|"] if rows else []
        parts.append(
            "\n".join([f"## {f'`[{table.name}]`' if table.name else top}\n", _text(table.text), "", *head, *rows])
        )
    return "\n\n".join(parts) + "\n"


def _code(value: str) -> str:
    shown = re.sub(r"\s+", " ", value).replace("[ ", "[").replace(", ]", "]").replace("|", r"\|")
    return f"`` {shown} ``" if "`" in shown else f"`{shown}`"


def _cell(text: str) -> str:
    return _text(text).replace("|", r"\|")


def _text(text: str) -> str:
    """A comment as prose: `<` begins no element of HTML, `{name}` and `…_` are no markup."""
    return re.sub(r"([<>*_{}])", r"\\\1", re.sub(r"\s+", " ", text)) if "`" not in text else text


_SETTINGS = """\
# The settings file

`mlops-new.toml` in your config folder (Linux: `~/.config/mlops-new`, macOS:
`~/Library/Application Support/mlops-new`), or the file that `--config` or `MLOPS_NEW_CONFIG` names. Nobody needs one:
without it, everything is on this machine. A key that is not on this page is refused by its name.

An option of the command line goes before an environment variable, and that before this file. The file holds no secret:
`{ secret = "NAME" }` means the value of the environment variable `NAME`.

The tables below are made from [the annotated example](../mlops-new.example.toml), which you can copy.
"""


def page(example: Path) -> str:
    """The page of the settings, in Markdown."""
    tables = read(example.read_text(encoding="utf-8"))
    tables[0].text = ""  # it says what the page's head says
    return f"{_SETTINGS}\n{sections(tables, 'Top level')}"
