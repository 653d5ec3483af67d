"""What earlier runs found and decided, from the `run.json` files that their reports left in the history."""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from monitoring import findings

Json = dict[str, Any]

NOTHING = "none"
"""What the starter says where no model version waits for approval: a pipeline's parameter cannot be empty."""


@dataclass(frozen=True)
class Past:
    """What a decision has to know beside what the checks found.

    Attributes:
        fired: The rules that fired in earlier runs of the same checks and the same model, the latest first.
        asked: The day of the latest run that asked for a retraining; None if none did.
        waiting: The version that waits for approval; empty if none does.
        replaced: The day since which the model in use is in place of an earlier one; None where it is the first.
        today: The day of this run.
    """

    fired: Sequence[Collection[str]] = ()
    asked: dt.date | None = None
    waiting: str = ""
    replaced: dt.date | None = None
    today: dt.date = dt.date.min

    def in_a_row(self, rule: str) -> int:
        """In how many runs until now, this one counted, a rule has fired that fires now."""
        count = 1
        for fired in self.fired:
            if rule not in fired:
                break
            count += 1
        return count

    def days_since(self, day: dt.date | None) -> int | None:
        """Whole days from a day to this run; None where there is none, or it is still to come."""
        return None if day is None or day > self.today else (self.today - day).days


def read(history: Path, checks: Collection[str], told: Mapping[str, str]) -> Past:
    """The past of a run.

    Args:
        history: Holds `run.json` files of earlier runs, anywhere in it.
        checks: Of this run; runs of other pipelines made others.
        told: What the starter says: `execution`, `created`, `model` (ARN of the model package in use), `trained` (the
            day it was made) and `waiting` (that of a version that waits for approval, or none).

    Raises:
        InputError: A file of the history is damaged.
    """
    runs = [findings.read(file) for file in sorted(history.rglob("run.json"))] if history.is_dir() else []
    mine = told.get("execution", "")
    earlier = [run for run in runs if run.get("kind") == "inference" and not (mine and run.get("execution") == mine)]
    earlier.sort(key=lambda run: str(run.get("created", "")), reverse=True)
    today = _day(told.get("created", "")) or dt.datetime.now(tz=dt.UTC).date()
    asked = [day for run in earlier if run.get("retrain") and (day := _day(run.get("created"))) and day <= today]
    model, waiting = told.get("model", ""), told.get("waiting", "")
    return Past(
        [run.get("fired", ()) for run in earlier if _alike(run, checks, model)],
        max(asked, default=None),
        "" if waiting in ("", NOTHING) else waiting,
        _day(told.get("trained", "")) if version(model) not in ("", "1") else None,
        today,
    )


def _alike(run: Json, checks: Collection[str], model: str) -> bool:
    """Whether an earlier run made the same checks of the same model."""
    same = (
        "model_quality" in run.get("checks", ())
        if "model_quality" in checks
        else "model_quality" not in run.get("checks", ())
    )
    return same and run.get("model", "") == model


def version(package: str) -> str:
    """The version of a model package, the end of its ARN; empty where it tells none."""
    number = package.rpartition("/")[2]
    return number if number.isdigit() else ""


def _day(text: object) -> dt.date | None:
    try:
        return dt.date.fromisoformat(str(text)[:10])
    except ValueError:
        return None
