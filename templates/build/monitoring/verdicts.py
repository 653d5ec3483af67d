"""A run's outcome in plain sentences: what to know, and what to do next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from monitoring.baseline import Statistics

Json = dict[str, Any]
Kind = Literal["build", "inference"]
Level = Literal["good", "warn", "bad"]

REFIT = (
    "What is registered is this model fitted again on all rows, those of evaluation too, with the same number of "
    "trees; the metrics and attributions here are those of before."
)
MOST = 5
"""Findings that the verdict tells; all of them are in the page's sections."""


@dataclass(frozen=True)
class Run:
    """All that a report is made of. `facts` are pairs of names and values that say what was compared with what."""

    kind: Kind
    project: str
    created: str
    execution: str = ""
    facts: Sequence[tuple[str, str]] = ()
    checks: Mapping[str, Json] = field(default_factory=dict)
    decision: Json | None = None
    evaluation: Json | None = None
    analysis: Json | None = None
    before: Statistics | None = None
    now: Statistics | None = None
    history: Sequence[Json] = ()


@dataclass(frozen=True)
class Verdict:
    """The outcome in one line, what was found in a sentence each, and why it was decided like this."""

    level: Level
    headline: str
    reasons: Sequence[str]
    sentences: Sequence[str] = ()


def verdict(run: Run) -> Verdict:
    """The outcome of a run."""
    return _of_build(run) if run.kind == "build" else _of_inference(run)


def _of_build(run: Run) -> Verdict:
    judged = run.evaluation or {}
    gate, warnings = judged.get("gate"), judged.get("warnings", [])
    if gate is None:
        return Verdict("warn", "The model was not evaluated.", ())
    reasons = [f"{text}." for text in (gate["reason"], *warnings)]
    if not gate["passed"]:
        advice = [f"Try: {text}." for text in gate.get("advice", [])]
        return Verdict("bad", "The model is not good enough and was not registered.", [*reasons, *advice])
    if judged.get("model", {}).get("refit"):
        reasons.append(REFIT)
    if warnings:
        return Verdict("warn", "The model reaches the threshold, but look at this before you approve it.", reasons)
    return Verdict("good", "The model is good enough to be registered.", reasons)


def _of_inference(run: Run) -> Verdict:
    if not run.checks:
        return Verdict("warn", "Nothing was checked.", ())
    found = [item for told in run.checks.values() for item in told["violations"]]
    high = sum(item["severity"] == "high" for item in found)
    skipped = sum(len(told.get("skipped", [])) for told in run.checks.values())
    decision = run.decision or {}
    broken = decision.get("broken", [])
    reasons = list(decision.get("reasons", []))
    if skipped:
        reasons.append(f"{_count(skipped, 'check')} could not be made: see below.")
    told = (
        f"{_count(len(found), 'violation')}{f', {high} of high severity' if high else ''}."
        if found
        else "No violations."
    )
    said = sentences(found, broken)
    if broken:
        kept = " The forecasts were kept back." if decision.get("withheld") else ""
        return Verdict("bad", f"The data is broken: mend it before anything else.{kept} {told}", reasons, said)
    if decision.get("retrain"):
        return Verdict("bad", f"Retrain the model. {told}", reasons, said)
    stays = " Retraining is not asked for." if run.decision else ""
    level: Level = "bad" if high else "warn" if found or skipped else "good"
    return Verdict(level, told + stays, reasons, said)


def sentences(found: Sequence[Json], broken: Sequence[Json]) -> list[str]:
    """What was found, in a sentence each, what is broken first; of many, some, and how many more there are."""
    first = [item["sentence"] for item in broken if item.get("sentence")]
    others = [item.get("sentence", "") for item in sorted(found, key=lambda item: -float(item.get("share", 0.0)))]
    told = list(dict.fromkeys(text for text in (*first, *others) if text))
    more = len(told) - MOST
    return told[:MOST] + ([f"{_count(more, 'more finding')}: see below."] if more > 0 else [])


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
