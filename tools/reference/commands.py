"""The page of all commands, from the Typer application itself."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from typer.main import get_command

from mlops_new.cli.app import app

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "mlops-new"
_HEAD = """\
# Commands

Every command has `--help`, which says the same as this page. It is made from the program when the site is built.

A command finds its project from the repository that you stand in, or from `-C DIR`. With `--json` it prints
[one JSON document](json.md) on stdout and everything else on stderr. Its [exit code](exit-codes.md) says how it ended.
"""


@dataclass(frozen=True)
class Command:
    """One command.

    Args:
        words: What is typed: `mlops-new models list`.
        usage: The same with its arguments.
        text: Its help, and an example.
        panel: The group that `--help` shows it in; empty where it is in none.
        parameters: Arguments and options, as `--help` writes them, each with its sentence.
        options: The options' names, each with whether a value follows.
        arguments: How many arguments it takes at least and at most; None is any number.
    """

    words: str
    usage: str
    text: str
    panel: str
    parameters: tuple[tuple[str, str], ...]
    options: dict[str, bool]
    arguments: tuple[int, int | None]


def commands() -> list[Command]:
    """All commands, in the order of `--help`; a group's own commands in its place."""
    program: Any = get_command(app)
    return list(_below(program, program.make_context(NAME, [], resilient_parsing=True)))


def _below(group: Any, context: Any, panel: str = "") -> Iterator[Command]:
    for name, command in group.commands.items():
        inner = type(context)(command, info_name=name, parent=context)
        shown = getattr(command, "rich_help_panel", None)
        shown = shown if isinstance(shown, str) else panel
        if hasattr(command, "commands"):
            yield from _below(command, inner, shown)
        elif not command.hidden:
            yield _described(command, inner, shown)


def _described(command: Any, context: Any, panel: str) -> Command:
    parameters = command.get_params(context)
    texts = [part for part in (command.help, _shown(command.epilog or "")) if part]
    arguments = [one for one in parameters if one.param_type_name == "argument"]
    return Command(
        words=context.command_path,
        usage=f"{context.command_path} {' '.join(command.collect_usage_pieces(context))}",
        text="\n\n".join(texts),
        panel=panel,
        parameters=tuple(one.get_help_record(context) for one in parameters),
        options={
            name: not getattr(one, "is_flag", False)
            for one in parameters
            if one.param_type_name == "option"
            for name in (*one.opts, *one.secondary_opts)
        },
        arguments=(
            sum(one.required for one in arguments),
            None if any(one.nargs < 0 for one in arguments) else len(arguments),
        ),
    )


def _shown(example: str) -> str:
    """An example as a block: `Example: mlops-new …`, as `--help` ends with it."""
    words, colon, typed = example.partition(": ")
    return f"{words}:\n\n```text\n{typed}\n```" if colon and typed.startswith(NAME) else example


def page() -> str:
    """The page, in Markdown."""
    known = commands()
    panels = list(dict.fromkeys(command.panel for command in known))
    parts = [_HEAD, _overview(known)]
    for panel in panels:
        level = "###" if panel else "##"
        parts += [f"## {panel}"] if panel else []
        parts += [_section(command, level) for command in known if command.panel == panel]
    return "\n\n".join(parts) + "\n"


def _overview(known: list[Command]) -> str:
    rows = [f"| [`{one.words}`](#{_anchor(one.words)}) | {first_line(one.text)} |" for one in known]
    return "\n".join(["| command | does |", "|---|---|", *rows])


def _section(command: Command, level: str) -> str:
    rows = [f"| `{_cell(name)}` | {_cell(text)} |" for name, text in command.parameters]
    table = "\n".join(["| argument or option | means |", "|---|---|", *rows])
    return f"{level} {command.words}\n\n```text\n{command.usage}\n```\n\n{command.text}\n\n{table}"


def first_line(text: str) -> str:
    """The first paragraph of a help text."""
    return " ".join(text.split("\n\n", 1)[0].split())


def _anchor(words: str) -> str:
    return words.replace(" ", "-")


def _cell(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("|", r"\|")
