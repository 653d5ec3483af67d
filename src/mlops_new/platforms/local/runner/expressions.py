"""The expressions of a pipeline definition: what they name, and what they are worth. Pure."""

import operator
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mlops_new.definition.document import Scalar, as_text

_TOKEN = re.compile(r"\.?(?P<name>[^.\[\]]+)|\[(?P<quote>['\"])(?P<key>.*?)(?P=quote)\]|\[(?P<index>\d+)\]")
_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "GreaterThan": operator.gt,
    "GreaterThanOrEqualTo": operator.ge,
    "LessThan": operator.lt,
    "LessThanOrEqualTo": operator.le,
}
CONDITIONS = frozenset({"Equals", "In", "Not", "Or", *_ORDER})
FUNCTIONS = frozenset({"Get", "Std:Join", "Std:JsonGet"})


class ExpressionError(Exception):
    """An expression names what is not there, or compares what cannot be compared; the text is one line."""


@dataclass(frozen=True)
class Scope:
    """What expressions can refer to.

    Args:
        parameters: Every parameter's value.
        execution: `Execution.<name>` values.
        steps: The properties of the steps that have succeeded.
        property_file: The parsed content of (step, property file name).
        json_object: The parsed content of an S3 URI.
    """

    parameters: Mapping[str, Any]
    execution: Mapping[str, Any]
    steps: Mapping[str, Mapping[str, Any]]
    property_file: Callable[[str, str], Any]
    json_object: Callable[[str], Any]


def evaluate(value: Any, scope: Scope) -> Any:
    """Replace every expression in a JSON value by what it is worth.

    Raises:
        ExpressionError: One cannot be evaluated.
    """
    match value:
        case {"Get": str(path)} if len(value) == 1:
            return _get(path, scope)
        case {"Std:Join": {"Values": list(values)} as join} if len(value) == 1:
            return str(join.get("On", "")).join(_piece(evaluate(part, scope)) for part in values)
        case {"Std:JsonGet": dict(arguments)} if len(value) == 1:
            return _json_get(arguments, scope)
        case dict():
            return {key: evaluate(member, scope) for key, member in value.items()}
        case list():
            return [evaluate(member, scope) for member in value]
        case _:
            return value


def hold(conditions: Sequence[Mapping[str, Any]], scope: Scope) -> bool:
    """Whether all conditions of a Condition step are true.

    Their variables are evaluated before anything is compared, as in the SDK's local mode: what has no value fails the
    step, even beside a condition that decides without it.

    Raises:
        ExpressionError: One cannot be evaluated.
    """
    return all(map(_holds, evaluate(conditions, scope)))


def _holds(condition: Mapping[str, Any]) -> bool:
    kind = condition["Type"]
    if kind == "Not":
        return not _holds(condition["Condition"])
    if kind == "Or":
        return any(map(_holds, condition["Conditions"]))
    if kind == "In":
        return any(_equal(condition["QueryValue"], choice) for choice in condition["Values"])
    if kind == "Equals":
        return _equal(condition["LeftValue"], condition["RightValue"])
    return _ordered(kind, condition["LeftValue"], condition["RightValue"])


def references(value: Any) -> Iterator[str]:
    """Every path that `Get` names in a JSON value, nested expressions included."""
    match value:
        case {"Get": str(path)} if len(value) == 1:
            yield path
        case dict():
            for member in value.values():
                yield from references(member)
        case list():
            for member in value:
                yield from references(member)
        case _:
            return


def tokens(path: str) -> list[str | int]:
    """Split `a.b['c'][0]` into its parts.

    Raises:
        ExpressionError: It is not such a path.
    """
    found: list[str | int] = []
    place = 0
    while place < len(path):
        match = _TOKEN.match(path, place)
        if match is None:
            raise ExpressionError(f"{path!r} is not a path")
        found.append(_token(match))
        place = match.end()
    return found


def _token(match: re.Match[str]) -> str | int:
    if match["index"] is not None:
        return int(match["index"])
    return str(match["name"] or match["key"])


def _get(path: str, scope: Scope) -> Any:
    match tokens(path):
        case ["Parameters", str(name)]:
            return _member(scope.parameters, name, path)
        case ["Execution", str(name)]:
            return _member(scope.execution, name, path)
        case ["Steps", str(step), "PropertyFiles", str(name)]:
            return scope.property_file(step, name)
        case ["Steps", str(step), *rest]:
            if step not in scope.steps:
                raise ExpressionError(f"{path}: the step {step} has no properties: it did not succeed")
            return _walk(scope.steps[step], rest, path, _property)
        case _:
            raise ExpressionError(f"{path!r} is nothing that Get can read")


def _json_get(arguments: Mapping[str, Any], scope: Scope) -> Any:
    path = str(evaluate(arguments["Path"], scope))
    if "S3Uri" in arguments:
        document = scope.json_object(str(evaluate(arguments["S3Uri"], scope)))
    else:
        document = evaluate(arguments["PropertyFile"], scope)
    return _walk(document, tokens(path.removeprefix("$")), path, _member)


def _walk(value: Any, path: list[str | int], whole: str, member: Callable[[Any, str | int, str], Any]) -> Any:
    for part in path:
        value = member(value, part, whole)
    if value is None:
        raise ExpressionError(f"{whole} is null")
    return value


def _property(value: Any, part: str | int, whole: str) -> Any:
    """A part of SageMaker's answers, whose lists are read by what names their elements, such as OutputName."""
    if isinstance(value, list) and isinstance(part, str):
        for element in value:
            if isinstance(element, Mapping) and _named(element) == part:
                return element
    return _member(value, part, whole)


def _member(value: Any, part: str | int, whole: str) -> Any:
    match value, part:
        case Mapping(), str() if part in value:
            return value[part]
        case list(), int() if part < len(value):
            return value[part]
        case _:
            raise ExpressionError(f"{whole}: there is no {part!r}, only {_shown(value)}")


def _piece(value: Any) -> str:
    if not isinstance(value, Scalar):
        raise ExpressionError(f"Std:Join: {_shown(value)} cannot be part of a text")
    return as_text(value)


def _shown(value: Any) -> str:
    match value:
        case Mapping():
            return ", ".join(map(str, value)) or "an empty object"
        case list():
            return f"a list of {len(value)}"
        case _:
            return repr(value)


def _named(element: Mapping[str, Any]) -> Any:
    return next((value for key, value in element.items() if key.endswith("Name")), None)


def _equal(left: Any, right: Any) -> bool:
    # In Python True == 1; in JSON a boolean is no number.
    return isinstance(left, bool) == isinstance(right, bool) and bool(left == right)


def _ordered(kind: str, left: Any, right: Any) -> bool:
    numbers = all(isinstance(side, int | float) and not isinstance(side, bool) for side in (left, right))
    texts = isinstance(left, str) and isinstance(right, str)
    if kind not in _ORDER or not (numbers or texts):
        raise ExpressionError(f"{left!r} {kind} {right!r} cannot be decided: two numbers or two strings are needed")
    return _ORDER[kind](left, right)
