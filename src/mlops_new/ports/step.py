"""Something to do: what a plan shows of it, and what programs read."""

from collections.abc import Iterable
from typing import ClassVar


class Step:
    """Something to do. Each is a frozen dataclass, hashable, whose text is the sentence that the plan shows.

    `subject` names the field that says what it is done to.
    """

    subject: ClassVar[str]

    @property
    def action(self) -> str:
        """What is done, in two words."""
        raise NotImplementedError

    @property
    def target(self) -> str:
        """What it is done to."""
        return str(getattr(self, self.subject))

    @property
    def sign(self) -> str:
        """How a plan marks it: `+` makes, `-` removes, `~` changes."""
        return "+"

    def document(self) -> dict[str, str]:
        """The step for programs."""
        return {"action": self.action, "target": self.target, "detail": str(self)}


def lines(steps: Iterable[Step]) -> list[str]:
    """A line for each step."""
    return [f"{step.sign} {step}" for step in steps]
