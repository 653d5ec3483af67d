"""The steps of a definition as a graph: what each needs before it can start. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mlops_new.platforms.local.expressions import references


@dataclass(frozen=True)
class Node:
    """A step of the definition, taken out of the branch it may stand in.

    Args:
        name: Unique in the definition.
        type: Processing, Training, …
        document: The step as the definition holds it.
        needs: Names of the steps that have to succeed first.
        branch: The Condition step whose branch it stands in, and which outcome leads there; None at the top.
    """

    name: str
    type: str
    document: Mapping[str, Any]
    needs: frozenset[str]
    branch: tuple[str, bool] | None = None

    @property
    def arguments(self) -> Mapping[str, Any]:
        """The request that the step makes, its expressions not yet evaluated."""
        arguments: Mapping[str, Any] = self.document.get("Arguments", {})
        return arguments


def nodes(definition: Mapping[str, Any]) -> list[Node]:
    """All steps, those of branches after the Condition step they belong to."""
    return list(_nodes(definition.get("Steps", []), None))


def _nodes(steps: list[Mapping[str, Any]], branch: tuple[str, bool] | None) -> Iterator[Node]:
    for step in steps:
        name, arguments = step["Name"], step.get("Arguments", {})
        needs = {*step.get("DependsOn", ()), *_referenced(_own(step["Type"], arguments))}
        if branch is not None:
            needs.add(branch[0])
        yield Node(name, step["Type"], step, frozenset(needs), branch)
        if step["Type"] == "Condition":
            yield from _nodes(arguments.get("IfSteps", []), (name, True))
            yield from _nodes(arguments.get("ElseSteps", []), (name, False))


def _own(kind: str, arguments: Mapping[str, Any]) -> Any:
    return arguments.get("Conditions", []) if kind == "Condition" else arguments


def _referenced(value: Any) -> set[str]:
    return {path.split(".")[1] for path in references(value) if path.startswith("Steps.")} | set(_by_step_name(value))


def _by_step_name(value: Any) -> Iterator[str]:
    # The older form of JsonGet names its step beside the property file, not in a Get.
    match value:
        case {"Std:JsonGet": {"StepName": str(step)}}:
            yield step
        case dict():
            for member in value.values():
                yield from _by_step_name(member)
        case list():
            for member in value:
                yield from _by_step_name(member)
        case _:
            return
