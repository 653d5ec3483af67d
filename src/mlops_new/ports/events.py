"""What a run tells whoever follows it."""

from collections.abc import Callable
from dataclasses import dataclass

from mlops_new.ports.executions import Status, Step


@dataclass(frozen=True)
class StepStarted:
    """An attempt at a step has begun."""

    step: Step

    def __str__(self) -> str:
        again = f", attempt {self.step.attempt}" if self.step.attempt > 1 else ""
        return f"{self.step.name} ({self.step.type}{again}) …"


@dataclass(frozen=True)
class StepEnded:
    """A step has ended, or will not run."""

    step: Step

    def __str__(self) -> str:
        after = f" after {self.step.seconds:.1f} s" if self.step.status != Status.NOT_RUN else ""
        why = f": {self.step.reason}" if self.step.reason else ""
        return f"{self.step.name} {self.step.status}{after}{why}"


@dataclass(frozen=True)
class Notice:
    """Something that is done differently here, or that takes a while."""

    text: str

    def __str__(self) -> str:
        return self.text


Event = StepStarted | StepEnded | Notice
Listener = Callable[[Event], None]
