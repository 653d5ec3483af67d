"""Checks of one column's values: present, of the right type, known, not negative, not stuck, not far away."""

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from monitoring import arrow, categories, evidence, jumps, lens, sentences
from monitoring.baseline import Feature
from monitoring.comparison import Comparison, When, alike
from monitoring.constraints import Constraint
from monitoring.findings import Finding
from monitoring.judging import DRIFT, STEPS, Look
from monitoring.jumps import Jump
from monitoring.settings import Level

FAR = 2
MOST_FAR = 0.05
"""More than this share of values farther outside of the baseline's range than `FAR` times its width is drift."""
FEWEST_STUCK = 5
"""Rows that tell a column that is stuck from one of few rows."""
CERTAIN = 1e-4
"""A chance that is no chance: of all rows having one value, say."""
MANY_ZEROS = 0.5
"""More zeros than before by this share of the rows are no drift, but a feed that is dead in part."""


def of_values(
    seen: Feature, known: Feature | None, constraint: Constraint, negative: int, level: Level
) -> Iterator[Look | Finding]:
    """Looks at types, categories and signs; findings where no chance is involved."""
    if not seen.present:
        return
    yield from _type(seen, known, constraint, level)
    yield from _domain(seen, known, constraint, level)
    if constraint.non_negative and negative:
        yield _negative(seen, known, negative)


def _type(seen: Feature, known: Feature | None, constraint: Constraint, level: Level) -> Iterator[Look | Finding]:
    """A text among numbers where there never was one is no matter of chance; of whole numbers some may have parts."""
    if constraint.type in ("Unknown", "String"):
        return
    share, wanted = seen.share_of(constraint.type), constraint.limits.datatype
    if share >= wanted:
        return
    finding = Finding(
        seen.name, "data_type_check",
        f"Data type match requirement is not met. Expected data type: {constraint.type}, "
        f"Expected match: {percent(wanted)}. "
        f"Observed: Only {percent(share, down=True)} of data is {constraint.type}.",
        share, wanted, 1.0 - share, sentences.wrong_type(seen.name, constraint.type, share), effect=wanted - share,
    )  # fmt: skip
    if wanted >= 1.0 and seen.share_of("Fractional") < 1.0:
        yield finding
        return
    wrong = round((1.0 - share) * seen.present)
    chance = _more(wrong, seen.present, 1.0 - wanted, known.present if known else 0)
    yield Look(replace(finding, p_value=chance), wanted - share >= level.points)


def _domain(seen: Feature, known: Feature | None, constraint: Constraint, level: Level) -> Iterator[Look]:
    if constraint.domain is None:
        return
    inside, new = _inside(seen, constraint.domain)
    share, wanted = inside / seen.present, constraint.limits.domain
    if share >= wanted:
        return
    examples = f"; not among them: {', '.join(new)}" if new else ""
    finding = Finding(
        seen.name, "categorical_values_check",
        f"Categorical values requirement is not met. Expected match: {percent(wanted)}. "
        f"Observed: Only {percent(share, down=True)} of the values are known categories{examples}.",
        share, wanted, 1.0 - share, sentences.unknown(seen.name, 1.0 - share, ", ".join(new[:3])),
        effect=wanted - share,
    )  # fmt: skip
    # Each row of the baseline with a category of its own would have been unknown to the other rows (Good, 1953).
    single = sum(count == 1 for count in known.texts.values()) if known and known.texts else 0
    of = known.present if known else 0
    chance = _more(seen.present - inside, seen.present, max(1.0 - wanted, single / of if of else 0.0), of)
    yield Look(replace(finding, p_value=chance), wanted - share >= level.points)


def _inside(seen: Feature, domain: frozenset[str]) -> tuple[int, list[str]]:
    """How many values are in a domain (of texts too many to count: at most), and the most frequent that are not."""
    if seen.texts is not None:
        new = [text for text in seen.texts if text not in domain]
        return sum(count for text, count in seen.texts.items() if text in domain), new[:5]
    if seen.groups is None:  # numbers: the baseline knew only text
        return 0, []
    places = np.unique(categories.hashes_of(arrow.strings(sorted(domain))) >> np.uint64(54))
    return int(seen.groups[places.astype(np.int64)].sum()), []


def _negative(seen: Feature, known: Feature | None, negative: int) -> Look:
    share = negative / seen.present
    finding = Finding(
        seen.name, "non_negative_check",
        f"Non-negativity requirement is not met. Observed: {percent(share)} of the values are negative.", share,
        0.0, share, sentences.negative(seen.name, share), effect=share,
    )  # fmt: skip
    chance = _more(negative, seen.present, 0.0, known.present if known else 0)
    return Look(replace(finding, p_value=chance), matters=True)


def _more(count: int, rows: int, expected: float, of: int) -> float:
    """The chance of so many, of a share that so many rows of the baseline told (none: it is certain)."""
    if not of:
        return evidence.of_count(count, rows, min(max(expected, 1e-12), 1.0), 0.0)
    pooled = (count + expected * of) / (rows + of)
    return evidence.of_count(count, rows, pooled, pooled * (1.0 - pooled) / (rows + of))


def completeness(seen: Feature, constraint: Constraint, found: Comparison, level: Level) -> Iterator[Look]:
    """A look at the share of missing values: more are a violation, fewer are drift."""
    rows = seen.present + seen.missing
    if not rows or (not seen.missing and not found.missing_expected):
        return
    now = seen.missing / rows
    more = now - found.missing_expected
    if more < 0 and found.missing_expected >= 1.0:
        return  # there never was a value: that it cannot be compared is said elsewhere
    if more >= 0:
        finding = Finding(
            seen.name, "completeness_check",
            "Completeness requirement is not met. "
            f"Expected completeness: {percent(min(constraint.completeness, 1.0 - found.missing_expected))}. "
            f"Observed: Only {percent(seen.completeness, down=True)} of the rows have a value.",
            seen.completeness, constraint.completeness, now,
            sentences.missing(seen.name, now, found.missing_expected), found.missing, more,
        )  # fmt: skip
        yield Look(finding, more >= level.points and seen.completeness < constraint.completeness)
        return
    limit = constraint.limits.texts * level.scale
    text = f"Baseline drift distance: {-more:.6g} exceeds threshold: {limit:.6g} (share of missing values)"
    finding = Finding(
        seen.name, "baseline_drift_check", text, -more, limit, -more,
        sentences.missing(seen.name, now, found.missing_expected), found.missing, -more,
    )  # fmt: skip
    yield Look(finding, -more > limit)


def stuck(seen: Feature, known: Feature, when: When) -> Finding | None:
    """Whether a column has one value only, or many zeros, where it never had."""
    if seen.present < FEWEST_STUCK or not known.present:
        return None
    value = _only_value(seen)
    if value is not None and _chance_of_one_value(seen, known, when) < CERTAIN:
        text = f"Constant value requirement is not met. Observed: all {seen.present} values are {value}."
        sentence = sentences.constant(seen.name, value, sentences.variety(known))
        return Finding(seen.name, "constant_check", text, 1.0, None, 1.0, sentence, 0.0, 1.0)
    return _zeroed(seen, known, when)


def _only_value(seen: Feature) -> str | None:
    if seen.numbers is not None:
        return sentences.short(seen.numbers.low) if seen.numbers.low == seen.numbers.high else None
    return next(iter(seen.texts)) if seen.texts is not None and len(seen.texts) == 1 else None


def _chance_of_one_value(seen: Feature, known: Feature, when: When) -> float:
    """That so many rows have one value: from the shares of each window, or of all rows."""
    windows = alike(known.windows, when)
    if windows is None:
        counts = known.numbers.bins.counts if known.numbers else np.array([*(known.texts or {"": 1}).values()])
        # The baseline's own rows tell the share of its most frequent value only so well.
        top = _more(seen.present, seen.present, float(counts.max() / counts.sum()), known.present)
        return max(_same(counts[None, :], seen.present), top)
    chance = _same(windows.counts, seen.present)
    # A single day may hold one value where no whole window does.
    return max(chance, windows.stuck) if when.days and when.days < windows.days else chance


def _same(counts: NDArray[np.int64], rows: int) -> float:
    shares = counts / counts.sum(axis=1, keepdims=True)
    return float((shares**rows).sum(axis=1).mean())


def _zeroed(seen: Feature, known: Feature, when: When) -> Finding | None:
    if seen.numbers is None or known.numbers is None:
        return None
    now, before = (_share_of_zero(feature) for feature in (seen, known))
    windows = alike(known.windows, when)
    if windows is not None and windows.scale.edges is not None:
        place = int(np.searchsorted(windows.scale.edges, 0.0))
        before = max(before, float((windows.counts[:, place] / windows.present).max()))
    rows = seen.numbers.bins.total
    if now - before < MANY_ZEROS or _more(round(now * rows), rows, before, known.present) > CERTAIN:
        return None
    text = f"Constant value requirement is not met. Observed: {percent(now)} of the values are 0."
    return Finding(
        seen.name, "constant_check", text, now, before, now, sentences.zeroed(seen.name, now, before), 0.0, now - before
    )


def _share_of_zero(feature: Feature) -> float:
    assert feature.numbers is not None  # noqa: S101 (asked before)
    bins = feature.numbers.bins
    zero = np.searchsorted(bins.keys, 0)
    found = int(bins.counts[zero]) if zero < len(bins.keys) and bins.keys[zero] == 0 else 0
    return found / max(bins.total, 1)


def far(seen: Feature, known: Feature) -> Look | None:
    """Values far beyond all that the baseline has seen, of whatever window."""
    if not (seen.numbers and known.numbers and known.numbers.low < known.numbers.high):
        return None
    margin = FAR * (known.numbers.high / 2 - known.numbers.low / 2)
    values = seen.numbers.bins.centres()
    outside = (values / 2 < known.numbers.low / 2 - margin) | (values / 2 > known.numbers.high / 2 + margin)
    count = int(seen.numbers.bins.counts[outside].sum())
    share = count / seen.numbers.bins.total
    if share <= MOST_FAR:
        return None
    chance = _more(count, seen.numbers.bins.total, 0.0, known.present)
    text = (
        f"Baseline drift distance: {share:.6g} exceeds threshold: {MOST_FAR:.6g} "
        f"(range of all rows, share of values beyond the baseline's range by {FAR} times its width)"
    )
    sentence = sentences.far(seen.name, share, known.numbers.low, known.numbers.high)
    finding = Finding(seen.name, "baseline_drift_check", text, share, MOST_FAR, share, sentence, chance, share)
    return Look(finding, matters=True, weight=DRIFT)


def jump(seen: Feature, known: Feature, found: Jump, threshold: float) -> Look | None:
    """A look at a step from the day before; a difference of cumulative shares above the threshold matters."""
    if known.numbers is None or known.windows is None:
        return None
    scale = known.windows.scale.lens
    share = jumps.effect(found, math.sqrt(lens.moments_of(known.numbers.bins, scale).variance))
    sentence = sentences.jumped(
        seen.name, scale.back(found.before), scale.back(found.after), scale.back(found.after - found.size)
    )
    text = (
        f"Baseline drift distance: {share:.6g} exceeds threshold: {threshold:.6g} "
        f"(step from the day before, against {found.seen} of the baseline)"
    )
    finding = Finding(seen.name, "baseline_drift_check", text, share, threshold, share, sentence, found.p_value, share)
    large = share > threshold
    return Look(finding, large and abs(found.size) > found.worst, large, DRIFT, STEPS)


def percent(share: float, *, down: bool = False) -> str:
    """A share in percent with one decimal; rounded down, so that less than all is never shown as 100 %."""
    shown = math.floor(share * 1000) / 10 if down else round(share * 100, 1)
    return f"{shown}%"
