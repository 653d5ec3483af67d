"""Reads a table of the settings by its model, and tells everything that is wrong in it at once. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from mlops_new.errors import Invalid
from mlops_new.settings.fields import ALLOWED, Table
from mlops_new.settings.schema import json_schema

Model = TypeVar("Model", bound=Table)
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_TYPES = {
    "array": "a list of texts",
    "boolean": "true or false",
    "integer": "a whole number, 0 or more",
    "object": "a table",
    "string": "a text",
}


@dataclass(frozen=True)
class Fault:
    """Something that cannot stand where it stands.

    Args:
        place: The keys that lead to it.
        message: What is wrong.
        hint: What may stand there.
    """

    place: tuple[int | str, ...]
    message: str
    hint: str = ""

    def __str__(self) -> str:
        return f"{self.message}; {self.hint}" if self.hint else self.message


def read(model: type[Model], name: str, values: object) -> Model:
    """Read a table.

    Args:
        model: What it may say.
        name: Where it stands in the file, as in `bitbucket`.
        values: As TOML gives it; None where there is none.

    Raises:
        Invalid: naming every place that is wrong and what may stand there.
    """
    try:
        return model.model_validate({} if values is None else values)
    except ValidationError as error:
        raise refusal(_told(model, error, (name,))) from None


def faults(model: type[Table], values: Mapping[str, Any]) -> list[Fault]:
    """Everything that is wrong in a whole file."""
    try:
        model.model_validate(values)
    except ValidationError as error:
        return _told(model, error, ())
    return []


def refusal(faults: Sequence[Fault], file: str = "") -> Invalid:
    """All of them as one error: a line for each.

    Args:
        faults: At least one.
        file: Where they stand, if that is known.
    """
    of_file = f"{file}: " if file else ""
    if len(faults) == 1:
        return Invalid(f"{of_file}{faults[0].message}", hint=faults[0].hint)
    return Invalid("\n".join([f"{of_file}{len(faults)} settings are wrong:", *(f"  {one}" for one in faults)]))


def _told(model: type[Table], error: ValidationError, above: tuple[str, ...]) -> list[Fault]:
    schema = json_schema(model)
    details = error.errors(include_url=False)
    return [_fault(one, _Node(schema, schema).at(one["loc"][:-1]), above) for one in details]


@dataclass(frozen=True)
class _Node:
    """A place in a schema."""

    root: Mapping[str, Any]
    schema: Mapping[str, Any]

    def at(self, keys: Sequence[int | str]) -> "_Node":
        """The place that keys lead to."""
        found = self
        for key in keys:
            found = found.member(key)
        return found

    def member(self, key: int | str) -> "_Node":
        """What a table says of one of its members, or a list of its items."""
        inner = self.table
        if isinstance(key, int):
            return _Node(self.root, inner.get("items", {}))
        return _Node(self.root, inner.get("properties", {}).get(key) or self._pattern() or {})

    def _pattern(self) -> Mapping[str, Any]:
        inner = self.table
        found = next(iter(inner.get("patternProperties", {}).values()), inner.get("additionalProperties"))
        return found if isinstance(found, Mapping) else {}

    @property
    def table(self) -> Mapping[str, Any]:
        """The schema that this one refers to, or itself."""
        found: Mapping[str, Any] = self.schema.get("allOf", [self.schema])[0]
        if "$ref" in found:
            found = self.root["$defs"][found["$ref"].rpartition("/")[2]]
        return found

    @property
    def names(self) -> list[str]:
        """What a table may say."""
        return sorted(self.table.get("properties", {}))

    @property
    def allowed(self) -> str:
        """What may stand here, in words."""
        if words := self.schema.get(ALLOWED):
            return str(words)
        if choices := self.schema.get("enum"):
            return f"one of: {', '.join(choices)}"
        if self.schema.get("format") == "date":
            return "a day"
        if self.table.get("type") == "array" and "$ref" in self.table.get("items", {}):
            return "a list of tables"
        return _TYPES.get(str(self.table.get("type")), "something else")

    @property
    def example(self) -> str:
        """A value that is right; empty where none is given."""
        found = self.schema.get("examples") or self.table.get("items", {}).get("examples") or [""]
        return f"for example: {found[0]}" if found[0] else ""


def _fault(error: ErrorDetails, parent: _Node, above: tuple[str, ...]) -> Fault:
    *before, key = [*above, *error["loc"]] if error["loc"] else above
    place, around = (*before, key), spelled(before)
    node = parent.member(key) if error["loc"] else parent
    match error["type"]:
        case "missing":
            return Fault(place, f"[{around}] does not say {key}", node.example or f"it is {node.allowed}")
        case "extra_forbidden":
            return Fault(place, f"there is no setting {spelled(place)}", _may_say(str(key), around, parent.names))
        case _ if key == "[key]":
            return Fault(place, f"{around} cannot be a variable's name", "letters, digits and underscores")
        case "variable":
            return Fault(place, f"the setting {spelled(place)} {error['msg']}", error["ctx"]["hint"])
        case _:
            return _wrong_value(place, error["input"], node)


def _wrong_value(place: tuple[int | str, ...], value: object, node: _Node) -> Fault:
    at = spelled(place)
    if node.allowed == "a list of tables":
        return Fault(place, f"the setting {at} is a list of tables", f"write it as [[{at}]]")
    if node.schema.get("writeOnly"):  # it may be a secret by mistake
        told = f"the setting {at} is not {node.allowed}"
    elif isinstance(value, str | int | float | date):
        told = f"the setting {at} is {value!r}; it is {node.allowed}"
    else:
        told = f"the setting {at} is not {node.allowed}"
    return Fault(place, told, f"write it as [{at}]" if node.allowed == "a table" else node.example)


def _may_say(key: str, around: str, known: list[str]) -> str:
    near = get_close_matches(key, known, n=1)
    meant = f"did you mean {near[0]}? " if near else ""
    return f"{meant}{f'[{around}]' if around else 'the file'} may say: {', '.join(known)}"


def spelled(place: Sequence[int | str]) -> str:
    """A place, as TOML spells keys: `bitbucket.webhooks[0].url`."""
    return "".join(_spelled(place))


def _spelled(place: Sequence[int | str]) -> Iterator[str]:
    for index, key in enumerate(place):
        if isinstance(key, int):
            yield f"[{key}]"
        else:
            yield ("." if index else "") + (key if _BARE.fullmatch(key) else f'"{key}"')
