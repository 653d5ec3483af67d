"""The conditions of a Condition step."""

from collections.abc import Iterator, Mapping
from typing import Any

from mlops_new.definition.document import Path, sequence, text
from mlops_new.definition.faults import Fault, kind, show, suggest
from mlops_new.definition.references import is_variable
from mlops_new.definition.schema import shape
from mlops_new.definition.scope import Scope
from mlops_new.definition.values import Sort, fits, judge, sort_of_literal

ORDERINGS = ("GreaterThan", "GreaterThanOrEqualTo", "LessThan", "LessThanOrEqualTo")
SHAPES: Mapping[str, str] = {
    "Equals": "pipeline.Comparison",
    **dict.fromkeys(ORDERINGS, "pipeline.Comparison"),
    "In": "pipeline.In",
    "Not": "pipeline.Not",
    "Or": "pipeline.Or",
}
_UNORDERED = {Sort.BOOLEAN, Sort.LIST, Sort.OBJECT}


def condition_faults(condition: Any, path: Path, scope: Scope) -> Iterator[Fault]:
    """Every fault of a condition and of those inside it; what its variables refer to is judged elsewhere."""
    if not isinstance(condition, dict):
        yield Fault(path, f"{show(condition)} is {kind(condition)}; a condition is expected")
        return
    type_ = text(condition.get("Type"))
    if type_ not in SHAPES:
        found = f"{show(condition['Type'])} is no type of condition" if "Type" in condition else "missing"
        yield Fault((*path, "Type"), f"{found}{suggest(type_, SHAPES)}")
        return
    yield from judge(condition, shape(SHAPES[type_]), path, scope)
    match type_:
        case "Not":
            if condition.get("Condition") is not None:
                yield from condition_faults(condition["Condition"], (*path, "Condition"), scope)
        case "Or":
            for index, inner in enumerate(sequence(condition.get("Conditions"))):
                yield from condition_faults(inner, (*path, "Conditions", index), scope)
        case "In":
            yield from _membership(condition, path, scope)
        case _:
            yield from _comparison(condition, path, scope)


def _comparison(condition: dict[str, Any], path: Path, scope: Scope) -> Iterator[Fault]:
    for side in ("LeftValue", "RightValue"):
        yield from _operand(condition.get(side), (*path, side))
    left, right = (_sort(condition.get(side), scope) for side in ("LeftValue", "RightValue"))
    yield from _alike(left, right, path)
    if condition["Type"] in ORDERINGS:
        for side, sort in (("LeftValue", left), ("RightValue", right)):
            if sort in _UNORDERED and not isinstance(condition[side], list):
                yield Fault((*path, side), f"{show(condition[side])} is {sort.value} and has no order")


def _membership(condition: dict[str, Any], path: Path, scope: Scope) -> Iterator[Fault]:
    yield from _operand(condition.get("QueryValue"), (*path, "QueryValue"))
    asked = _sort(condition.get("QueryValue"), scope)
    for index, value in enumerate(sequence(condition.get("Values"))):
        place = (*path, "Values", index)
        yield from _operand(value, place, required=True)
        yield from _alike(asked, _sort(value, scope), place)


def _operand(value: Any, path: Path, *, required: bool = False) -> Iterator[Fault]:
    """A null is as good as absent where a member may be: that it is missing has been said then."""
    wrong = isinstance(value, list | dict) and not is_variable(value)
    if wrong or (required and value is None):
        yield Fault(path, f"{show(value)} is {kind(value)}; text, a number, a Boolean or a variable is expected")


def _alike(left: Sort, right: Sort, path: Path) -> Iterator[Fault]:
    simple = {Sort.LIST, Sort.OBJECT}.isdisjoint({left, right})
    if simple and not fits(left, right) and not fits(right, left):
        yield Fault(path, f"{left.value} is compared with {right.value}: they are never equal and have no order")


def _sort(value: Any, scope: Scope) -> Sort:
    return scope.sort(value) if is_variable(value) else sort_of_literal(value)
