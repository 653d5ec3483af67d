"""What the variables of a definition become in an execution, and what its conditions come to.

From the same sources as `definition`: `Get`, `Std:Join` and `Std:JsonGet` as the SDK writes them, paths as the
developer guide shows them, and what the SDK's own local mode does where a value is missing.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.doubles.aws.packages import Document

_PART = re.compile(r"""\.([^.\[\]]+)|\[([0-9]+)\]|\['([^']+)'\]|\["([^"]+)"\]""")
_NAMED_BY = {
    "Outputs": "OutputName",
    "ProcessingInputs": "InputName",
    "InputDataConfig": "ChannelName",
    "FinalMetricDataList": "MetricName",
}
"""Lists of the service's answers whose items a path may name, and what member holds the name."""


class Undefined(Exception):
    """A variable has no value, or two values cannot be compared: the step fails."""


@dataclass(frozen=True)
class Known:
    """What an execution knows.

    Args:
        parameters: By name.
        execution: What `Execution.…` gives, by name.
        properties: What is known of the steps that succeeded: the answer of their Describe call.
        property_file: The content of a property file, by the names of its step and its own.
        read: The content of the JSON object at a URI.
    """

    parameters: Mapping[str, Any]
    execution: Mapping[str, Any]
    properties: Mapping[str, Any]
    property_file: Callable[[str, str], Any]
    read: Callable[[str], Any]

    def value(self, node: Any) -> Any:
        """A part of a definition with every variable replaced; members that are null are left out, as by the service.

        Raises:
            Undefined: A variable has no value.
        """
        match node:
            case {"Get": str(path)} if len(node) == 1:
                return self._got(path)
            case {"Std:Join": dict(join)} if len(node) == 1:
                return str(join.get("On", "")).join(as_text(self.value(part)) for part in join["Values"])
            case {"Std:JsonGet": dict(query)} if len(node) == 1:
                return self._json(query)
            case dict():
                return {name: self.value(member) for name, member in node.items() if member is not None}
            case list():
                return [self.value(item) for item in node]
            case _:
                return node

    def _got(self, path: str) -> Any:
        root, _, rest = path.partition(".")
        match root:
            case "Parameters":
                return _defined(self.parameters.get(rest), path)
            case "Execution":
                return _defined(self.execution.get(rest), path)
            case "Steps":
                return self._property(rest)
            case _:
                raise Undefined(f"{path} is undefined")

    def _property(self, rest: str) -> Any:
        step, _, path = rest.partition(".")
        if step not in self.properties:
            raise Undefined(f"Steps.{rest}: step {step} has not succeeded")
        return _walked(self.properties[step], f".{path}", _NAMED_BY)

    def _json(self, query: Document) -> Any:
        if "S3Uri" in query:
            content = self.read(self.value(query["S3Uri"]))
        else:
            _, step, _, name = query["PropertyFile"]["Get"].split(".", 3)
            content = self.property_file(step, name)
        path = str(self.value(query["Path"])).removeprefix("$")
        return _walked(content, path if path[:1] in {"", ".", "["} else f".{path}", {})


def holds(conditions: Any) -> bool:
    """Whether all conditions of a Condition step are true; their variables are replaced before any is compared."""
    return all(map(_holds, conditions))


def as_text(value: Any) -> str:
    """A value inside a text: as JSON writes it, text without its quotes."""
    if isinstance(value, dict | list) or value is None:
        raise Undefined(f"{json.dumps(value)} cannot be part of a text")
    return value if isinstance(value, str) else json.dumps(value)


def _holds(condition: Any) -> bool:
    match condition:
        case {"Type": "Not", "Condition": inner}:
            return not _holds(inner)
        case {"Type": "Or", "Conditions": inner}:
            return any(map(_holds, inner))
        case {"Type": "In", "QueryValue": asked, "Values": choices}:
            return any(_same(asked, choice) for choice in choices)
        case {"Type": "Equals", "LeftValue": left, "RightValue": right}:
            return _same(left, right)
        case {"Type": str(kind), "LeftValue": left, "RightValue": right}:
            return _ordered(kind, left, right)
        case _:
            raise Undefined(f"{condition} is no condition")


def _same(left: Any, right: Any) -> bool:
    return _sort(left) == _sort(right) and bool(left == right)


def _ordered(kind: str, left: Any, right: Any) -> bool:
    if _sort(left) != _sort(right) or _sort(left) not in {"number", "text"}:
        raise Undefined(f"{left!r} and {right!r} have no order")
    match kind:
        case "GreaterThan":
            return bool(left > right)
        case "GreaterThanOrEqualTo":
            return bool(left >= right)
        case "LessThan":
            return bool(left < right)
        case "LessThanOrEqualTo":
            return bool(left <= right)
        case _:
            raise Undefined(f"{kind} is no condition")


def _sort(value: Any) -> str:
    match value:
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "text"
        case _:
            return "other"


def _walked(value: Any, path: str, named_by: Mapping[str, str]) -> Any:
    """What a path such as `.Outputs['table'].S3Uri` leads to."""
    place, last = 0, ""
    while place < len(path):
        part = _PART.match(path, place)
        if part is None:
            raise Undefined(f"{path} is no path")
        member, index, *quoted = part.groups()
        name = member or next(filter(None, quoted), "")
        value = _item(value, int(index)) if index else _member(value, name, named_by.get(last, ""))
        place, last = part.end(), name
    return _defined(value, path)


def _item(value: Any, index: int) -> Any:
    return value[index] if isinstance(value, list) and index < len(value) else None


def _member(value: Any, name: str, named_by: str) -> Any:
    if isinstance(value, list) and named_by:
        return next((item for item in value if item.get(named_by) == name), None)
    return value.get(name) if isinstance(value, dict) else None


def _defined(value: Any, path: str) -> Any:
    if value is None:
        raise Undefined(f"{path} is undefined")
    return value
