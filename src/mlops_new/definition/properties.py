"""What the properties of a step are: whether a property path leads anywhere, and to what."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from mlops_new.definition.document import Step, mapping, sequence, text
from mlops_new.definition.faults import plain, suggest
from mlops_new.definition.kinds import KINDS, StepKind
from mlops_new.definition.references import Item, Member, PropertyReference, Segment, is_variable
from mlops_new.definition.schema import arguments_shape, shape
from mlops_new.definition.shapes import Shape
from mlops_new.definition.values import Sort, sort_of

Complaint: TypeAlias = str

TYPES: Mapping[str, Sort] = {
    "String": Sort.TEXT,
    "Integer": Sort.INTEGER,
    "Float": Sort.NUMBER,
    "Boolean": Sort.BOOLEAN,
}
"""The types of parameters and outputs."""


def property_sort(step: Step, reference: PropertyReference) -> Sort | Complaint:
    """What a property of the step becomes, or what is wrong with the path."""
    kind = KINDS.get(step.type)
    if kind is None:
        return Sort.UNKNOWN
    if not kind.properties:
        return f"a {step.type} step has no properties"
    if "OutputParameters" in kind.members:
        return _output(step, reference.path)
    return _property(step, kind, reference.path) if kind.answers else Sort.UNKNOWN


def _output(step: Step, path: tuple[Segment, ...]) -> Sort | Complaint:
    """Lambda and Callback steps declare their outputs beside their arguments."""
    match path:
        case (Member("OutputParameters"), Item(str(name))):
            outputs = _named(step.body.get("OutputParameters"), "OutputName")
            if name not in outputs:
                return f"step {step.name} declares no output {name}{_those(list(outputs))}"
            return TYPES.get(text(outputs[name].get("OutputType")), Sort.UNKNOWN)
        case _:
            return f"a {step.type} step has only OutputParameters['…']"


def _property(step: Step, kind: StepKind, path: tuple[Segment, ...]) -> Sort | Complaint:
    answers = [shape(answer, kind.service) for answer in kind.answers]
    name = path[0].name if isinstance(path[0], Member) else ""
    holder = next((answer for answer in answers if name in answer.members), None)
    if holder is None:
        known = sorted({member for answer in answers for member in answer.members})
        return f"a {step.type} step has no property {name or written(path[0])}{suggest(name, known)}"
    return _walk(holder, path, step)


def _walk(here: Shape, path: tuple[Segment, ...], step: Step) -> Sort | Complaint:
    declared = _Declared(step.arguments, arguments_shape(step.type))
    for position, segment in enumerate(path):
        done = "".join(map(written, path[:position])).lstrip(".")
        match segment, here.type:
            case Member(name), "structure" if name in here.members:
                here, declared = here.member(name), declared.member(name)
            case Member(name), "structure":
                return f"{done} has no member {name}{suggest(name, here.members)}"
            case Item(key), "list":
                if missing := declared.lacks(key):
                    return f"step {step.name} declares no {done}{written(segment)}{missing}"
                here, declared = here.part("member"), declared.item(key)
            case _, "document" | "any":
                return Sort.UNKNOWN
            case Item(_), "map":
                here, declared = here.part("value"), _UNDECLARABLE
            case _:
                return f"{done} is {sort_of(here).value} and has no {written(segment)}"
    return sort_of(here)


def written(segment: Segment) -> str:
    """The segment as it stands in a path."""
    match segment:
        case Member(name):
            return f".{name}"
        case Item(int(index)):
            return f"[{index}]"
        case Item(key):
            return f"['{key}']"


@dataclass(frozen=True)
class _Declared:
    """What a step's arguments hold at a place of a property path; no shape where the step cannot declare that."""

    value: Any
    shape: Shape | None

    def member(self, name: str) -> "_Declared":
        if self.shape is None or name not in self.shape.members:
            return _UNDECLARABLE
        return _Declared(mapping(self.value).get(name), self.shape.member(name))

    def item(self, key: str | int) -> "_Declared":
        if self.shape is None or self.shape.type != "list":
            return _UNDECLARABLE
        items: dict[str | int, Any] = dict(enumerate(sequence(self.value)))
        items.update(_by_any_name(self.value))
        return _Declared(items.get(key), self.shape.part("member"))

    def lacks(self, key: str | int) -> Complaint | None:
        """What to add about the items that are declared, where this one is not; None where it is or may be."""
        if self.shape is None or self.shape.type != "list" or _holds_variables(self.value):
            return None
        if isinstance(key, int):
            count = len(sequence(self.value))
            return None if key < count else f" ({count} declared)"
        names = list(_by_any_name(self.value))
        return None if key in names else _those(names)


_UNDECLARABLE = _Declared(None, None)


def _holds_variables(value: Any) -> bool:
    return is_variable(value) or any(map(is_variable, sequence(value)))


def _by_any_name(value: Any) -> dict[str | int, Any]:
    """The items of a list by what names them: `OutputName`, `InputName`, `ChannelName`."""
    entries = map(mapping, sequence(value))
    return {
        name: entry
        for entry in entries
        for member, name in entry.items()
        if member.endswith("Name") and isinstance(name, str)
    }


def _named(value: Any, member: str) -> Mapping[str, Mapping[str, Any]]:
    entries = map(mapping, sequence(value))
    return {text(entry.get(member)): entry for entry in entries if text(entry.get(member))}


def _those(names: list[Any]) -> str:
    return f" (declared: {', '.join(map(plain, names))})" if names else " (none declared)"
