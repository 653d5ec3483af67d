"""What checks find: violations in Model Monitor's file format, the same with more detail, and the job's message."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from model.errors import InputError

Severity = Literal["high", "medium", "low"]

VIOLATIONS = "constraint_violations.json"
DETAILS = "check.json"
_HIGH, _MEDIUM = 0.2, 0.02  # share of rows


@dataclass(frozen=True)
class Finding:
    """A violation. `share` is the share of rows it concerns (of drift: the least share of rows that are different).

    Attributes:
        description: In Model Monitor's words.
        sentence: For a person: which way, from what to what, what it means, what to do next.
        p_value: The chance of a difference at least as large without any change, corrected for all that was looked at.
        effect: How large the difference is, in the unit that its check documents.
    """

    feature: str
    check: str
    description: str
    value: float | None = None
    threshold: float | None = None
    share: float = 1.0
    sentence: str = ""
    p_value: float | None = None
    effect: float | None = None

    @property
    def severity(self) -> Severity:
        """By the share of rows."""
        return "high" if self.share >= _HIGH else "medium" if self.share >= _MEDIUM else "low"


@dataclass(frozen=True)
class Skipped:
    """A check that could not be made, and why: not the same as one that found nothing."""

    feature: str
    check: str
    reason: str


BROKEN = (
    "missing_column_check", "data_type_check", "completeness_check", "non_negative_check", "row_count_check",
    "series_check", "duplicates_check", "constant_check",
)  # fmt: skip
"""Checks that say that data is to be mended, not learnt."""


def is_broken(finding: Finding) -> bool:
    """Whether data is broken: too much of it for a few bad cells."""
    return finding.check in BROKEN and finding.severity != "low"


def broken_json(finding: Finding) -> dict[str, str]:
    """What the decision needs to know of broken data."""
    return {"feature": finding.feature, "check": finding.check, "sentence": finding.sentence or finding.description}


@dataclass(frozen=True)
class Result:
    """The outcome of a job's checks.

    Attributes:
        facts: What the report shows of it.
        note: What the message says besides.
        compared: Whether anything was compared at all: a check that could check nothing has found nothing, either.
    """

    kind: str
    findings: Sequence[Finding]
    skipped: Sequence[Skipped]
    facts: Mapping[str, Any]
    note: str = ""
    compared: bool = True

    @property
    def message(self) -> str:
        """The exit message, in Model Monitor's words, and what was not checked."""
        return f"{self._verdict} {self.note}".rstrip()

    @property
    def _verdict(self) -> str:
        if not self.findings and not self.compared:
            first = f" First of all {self.skipped[0].feature}: {self.skipped[0].reason}" if self.skipped else ""
            return (
                f"CompletedWithoutChecks: {len(self.skipped)} checks could not be made, so nothing was checked.{first}"
            )
        if self.findings:
            text = f"CompletedWithViolations: Job completed successfully with {len(self.findings)} violations."
        else:
            text = "Completed: Job completed successfully with no violations."
        if not self.skipped:
            return text
        one = self.skipped[0]
        return f"{text} {len(self.skipped)} checks could not be made, the first of {one.feature}: {one.reason}"


def write(result: Result, folder: Path, violations: Sequence[Mapping[str, Any]] | None = None) -> None:
    """Write both files; `violations` where their form is another than that of data quality."""
    plain = [
        {"feature_name": f.feature, "constraint_check_type": f.check, "description": f.description}
        for f in result.findings
    ]
    save({"violations": plain if violations is None else list(violations)}, folder / VIOLATIONS)
    save(document(result), folder / DETAILS)


def document(result: Result) -> dict[str, Any]:
    """The details of an outcome."""
    return {
        "kind": result.kind,
        "message": result.message,
        "violations": [asdict(finding) | {"severity": finding.severity} for finding in result.findings],
        "skipped": [asdict(skipped) for skipped in result.skipped],
        **result.facts,
    }


def save(document: Any, path: Path) -> None:
    """Write JSON that every reader accepts: no NaN, no infinity."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, allow_nan=False, ensure_ascii=False) + "\n", encoding="utf-8")


def read(path: Path) -> Any:
    """Read JSON.

    Raises:
        InputError: It is absent or damaged.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path} is missing") from None
    except (ValueError, OSError) as error:
        raise InputError(f"{path} is not valid JSON: {error}") from None
