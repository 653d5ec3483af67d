"""The checks of data quality: a batch's profile against the statistics and constraints of a baseline.

Findings have Model Monitor's form and words. Documented differences to Model Monitor: columns are matched by name. What
rests on chance (drift, shares of missing, mistyped, unknown and negative values) is a finding only where it is sure
over all that was looked at, for the batch's own number of rows, and large enough to matter; with windows in the
baseline, against what is expected of a window at that time (`compare_windows.py`), and against the day before the
batch (`jumps.py`). Non-negativity, which Model Monitor suggests but never reports, is checked. Rows, series,
duplicates, columns that are stuck, columns that no longer go together, and old dates are checks of their own.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitoring import (
    arrow,
    categories,
    column_checks,
    compare,
    dependence,
    determination,
    distances,
    jumps,
    sentences,
    table_checks,
)
from monitoring.baseline import Feature, Statistics, feature
from monitoring.columns import Profile
from monitoring.comparison import Comparison, When, alike
from monitoring.constraints import Constraint, Constraints
from monitoring.findings import Finding, Skipped
from monitoring.judging import DRIFT, STEPS, WINDOWS, Look, judge
from monitoring.jumps import Days
from monitoring.settings import LEVELS, Level
from monitoring.volume import Keys

Outcome = Finding | Skipped
ALL_ROWS = "all rows"
WHOLE = 0.9
"""Share of the usual series with which a batch is the whole."""


@dataclass(frozen=True)
class Batch:
    """What is checked.

    Attributes:
        days: That it covers; 0: not known.
        day: Its first one since 1970.
        keys: The ids of its rows.
        sampled: The day of each row of the profile's sample.
        before: Rows of the day before, where they came along.
    """

    profile: Profile
    days: int = 0
    day: int = 0
    keys: Keys | None = None
    sampled: NDArray[np.int64] | None = None
    before: Days | None = None


@dataclass(frozen=True)
class Drift:
    """A measured distance and its threshold; `against` says what it was measured from."""

    value: float
    threshold: float
    against: str
    fired: bool
    share: float
    note: str = ""
    p_value: float | None = None
    sentence: str = ""


@dataclass
class _Column:
    """What was found of one column."""

    outcomes: list[Outcome] = field(default_factory=list)
    looks: list[Look] = field(default_factory=list)
    drift: Drift | None = None


def check(
    batch: Batch,
    known: Statistics,
    constraints: Constraints,
    window_days: int = 0,
    *,
    sensitivity: str = "normal",
    run_day: int = 0,
) -> tuple[list[Outcome], dict[str, Drift]]:
    """All checks of all columns, in the baseline's order; and the measured drift by column.

    Args:
        batch: What is checked.
        known: The baseline's statistics.
        constraints: The baseline's constraints.
        window_days: Days that a batch covers; 0: compare with all rows of the baseline.
        sensitivity: A word of `settings.LEVELS`.
        run_day: The day of the run since 1970; 0: not known.
    """
    level = LEVELS[sensitivity]
    table: list[Outcome] = [*_columns(batch, constraints)]
    columns: dict[str, _Column] = {}
    when = _when(batch, known)
    for name, constraint in constraints.features.items():
        column = batch.profile.columns.get(name)
        if not constraint.enabled:
            table.append(Skipped(name, "all checks", "evaluate_constraints is Disabled in constraints.json"))
        elif column is not None:
            like = known.features.get(name)
            if like is not None and not window_days:
                like = replace(like, windows=None)
            two = _Two(feature(name, column, like), like, constraint, column.numbers.bins.below_zero())
            columns[name] = _column(two, when, level, compare=constraints.compare)
            columns[name].looks += _jump(two, batch, when, level) if constraints.compare else []
    if constraints.enabled:
        table += _of_table(batch, known, run_day)
    drifts = _judge(columns, level)
    if constraints.enabled:
        table += _apart(batch, known, columns, window_days, level)
    return [*table, *(outcome for column in columns.values() for outcome in column.outcomes)], drifts


def _when(batch: Batch, known: Statistics) -> When:
    """The batch's days, and how many series it has where that is fewer than usual."""
    usual = known.volume.series if known.volume else ()
    if batch.keys is None or not batch.keys.named or not usual:
        return When(batch.day, batch.days)
    series = len(np.unique(batch.keys.series))
    return When(batch.day, batch.days, series if series < WHOLE * float(np.median(usual)) else 0)


def _columns(batch: Batch, constraints: Constraints) -> Iterator[Finding]:
    counts = (
        f"Number of columns in current dataset: {len(batch.profile.columns)}, "
        f"Number of columns in baseline constraints: {len(constraints.features)}"
    )
    for name, constraint in constraints.features.items():
        if constraint.enabled and name not in batch.profile.columns:
            text = f"Column {name} is missing in the current dataset. {counts}"
            yield Finding(name, "missing_column_check", text, sentence=sentences.missing_column(name))
    for name in batch.profile.columns:
        if constraints.enabled and name not in constraints.features:
            text = f"Column {name} is not in the baseline. {counts}"
            yield Finding(name, "extra_column_check", text, share=0.0, sentence=sentences.extra_column(name))


def _of_table(batch: Batch, known: Statistics, run_day: int) -> Iterator[Outcome]:
    yield from table_checks.amount(batch.keys, known.volume, batch.days)
    yield from table_checks.fresh(batch.day + batch.days - 1 if batch.days else 0, known.volume, batch.days, run_day)
    if batch.keys is None or not batch.keys.named:
        equal = table_checks.equal_rows(batch.profile.sample, known.equal)
        if equal is not None:
            yield equal


@dataclass(frozen=True)
class _Two:
    """A column of the batch and of the baseline, what it must be like, and how many of its values are negative."""

    seen: Feature
    known: Feature | None
    constraint: Constraint
    negative: int


def _column(two: _Two, when: When, level: Level, *, compare: bool) -> _Column:
    found, seen, known = _Column(), two.seen, two.known
    for item in column_checks.of_values(seen, known, two.constraint, two.negative, level):
        if isinstance(item, Finding):
            found.outcomes.append(item)
        else:
            found.looks.append(item)
    compared = _comparison(seen, known, when)
    found.looks += column_checks.completeness(seen, two.constraint, compared, level)
    if not (compare and seen.present):  # without values, completeness has said what there is to say
        return found
    reason = _why_not(seen, known, when)
    if reason or known is None:
        found.outcomes.append(Skipped(seen.name, "baseline_drift_check", reason))
        return found
    stuck, far = column_checks.stuck(seen, known, when), column_checks.far(seen, known)
    found.outcomes += [stuck] if stuck else []
    found.looks += [far] if far else []
    if known.windows is not None and known.windows.only_grows():
        found.outcomes.append(Skipped(seen.name, "baseline_drift_check", sentences.grows(seen.name)))
    else:
        _drift(found, seen, known, two.constraint, compared=compared, level=level)
    return found


def _comparison(seen: Feature, known: Feature | None, when: When) -> Comparison:
    """How the column differs; where its values cannot be compared, at least how many are missing."""
    if known is None:
        return Comparison(1.0, 0.0, "")
    if _why_not(seen, known, when):
        return compare.missing_only(seen, known, when)
    return compare.compare(seen, known, when)


def _why_not(seen: Feature, known: Feature | None, when: When) -> str:
    """Why a column cannot be compared; nothing where it can."""
    if known is None:
        return "the baseline's statistics do not know the column"
    if not known.present:
        return "the baseline has no values of it"
    if not seen.present:
        return "the batch has no values of it"
    if known.numeric and (seen.numbers is None or known.numbers is None):
        return "the batch has no numbers in it"
    if known.windows is not None and alike(known.windows, When(when.day, known.windows.days)) is None:
        return "too few windows of the baseline have values of it to say what is usual"
    return ""


def _jump(two: _Two, batch: Batch, when: When, level: Level) -> list[Look]:
    """A look at the step from the day before, of a batch that is whole and came with it."""
    seen, known, limits = two.seen, two.known, two.constraint.limits
    if batch.before is None or batch.sampled is None or when.series or known is None or known.windows is None:
        return []
    if not (seen.numbers and known.numeric) or known.windows.only_grows() or limits.numbers_method == "Simple":
        return []
    days = Days(batch.profile.sample, batch.sampled)
    found = jumps.look(seen.name, known.windows, days, batch.before, day=batch.day, days=batch.days)
    look = None if found is None else column_checks.jump(seen, known, found, limits.numbers * level.scale)
    return [] if look is None else [look]


def _drift(
    found: _Column, seen: Feature, known: Feature, constraint: Constraint, *, compared: Comparison, level: Level
) -> None:
    limits = constraint.limits
    if not known.numeric and limits.texts_method == "ChiSquared":
        _certain(found, seen, _by_chi_squared(seen, known, limits.texts))
        return
    threshold = limits.numbers if known.numeric else limits.texts
    if limits.numbers_method == "Simple":
        simple = _simple(seen, known)
        drift = Drift(simple, threshold, ALL_ROWS, simple > threshold, simple)
        _certain(found, seen, replace(drift, sentence=sentences.drift(seen, known, compared, known.windows)))
        return
    threshold *= level.scale
    trust = 1.0 if compared.against == ALL_ROWS else WINDOWS
    note = f"most at {compared.where}" if seen.numbers else f"most for {compared.where}"
    found.drift = Drift(
        compared.effect, threshold, compared.against, False, compared.effect, note, compared.p_value,  # noqa: FBT003
        sentences.drift(seen, known, compared, known.windows),
    )  # fmt: skip
    finding = _finding(seen.name, found.drift)
    large, larger = compared.effect > threshold, compared.effect > max(threshold, compared.usual)
    found.looks.append(Look(finding, larger, large, DRIFT, trust, compared.least))


def _simple(seen: Feature, known: Feature) -> float:
    """The distance to all rows of the baseline, whatever chance makes likely (Model Monitor's linf_simple)."""
    if seen.numbers and known.numbers:
        return distances.of_numbers(seen.numbers.bins, known.numbers.bins)[0]
    if seen.texts is not None and known.texts is not None:
        return distances.of_categories(seen.texts, known.texts)[0]
    return distances.of_groups(*(_groups(one) for one in (seen, known)))


def _groups(one: Feature) -> NDArray[np.int64]:
    if one.groups is not None:
        return one.groups
    texts = one.texts or {}
    return categories.words(arrow.strings(list(texts)), np.array(list(texts.values()), np.int64)).groups


def _certain(found: _Column, seen: Feature, drift: Drift | Skipped) -> None:
    """Drift by a threshold alone, as Model Monitor has it."""
    if isinstance(drift, Skipped):
        found.outcomes.append(drift)
        return
    found.drift = drift
    if drift.fired:
        found.outcomes.append(_finding(seen.name, drift))


def _finding(name: str, found: Drift) -> Finding:
    how = "is below" if "p-value" in found.note else "exceeds"
    detail = f" ({found.against}{', ' + found.note if found.note else ''})"
    text = f"Baseline drift distance: {found.value:.6g} {how} threshold: {found.threshold:.6g}{detail}"
    return Finding(
        name, "baseline_drift_check", text, found.value, found.threshold, found.share, found.sentence, found.p_value,
        found.value,
    )  # fmt: skip


def _by_chi_squared(seen: Feature, known: Feature, threshold: float) -> Drift | Skipped:
    if seen.texts is None or known.texts is None:
        return Skipped(seen.name, "baseline_drift_check", "too many categories for a chi-squared test")
    found = distances.chi_squared(seen.texts, known.texts)
    simple = distances.of_categories(seen.texts, known.texts)[0]
    if found.unknown > threshold:
        return Drift(found.unknown, threshold, ALL_ROWS, fired=True, share=simple, note="share of unknown categories")
    if math.isnan(found.p_value):
        return Skipped(seen.name, "baseline_drift_check", "too few values or categories for a chi-squared test")
    return Drift(found.p_value, threshold, ALL_ROWS, found.p_value < threshold, simple, "p-value of chi-squared")


def _judge(columns: Mapping[str, _Column], level: Level) -> dict[str, Drift]:
    """Put what was looked at in all columns together, and see what is sure and matters."""
    looks = [(name, look) for name, column in columns.items() for look in column.looks]
    for (name, look), (_, outcome) in zip(looks, judge([look for _, look in looks], level.chance), strict=True):
        column = columns[name]
        if isinstance(outcome, Skipped):
            reason = _too_few(look)
            column.outcomes.append(replace(outcome, reason=reason))
        elif outcome is not None and not _told(column, outcome):
            column.outcomes.append(outcome)
        if look.weight == DRIFT and look.trust != STEPS and column.drift is not None and isinstance(outcome, Finding):
            column.drift = replace(column.drift, fired=True, p_value=outcome.p_value)
    return {name: column.drift for name, column in columns.items() if column.drift is not None}


def _told(column: _Column, finding: Finding) -> bool:
    """Whether the column has that finding already, in other words."""
    return any(isinstance(item, Finding) and item.check == finding.check for item in column.outcomes)


def _too_few(look: Look) -> str:
    if look.trust == 1.0:
        return "its values are too few to tell drift from chance"
    return "it varies so much between the baseline's windows that no batch of so few values would be unusual"


def _apart(
    batch: Batch, known: Statistics, columns: Mapping[str, _Column], window_days: int, level: Level
) -> Iterator[Finding]:
    """Columns that no longer go together; what their own values show is not told again."""
    sample = batch.profile.sample
    changed = frozenset(
        name for name, column in columns.items() if any(isinstance(item, Finding) for item in column.outcomes)
    )
    told: set[str] = set()
    kept = determination.look(known.rules, sample, batch.sampled)
    looks = [*table_checks.apart(dependence.look(known.pairs, sample, batch.days, window_days), changed)]
    found = [*table_checks.undetermined(kept, changed), *(outcome for _, outcome in judge(looks, level.chance / 2))]
    for outcome in found:
        if isinstance(outcome, Finding) and outcome.feature not in told:
            told.add(outcome.feature)
            yield outcome


def drift_json(found: Mapping[str, Drift]) -> dict[str, Any]:
    """The measured drift for the details file."""
    return {
        n: {
            "distance": d.value, "threshold": d.threshold, "against": d.against, "drifted": d.fired,
            "p_value": d.p_value, "sentence": d.sentence if d.fired else "",
        }
        for n, d in found.items()
    }  # fmt: skip
