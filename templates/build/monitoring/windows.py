"""Stretches of the baseline that are as long as a batch: what a batch can fairly be compared with.

A week is unlike the years it is part of: its calendar, weather and campaigns are its own. So the baseline is cut into
windows of a batch's length, and what a batch is expected to be follows from them (`outlook.py`). Of each window are
kept the counts by place and, of numbers, sums on the column's scale (`lens.py`); of the days in a window, how much more
they vary than it does, for batches that are shorter.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from model.errors import InputError
from monitoring import arrow, numeric
from monitoring.columns import Column, Profile, floats_of, places_of
from monitoring.lens import Lens, lens_of, spread_of
from monitoring.numeric import Histogram
from reading.blocks import Block, Source, names_of, scan

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]

EDGES = 63
CATEGORIES = 100
CUTS = 7
"""Places where the cumulative shares of a column of numbers are looked at: about its octiles."""
MOST = 160
"""Windows that are kept, the latest: three years of weeks."""
FEWEST = 9
"""With fewer windows nothing can be said about what is usual; then they are cut shorter."""


@dataclass(frozen=True)
class Scale:
    """How a column's values are put into places: numbers up to each edge (and above), or categories (and others)."""

    edges: NDArray[np.float64] | None = None
    texts: tuple[str, ...] = ()
    lens: Lens = field(default_factory=lambda: Lens(0.0, 1.0))

    @property
    def places(self) -> int:
        """Number of places."""
        return len(self.edges if self.edges is not None else self.texts) + 1

    def of_bins(self, bins: Histogram) -> Counts:
        """The counts of a histogram by place."""
        assert self.edges is not None  # noqa: S101 (only asked of a column of numbers)
        places = np.searchsorted(self.edges, bins.centres())
        return np.bincount(places, bins.counts, self.places).astype(np.int64)

    def of_texts(self, texts: Mapping[str, int]) -> Counts:
        """The counts of categories by place."""
        counts = np.zeros(self.places, np.int64)
        known = {text: place for place, text in enumerate(self.texts)}
        for text, count in texts.items():
            counts[known.get(text, -1)] += count
        return counts

    def values(self) -> Floats:
        """One value for each place of numbers: where nothing better is known, its upper edge."""
        assert self.edges is not None  # noqa: S101 (only asked of a column of numbers)
        return np.append(self.edges, self.edges[-1:] if len(self.edges) else [0.0])


@dataclass(frozen=True)
class Course:
    """The level of a column of numbers day by day, on its scale; NaN of days without values."""

    first: int
    levels: Floats


@dataclass(frozen=True)
class Windows:
    """A column's counts by window (rows) and place; `missing` by window.

    Attributes:
        starts: First day of each window since 1970; of baselines of older versions their number.
        days: Length of a window in days; 0 where it is not known.
        sums: Of numbers on the column's scale, by window: sum, and sum of squares; None where they are not kept.
        daily: What days in a window vary by more than it does: the variance of the share of missing values, of the
            level, of the spread, and of the share of each place. None where it is not known.
        stuck: Share of the days on which all values of the column are in one place.
        course: Of numbers, the level of each day; None where it is not known.
    """

    scale: Scale
    counts: Counts
    missing: Counts
    starts: Counts = field(default_factory=lambda: np.empty(0, np.int64))
    days: int = 0
    sums: Floats | None = None
    daily: Floats | None = None
    stuck: float = 0.0
    course: Course | None = None

    @property
    def rows(self) -> Counts:
        """Rows of each window."""
        return np.asarray(self.counts.sum(axis=1) + self.missing)

    @property
    def present(self) -> Counts:
        """Values of each window."""
        return np.asarray(self.counts.sum(axis=1))

    def joined(self, length: int) -> "Windows":
        """Windows that are several times as long; those before the first whole one are left out."""
        first = len(self.counts) % length
        return replace(
            self,
            counts=self.counts[first:].reshape(-1, length, self.scale.places).sum(axis=1),
            missing=self.missing[first:].reshape(-1, length).sum(axis=1),
            starts=self.starts[first:][::length],
            days=self.days * length,
            sums=None if self.sums is None else self.sums[first:].reshape(-1, length, 2).sum(axis=1),
        )

    def chosen(self, which: NDArray[np.bool_]) -> "Windows":
        """Some of the windows."""
        return replace(
            self,
            counts=self.counts[which],
            missing=self.missing[which],
            starts=self.starts[which],
            sums=None if self.sums is None else self.sums[which],
        )

    def levels(self) -> tuple[Floats, Floats]:
        """Mean and variance of each window on the column's scale; every window needs values."""
        present = self.present
        if self.sums is not None:
            means = self.sums[:, 0] / present
            return means, np.maximum(0.0, self.sums[:, 1] / present - means**2)
        scaled = self.scale.lens(self.scale.values())
        means = self.counts @ scaled / present
        return means, np.maximum(0.0, self.counts @ scaled**2 / present - means**2)

    def only_grows(self) -> bool:
        """Whether every window's values are at or above those of the windows before, with several steps up."""
        filled = self.counts[self.present > 0] > 0
        if self.scale.edges is None or len(filled) < FEWEST:
            return False
        lowest = filled.argmax(axis=1)
        highest = filled.shape[1] - 1 - filled[:, ::-1].argmax(axis=1)
        return bool((lowest[1:] >= highest[:-1]).all() and (np.diff(lowest) > 0).sum() >= 3)  # noqa: PLR2004


def scale_of(column: Column) -> Scale:
    """Places for a column's values: about equally filled, or its most frequent categories."""
    if column.type in ("Integral", "Fractional"):
        bins = column.numbers.bins
        return Scale(np.unique(numeric.quantiles(bins, np.linspace(0.0, 1.0, EDGES))), (), lens_of(bins))
    if not column.words.exact:
        return Scale()
    return Scale(None, tuple(sorted(list(column.words.table())[:CATEGORIES])))


@dataclass
class _Counting:
    """Counts by day, filled block by block; the sums of numbers on the column's scale beside them."""

    scale: Scale
    counts: dict[int, NDArray[np.int32]] = field(default_factory=dict)
    sums: dict[int, Floats] = field(default_factory=dict)

    def add(self, days: NDArray[np.int64], places: NDArray[np.int64], scaled: Floats | None) -> None:
        """Count values; place -1 is a missing value."""
        width = self.scale.places + 1
        present, codes = np.unique(days, return_inverse=True)
        table = np.bincount(codes * width + places + 1, minlength=len(present) * width).reshape(-1, width)
        sums = np.zeros((len(present), 2))
        if scaled is not None:
            sums = np.column_stack([np.bincount(codes, scaled**power, len(present)) for power in (1, 2)])
        for day, row, added in zip(present.tolist(), table.astype(np.int32), sums, strict=True):
            self.counts[day] = self.counts.get(day, 0) + row
            self.sums[day] = self.sums.get(day, 0.0) + added


def windows_of(source: Source, profile: Profile, time: str, days: int) -> dict[str, Windows]:
    """Read a table a second time and count each column's values by window; nothing where there are too few windows.

    Raises:
        InputError: The time column is missing, or has values that are no dates.
    """
    if time not in names_of(source):
        raise InputError(f"{source.path.name} has no column {time!r}, which [data] time names")
    source = replace(source, leave=source.leave - {time})
    counting = {
        name: _Counting(scale_of(column)) for name, column in profile.columns.items() if name != time and column.present
    }

    def work(block: Block, _: int) -> dict[str, tuple[Any, ...]]:
        when = days_of(block[time], time)
        return {
            name: (when, *_places(block[name], kept.scale, name in source.texts)) for name, kept in counting.items()
        }

    for block in scan(source, work):
        for name, told in block.items():
            counting[name].add(*told)
    return _finished(counting, days)


def _finished(counting: Mapping[str, _Counting], days: int) -> dict[str, Windows]:
    some = next(iter(counting.values()), None)
    if some is None:
        return {}
    rows = {day: int(counts.sum()) for day, counts in some.counts.items()}
    cut = Cut.of(rows, days)
    if cut is None:
        return {}
    return {name: _windows(kept, cut) for name, kept in counting.items() if kept.scale.places > 1}


@dataclass(frozen=True)
class Cut:
    """How days are cut into windows that end with the last day."""

    days: int
    starts: Counts

    @classmethod
    def of(cls, rows: Mapping[int, int], days: int) -> "Cut | None":
        """The latest windows, without those that have few rows; shorter ones where there are too few; None at last."""
        known = np.array(sorted(rows), np.int64)
        counts = np.array([rows[day] for day in known.tolist()])
        last = int(known[-1])
        for length in (days, *(shorter for shorter in (7, 3, 1) if shorter < days)):
            back = (last - known) // length
            totals = np.bincount(back, counts)
            usual = float(np.median(totals[totals > 0]))
            kept = np.flatnonzero(totals >= max(1.0, usual / 2))[:MOST]
            if len(kept) >= FEWEST:
                return cls(length, (last + 1 - (kept[::-1] + 1) * length).astype(np.int64))
        return None


def _windows(kept: _Counting, cut: Cut) -> Windows:
    known = np.array(sorted(kept.counts), np.int64)
    window = np.searchsorted(cut.starts, known, side="right") - 1
    inside = (window >= 0) & (known < cut.starts[np.maximum(window, 0)] + cut.days)
    known, window = known[inside], window[inside]
    table = np.array([kept.counts[day] for day in known.tolist()], np.int64)
    sums = np.array([kept.sums[day] for day in known.tolist()])
    counts = np.zeros((len(cut.starts), table.shape[1]), np.int64)
    added = np.zeros((len(cut.starts), 2))
    np.add.at(counts, window, table)
    np.add.at(added, window, sums)
    numbers = kept.scale.edges is not None
    found = Windows(
        kept.scale, counts[:, 1:], counts[:, 0], cut.starts, cut.days, added if numbers else None, None,
        float(((table[:, 1:] > 0).sum(axis=1) <= 1).mean()), _course(known, table, sums) if numbers else None,
    )  # fmt: skip
    return replace(found, daily=_daily(found, window, table, sums)) if cut.days > 1 else found


def _course(days: Counts, table: Counts, sums: Floats) -> Course:
    first = int(days[0])
    levels = np.full(int(days[-1]) - first + 1, np.nan)
    present = table[:, 1:].sum(axis=1)
    filled = present > 0
    levels[days[filled] - first] = sums[filled, 0] / present[filled]
    return Course(first, levels)


def _daily(windows: Windows, window: Counts, table: Counts, sums: Floats) -> Floats:
    """How much more a day varies than its window: the mean squared distance of the days' shares and means from it."""
    rows, present = table.sum(axis=1), table[:, 1:].sum(axis=1)
    filled = present > 0
    of_window = np.maximum(windows.present, 1)
    missing = table[:, 0] / np.maximum(rows, 1) - (windows.missing / np.maximum(windows.rows, 1))[window]
    shares = table[:, 1:] / np.maximum(present, 1)[:, None] - (windows.counts / of_window[:, None])[window]
    level = spread = np.zeros(1)
    if windows.sums is not None:
        means, whole = sums[:, 0] / np.maximum(present, 1), windows.sums[:, 0] / of_window
        inner = spread_of(means, sums[:, 1] / np.maximum(present, 1) - means**2)
        level = (means - whole[window])[filled]
        spread = (inner - spread_of(whole, windows.sums[:, 1] / of_window - whole**2)[window])[filled]
    # The cumulative shares are what is looked at of numbers.
    looked = np.cumsum(shares, axis=1) if windows.sums is not None else shares
    squares = [np.mean(missing**2), *(float(np.mean(x**2)) if len(x) else 0.0 for x in (level, spread))]
    return np.array([*squares, *np.mean(looked[filled] ** 2, axis=0)]) if filled.any() else np.zeros(3 + table.shape[1])


def days_of(values: Any, name: str) -> NDArray[np.int64]:
    """Days since 1970-01-01 of dates as text; a time of day is not looked at."""
    if pa.types.is_float64(values.type) or values.null_count:
        raise InputError(f"column {name!r} is the time, but has values that are missing or no dates like 2026-06-30")
    encoded = values if pa.types.is_dictionary(values.type) else pc.dictionary_encode(values)
    try:
        days = pc.cast(pc.utf8_slice_codeunits(pc.utf8_trim_whitespace(encoded.dictionary), 0, 10), pa.date32())
    except pa.ArrowInvalid as error:
        raise InputError(
            f"column {name!r} is the time, but has values that are no dates like 2026-06-30: {error}"
        ) from None
    return np.asarray(arrow.plain(days.cast(pa.int32())).astype(np.int64)[arrow.plain(encoded.indices)])


def _places(values: Any, scale: Scale, textual: bool) -> tuple[NDArray[np.int64], Floats | None]:  # noqa: FBT001 (an attribute of the column)
    """The place of each row's value, and of numbers the value on the column's scale (0 where there is none)."""
    if scale.edges is None:
        return places_of(values, arrow.strings(scale.texts), textual), None
    floats = floats_of(values)
    known = np.isfinite(floats)
    scaled = scale.lens(np.where(known, floats, scale.lens.middle))
    return np.where(known, np.searchsorted(scale.edges, floats), -1), scaled
