"""How a batch's column differs from the baseline: what chance explains, and how large the difference is.

`compare` looks at one column. With windows in the baseline each statistic of the batch (the share of missing values,
level and spread of numbers, cumulative shares, the share of each category) is compared with what is expected of a
window at that time, and its variance has three parts: how wrong such expectations have been, how much more shorter
batches vary, and the batch's own number of rows. Without windows the batch and the baseline are two samples of rows.

A p-value is corrected for all statistics of the column; the effect is the largest difference of two cumulative shares,
or of a category's shares, from 0 to 1.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from monitoring import arrow, categories, distances, evidence, lens, outlook
from monitoring.baseline import Feature
from monitoring.outlook import Expected
from monitoring.windows import CUTS, FEWEST, Windows

Floats = NDArray[np.float64]

LEVEL, SPREAD, SHAPE = 0.5, 0.2, 0.3
"""How much of a column's chance of a false alarm goes to each kind of statistic of numbers."""
SEVERAL = 4
"""Places that have values, at least, of a column whose spread is looked at."""
HEAVY = 8.0
"""Degrees of freedom of the spread of windows, at most: single wild days give it tails that few windows show."""
STEADY = 3.0
"""A cumulative share whose squared errors are at most so many times those of rows drawn by chance is looked at."""
SMALLEST_VARIANCE = 0.2
"""Of the squared errors of expectations: what is left of them, at least, however many rows a batch has."""


@dataclass(frozen=True)
class When:
    """The days of a batch, and what part of the whole it is.

    Attributes:
        day: Its first day since 1970.
        days: How many it covers; 0: not known.
        series: How many series it has, where that is fewer than usual; else 0. Rows of a series are alike, so that such
        a
            batch tells no more than one row for each. All series together are the same as ever, and their rows count.
    """

    day: int = 0
    days: int = 0
    series: int = 0


@dataclass(frozen=True)
class Comparison:
    """How a column differs from the baseline.

    Attributes:
        p_value: Chance of such a difference without any change, corrected for the column's statistics.
        effect: The largest difference of cumulative shares, or of a category's shares, from what was expected.
        against: What was expected: `all rows`, or so many windows.
        what: The statistic that differs most: `level`, `spread`, `shape` or `mix`.
        where: The category, or the value below which the share differs most.
        seen: The batch's share there.
        expected: The share that was expected there.
        least: The smallest p-value that any batch of this size could have.
        missing: The p-value of the share of missing values.
        missing_expected: The share of missing values that was expected.
        middle: The median that was expected of numbers, where windows tell it.
        usual: The largest effect that a good window had: a smaller one does not matter.
    """

    p_value: float
    effect: float
    against: str
    what: str = ""
    where: str = ""
    seen: float = 0.0
    expected: float = 0.0
    least: float = 0.0
    missing: float = 1.0
    missing_expected: float = 0.0
    middle: float | None = None
    usual: float = 0.0


def compare(seen: Feature, known: Feature, when: When | None = None) -> Comparison:
    """How a batch's column differs from the baseline's; both have values, and are of one kind.

    Args:
        seen: The batch's column.
        known: The baseline's.
        when: The batch's days, to find what is expected of them where the baseline has windows.
    """
    when = when or When()
    windows = alike(known.windows, when)
    found = None if windows is None else _against_windows(seen, known, windows, when)
    return found or _against_all(seen, known, _effective(known.windows, when))


def missing_only(seen: Feature, known: Feature, when: When) -> Comparison:
    """The same where the values themselves cannot be compared."""
    windows = known.windows
    if windows is not None and windows.days and len(windows.counts) >= FEWEST and when.days <= 2 * windows.days:
        series = (windows.missing / windows.rows)[:, None]
        expected = outlook.expect(
            series, windows.starts, windows.days, when.day or int(windows.starts[-1]) + windows.days
        )
        if expected is not None:
            told = _Statistics(series, np.zeros(1), np.empty(0, np.int64))
            judged = _Judged(seen, known, windows, told, expected=expected, when=when)
            chance = judged.share(0, seen.missing, seen.present + seen.missing)
            return Comparison(
                1.0, 0.0, "", missing=chance, missing_expected=float(np.clip(expected.value[0], 0.0, 1.0))
            )
    chance, share = _missing_of_all(seen, known)
    return Comparison(1.0, 0.0, "", missing=chance, missing_expected=share)


def alike(windows: Windows | None, when: When) -> Windows | None:
    """The baseline's windows, put together to the batch's length; None where there are too few."""
    if windows is None:
        return None
    length = max(1, round(when.days / windows.days)) if windows.days and when.days else 1
    found = windows.joined(length) if length > 1 else windows
    found = found.chosen(found.present > 0) if len(found.counts) else found
    return found if len(found.counts) >= FEWEST else None


# Two samples of rows.


def _effective(windows: Windows | None, when: When) -> float:
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


def _against_all(seen: Feature, known: Feature, repeated: float) -> Comparison:
    n, m = seen.present / repeated, known.present / repeated
    missing, missing_expected = _missing_of_all(seen, known)
    found = _numbers_of_all if seen.numbers and known.numbers else _texts_of_all
    # The most extreme batch: all of it beyond all of the baseline.
    least = evidence.of_distance(1.0, n, m)
    return replace(found(seen, known, repeated), least=least, missing=missing, missing_expected=missing_expected)


def _missing_of_all(seen: Feature, known: Feature) -> tuple[float, float]:
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
    return _best(
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


def _best(told: Sequence[tuple[str, float, float]], found: Comparison) -> Comparison:
    """The statistic that differs most, each with its share of the column's chance of a false alarm."""
    what, chance, share = min(told, key=lambda item: item[1] / item[2])
    return replace(found, p_value=evidence.corrected(chance, share), what=what)


# Windows.


@dataclass(frozen=True)
class _Statistics:
    """Statistics of windows (rows) and of the batch: the share of missing values; of numbers level and spread; shares.

    Attributes:
        places: Where the shares are: of numbers the values up to these places, of categories these places.
        inner: Of numbers, the variance within windows on the column's scale.
    """

    windows: Floats
    batch: Floats
    places: NDArray[np.int64]
    inner: float = 0.0


def _against_windows(seen: Feature, known: Feature, windows: Windows, when: When) -> Comparison | None:
    told = _statistics(seen, windows)
    if told is None:
        return None
    length = windows.days or 1
    day = when.day if when.days and windows.days else int(windows.starts[-1]) + length
    expected = outlook.expect(told.windows, windows.starts, length, day)
    if expected is None:
        return None
    judged = _Judged(seen, known, windows, told, expected=expected, when=when)
    missing = judged.share(0, seen.missing, seen.present + seen.missing)
    found = judged.numbers() if windows.scale.edges is not None else judged.texts()
    return replace(found, missing=missing, missing_expected=float(np.clip(expected.value[0], 0.0, 1.0)))


def _statistics(seen: Feature, windows: Windows) -> _Statistics | None:
    missing = windows.missing / windows.rows
    shares = windows.counts / windows.present[:, None]
    own = np.array([seen.missing / (seen.present + seen.missing)])
    if windows.scale.edges is None:
        if seen.texts is None:
            return None
        batch = windows.scale.of_texts(seen.texts) / seen.present
        places = np.flatnonzero(shares.any(axis=0) | (batch > 0))
        return _Statistics(np.column_stack([missing, shares[:, places]]), np.concatenate([own, batch[places]]), places)
    if seen.numbers is None:
        return None
    level, inner = windows.levels()
    spread = lens.spread_of(level, inner)
    told = _level_of_batch(seen, windows)
    counts = windows.scale.of_bins(seen.numbers.bins)
    cuts = _cuts(windows)
    return _Statistics(
        np.column_stack([missing, level, spread, np.cumsum(shares, axis=1)[:, cuts]]),
        np.concatenate([own, told, np.cumsum(counts)[cuts] / counts.sum()]),
        cuts,
        float(inner.mean()),
    )


def _cuts(windows: Windows) -> NDArray[np.int64]:
    """The places nearest to the octiles of all windows."""
    upto = np.cumsum(windows.counts.sum(axis=0)) / windows.counts.sum()
    asked = (np.arange(CUTS) + 1.0) / (CUTS + 1.0)
    found = {int(np.abs(upto - share).argmin()) for share in asked}
    return np.array(sorted(cut for cut in found if upto[cut] < 1.0) or [0], np.int64)


def _level_of_batch(seen: Feature, windows: Windows) -> Floats:
    """Mean and variance on the column's scale, from what the windows have: values, or only their places."""
    assert seen.numbers is not None  # noqa: S101 (asked before)
    bins = seen.numbers.bins
    if windows.sums is not None:
        found = lens.moments_of(bins, windows.scale.lens)
    else:
        found = lens.moments(windows.scale.lens(windows.scale.values()), windows.scale.of_bins(bins))
    return np.array([found.mean, float(lens.spread_of(found.mean, found.variance))])


class _Judged:
    """The statistics of one column against what is expected of them."""

    def __init__(
        self, seen: Feature, known: Feature, windows: Windows, told: _Statistics, *, expected: Expected, when: When
    ) -> None:
        self._seen, self._known, self._windows = seen, known, windows
        self._told, self._expected = told, expected
        self._shorter = _shorter(windows, when)
        self._series = when.series
        self._against = f"what is expected from {len(windows.counts)} windows"

    def _variance(self, place: int, of_rows: float, rows: float, in_window: float) -> tuple[float, float]:
        """Of a batch's statistic: beyond that of its rows, and all of it."""
        squared = float(self._expected.squared[place])
        between = max(squared - of_rows / in_window, SMALLEST_VARIANCE * squared)
        more = 0.0
        if self._shorter and self._windows.daily is not None:
            daily = float(self._windows.daily[self._daily_place(place)])
            in_day = in_window / self._windows.days
            more = self._shorter * max(0.0, daily - of_rows * (1.0 / in_day - 1.0 / in_window))
        return between + more, between + more + of_rows / rows

    def _daily_place(self, place: int) -> int:
        first = 3 if self._windows.scale.edges is not None else 1
        return place if place < first else 3 + int(self._told.places[place - first])

    def _freedom(self, place: int, between: float, whole: float) -> float:
        """Degrees of freedom of a variance of which a part is known from the batch's rows (Satterthwaite, 1946)."""
        return float(self._expected.freedom[place]) * (whole / between) ** 2 if between > 0 else 1e6

    def share(self, place: int, count: int, rows: int) -> float:
        """The chance of a share that is as far from what is expected."""
        if self._series and self._series < rows:
            count, rows = round(count / rows * self._series), self._series
        told, in_window = self._told, self._windows.present if place else self._windows.rows
        usual = told.windows[:, place]
        size = float(1.0 / np.mean(1.0 / in_window))
        expected = float(np.clip(self._expected.value[place], 0.0, 1.0))
        known = float(in_window.sum())
        expected = float(np.clip(expected, 0.5 / (known + 1), 1.0 - 0.5 / (known + 1)))
        if (not usual.any() and not count) or (usual.all() and (usual == 1.0).all() and count == rows):
            return 1.0
        inner = max(float((usual * (1.0 - usual)).mean()), 0.0)
        between, whole = self._variance(place, inner, rows, size)
        own = expected * (1.0 - expected)
        exact = evidence.of_count(count, rows, expected, max(between, own / (known + 1)))
        error = abs(count / rows - expected)
        student = evidence.of_mean(error, max(whole, own / rows), 0.0, self._freedom(place, between, whole))
        return self._as_far_before(place, error, whole, max(exact, student))

    def _as_far_before(self, place: int, error: float, whole: float, chance: float) -> float:
        """A difference that expectations of good windows had themselves is not rare, whatever a formula says."""
        squared, worst = float(self._expected.squared[place]), float(self._expected.worst[place])
        alike = worst * np.sqrt(whole / squared) if squared > 0 else 0.0
        return max(chance, 1.0 / (float(self._expected.freedom[place]) + 2.0)) if error <= alike else chance

    def _mean(self, place: int, of_rows: float, skewness: float) -> float:
        size = float(1.0 / np.mean(1.0 / self._windows.present))
        rows = min(self._seen.present, self._series or self._seen.present)
        between, whole = self._variance(place, of_rows, rows, size)
        error = float(self._told.batch[place] - self._expected.value[place])
        part = of_rows / rows / whole if whole > 0 else 0.0
        freedom = min(self._freedom(place, between, whole), max(1.0, rows - 1.0) / max(part, 1e-9) ** 2)
        freedom = min(freedom, HEAVY) if place == 2 else freedom  # noqa: PLR2004 (the spread)
        chance = evidence.of_mean(error, whole, skewness / np.sqrt(rows) * part**1.5, freedom)
        return self._as_far_before(place, abs(error), whole, chance)

    def numbers(self) -> Comparison:
        """Level, spread and cumulative shares."""
        assert self._known.numbers is not None  # noqa: S101 (asked before)
        whole = lens.moments_of(self._known.numbers.bins, self._windows.scale.lens)
        inner = self._told.inner
        level = self._mean(1, inner, whole.skewness)
        several = np.count_nonzero(self._windows.counts.sum(axis=0)) >= SEVERAL  # of two values the level says all
        spread = self._mean(2, max(whole.kurtosis - 1.0, 0.1), 0.0) if several else 1.0
        rows = self._seen.present
        cuts = [place for place in range(3, len(self._told.batch)) if self._steady(place)]
        shape = evidence.at_most([self.share(cut, round(self._told.batch[cut] * rows), rows) for cut in cuts])
        least = evidence.at_most([min(self.share(cut, 0, rows), self.share(cut, rows, rows)) for cut in cuts])
        # Values far outside of all windows are always found, if there are enough of them.
        outside = evidence.of_distance(1.0, rows, self._known.present)
        batch, expected, usual = self._upto()
        apart = np.abs(batch - expected)
        place = int(apart.argmax())
        edges = self._windows.scale.values()
        found = Comparison(
            1.0, float(apart[place]), self._against, where=f"{edges[place]:.6g}", seen=float(batch[place]),
            expected=float(expected[place]), least=min(evidence.corrected(least, SHAPE), outside),
            middle=float(edges[int((expected >= 0.5).argmax())]),  # noqa: PLR2004 (the median)
            usual=usual,
        )  # fmt: skip
        more = 0.0 if cuts else SHAPE
        return _best([("level", level, LEVEL + more), ("spread", spread, SPREAD), ("shape", shape, SHAPE)], found)

    def _steady(self, place: int) -> bool:
        """Whether a cumulative share varies between windows hardly more than rows drawn by chance would.

        Where the level moves, a share hardly varies while its place is far from the level and much while it is near:
        its errors of last season say nothing about this one. The level itself does not have that.
        """
        usual = self._told.windows[:, place]
        by_chance = float((usual * (1.0 - usual)).mean() / self._windows.present.mean())
        return float(self._expected.squared[place]) <= STEADY * by_chance

    def _upto(self) -> tuple[Floats, Floats, float]:
        """Cumulative shares by place, of the batch and as expected, and how far they usually are apart.

        Expected by the same weights of windows as the level.
        """
        assert self._seen.numbers is not None  # noqa: S101 (asked before)
        counts = self._windows.scale.of_bins(self._seen.numbers.bins)
        shares = np.cumsum(self._windows.counts, axis=1) / self._windows.present[:, None]
        expected = np.clip(self._expected.weights[:, 1] @ shares, 0.0, 1.0)
        usual = np.abs(self._expected.tried[1].errors(shares)).max(axis=1)
        return np.cumsum(counts) / counts.sum(), np.maximum.accumulate(expected), float(usual.max())

    def texts(self) -> Comparison:
        """The share of each category."""
        rows = self._seen.present
        batch, expected = self._told.batch[1:], np.clip(self._expected.value[1:], 0.0, 1.0)
        places = range(1, len(self._told.batch))
        chances = [self.share(place, round(batch[place - 1] * rows), rows) for place in places]
        least = [min(self.share(place, 0, rows), self.share(place, rows, rows)) for place in places]
        names = [*self._windows.scale.texts, "other categories"]
        best = int(np.argmin(chances))
        usual = np.abs(self._expected.tried[1 + best].errors(self._told.windows[:, 1:])).max(axis=1)
        return Comparison(
            evidence.at_most(chances), float(np.abs(batch - expected).max()), self._against, "mix",
            names[self._told.places[best]], float(batch[best]), float(expected[best]), evidence.at_most(least),
            usual=float(usual.max()),
        )  # fmt: skip


def _shorter(windows: Windows, when: When) -> float:
    """How much of the days' own variance a batch has that is shorter than a window: all of it where it is one day."""
    if not when.days or windows.days <= 1 or when.days >= windows.days:
        return 0.0
    return (windows.days - when.days) / (windows.days - 1.0)
