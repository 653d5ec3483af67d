"""The part of JSONPath that a transform job's filters may use."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

_PART = re.compile(
    r"\.(?P<name>[^.\[\]*\s]+)"
    r"|(?P<all>\.\*|\[\*\])"
    r"|\[(?P<names>\s*'[^']*'(?:\s*,\s*'[^']*')*\s*)\]"
    r"|\[(?P<numbers>\s*-?\d+(?:\s*,\s*-?\d+)*\s*)\]"
    r"|\[(?P<start>-?\d*):(?P<end>-?\d*)\]"
)

Selector = Callable[[Any], Any]


class FilterError(Exception):
    """A filter is not one, or does not fit the record; the text is one line."""


def selector(expression: str) -> Selector:
    """What an expression selects: `$`, `$.name`, `$['a','b']`, `$[0]`, `$[0,2]`, `$[1:]`, `$[*]`, one after another.

    One name or number gives a value; several names give an object of these members, several numbers a list.

    Raises:
        FilterError: It is no such expression; the selector itself raises it for a record that lacks what is asked for.
    """
    if not expression.startswith("$"):
        raise FilterError(f"the filter {expression!r} does not begin with $")
    steps: list[Selector] = []
    place = 1
    while place < len(expression):
        match = _PART.match(expression, place)
        if match is None:
            raise FilterError(f"the filter {expression!r} cannot be read from {expression[place:]!r} on")
        steps.append(_step(match))
        place = match.end()
    return lambda value: _apply(steps, value, expression)


def _apply(steps: Sequence[Selector], value: Any, expression: str) -> Any:
    try:
        for step in steps:
            value = step(value)
    except (LookupError, TypeError, AttributeError):
        shown = repr(value) if isinstance(value, bytes) else json.dumps(value, default=repr)
        raise FilterError(f"the filter {expression} finds nothing in {shown[:80]}") from None
    return value


def _step(match: re.Match[str]) -> Selector:
    if match["name"] is not None:
        return _member(match["name"])
    if match["names"] is not None:
        names = re.findall(r"'([^']*)'", match["names"])
        return _member(names[0]) if len(names) == 1 else lambda value: {name: value[name] for name in names}
    if match["numbers"] is not None:
        numbers = [int(number) for number in match["numbers"].split(",")]
        return _element(numbers[0]) if len(numbers) == 1 else lambda value: [_list(value)[place] for place in numbers]
    if match["all"] is not None:
        return lambda value: list(value.values()) if isinstance(value, Mapping) else list(_list(value))
    chosen = slice(*(int(bound) if bound else None for bound in (match["start"], match["end"])))
    return lambda value: _list(value)[chosen]


def _member(name: str) -> Selector:
    return lambda value: value[name]


def _element(place: int) -> Selector:
    return lambda value: _list(value)[place]


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError
    return value
