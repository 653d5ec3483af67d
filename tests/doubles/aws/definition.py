"""What a pipeline definition says: its parameters, its steps, and what each of them waits for.

Read from AWS's side alone, so that a wrong reading in mlops-new does not pass here, too: the published JSON schema of
version 2020-12-01, what the SageMaker SDK compiles and how its `PipelineGraph` orders it, and the developer guide's
pages about steps, parameters and conditions.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Any

from tests.doubles.aws.packages import Document, Refused

_BRANCHES = {"IfSteps": True, "ElseSteps": False}
_INTEGER = re.compile(r"-?[0-9]+")
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?")


@dataclass(frozen=True)
class Step:
    """A step.

    Args:
        body: As it stands in the definition, without the steps of its branches.
        holder: The Condition step whose branch it is in; empty at the top.
        outcome: What the holder has to come to.
    """

    body: Document
    holder: str = ""
    outcome: bool = True

    @property
    def name(self) -> str:
        """Unique in a pipeline."""
        return str(self.body["Name"])

    @property
    def type(self) -> str:
        """Such as Processing."""
        return str(self.body["Type"])

    @property
    def arguments(self) -> Document:
        """The request that it makes, still with its variables."""
        arguments: Document = self.body.get("Arguments", {})
        return arguments

    @property
    def waits_for(self) -> set[str]:
        """The steps that have to succeed before: those named in DependsOn, those read, and the Condition around it."""
        return {*self.body.get("DependsOn", []), *_steps_read(self.body), *([self.holder] if self.holder else [])}


def steps(document: Document) -> list[Step]:
    """All steps, those of branches after the Condition step that holds them.

    Raises:
        Refused: The service would not take the definition.
    """
    found = list(_flat(document["Steps"]))
    names = [step.name for step in found]
    if len(set(names)) < len(names):
        raise _invalid("Step names must be unique")
    for step in found:
        _check(step, set(names))
    try:
        TopologicalSorter({step.name: step.waits_for for step in found}).prepare()
    except CycleError as error:
        raise _invalid(f"Cycle detected in the steps: {error.args[1]}") from error
    return found


def parameters(document: Document, given: list[Document]) -> Document:
    """The value of every parameter: what was given, which the API carries as text, else the default.

    Raises:
        Refused: A value is missing, unknown or of another type.
    """
    declared = {entry["Name"]: entry for entry in document.get("Parameters", [])}
    texts = {entry["Name"]: entry["Value"] for entry in given}
    for name in texts.keys() - declared.keys():
        raise _invalid(f"Unknown parameter '{name}'")
    values = {name: _value(entry, texts.get(name)) for name, entry in declared.items()}
    for name, entry in declared.items():
        if values[name] not in entry.get("EnumValues", [values[name]]):
            raise _invalid(f"Parameter {name}: {values[name]} is not one of {entry['EnumValues']}")
    return values


def _flat(listed: list[Document], holder: str = "", *, outcome: bool = True) -> Iterator[Step]:
    for body in listed:
        arguments = body.get("Arguments", {})
        branches = [name for name in _BRANCHES if body["Type"] == "Condition" and name in arguments]
        rest = {name: value for name, value in arguments.items() if name not in branches}
        yield Step({**body, "Arguments": rest}, holder, outcome)
        for name in branches:
            yield from _flat(arguments[name], body["Name"], outcome=_BRANCHES[name])


def _check(step: Step, names: set[str]) -> None:
    if any(not isinstance(entry, str) for entry in step.body.get("DependsOn", [])):
        raise NotImplementedError("this double starts no step because another one failed")
    if missing := step.waits_for - names:
        raise _invalid(f"Step {step.name} refers to steps that do not exist: {sorted(missing)}")


def _steps_read(value: Any) -> Iterator[str]:
    match value:
        case {"Get": str(path)} if path.startswith("Steps."):
            yield path.split(".")[1]
        case dict():
            for member in value.values():
                yield from _steps_read(member)
        case list():
            for item in value:
                yield from _steps_read(item)
        case _:
            return


def _value(declared: Mapping[str, Any], text: str | None) -> Any:
    name, kind = declared["Name"], declared["Type"]
    default = declared.get("DefaultValue")
    if text is None:
        if default is None:
            raise _invalid(f"Parameter '{name}' is undefined.")
        return float(default) if kind == "Float" else default
    if text == "":
        raise _invalid(f'Parameter {name} value "" is too short (length: 0, required minimum: 1).')
    match kind:
        case "String":
            return text
        case "Integer" if _INTEGER.fullmatch(text):
            return int(text)
        case "Float" if _NUMBER.fullmatch(text):
            return float(text)
        case "Boolean" if text.lower() in {"true", "false"}:
            return text.lower() == "true"
        case _:
            raise _invalid(f"Parameter {name}: {text} is no {kind}")


def _invalid(message: str) -> Refused:
    return Refused("ValidationException", message)
