"""The steps of a definition as the runner needs them. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mlops_new.definition import Definition, dependencies

_READ = frozenset({"Name", "Type", "Arguments", "DependsOn", "PropertyFiles", "RetryPolicies", "CacheConfig"})


@dataclass(frozen=True)
class Node:
    """A step, taken out of the branch it may stand in.

    Args:
        name: Unique in the definition.
        type: Processing, Training, …
        body: The step as the definition holds it.
        needs: Names of the steps that have to succeed first, the Condition step around it among them.
        branch: The Condition step whose branch it stands in, and which outcome leads there; None at the top.
    """

    name: str
    type: str
    body: Mapping[str, Any]
    needs: frozenset[str]
    branch: tuple[str, bool] | None = None

    @property
    def arguments(self) -> Mapping[str, Any]:
        """The request that the step makes, its expressions not yet evaluated."""
        arguments: Mapping[str, Any] = self.body.get("Arguments", {})
        return arguments

    @property
    def members(self) -> Mapping[str, Any]:
        """What the step has beside its request and what the runner itself reads, its expressions not yet evaluated."""
        return {name: value for name, value in self.body.items() if name not in _READ}


def nodes(definition: Definition) -> list[Node]:
    """All steps in the definition's order, those of branches after the Condition step they belong to."""
    needs = dependencies(definition)
    return [
        Node(
            name=step.name,
            type=step.type,
            body=_given(step.body),
            needs=needs[step.name],
            branch=None if step.parent is None else (step.parent.name, step.branch == "IfSteps"),
        )
        for step in definition.steps
    ]


def _given(value: Any) -> Any:
    """A JSON value without the members that are null: to the service, they are as good as absent."""
    match value:
        case dict():
            return {name: _given(member) for name, member in value.items() if member is not None}
        case list():
            return [_given(member) for member in value]
        case _:
            return value
