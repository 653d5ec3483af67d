"""Judge a value against a shape: members, types, choices, patterns, sizes. A variable counts by its sort."""

from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any, Protocol

from mlops_new.definition.document import Path, Scalar
from mlops_new.definition.faults import Fault, kind, quantity, show, suggest
from mlops_new.definition.patterns import matches
from mlops_new.definition.references import is_variable
from mlops_new.definition.shapes import Shape, known_to


class Sort(Enum):
    """What a variable becomes when the run reads it."""

    TEXT = "text"
    INTEGER = "an integer"
    NUMBER = "a number"
    BOOLEAN = "a Boolean"
    TIME = "a time"
    LIST = "a list"
    OBJECT = "an object"
    UNKNOWN = "unknown"


_SORTS = {
    "string": Sort.TEXT,
    "blob": Sort.TEXT,
    "integer": Sort.INTEGER,
    "long": Sort.INTEGER,
    "float": Sort.NUMBER,
    "double": Sort.NUMBER,
    "boolean": Sort.BOOLEAN,
    "timestamp": Sort.TIME,
    "list": Sort.LIST,
    "map": Sort.OBJECT,
    "structure": Sort.OBJECT,
}
_LITERALS = {
    str: Sort.TEXT,
    int: Sort.INTEGER,
    float: Sort.NUMBER,
    bool: Sort.BOOLEAN,
    list: Sort.LIST,
    dict: Sort.OBJECT,
}
_FITS = {
    (Sort.INTEGER, Sort.NUMBER),
    (Sort.TIME, Sort.TEXT),
    (Sort.TEXT, Sort.TIME),
    (Sort.INTEGER, Sort.TIME),
    (Sort.NUMBER, Sort.TIME),
}


class Variables(Protocol):
    """What is known of variables before a run."""

    def sort(self, variable: Mapping[str, Any], /) -> Sort:
        """What the variable becomes; unknown where it is not told, or where the variable itself is at fault."""
        ...

    def possible(self, variable: Mapping[str, Any], /) -> Iterator[tuple[str, Scalar]]:
        """The values that the document itself gives it, each with what to call it: `the default`."""
        ...


def sort_of(shape: Shape) -> Sort:
    """The sort of the values of a shape."""
    return _SORTS.get(shape.type, Sort.UNKNOWN)


def sort_of_literal(value: object) -> Sort:
    """The sort of a value that is written out."""
    return _LITERALS.get(type(value), Sort.UNKNOWN)


def fits(given: Sort, wanted: Sort) -> bool:
    """Whether a value of one sort may stand where another is wanted."""
    return given is wanted or Sort.UNKNOWN in {given, wanted} or (given, wanted) in _FITS


def judge(value: object, shape: Shape, path: Path, variables: Variables) -> Iterator[Fault]:
    """Every fault of the value, those of what is inside it too. What variables refer to is judged elsewhere."""
    if shape.type == "any":
        return
    if is_variable(value):
        yield from _variable(value, shape, path, variables)
        return
    if shape.type == "document":
        yield from _document(value, shape, path)
        return
    if not fits(sort_of_literal(value), sort_of(shape)) or value is None:
        given = "null" if value is None else f"{show(value)} is {kind(value)}"
        yield Fault(path, f"{given}; {sort_of(shape).value} is expected")
        return
    match value:
        case dict() if shape.type == "structure":
            yield from _structure(value, shape, path, variables)
        case dict():
            yield from _map(value, shape, path, variables)
        case list():
            yield from _list(value, shape, path, variables)
        case str() | bool() | int() | float():
            yield from (Fault(path, f"{show(value)} {broken}") for broken in broken_rules(value, shape))
        case _:
            yield Fault(path, f"{show(value)} is nothing that JSON has")


def _document(value: object, shape: Shape, path: Path) -> Iterator[Fault]:
    """JSON as text, or as it is: what is in it only the service can judge."""
    if isinstance(value, str):
        yield from (Fault(path, f"{show(value)} {broken}") for broken in broken_rules(value, shape))
    elif not isinstance(value, dict):
        yield Fault(path, f"{show(value)} is {kind(value)}; an object, or JSON as text, is expected")


def _variable(variable: Mapping[str, Any], shape: Shape, path: Path, variables: Variables) -> Iterator[Fault]:
    wanted = sort_of(shape)
    if shape.rules.get("literal"):
        yield Fault(path, f"{show(variable)}; {wanted.value} is expected, and a variable cannot stand here")
        return
    given = variables.sort(variable)
    if not fits(given, wanted):
        yield Fault(path, f"{show(variable)} gives {given.value}; {wanted.value} is expected")
        return
    for called, value in variables.possible(variable):
        for broken in broken_rules(value, shape):
            yield Fault(path, f"{called} of {show(variable)}, {show(value)}, {broken}")


def _structure(value: dict[str, Any], shape: Shape, path: Path, variables: Variables) -> Iterator[Fault]:
    members = shape.members
    for name, item in value.items():
        if name not in members:
            yield Fault((*path, name), f"unknown member{suggest(name, members)}")
        elif item is not None:
            yield from judge(item, shape.member(name), (*path, name), variables)
    for name in shape.rules.get("required", ()):
        if value.get(name) is None:
            yield Fault((*path, name), f"missing; {_wanted(shape.member(name))} is expected")
    if shape.rules.get("union"):
        yield from _union(value, shape, path)


def _wanted(shape: Shape) -> str:
    sort = sort_of(shape)
    return "a value" if sort is Sort.UNKNOWN else sort.value


def _union(value: dict[str, Any], shape: Shape, path: Path) -> Iterator[Fault]:
    present = [name for name, item in value.items() if item is not None and name in shape.members]
    if len(present) != 1:
        given = " and ".join(present) or "none"
        yield Fault(path, f"{given} given; exactly one of {', '.join(shape.members)} is expected")


def _map(value: dict[str, Any], shape: Shape, path: Path, variables: Variables) -> Iterator[Fault]:
    yield from (Fault(path, broken) for broken in _sizes(len(value), shape, "entry", "entries"))
    key, part = shape.part("key"), shape.part("value")
    for name, item in value.items():
        for broken in broken_rules(name, key):
            yield Fault((*path, name), f"the key {show(name)} {broken}")
        yield from judge(item, part, (*path, name), variables)


def _list(value: list[Any], shape: Shape, path: Path, variables: Variables) -> Iterator[Fault]:
    yield from (Fault(path, broken) for broken in _sizes(len(value), shape, "item", "items"))
    part = shape.part("member")
    for index, item in enumerate(value):
        yield from judge(item, part, (*path, index), variables)


def _sizes(count: int, shape: Shape, one: str, many: str) -> Iterator[str]:
    if count < shape.rules.get("min", 0):
        least = shape.rules["min"]
        yield f"{_counted(count, one, many)}; at least {_counted(least, one, many)} {_is(least)} expected"
    if count > shape.rules.get("max", count):
        most = shape.rules["max"]
        yield f"{_counted(count, one, many)}; at most {_counted(most, one, many)} {_is(most)} allowed"


def _counted(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"


def _is(count: int) -> str:
    return "is" if count == 1 else "are"


def broken_rules(value: Scalar, shape: Shape) -> Iterator[str]:
    """The rules for single values that this one, of the right sort, breaks: what to say after the value."""
    if isinstance(value, str):
        yield from _text(value, shape)
    elif not isinstance(value, bool):
        least, most = shape.rules.get("min"), shape.rules.get("max")
        if least is not None and value < least:
            yield f"is too small; at least {least} is expected"
        if most is not None and value > most:
            yield f"is too large; at most {most} is allowed"


def _text(value: str, shape: Shape) -> Iterator[str]:
    rules = shape.rules
    if "enum" in rules:
        if value not in rules["enum"]:
            yield _not_a_choice(value, rules["enum"], shape.name)
        return
    least, most = rules.get("min", 0), rules.get("max", len(value))
    if not value and least:
        yield "is empty; text is expected"
    elif len(value) < least:
        yield f"is {quantity(len(value), 'character')} long; at least {least} are expected"
    elif len(value) > most:
        yield f"is {quantity(len(value), 'character')} long; at most {most} are allowed"
    elif not matches(value, rules.get("pattern", r"[\s\S]*")):
        yield "has a line break; one line is expected" if rules["pattern"] == ".*" else _no_match(rules["pattern"])


def _no_match(pattern: str) -> str:
    return f"does not match {pattern}"


def _not_a_choice(value: str, choices: list[str], name: str) -> str:
    if name.startswith("pipeline."):
        return f"is not allowed here{suggest(value, choices)}"
    return f"is not one of the {quantity(len(choices), 'value')} that {known_to()} knows{suggest(value, choices)}"
