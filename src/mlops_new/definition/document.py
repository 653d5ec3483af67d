"""The pipeline document as values: parameters, steps, canonical text. Nothing here judges it."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Any, Final, TypeAlias

VERSION: Final = "2020-12-01"
MAX_DEPTH: Final = 100
"""Levels of nesting that are read. Documents in use have about twenty; more is junk that only exhausts the stack."""

Path: TypeAlias = tuple[str | int, ...]
Scalar: TypeAlias = str | int | float | bool

BRANCHES: Final[Mapping[str, tuple[str, ...]]] = {"Condition": ("IfSteps", "ElseSteps"), "ForEach": ("ForEachBody",)}
"""The members of Arguments that hold steps, by the type of the step they are in."""


class Missing(Enum):
    """The type of `MISSING`: a parameter without a default has to be given at the start."""

    MISSING = "missing"


MISSING: Final = Missing.MISSING


@dataclass(frozen=True)
class Parameter:
    """A pipeline parameter: its `type` is String, Integer, Float or Boolean."""

    name: str
    type: str
    default: Scalar | Missing = MISSING
    enum: tuple[Scalar, ...] = ()


@dataclass(frozen=True)
class Step:
    """One step, wherever it is nested.

    Attributes:
        name: Unique in a good document; empty where the document names it badly.
        type: `Training`, `Condition`, …; empty where the document has none.
        body: The step as it stands in the document.
        path: Where it stands, from the top of the document.
        parent: The Condition or ForEach step it is in.
        branch: The member of the parent's arguments that holds it: IfSteps, ElseSteps or ForEachBody.
    """

    name: str
    type: str
    body: Mapping[str, Any]
    path: Path
    parent: "Step | None" = None
    branch: str = ""

    @property
    def arguments(self) -> Mapping[str, Any]:
        """The arguments; empty where there are none."""
        return mapping(self.body.get("Arguments"))

    @property
    def ancestors(self) -> "tuple[tuple[Step, str], ...]":
        """The steps it is nested in and the branch of each, the innermost first."""
        if self.parent is None:
            return ()
        return ((self.parent, self.branch), *self.parent.ancestors)

    @property
    def own(self) -> Mapping[str, Any]:
        """The step without the steps nested in it."""
        nested = BRANCHES.get(self.type, ())
        if not nested:
            return self.body
        return {**self.body, "Arguments": self.own_arguments} if self.arguments else self.body

    @property
    def own_arguments(self) -> Mapping[str, Any]:
        """The arguments without the steps nested in them."""
        nested = BRANCHES.get(self.type, ())
        return {name: value for name, value in self.arguments.items() if name not in nested}


@dataclass(frozen=True)
class Definition:
    """A pipeline document, schema 2020-12-01. `parse` makes one from text; `validate` tells what is wrong with it."""

    document: Mapping[str, Any]

    @cached_property
    def parameters(self) -> Mapping[str, Parameter]:
        """The parameters by name, in the document's order."""
        found = (_parameter(entry) for entry in sequence(self.document.get("Parameters")))
        return {parameter.name: parameter for parameter in found if parameter is not None}

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """Every step in the document's order, a step that holds others before them."""
        return tuple(_steps(self.document.get("Steps"), ("Steps",), None, ""))

    @cached_property
    def digest(self) -> str:
        """The SHA-256 of the canonical text, in hexadecimal."""
        return hashlib.sha256(canonical(self.document).encode()).hexdigest()

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of the steps, in the document's order."""
        return tuple(step.name for step in self.steps if step.name)

    def step(self, name: str) -> Step | None:
        """The step of that name, the first one where a bad document has two."""
        return self._by_name.get(name)

    @cached_property
    def _by_name(self) -> Mapping[str, Step]:
        return {step.name: step for step in reversed(self.steps) if step.name}


def canonical(document: Mapping[str, Any]) -> str:
    """The text that is committed: sorted keys, two spaces, one newline at the end."""
    return json.dumps(document, indent=2, sort_keys=True) + "\n"


def mapping(value: object) -> Mapping[str, Any]:
    """The value where it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def sequence(value: object) -> list[Any]:
    """The value where it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def text(value: object) -> str:
    """The value where it is text, else the empty one."""
    return value if isinstance(value, str) else ""


def as_text(value: object) -> str:
    """A value where SageMaker wants a string: arguments, hyperparameters, environment, parts of a join."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def depth(value: object) -> int:
    """How many lists and objects are inside each other, counted without recursion."""
    deepest, level = 0, [value]
    while level := [child for parent in level if isinstance(parent, dict | list) for child in _children(parent)]:
        deepest += 1
        if deepest > MAX_DEPTH:
            break
    return deepest


def _children(value: "dict[str, Any] | list[Any]") -> "list[Any]":
    return list(value.values()) if isinstance(value, dict) else value


def _parameter(entry: object) -> Parameter | None:
    body = mapping(entry)
    name = text(body.get("Name"))
    if not name:
        return None
    default = body.get("DefaultValue")
    return Parameter(
        name=name,
        type=text(body.get("Type")),
        default=default if isinstance(default, Scalar) else MISSING,
        enum=tuple(value for value in sequence(body.get("EnumValues")) if isinstance(value, Scalar)),
    )


def _steps(value: object, path: Path, parent: Step | None, branch: str) -> Iterator[Step]:
    for index, body in enumerate(sequence(value)):
        if isinstance(body, dict):
            step = Step(text(body.get("Name")), text(body.get("Type")), body, (*path, index), parent, branch)
            yield step
            yield from _nested(step)


def _nested(step: Step) -> Iterator[Step]:
    names = BRANCHES.get(step.type, ())
    for name, value in step.arguments.items():
        if name in names:
            yield from _steps(value, (*step.path, "Arguments", name), step, name)
