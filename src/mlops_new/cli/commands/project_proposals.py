"""Answers that a table suggests: `mlops-new project NAME --like TABLE`, found by the template's own code."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlops_new.cli.adapters import environment
from mlops_new.cli.commands import data_description
from mlops_new.cli.console import Console
from mlops_new.errors import Invalid
from mlops_new.names import Kind
from mlops_new.settings.load import Settings
from mlops_new.template.packaged import packaged

_MODULE = "reading.proposal"
_LISTS = ("id_columns", "features", "categorical", "exclude")


@dataclass(frozen=True)
class Proposals:
    """Defaults for the questions that were not answered.

    Args:
        table: The file or folder that they come from.
        answers: By question.
        why: A reason for each.
    """

    table: Path
    answers: Mapping[str, Any]
    why: Mapping[str, str]

    def lines(self) -> list[str]:
        """A line for each, as the plan shows it."""
        told = [f"  ? {name} = {json.dumps(value, ensure_ascii=False)}  ({why})" for name, value, why in self._told()]
        return [f"Proposed by {self.table.name}:", *told]

    def _told(self) -> list[tuple[str, Any, str]]:
        return [(name, value, self.why[name]) for name, value in self.answers.items() if name in self.why]


def propose(table: Path, given: Mapping[str, Any], settings: Settings, console: Console, *, ask: bool) -> Proposals:
    """Look at a table, in the environment that the project's image will have; nothing else is made.

    Args:
        table: A file or folder.
        given: Answers that stand.
        settings: Say where environments are kept.
        console: To speak on.
        ask: Whether somebody is there to name the target.

    Raises:
        Invalid: There is no such table, it cannot be read, or nobody says which column is to be predicted.
    """
    if not table.exists():
        raise Invalid(f"there is no file or folder {table}", hint="--like takes a table: CSV or Parquet, or a folder")
    known = {name: _read(name, value) for name, value in given.items()}
    if ask and not known.get("target"):
        known["target"] = console.ask("Column that is to be predicted: ")
    code = packaged() / "templates" / Kind.BUILD
    python = environment(settings, code, console.say)
    console.say(f"looking at {table.name}")
    arguments = (str(table.absolute()), "--answers", json.dumps(known))
    found = data_description.ask(python, code, _MODULE, *arguments)
    answers = {name: value for name, value in found["answers"].items() if name not in given}
    return Proposals(table, answers, {"target": "as you said", **found["why"]})


def _read(name: str, value: Any) -> Any:
    """A list may have been typed as YAML."""
    if name not in _LISTS or not isinstance(value, str):
        return value
    import yaml

    try:
        return yaml.safe_load(value)
    except yaml.YAMLError:
        raise Invalid(f"the answer to {name} is {value!r}, which is not YAML", hint="a list, like [a, b]") from None
