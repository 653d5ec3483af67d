"""What variables are, as far as a definition tells before it runs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mlops_new.definition.document import Definition, Missing, Parameter, Scalar, text
from mlops_new.definition.properties import TYPES, property_sort
from mlops_new.definition.references import (
    ExecutionReference,
    ExperimentReference,
    ParameterReference,
    PropertyReference,
    reference,
)
from mlops_new.definition.values import Sort, fits, sort_of_literal


@dataclass(frozen=True)
class Scope:
    """The variables of a definition, for `values.judge`."""

    definition: Definition

    def sort(self, variable: Mapping[str, Any]) -> Sort:
        """What the variable becomes; unknown where that is not told or the variable is at fault."""
        if "Std:Join" in variable:
            return Sort.TEXT
        match reference(text(variable.get("Get"))):
            case ParameterReference(name) if name in self.definition.parameters:
                return TYPES.get(self.definition.parameters[name].type, Sort.UNKNOWN)
            case ExecutionReference(name):
                return Sort.TIME if name.endswith("DateTime") else Sort.TEXT
            case ExperimentReference():
                return Sort.TEXT
            case PropertyReference() as found:
                return self._property(found)
            case _:
                return Sort.UNKNOWN

    def possible(self, variable: Mapping[str, Any]) -> Iterator[tuple[str, Scalar]]:
        """The default and the allowed values of a parameter, those of its own type."""
        match reference(text(variable.get("Get"))):
            case ParameterReference(name) if name in self.definition.parameters:
                yield from _possible(self.definition.parameters[name])
            case _:
                return

    def _property(self, reference: PropertyReference) -> Sort:
        step = self.definition.step(reference.step)
        answer = property_sort(step, reference) if step else Sort.UNKNOWN
        return answer if isinstance(answer, Sort) else Sort.UNKNOWN


def of_type(value: object, type_: str) -> bool:
    """Whether a value is of a parameter's type; a whole number is a Float too. Any value is of an unknown type."""
    return type_ not in TYPES or fits(sort_of_literal(value), TYPES[type_])


def _possible(parameter: Parameter) -> Iterator[tuple[str, Scalar]]:
    if not isinstance(parameter.default, Missing) and of_type(parameter.default, parameter.type):
        yield "the default", parameter.default
    for value in parameter.enum:
        if value != parameter.default and of_type(value, parameter.type):
            yield "an allowed value", value
