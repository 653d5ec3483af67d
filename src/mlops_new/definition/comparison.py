"""What changed between two pipeline documents, for people; and what does not count as a change."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias

from mlops_new.definition.document import Definition, Step, mapping, sequence, text
from mlops_new.definition.faults import cut, plain, readable
from mlops_new.definition.references import is_variable

Place: TypeAlias = tuple[str, ...]
"""Pieces of a place as they read: `.ProcessingInputs`, `[raw]`, `.S3Input`."""

_NAMED_BY: Final = ("OutputName", "InputName", "ChannelName", "PropertyFileName", "Name", "Key")
"""What tells the items of a list apart: one more input is one difference."""
_LONGEST: Final = 120


def normalise(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document without what means nothing: null and empty members, the order of Parameters and of DependsOn."""
    normal: dict[str, Any] = _compact(document)
    if "Parameters" in normal:
        normal["Parameters"] = _sorted(normal["Parameters"])
    for step in Definition(normal).steps:
        if isinstance(step.body, dict) and "DependsOn" in step.body:
            step.body["DependsOn"] = _sorted(step.body["DependsOn"])
    return normal


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """One sentence for each thing that is different in the new document; empty where the two mean the same."""
    before, after = Definition(normalise(old)), Definition(normalise(new))
    found = [*_top(before, after), *_parameters(before, after), *_steps(before, after)]
    if not found and not _same(before.document, after.document):
        return ["the order of items changed, or something that has no name of its own"]
    return found


def _compact(value: Any) -> Any:
    if isinstance(value, Mapping):
        members = {name: _compact(member) for name, member in value.items()}
        return {name: member for name, member in members.items() if member is not None and member not in ([], {})}
    return [_compact(item) for item in value] if isinstance(value, list) else value


def _sorted(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    return sorted(value, key=lambda entry: (text(mapping(entry).get("Name")), readable(entry)))


def _top(before: Definition, after: Definition) -> Iterator[str]:
    for member in sorted({*before.document, *after.document} - {"Parameters", "Steps"}):
        for place, change in _changes(before.document.get(member), after.document.get(member), (f".{member}",)):
            yield f"{_written(place)} {change}"


def _parameters(before: Definition, after: Definition) -> Iterator[str]:
    old, new = (_by("Name", sequence(definition.document.get("Parameters"))) for definition in (before, after))
    yield from _added_and_removed("parameter", old, new)
    for name in (name for name in new if name in old):
        for place, change in _members(old[name], new[name]):
            yield f"parameter {plain(name)}: {'default' if place == ('.DefaultValue',) else _written(place)} {change}"


def _steps(before: Definition, after: Definition) -> Iterator[str]:
    old, new = ({step.name: step for step in definition.steps} for definition in (before, after))
    yield from _added_and_removed("step", old, new)
    kept = [name for name in new if name in old]
    for name in kept:
        yield from _step(old[name], new[name])
    if kept != [name for name in old if name in new]:
        yield "the steps are in another order"


def _added_and_removed(what: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"{what} {plain(name)} removed" for name in old if name not in new)
    yield from (f"{what} {plain(name)} added" for name in new if name not in old)


def _step(old: Step, new: Step) -> Iterator[str]:
    if _holder(old) != _holder(new):
        yield f"step {plain(new.name)}: moved from {_holder(old)} to {_holder(new)}"
    often = {name for name, count in (_member_names(old.own) | _member_names(new.own)).items() if count > 1}
    for place, change in (*_members(*map(_settings, (old, new))), *_members(old.own_arguments, new.own_arguments)):
        last = place[-1]
        short = last.startswith(".") and last[1:] not in often
        yield f"step {plain(new.name)}: {_written(place[-1:] if short else place)} {change}"


def _holder(step: Step) -> str:
    return f"{step.branch} of {plain(step.parent.name)}" if step.parent else "the top"


def _settings(step: Step) -> dict[str, Any]:
    """The step beside its arguments, whose members are reported without the word `Arguments` before them."""
    proper = isinstance(step.body.get("Arguments"), dict)
    return {name: value for name, value in step.own.items() if name != "Arguments" or not proper}


def _members(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[tuple[Place, str]]:
    for name in {**old, **new}:
        yield from _changes(old.get(name), new.get(name), (f".{name}",))


def _member_names(value: Any) -> Counter[str]:
    """How often each member's name stands in the value: a name that stands once needs no place before it."""
    found: Counter[str] = Counter()
    waiting = [value]
    while waiting:
        here = waiting.pop()
        if isinstance(here, dict):
            found.update(here.keys())
            waiting.extend(here.values())
        elif isinstance(here, list):
            waiting.extend(here)
    return found


def _changes(old: Any, new: Any, place: Place) -> Iterator[tuple[Place, str]]:
    """The smallest places that differ, each with what happened there."""
    if _same(old, new):
        return
    pairs = _pairs(old, new)
    if pairs is None:
        yield place, _change(old, new)
        return
    for piece, before, after in pairs:
        yield from _changes(before, after, (*place, piece))


def _pairs(old: Any, new: Any) -> list[tuple[str, Any, Any]] | None:
    """The parts of two values that belong together; None where the values are to be compared whole."""
    if is_variable(old) or is_variable(new):
        return None
    match old, new:
        case dict(), dict():
            return [(f".{name}", old.get(name), new.get(name)) for name in {**old, **new}]
        case list(), list():
            return _items(old, new)
        case _:
            return None


def _items(old: list[Any], new: list[Any]) -> list[tuple[str, Any, Any]] | None:
    for member in _NAMED_BY:
        before, after = _by(member, old), _by(member, new)
        if len(before) == len(old) and len(after) == len(new):
            return [(f"[{name}]", before.get(name), after.get(name)) for name in {**before, **after}]
    if len(old) == len(new) and all(isinstance(item, dict) for item in [*old, *new]):
        return [(f"[{index}]", before, after) for index, (before, after) in enumerate(zip(old, new, strict=True))]
    return None


def _by(member: str, entries: list[Any]) -> dict[str, Any]:
    names = ((text(mapping(entry).get(member)), entry) for entry in entries)
    return {name: entry for name, entry in names if name}


def _same(old: Any, new: Any) -> bool:
    """Equality of JSON: `true` is not 1, as it is to Python."""
    match old, new:
        case dict(), dict():
            return old.keys() == new.keys() and all(_same(old[name], new[name]) for name in old)
        case list(), list():
            return len(old) == len(new) and all(map(_same, old, new))
        case _:
            return isinstance(old, bool) == isinstance(new, bool) and bool(old == new)


def _change(old: Any, new: Any) -> str:
    if old is None:
        return f"added: {cut(_bare(new), _LONGEST)}"
    if new is None:
        return f"removed, was {cut(_bare(old), _LONGEST)}"
    before, after = _bare(old), _bare(new)
    start = _first_difference(before, after)
    return f"{_around(before, start)} → {_around(after, start)}"


def _bare(value: Any) -> str:
    """Text without its quotes where it reads as well without them."""
    return plain(value) if isinstance(value, str) and " " not in value else readable(value)


def _first_difference(before: str, after: str) -> int:
    same = (index for index, (old, new) in enumerate(zip(before, after, strict=False)) if old != new)
    return next(same, min(len(before), len(after)))


def _around(shown: str, start: int) -> str:
    """Long text from a little before it differs, so that the difference is seen."""
    before = 20
    if len(shown) <= _LONGEST or start < _LONGEST - before:
        return cut(shown, _LONGEST)
    return "…" + cut(shown[start - before :], _LONGEST)


def _written(place: Place) -> str:
    return plain("".join(place).removeprefix("."))
