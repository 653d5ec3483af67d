"""How far the steps of one execution are, and which of them can begin."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tests.doubles.aws.definition import Step
from tests.doubles.aws.packages import Document


@dataclass
class Progress:
    """The steps of an execution.

    Args:
        steps: Of its definition.
        most: How many may run side by side.
        listed: Those that have begun, as ListPipelineExecutionSteps tells them.
        outcomes: What the Condition steps came to.
        properties: What can be read of the steps that have succeeded.
        terminated: A Fail step was reached: nothing begins any more.
    """

    steps: list[Step]
    most: int
    listed: dict[str, Document] = field(default_factory=dict)
    outcomes: dict[str, bool] = field(default_factory=dict)
    properties: dict[str, Any] = field(default_factory=dict)
    terminated: bool = False

    def running(self) -> list[Step]:
        """The steps that have begun and not ended."""
        return [step for step in self.steps if self._status(step.name) == "Executing"]

    def ready(self) -> list[Step]:
        """The steps that can begin now."""
        if self.terminated:
            return []
        free = self.most - len(self.running())
        return [step for step in self.steps if step.name not in self.listed and self._may_begin(step)][:free]

    def begin(self, step: Step) -> None:
        """A step begins."""
        self.listed[step.name] = {"StepName": step.name, "StartTime": time.time(), "StepStatus": "Executing"}

    def end(self, step: Step, status: str, reason: str = "") -> None:
        """A step ends."""
        told = {"StepStatus": status, "EndTime": time.time()}
        self.listed[step.name] |= told | ({"FailureReason": reason} if reason else {})
        self.terminated = self.terminated or (step.type == "Fail" and status == "Failed")

    def failed(self) -> list[str]:
        """The names of the steps that failed."""
        return [name for name in self.listed if self._status(name) == "Failed"]

    def again(self) -> None:
        """Forget every step that did not succeed: a retry begins with them."""
        self.listed = {name: told for name, told in self.listed.items() if told["StepStatus"] == "Succeeded"}
        self.terminated = False

    def _may_begin(self, step: Step) -> bool:
        in_time = _all_are("Succeeded", map(self._status, step.waits_for))
        return in_time and (not step.holder or self.outcomes[step.holder] == step.outcome)

    def _status(self, name: str) -> str:
        return str(self.listed[name]["StepStatus"]) if name in self.listed else ""


def _all_are(wanted: str, statuses: Iterable[str]) -> bool:
    return all(status == wanted for status in statuses)
