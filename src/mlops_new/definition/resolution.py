"""What variables become in a run: as far as parameters, the run's own names and the requests of other steps tell."""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from mlops_new.definition.document import Definition, Scalar, as_text, mapping, sequence, text
from mlops_new.definition.references import (
    ExecutionReference,
    Item,
    Member,
    ParameterReference,
    PropertyReference,
    Segment,
    is_variable,
    reference,
)

_ORDERINGS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "GreaterThan": operator.gt,
    "GreaterThanOrEqualTo": operator.ge,
    "LessThan": operator.lt,
    "LessThanOrEqualTo": operator.le,
}


def execution_values(pipeline: str) -> dict[str, str]:
    """Stand-ins for what names a run that has not begun: as long as the shortest that AWS gives."""
    arn = f"arn:aws:sagemaker:us-east-1:000000000000:pipeline/{pipeline.lower()}"
    identity = "000000000000"
    return {
        "PipelineName": pipeline,
        "PipelineArn": arn,
        "PipelineExecutionId": identity,
        "PipelineExecutionArn": f"{arn}/execution/{identity}",
        "StartDateTime": "2020-12-01T00:00:00Z",
        "CurrentDateTime": "2020-12-01T00:00:00Z",
    }


@dataclass(frozen=True)
class Resolution:
    """What is known before a run.

    Args:
        definition: A definition that `validate` finds no fault with.
        parameters: Values by name, of the declared types; those that are not there stay variables.
        execution: Values of `Execution.<name>`.
    """

    definition: Definition
    parameters: Mapping[str, Scalar]
    execution: Mapping[str, Scalar]
    _asked: set[str] = field(default_factory=set)

    def resolved(self, value: Any) -> Any:
        """The value with every variable replaced that is known; the others stay as they are."""
        if is_variable(value):
            return self._variable(value)
        if isinstance(value, dict):
            return {name: self.resolved(member) for name, member in value.items()}
        return [self.resolved(item) for item in value] if isinstance(value, list) else value

    def decided(self, condition: Any) -> bool | None:
        """Whether a condition holds; None where only the run will tell."""
        body = mapping(condition)
        match body.get("Type"):
            case "Not":
                inner = self.decided(body.get("Condition"))
                return None if inner is None else not inner
            case "Or":
                inside = [self.decided(one) for one in sequence(body.get("Conditions"))]
                return True if True in inside else None if None in inside else False
            case "In":
                values = sequence(body.get("Values"))
                found = [self._compared(operator.eq, body.get("QueryValue"), value) for value in values]
                return True if True in found else None if None in found else False
            case kind:
                compare = _ORDERINGS.get(text(kind), operator.eq)
                return self._compared(compare, body.get("LeftValue"), body.get("RightValue"))

    def _compared(self, compare: Callable[[Any, Any], bool], left: Any, right: Any) -> bool | None:
        sides = self.resolved(left), self.resolved(right)
        if not all(isinstance(side, Scalar) for side in sides):
            return None
        if isinstance(sides[0], str) != isinstance(sides[1], str):
            return None  # what the service makes of that, it says itself
        return bool(compare(*sides))

    def _variable(self, variable: dict[str, Any]) -> Any:
        if "Std:Join" in variable:
            return self._joined(variable)
        match reference(text(variable.get("Get"))):
            case ParameterReference(name):
                return self.parameters.get(name, variable)
            case ExecutionReference(name):
                return self.execution.get(name, variable)
            case PropertyReference() as found:
                return self._echoed(found, variable)
            case _:
                return variable

    def _joined(self, variable: dict[str, Any]) -> Any:
        join = mapping(variable["Std:Join"])
        parts = [self.resolved(part) for part in sequence(join.get("Values"))]
        if all(isinstance(part, Scalar) for part in parts):
            return text(join.get("On")).join(map(as_text, parts))
        return variable

    def _echoed(self, reference: PropertyReference, variable: dict[str, Any]) -> Any:
        """A property that is a member of the step's own request: the answer has it as it was asked for."""
        step, name = self.definition.step(reference.step), text(variable.get("Get"))
        if step is None or name in self._asked:
            return variable
        self._asked.add(name)  # a definition that waits for itself is refused elsewhere
        asked = self.resolved(_walked(step.own_arguments, reference.path))
        self._asked.remove(name)
        return asked if isinstance(asked, Scalar) else variable


def _walked(here: Any, path: tuple[Segment, ...]) -> Any:
    for segment in path:
        match segment:
            case Member(name):
                here = mapping(here).get(name)
            case Item(int(index)):
                here = sequence(here)[index] if index < len(sequence(here)) else None
            case Item(key):
                here = next((entry for entry in map(mapping, sequence(here)) if key in _names(entry)), None)
    return here


def _names(entry: Mapping[str, Any]) -> list[Any]:
    return [value for member, value in entry.items() if member.endswith("Name")]
