"""Every byte shown to a person: the talk on stderr, the result on stdout, one JSON document with `--json`."""

import json
import os
import sys
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mlops_new.errors import Error, Invalid

if TYPE_CHECKING:
    from rich.console import Console as RichConsole

    from mlops_new.plan import Plan
    from mlops_new.steps import Step


class Console:
    """Where commands speak.

    Args:
        as_json: One JSON document on stdout instead of the result for people; the talk stays on stderr.
    """

    def __init__(self, *, as_json: bool = False) -> None:
        self.as_json = as_json

    @property
    def interactive(self) -> bool:
        """Whether somebody is there to answer."""
        return sys.stdin.isatty() and sys.stderr.isatty() and not self.as_json

    @cached_property
    def talk(self) -> "RichConsole":
        """Stderr, with colour where it is a terminal and `NO_COLOR` is not set."""
        from rich.console import Console as RichConsole

        return RichConsole(stderr=True, highlight=False, soft_wrap=True)

    def say(self, text: str, style: str = "") -> None:
        """One line of talk."""
        self.talk.print(text, style=style or None, markup=False)

    def result(self, text: str, document: Any) -> None:
        """What the command was called for."""
        sys.stdout.write(json.dumps(document, indent=2, default=str) + "\n" if self.as_json else text.rstrip() + "\n")
        sys.stdout.flush()

    def plan(self, plan: "Plan") -> None:
        """What will be done, a line each."""
        self.say("Plan:")
        for step in plan.steps:
            self.say(f"  + {step}")

    def done(self, step: "Step") -> None:
        """A step was performed."""
        self.say(f"✓ {step}", "green")

    def confirm(self, question: str) -> bool:
        """Ask before the first effect.

        Raises:
            Invalid: nobody is there to answer.
        """
        if not self.interactive:
            raise Invalid("this needs a yes, and there is no terminal to ask on", hint="add --yes")
        self.talk.print(f"{question} [Y/n] ", end="", markup=False)
        return sys.stdin.readline().strip().lower() in {"", "y", "yes"}

    def error(self, error: Error) -> None:
        """What went wrong and what to do; on stdout too when it is read by a program."""
        if self.as_json:
            document = {"error": {"code": error.code, "message": error.message, "hint": error.hint}}
            sys.stdout.write(json.dumps(document) + "\n")
        write_plain(f"error: {error.message}", f"hint: {error.hint}" if error.hint else "")


def write_plain(*lines: str) -> None:
    """Lines on stderr without loading rich: for errors, which must be shown even when little works."""
    red, reset = ("\x1b[31m", "\x1b[0m") if sys.stderr.isatty() and not os.environ.get("NO_COLOR") else ("", "")
    first, *others = [line for line in lines if line]
    sys.stderr.write("\n".join([f"{red}{first}{reset}", *others]) + "\n")


def table(rows: Sequence[Sequence[str]]) -> str:
    """Columns for people and for `cut`: padded, no frame."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))] if rows else []
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
