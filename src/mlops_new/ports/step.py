"""Something to do: what a plan shows of it, and what programs read."""

from collections.abc import Iterable
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Delegated(Step):
    """A step of a Git host or a platform, for whoever only orders, shows and passes it on.

    Args:
        what: The owner's own step.
    """

    what: Step

    @property
    def action(self) -> str:
        """What the owner calls it."""
        return self.what.action

    @property
    def target(self) -> str:
        """What it is done to."""
        return self.what.target

    @property
    def sign(self) -> str:
        """How a plan marks the owner's step."""
        return self.what.sign

    def __str__(self) -> str:
        return str(self.what)


def lines(steps: Iterable[Step]) -> list[str]:
    """A line for each step."""
    return [f"{step.sign} {step}" for step in steps]
