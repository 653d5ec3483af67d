"""What --help shows: every command in its group, with an example that the command line takes."""

import shlex
from collections.abc import Iterator

import pytest
import typer.main
from typer.core import TyperCommand, TyperGroup

from mlops_new.cli.app import PANELS, app

ROOT = typer.main.get_command(app)


def commands(group: TyperGroup, words: tuple[str, ...] = ()) -> Iterator[tuple[str, TyperCommand]]:
    """All commands that do something, by what a person types."""
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            yield from commands(command, (*words, name))
        elif isinstance(command, TyperCommand):
            yield " ".join((*words, name)), command


COMMANDS = dict(commands(ROOT)) if isinstance(ROOT, TyperGroup) else {}


def test_every_command_stands_in_a_group() -> None:
    assert isinstance(ROOT, TyperGroup)
    with ROOT.make_context("mlops-new", ["status"]) as context:
        listed = [ROOT.commands[name] for name in ROOT.list_commands(context)]
    assert tuple(dict.fromkeys(getattr(command, "rich_help_panel", None) for command in listed)) == PANELS


@pytest.mark.parametrize("words", COMMANDS)
def test_every_command_has_an_example_that_it_takes(words: str) -> None:
    command = COMMANDS[words]
    label, _, example = (command.epilog or "").partition("Example: mlops-new ")
    assert label == ""
    assert example.startswith(words)
    arguments = shlex.split(example.removeprefix(words))
    with command.make_context(words, arguments) as context:  # refused with an error where it does not take them
        assert context.params["as_json"] is False
