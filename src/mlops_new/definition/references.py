"""The grammar of pipeline variables: what `Get` may name, and where variables stand in a value."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, TypeGuard

from mlops_new.definition.document import Path, text

EXECUTION: Final = (
    "StartDateTime",
    "CurrentDateTime",
    "PipelineName",
    "PipelineArn",
    "PipelineExecutionId",
    "PipelineExecutionArn",
    "TrainingJobName",
    "ProcessingJobName",
)
EXPERIMENT: Final = ("ExperimentName", "TrialName")
FUNCTIONS: Final = ("Get", "Std:Join", "Std:JsonGet")

_NAME = r"[A-Za-z0-9\-_]+"
_ROOT = "Parameters|Execution|PipelineExperimentConfig|Steps"
_GET = re.compile(rf"(?P<root>{_ROOT})\.(?P<name>{_NAME})(?P<rest>.*)")
_SEGMENT = re.compile(r"""\.(?P<member>\w+)|\[(?P<index>\d{1,9})\]|\[(?P<quote>['"])(?P<key>[^'"\]]+)(?P=quote)\]""")
_FILE = re.compile(r"\.PropertyFiles\.(?P<file>[^.\[\]]+)")
_LOOP = re.compile(rf"(?:ForEach\.CurrentItem|IterationOutput\.(?P<step>{_NAME}))(?P<rest>.*)")


@dataclass(frozen=True)
class ParameterReference:
    """`Parameters.<name>`."""

    name: str


@dataclass(frozen=True)
class ExecutionReference:
    """`Execution.<name>`: something about the run itself."""

    name: str


@dataclass(frozen=True)
class ExperimentReference:
    """`PipelineExperimentConfig.<name>`."""

    name: str


@dataclass(frozen=True)
class Member:
    """`.name` in a property path."""

    name: str


@dataclass(frozen=True)
class Item:
    """`[0]` or `['name']` in a property path."""

    key: str | int


Segment: TypeAlias = Member | Item


@dataclass(frozen=True)
class PropertyReference:
    """`Steps.<step>.<path>`: a property of what the step makes."""

    step: str
    path: tuple[Segment, ...]


@dataclass(frozen=True)
class PropertyFileReference:
    """`Steps.<step>.PropertyFiles.<file>`: only `Std:JsonGet` reads it."""

    step: str
    file: str


@dataclass(frozen=True)
class LoopReference:
    """`ForEach.CurrentItem…`, or `IterationOutput.<step>…` of a ForEach step's selector (`step` is then its name)."""

    step: str


_SIMPLE: Final[Mapping[str, type[ParameterReference | ExecutionReference | ExperimentReference]]] = {
    "Parameters": ParameterReference,
    "Execution": ExecutionReference,
    "PipelineExperimentConfig": ExperimentReference,
}

Reference: TypeAlias = (
    ParameterReference
    | ExecutionReference
    | ExperimentReference
    | PropertyReference
    | PropertyFileReference
    | LoopReference
)


def reference(name: str) -> Reference | None:
    """What the text of a `Get` refers to; None where it is not of the grammar."""
    if not name.isprintable():
        return None
    if loop := _LOOP.fullmatch(name):
        return None if _segments(loop["rest"]) is None else LoopReference(loop["step"] or "")
    found = _GET.fullmatch(name)
    if found is None:
        return None
    if found["root"] == "Steps":
        return _property(found["name"], found["rest"])
    return None if found["rest"] else _SIMPLE[found["root"]](found["name"])


def _property(step: str, rest: str) -> PropertyReference | PropertyFileReference | None:
    if file := _FILE.fullmatch(rest):
        return PropertyFileReference(step, file["file"])
    path = _segments(rest)
    return PropertyReference(step, path) if path else None


def _segments(rest: str) -> tuple[Segment, ...] | None:
    found: list[Segment] = []
    position = 0
    while position < len(rest):
        segment = _SEGMENT.match(rest, position)
        if segment is None:
            return None
        found.append(_segment(segment))
        position = segment.end()
    return tuple(found)


def _segment(segment: re.Match[str]) -> Segment:
    if segment["member"] is not None:
        return Member(segment["member"])
    return Item(segment["key"] if segment["index"] is None else int(segment["index"]))


def is_variable(value: object) -> TypeGuard[dict[str, Any]]:
    """Whether the value is a pipeline variable: an object of one member, `Get` or a function `Std:…`."""
    if not isinstance(value, dict) or len(value) != 1:
        return False
    (name,) = value
    return name == "Get" or text(name).startswith("Std:")


def variables(value: object, path: Path) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """Every pipeline variable in the value, with its place, those inside other variables too."""
    waiting: list[tuple[Path, object]] = [(path, value)]
    while waiting:
        place, here = waiting.pop()
        if isinstance(here, dict):
            if is_variable(here):
                yield place, here
            waiting.extend(((*place, name), child) for name, child in here.items())
        elif isinstance(here, list):
            waiting.extend(((*place, index), child) for index, child in enumerate(here))


def step_names(value: object) -> Iterator[str]:
    """The names of the steps that the value refers to, whether or not they exist."""
    for _, variable in variables(value, ()):
        match reference(text(variable.get("Get"))):
            case PropertyReference(step=name) | PropertyFileReference(step=name):
                yield name
            case _:
                continue
