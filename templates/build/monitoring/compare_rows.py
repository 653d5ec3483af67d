"""How a batch's column differs from all rows of the baseline, taken as two samples of rows."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from monitoring import arrow, categories, distances, evidence, lens
from monitoring.baseline import Feature
from monitoring.comparison import LEVEL, SHAPE, SPREAD, Comparison, When, best
from monitoring.windows import Windows


def effective(windows: Windows | None, when: When) -> float:
    """By how much rows of a batch that is longer than the windows can be put together tell less than they are many."""
    if windows is None or not windows.days or not when.days or len(windows.counts) < 3:  # noqa: PLR2004
        return 1.0
    filled = windows.chosen(windows.present > 0)
    shares = np.cumsum(filled.counts, axis=1) / filled.present[:, None]
    inner = (shares * (1.0 - shares)).mean(axis=0)
    between = shares.var(axis=0, ddof=1)
    middle = int(inner.argmax())
    if inner[middle] <= 0.0:
        return 1.0
    return max(1.0, float(between[middle] / inner[middle] * filled.present.mean()))


def against_all(seen: Feature, known: Feature, repeated: float) -> Comparison:
    """The difference of all statistics; so many rows of the batch tell no more than one."""
    n, m = seen.present / repeated, known.present / repeated
    missing, missing_expected = missing_of_all(seen, known)
    found = _numbers_of_all if seen.numbers and known.numbers else _texts_of_all
    # The most extreme batch: all of it beyond all of the baseline.
    least = evidence.of_distance(1.0, n, m)
    return replace(found(seen, known, repeated), least=least, missing=missing, missing_expected=missing_expected)


def missing_of_all(seen: Feature, known: Feature) -> tuple[float, float]:
    """The chance of such a share of missing values, and the share that was expected."""
    n, m = seen.present + seen.missing, known.present + known.missing
    if not (seen.missing or known.missing):
        return 1.0, 0.0
    pooled = (seen.missing + known.missing) / (n + m)
    return evidence.of_count(seen.missing, n, pooled, pooled * (1 - pooled) / (n + m)), known.missing / m


def _numbers_of_all(seen: Feature, known: Feature, repeated: float) -> Comparison:
    assert seen.numbers is not None and known.numbers is not None  # noqa: S101, PT018 (asked before)
    scale = lens.lens_of(known.numbers.bins)
    one, other = lens.moments_of(seen.numbers.bins, scale), lens.moments_of(known.numbers.bins, scale)
    n, m = one.count / repeated, other.count / repeated
    distance, place = distances.of_numbers(seen.numbers.bins, known.numbers.bins)
    variance = other.variance * (1 / n + 1 / m)
    level = evidence.of_mean(one.mean - other.mean, variance, other.skewness / np.sqrt(n), n - 1)
    around = one.variance + (one.mean - other.mean) ** 2
    squares = lens.moments((scale(known.numbers.bins.centres()) - other.mean) ** 2, known.numbers.bins.counts)
    wide = squares.variance * (1 / n + 1 / m)
    spread = evidence.of_mean(around - squares.mean, wide, squares.skewness / np.sqrt(n), n - 1)
    shape = evidence.of_distance(distance, n, m)
    shares = seen.numbers.bins, known.numbers.bins
    upto = [float(bins.counts[bins.centres() <= place].sum() / bins.total) for bins in shares]
    return best(
        [("level", level, LEVEL), ("spread", spread, SPREAD), ("shape", shape, SHAPE)],
        Comparison(1.0, distance, "all rows", where=f"{place:.6g}", seen=upto[0], expected=upto[1]),
    )


def _texts_of_all(seen: Feature, known: Feature, repeated: float) -> Comparison:
    if seen.texts is None or known.texts is None:
        one, other = groups_of(seen), groups_of(known)
        chance, moved = evidence.of_counts(one / repeated, other / repeated)
        distance, place = distances.of_groups(one, other), int(np.abs(one / one.sum() - other / other.sum()).argmax())
        shares = float(one[place] / one.sum()), float(other[place] / other.sum())
        return Comparison(chance, max(distance, moved), "all rows", "mix", "a group of categories", *shares)
    batch = {text: count / repeated for text, count in seen.texts.items()}
    base = {text: count / repeated for text, count in known.texts.items()}
    chance, moved = evidence.of_mix(batch, base)
    distance, text = distances.of_categories(seen.texts, known.texts)
    share, expected = (texts.get(text, 0) / sum(texts.values()) for texts in (seen.texts, known.texts))
    return Comparison(chance, max(distance, moved), "all rows", "mix", text, share, expected)


def groups_of(known: Feature) -> NDArray[np.int64]:
    """Counts of texts by group, into which their hashes put them."""
    if known.groups is not None:
        return known.groups
    texts = known.texts or {}
    return categories.words(arrow.strings(list(texts)), np.array(list(texts.values()), np.int64)).groups
