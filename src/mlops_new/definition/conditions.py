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
_COMPOSED = {Sort.LIST, Sort.OBJECT}


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
            # What version 2 of the SDK once wrote, Expression, the service refuses (sagemaker-python-sdk, issue 2746).
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
    sides = {side: condition.get(side) for side in ("LeftValue", "RightValue")}
    for side, value in sides.items():
        yield from _operand(value, (*path, side), scope)
        if condition["Type"] in ORDERINGS and _sort(value, scope) is Sort.BOOLEAN:
            yield Fault((*path, side), f"{show(value)} is a Boolean and has no order")
    left, right = (_sort(value, scope) for value in sides.values())
    yield from _alike(left, right, path)


def _membership(condition: dict[str, Any], path: Path, scope: Scope) -> Iterator[Fault]:
    yield from _operand(condition.get("QueryValue"), (*path, "QueryValue"), scope)
    asked = _sort(condition.get("QueryValue"), scope)
    for index, value in enumerate(sequence(condition.get("Values"))):
        place = (*path, "Values", index)
        yield from _operand(value, place, scope, required=True)
        yield from _alike(asked, _sort(value, scope), place)


def _operand(value: Any, path: Path, scope: Scope, *, required: bool = False) -> Iterator[Fault]:
    """One side of a comparison. A member that is null is as good as missing, which has been said."""
    sort = _sort(value, scope)
    if sort in _COMPOSED or (required and value is None):
        given = f"gives {sort.value}" if is_variable(value) else f"is {kind(value)}"
        yield Fault(path, f"{show(value)} {given}; text, a number, a Boolean or a variable for one is expected")


def _alike(left: Sort, right: Sort, path: Path) -> Iterator[Fault]:
    if _COMPOSED.isdisjoint({left, right}) and not fits(left, right) and not fits(right, left):
        yield Fault(path, f"{left.value} is compared with {right.value}: they are never equal and have no order")


def _sort(value: Any, scope: Scope) -> Sort:
    return scope.sort(value) if is_variable(value) else sort_of_literal(value)
