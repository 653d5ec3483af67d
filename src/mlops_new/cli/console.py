"""Every byte shown to a person: the talk on stderr, the result on stdout, one JSON document with `--json`."""

import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, assert_never

from mlops_new.errors import Error, Invalid

if TYPE_CHECKING:
    from rich.console import Console as RichConsole
    from rich.status import Status

    from mlops_new.ports.events import Event
    from mlops_new.ports.executions import Step as RunStep
    from mlops_new.ports.step import Step


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
        _write_out(json.dumps(document, indent=2, default=str) if self.as_json else text.rstrip())

    def plan(self, steps: "Iterable[Step]", title: str = "Plan") -> None:
        """What will be done, a line each."""
        self.say(f"{title}:")
        for step in steps:
            self.say(f"  {step.sign} {_short(step)}")

    def done(self, step: "Step") -> None:
        """A step was performed."""
        self.say(f"✓ {_short(step)}", "green")

    @contextmanager
    def progress(self) -> "Iterator[Progress]":
        """Follow a run: a line for each step that ends, and on a terminal what is being worked on."""
        progress = Progress(self)
        if not self.talk.is_terminal:
            yield progress
        else:
            with self.talk.status("starting …") as status:
                progress.status = status
                yield progress
        progress.end()

    def confirm(self, question: str) -> bool:
        """Ask before the first effect.

        Raises:
            Invalid: nobody is there to answer.
        """
        if not self.interactive:
            raise Invalid("this needs a yes, and there is no terminal to ask on", hint="add --yes")
        self.talk.print(f"{question} [Y/n] ", end="", markup=False)
        answer = sys.stdin.readline()
        # An empty line is Enter. Nothing at all is the end of the input (Ctrl-D): whoever leaves has not agreed.
        return bool(answer) and answer.strip().lower() in {"", "y", "yes"}

    def ask(self, question: str) -> str:
        """A line that a person types; empty where it is only Enter.

        Raises:
            Invalid: nobody is there to answer.
        """
        if not self.interactive:
            raise Invalid(f"there is no terminal to ask on: {question.strip()}")
        self.talk.print(question, end="", markup=False)
        return sys.stdin.readline().strip()

    def confirm_by_name(self, name: str) -> None:
        """Have the name typed before something is removed.

        Raises:
            Invalid: nobody is there to type it, or it is another name.
        """
        if not self.interactive:
            raise Invalid("this removes things, and there is no terminal to ask on", hint="add --yes")
        self.talk.print(f"Type {name} to remove all this: ", end="", markup=False)
        if sys.stdin.readline().strip() != name:
            raise Invalid("that is not the project's name: nothing was removed")

    def error(self, error: Error) -> None:
        """What went wrong and what to do; on stdout too when it is read by a program."""
        if self.as_json:
            told = {"error": {"code": error.code, "message": error.message, "hint": error.hint}}
            document = {**getattr(error, "document", {}), **told}
            with suppress(Error, OSError):  # it is shown on stderr all the same
                _write_out(json.dumps(document))
        write_plain(f"error: {error.message}", f"hint: {error.hint}" if error.hint else "")


class Progress:
    """Tells the events of a run."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._running: list[str] = []
        self._not_run: list[str] = []
        self.status: Status | None = None

    def on(self, event: "Event") -> None:
        """One event, in the thread that follows the run."""
        from mlops_new.ports.events import Notice, StepEnded, StepStarted

        match event:
            case StepStarted(step):
                self._running.append(step.name)
            case StepEnded(step):
                self._running = [name for name in self._running if name != step.name]
                self._ended(step)
            case Notice(text):
                self._console.say(f"  {text}", "dim")
            case _:
                assert_never(event)
        if self.status:
            self.status.update(f"{', '.join(self._running)} …" if self._running else "…")

    def end(self) -> None:
        """Nothing more will happen."""
        if self._not_run:
            self._console.say(f"- not run: {', '.join(self._not_run)}", "dim")

    def _ended(self, step: "RunStep") -> None:
        match step.status:
            case "Succeeded":
                said = step.properties.get("ExitMessage", "")
                self._console.say(f"✓ {step.name:<24}{step.seconds:7.1f} s  {said}".rstrip(), "green")
            case "NotRun":
                self._not_run.append(step.name)
            case _:
                # Why is said at the end, once and with the end of its log.
                self._console.say(f"✗ {step.name:<24}{step.seconds:7.1f} s  {step.status}", "red")


def _short(step: "Step") -> str:
    """Paths as people write them: from here, or from their home."""
    return str(step).replace(f"{Path.cwd()}/", "").replace(f"{Path.home()}/", "~/")


def _write_out(text: str) -> None:
    if sys.stdout is None:  # closed by whoever called (`>&-`): nobody wants to read it
        return
    try:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise Error(f"standard output cannot be written: {error.strerror}") from error


def write_plain(*lines: str) -> None:
    """Lines on stderr without loading rich: for errors, which must be shown even when little works."""
    if sys.stderr is None:
        return
    red, reset = ("\x1b[31m", "\x1b[0m") if sys.stderr.isatty() and not os.environ.get("NO_COLOR") else ("", "")
    first, *others = [line for line in lines if line]
    with suppress(OSError):  # where stderr cannot be written, nobody can be told
        sys.stderr.write("\n".join([f"{red}{first}{reset}", *others]) + "\n")
        sys.stderr.flush()


def table(rows: Sequence[Sequence[str]]) -> str:
    """Columns for people and for `cut`: padded, no frame."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))] if rows else []
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
