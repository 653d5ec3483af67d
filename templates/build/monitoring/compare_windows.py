"""How a batch's column differs from what is expected of a window of the baseline at that time."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from monitoring import evidence, lens, outlook
from monitoring.baseline import Feature
from monitoring.comparison import LEVEL, SHAPE, SPREAD, Comparison, When, best
from monitoring.outlook import Expected
from monitoring.windows import CUTS, FEWEST, Windows

Floats = NDArray[np.float64]

SEVERAL = 4
"""Places that have values, at least, of a column whose spread is looked at."""
HEAVY = 8.0
"""Degrees of freedom of the spread of windows, at most: single wild days give it tails that few windows show."""
STEADY = 3.0
"""A cumulative share whose squared errors are at most so many times those of rows drawn by chance is looked at."""
SMALLEST_VARIANCE = 0.2
"""Of the squared errors of expectations: what is left of them, at least, however many rows a batch has."""


def missing_against_windows(seen: Feature, known: Feature, when: When) -> Comparison | None:
    """The share of missing values alone; None where there are too few windows."""
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
    return None


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


def against_windows(seen: Feature, known: Feature, windows: Windows, when: When) -> Comparison | None:
    """The difference of all statistics; None where nothing is expected."""
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
        return best([("level", level, LEVEL + more), ("spread", spread, SPREAD), ("shape", shape, SHAPE)], found)

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
        most = int(np.argmin(chances))
        usual = np.abs(self._expected.tried[1 + most].errors(self._told.windows[:, 1:])).max(axis=1)
        return Comparison(
            evidence.at_most(chances), float(np.abs(batch - expected).max()), self._against, "mix",
            names[self._told.places[most]], float(batch[most]), float(expected[most]), evidence.at_most(least),
            usual=float(usual.max()),
        )  # fmt: skip


def _shorter(windows: Windows, when: When) -> float:
    """How much of the days' own variance a batch has that is shorter than a window: all of it where it is one day."""
    if not when.days or windows.days <= 1 or when.days >= windows.days:
        return 0.0
    return (windows.days - when.days) / (windows.days - 1.0)
