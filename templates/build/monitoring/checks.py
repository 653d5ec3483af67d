"""Model Monitor's checks of data quality: a batch's profile against the statistics and constraints of a baseline.

Documented differences to Model Monitor: columns are matched by name, not by their number. Shares of missing, mistyped
or unknown values may fall short of a baseline that has some itself by what chance explains (three standard
deviations). Non-negativity, which Model Monitor suggests but never reports, is checked. With windows in the baseline,
drift is the distance to the nearest window.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from monitoring import categories, distances
from monitoring.baseline import Feature, Statistics, feature
from monitoring.columns import Profile
from monitoring.constraints import SPREAD, Constraint, Constraints, usual_limit
from monitoring.findings import Finding, Skipped
from monitoring.windows import Windows

Outcome = Finding | Skipped

FAR = 2
MOST_FAR = 0.05
"""More than this share of values farther outside of the baseline's range than `FAR` times its width is drift."""


@dataclass(frozen=True)
class Batch:
    """What is checked, and the days it covers (0: not known)."""

    profile: Profile
    days: int = 0


@dataclass(frozen=True)
class Drift:
    """A measured distance and its threshold; `against` says what it was measured from."""

    value: float
    threshold: float
    against: str
    fired: bool
    share: float
    note: str = ""


def check(
    batch: Batch, known: Statistics, constraints: Constraints, window_days: int = 0
) -> tuple[list[Outcome], dict[str, Drift]]:
    """All checks of all columns, in the baseline's order; and the measured drift by column."""
    outcomes: list[Outcome] = [*_columns(batch, constraints)]
    drifts: dict[str, Drift] = {}
    for name, constraint in constraints.features.items():
        column = batch.profile.columns.get(name)
        if not constraint.enabled:
            outcomes.append(Skipped(name, "all checks", "evaluate_constraints is Disabled in constraints.json"))
        if not constraint.enabled or column is None:
            continue
        seen = feature(name, column, known.features.get(name))
        outcomes += _values(seen, constraint, column.numbers.bins.below_zero())
        if constraints.compare and seen.present:  # without values, completeness has said what there is to say
            found = drift(seen, known.features.get(name), constraint, batch.days, window_days)
            if isinstance(found, Skipped):
                outcomes.append(found)
            else:
                drifts[name] = found
                outcomes += _drifted(name, found)
    return outcomes, drifts


def _columns(batch: Batch, constraints: Constraints) -> Iterator[Finding]:
    counts = (
        f"Number of columns in current dataset: {len(batch.profile.columns)}, "
        f"Number of columns in baseline constraints: {len(constraints.features)}"
    )
    for name, constraint in constraints.features.items():
        if constraint.enabled and name not in batch.profile.columns:
            yield Finding(name, "missing_column_check", f"Column {name} is missing in the current dataset. {counts}")
    for name in batch.profile.columns:
        if constraints.enabled and name not in constraints.features:
            yield Finding(name, "extra_column_check", f"Column {name} is not in the baseline. {counts}", share=0.0)


def _values(seen: Feature, constraint: Constraint, negative: int) -> Iterator[Finding]:
    rows = seen.present + seen.missing
    if rows and below(seen.completeness, constraint.completeness, rows):
        yield Finding(
            seen.name, "completeness_check",
            f"Completeness requirement is not met. Expected completeness: {percent(constraint.completeness)}. "
            f"Observed: Only {percent(seen.completeness, down=True)} of the rows have a value.",
            seen.completeness, constraint.completeness, 1.0 - seen.completeness,
        )  # fmt: skip
    if not seen.present:
        return
    yield from _type(seen, constraint)
    yield from _domain(seen, constraint)
    if constraint.non_negative and negative:
        share = negative / seen.present
        yield Finding(
            seen.name, "non_negative_check",
            f"Non-negativity requirement is not met. Observed: {percent(share)} of the values are negative.", share,
            0.0, share,
        )  # fmt: skip


def _type(seen: Feature, constraint: Constraint) -> Iterator[Finding]:
    if constraint.type == "Unknown":
        return
    share = seen.share_of(constraint.type)
    if below(share, constraint.limits.datatype, seen.present):
        yield Finding(
            seen.name, "data_type_check",
            f"Data type match requirement is not met. Expected data type: {constraint.type}, "
            f"Expected match: {percent(constraint.limits.datatype)}. "
            f"Observed: Only {percent(share, down=True)} of data is {constraint.type}.",
            share, constraint.limits.datatype, 1.0 - share,
        )  # fmt: skip


def _domain(seen: Feature, constraint: Constraint) -> Iterator[Finding]:
    if constraint.domain is None:
        return
    inside, new = _inside(seen, constraint.domain)
    share = inside / seen.present
    if below(share, constraint.limits.domain, seen.present):
        examples = f"; not among them: {', '.join(new)}" if new else ""
        yield Finding(
            seen.name, "categorical_values_check",
            f"Categorical values requirement is not met. Expected match: {percent(constraint.limits.domain)}. "
            f"Observed: Only {percent(share, down=True)} of the values are known categories{examples}.",
            share, constraint.limits.domain, 1.0 - share,
        )  # fmt: skip


def _inside(seen: Feature, domain: frozenset[str]) -> tuple[int, list[str]]:
    """How many values are in a domain (of texts too many to count: at most), and the most frequent that are not."""
    if seen.texts is not None:
        new = [text for text in seen.texts if text not in domain]
        return sum(count for text, count in seen.texts.items() if text in domain), new[:5]
    if seen.groups is None:  # numbers: the baseline knew only text
        return 0, []
    places = np.unique(categories.hashes_of(pa.array(sorted(domain), pa.string())) >> np.uint64(54))
    return int(seen.groups[places.astype(np.int64)].sum()), []


def below(share: float, expected: float, rows: int) -> bool:
    """Whether a share falls short of what is expected by more than chance. Of 1 nothing may be missing."""
    return share < expected - SPREAD * math.sqrt(max(0.0, expected * (1.0 - expected)) / rows)


def percent(share: float, *, down: bool = False) -> str:
    """A share in percent with one decimal; rounded down, so that less than all is never shown as 100 %."""
    shown = math.floor(share * 1000) / 10 if down else round(share * 100, 1)
    return f"{shown}%"


def drift(seen: Feature, known: Feature | None, constraint: Constraint, days: int, window_days: int) -> Drift | Skipped:
    """How far a column is from the baseline."""
    if known is None:
        return _skipped(seen, "the baseline's statistics do not know the column")
    if not known.present:
        return _skipped(seen, "the baseline has no values of it")
    if known.numeric and (seen.numbers is None or known.numbers is None):
        return _skipped(seen, "the batch has no numbers in it")
    return (
        _far(seen, known)
        or _near_windows(seen, known, constraint, days, window_days)
        or _from_all(seen, known, constraint)
    )


def _skipped(seen: Feature, reason: str) -> Skipped:
    return Skipped(seen.name, "baseline_drift_check", reason)


def _far(seen: Feature, known: Feature) -> Drift | None:
    """Drift where many values are far beyond all that the baseline has seen.

    Where each window has values of its own, like one price a quarter, new values are as far from every window as
    values a hundred times as large: how far they lie outside tells them apart.
    """
    if not (seen.numbers and known.numbers and known.numbers.low < known.numbers.high):
        return None
    margin = FAR * (known.numbers.high / 2 - known.numbers.low / 2)
    values = seen.numbers.bins.centres()
    outside = (values / 2 < known.numbers.low / 2 - margin) | (values / 2 > known.numbers.high / 2 + margin)
    share = float(seen.numbers.bins.counts[outside].sum() / seen.numbers.bins.total)
    if share <= MOST_FAR:
        return None
    note = f"share of values beyond the baseline's range by {FAR} times its width"
    return Drift(share, MOST_FAR, "range of all rows", fired=True, share=share, note=note)


def _near_windows(
    seen: Feature, known: Feature, constraint: Constraint, days: int, window_days: int
) -> Drift | Skipped | None:
    if known.windows is None or not window_days:
        return None
    if not known.windows.enough:
        return _skipped(seen, "too few windows of the baseline have values of it to say what is usual")
    if days and 2 * days < window_days:
        return _skipped(seen, f"the batch covers {days} days, the baseline was cut into windows of {window_days}")
    threshold = constraint.limits.window
    if threshold is None:
        return None
    return _from_windows(seen, known.windows, threshold, max(1, round(days / window_days)))


def _from_windows(seen: Feature, windows: Windows, threshold: float, length: int) -> Drift | None:
    if length > 1:
        windows = windows.joined(length)
        if not windows.enough:
            return None
        threshold = usual_limit(windows.usual())
    if seen.numbers:
        counts = windows.scale.of_bins(seen.numbers.bins)
    elif seen.texts is not None:
        counts = windows.scale.of_texts(seen.texts)
    else:
        return None
    value = windows.nearest(counts)
    return Drift(value, threshold, f"nearest of {len(windows.counts)} windows", value > threshold, value)


def _from_all(seen: Feature, known: Feature, constraint: Constraint) -> Drift | Skipped:
    limits = constraint.limits
    if known.numeric and seen.numbers and known.numbers:
        simple, place = distances.of_numbers(seen.numbers.bins, known.numbers.bins)
        rows = seen.numbers.bins.total, known.numbers.bins.total
        return _judged(seen.name, simple, rows, (limits.numbers, limits.numbers_method), f"most at {place:.6g}")
    if limits.texts_method == "ChiSquared":
        return _by_chi_squared(seen, known, limits.texts)
    if seen.texts is not None and known.texts is not None:
        simple, text = distances.of_categories(seen.texts, known.texts)
        note = f"most for {text}"
    else:
        simple, note = distances.of_groups(_groups(seen), _groups(known)), "by groups of categories"
    return _judged(seen.name, simple, (seen.present, known.present), (limits.texts, limits.numbers_method), note)


def _judged(name: str, simple: float, rows: tuple[int, int], limit: tuple[float, str], note: str) -> Drift | Skipped:
    threshold, method = limit
    if method == "Simple":
        return Drift(simple, threshold, "all rows", simple > threshold, simple, note)
    if distances.by_chance(*rows) + threshold >= 1.0:
        return Skipped(name, "baseline_drift_check", f"{rows[0]} values are too few to tell drift from chance")
    value = distances.robust(simple, *rows)
    return Drift(value, threshold, "all rows", value > threshold, simple, note)


def _by_chi_squared(seen: Feature, known: Feature, threshold: float) -> Drift | Skipped:
    if seen.texts is None or known.texts is None:
        return Skipped(seen.name, "baseline_drift_check", "too many categories for a chi-squared test")
    found = distances.chi_squared(seen.texts, known.texts)
    simple = distances.of_categories(seen.texts, known.texts)[0]
    if found.unknown > threshold:
        return Drift(found.unknown, threshold, "all rows", fired=True, share=simple, note="share of unknown categories")
    if math.isnan(found.p_value):
        return Skipped(seen.name, "baseline_drift_check", "too few values or categories for a chi-squared test")
    return Drift(found.p_value, threshold, "all rows", found.p_value < threshold, simple, "p-value of chi-squared")


def _groups(known: Feature) -> NDArray[np.int64]:
    if known.groups is not None:
        return known.groups
    texts: Mapping[str, int] = known.texts or {}
    return categories.words(pa.array(list(texts), pa.string()), np.array(list(texts.values()), np.int64)).groups


def _drifted(name: str, found: Drift) -> Iterator[Finding]:
    if not found.fired:
        return
    how = "is below" if "p-value" in found.note else "exceeds"
    detail = f" ({found.against}{', ' + found.note if found.note else ''})"
    text = f"Baseline drift distance: {found.value:.6g} {how} threshold: {found.threshold:.6g}{detail}"
    yield Finding(name, "baseline_drift_check", text, found.value, found.threshold, found.share)


def drift_json(found: Mapping[str, Drift]) -> dict[str, Any]:
    """The measured drift for the details file."""
    return {
        n: {"distance": d.value, "threshold": d.threshold, "against": d.against, "drifted": d.fired}
        for n, d in found.items()
    }
