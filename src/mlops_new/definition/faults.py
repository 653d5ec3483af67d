"""A fault and its place; how faults, values and places read in one line."""

import json
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from mlops_new.definition.document import Definition, Path, Step, mapping, sequence, text

LONGEST: Final = 100
_KINDS: Final[Mapping[type, str]] = {
    bool: "a Boolean",
    int: "an integer",
    float: "a number",
    str: "text",
    list: "a list",
    dict: "an object",
}
_PLAIN = re.compile(r"[\w:.\-]+")


@dataclass(frozen=True)
class Fault:
    """What is wrong, and where from the top of the document."""

    path: Path
    message: str


def lines(faults: Iterable[Fault], definition: Definition) -> list[str]:
    """One line for each fault, in the order of the document, each once."""
    steps = {step.path: step for step in definition.steps}
    ordered = sorted(set(faults), key=lambda fault: (_position(fault.path, definition.document), fault.message))
    return [f"{_place(fault.path, definition, steps)}: {fault.message}" for fault in ordered]


def show(value: object) -> str:
    """The value as a person reads it, on one line and cut where long."""
    joined = isinstance(value, dict) and value.keys() == {"Std:Join"}
    return f"Std:Join {cut(readable(value), LONGEST)}" if joined else cut(readable(value), LONGEST)


def cut(shown: str, longest: int) -> str:
    """The text, with an ellipsis where it is longer than that."""
    return shown if len(shown) <= longest else shown[: longest - 1] + "…"


def readable(value: Any) -> str:
    """The value on one line: JSON, or for a variable what it gets: `Parameters.X`, `s3://{Parameters.Bucket}/data`."""
    match value:
        case {"Get": str(name)} if len(value) == 1 and name.isprintable():
            return name
        case {"Std:Join": {"Values": list(values), **rest}} if len(value) == 1:
            joined = str(rest.get("On") or "").join(map(_joined, values))
            return joined if joined.isprintable() else _json(value)
        case _:
            return _json(value)


def plain(name: str) -> str:
    """The name as it is, or in quotes and escaped where it would not read as one word on one line."""
    return name if name and name.isprintable() else _json(name)


def _joined(value: Any) -> str:
    return value if isinstance(value, str) else f"{{{readable(value)}}}"


def kind(value: object) -> str:
    """What the value is, for a sentence."""
    return _KINDS.get(type(value), "null")


def suggest(word: str, known: Collection[str]) -> str:
    """What follows a wrong word: the nearest right one, else all of them where they are few."""
    from difflib import get_close_matches

    near = get_close_matches(word, known, n=1, cutoff=0.7)
    few = 12
    if near:
        return f"; did you mean {plain(near[0])}?"
    return f"; expected {_any_of(map(plain, known))}" if 0 < len(known) <= few else ""


def _any_of(words: Iterable[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} or {last}" if most else last


def quantity(count: int, one: str) -> str:
    """A count with its noun: `1 fault`, `2 faults`."""
    return f"{count} {one}" if count == 1 else f"{count} {one}s"


def _json(value: object) -> str:
    shown = json.dumps(value, ensure_ascii=False, default=repr)
    return shown if shown.isprintable() else json.dumps(value, default=repr)


def _position(path: Path, document: Mapping[str, Any]) -> tuple[int, ...]:
    position, here = [], document
    for key in path:
        if isinstance(key, int):
            position.append(key)
            here = _item(sequence(here), key)
        else:
            members = list(mapping(here))
            position.append(members.index(key) if key in members else len(members))
            here = mapping(here).get(key, {})
    return tuple(position)


def _item(items: list[Any], index: int) -> Any:
    return items[index] if index < len(items) else {}


def _place(path: Path, definition: Definition, steps: Mapping[Path, Step]) -> str:
    for length in range(len(path), 0, -1):
        name = _name(path[:length], definition, steps)
        if name:
            rest = dotted(path[length:])
            return f"{name}, {rest}" if rest else name
    return dotted(path) or "definition"


def _name(path: Path, definition: Definition, steps: Mapping[Path, Step]) -> str:
    match path:
        case ("Parameters", int(index)):
            entry = _item(sequence(definition.document.get("Parameters")), index)
            return _labelled("parameter", text(mapping(entry).get("Name")))
        case _ if path in steps:
            return _labelled("step", steps[path].name)
        case _:
            return ""


def _labelled(label: str, name: str) -> str:
    return f"{label} {name if _PLAIN.fullmatch(name) else show(name)}" if name else ""


def dotted(path: Path) -> str:
    """A place below a step or parameter: `Arguments.Tags[0].Key`."""
    shown = ""
    for key in path:
        if isinstance(key, int):
            shown += f"[{key}]"
        elif _PLAIN.fullmatch(key):
            shown += f".{key}" if shown else key
        else:
            shown += f"[{show(key)}]"
    return shown
