"""Stretches of the baseline that are as long as a batch: what a batch can fairly be compared with.

A week is unlike the years it is part of: its calendar, weather and campaigns are its own. So the baseline is cut into
windows of a batch's length, and a batch's distance is the one to the most similar window, or to all rows if they are
nearer. How far windows of good data are from all others tells from which distance on a batch is unusual.
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
from monitoring.numeric import Histogram
from reading.blocks import Block, Source, names_of, scan

Counts = NDArray[np.int64]

EDGES = 63
CATEGORIES = 100
MOST = 160
"""Windows that are kept, the latest: three years of weeks."""
LONGEST_APART = 13
"""Windows before and after one that tell nothing about it: a quarter of weeks, or less of a short baseline."""
FEWEST = 8
"""With fewer windows nothing can be said about what is usual."""


@dataclass(frozen=True)
class Scale:
    """How a column's values are put into places: numbers up to each edge (and above), or categories (and others)."""

    edges: NDArray[np.float64] | None = None
    texts: tuple[str, ...] = ()

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

    def distances(self, one: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.float64]:
        """The distances of shares by place from each row of others; cumulative shares for numbers."""
        differences = others - one
        if self.edges is not None:
            differences = np.cumsum(differences, axis=-1)
        return np.asarray(np.abs(differences).max(axis=-1, initial=0.0))


@dataclass(frozen=True)
class Windows:
    """A column's counts by window (rows) and place; `missing` by window."""

    scale: Scale
    counts: Counts
    missing: Counts

    def joined(self, length: int) -> "Windows":
        """Windows that are several times as long; an incomplete last one is left out."""
        kept = len(self.counts) // length * length
        return Windows(
            self.scale,
            self.counts[:kept].reshape(-1, length, self.scale.places).sum(axis=1),
            self.missing[:kept].reshape(-1, length).sum(axis=1),
        )

    @property
    def enough(self) -> bool:
        """Whether enough windows have values to say what is usual."""
        return int((self.counts.sum(axis=1) > 0).sum()) >= FEWEST

    @property
    def shares(self) -> NDArray[np.float64]:
        """Shares by place of the windows that have values."""
        filled = self.counts[self.counts.sum(axis=1) > 0]
        return np.asarray(filled / filled.sum(axis=1, keepdims=True))

    def nearest(self, counts: Counts) -> float:
        """The distance of a batch from the most similar window, or from all of them together."""
        shares = counts / counts.sum()
        return float(self.scale.distances(shares, self._with_all(self.shares)).min())

    def usual(self) -> NDArray[np.float64]:
        """The distance of each window from the most similar one that is not near it in time, or from all together.

        A batch comes some time after the baseline. Neighbours in time share what lasts longer than a window, like the
        prices of a quarter, so a window's distance from its neighbours would promise too much.
        """
        filled = self.counts.sum(axis=1) > 0
        order = np.flatnonzero(filled)
        apart = min(LONGEST_APART, len(self.counts) // 8)
        shares = self.shares
        everything = self._with_all(shares)
        found = np.empty(len(shares))
        for place, one in enumerate(shares):
            distances = self.scale.distances(one, everything)
            distances[:-1][np.abs(order - order[place]) <= apart] = np.inf
            found[place] = distances.min()
        return found

    def _with_all(self, shares: NDArray[np.float64]) -> NDArray[np.float64]:
        total = self.counts.sum(axis=0)
        return np.vstack([shares, total / total.sum()])


def scale_of(column: Column) -> Scale:
    """Places for a column's values: about equally filled, or its most frequent categories."""
    if column.type in ("Integral", "Fractional"):
        return Scale(np.unique(numeric.quantiles(column.numbers.bins, np.linspace(0.0, 1.0, EDGES))))
    if not column.words.exact:
        return Scale()
    return Scale(None, tuple(sorted(list(column.words.table())[:CATEGORIES])))


@dataclass
class _Counting:
    """Counts by window (a number of windows since 1970), filled block by block."""

    scale: Scale
    counts: dict[int, Counts] = field(default_factory=dict)
    missing: dict[int, int] = field(default_factory=dict)

    def add(self, windows: NDArray[np.int64], places: NDArray[np.int64]) -> None:
        """Count values; place -1 is a missing value."""
        width = self.scale.places + 1
        present, codes = np.unique(windows, return_inverse=True)
        table = np.bincount(codes * width + places + 1, minlength=len(present) * width).reshape(-1, width)
        for window, row in zip(present.tolist(), table, strict=True):
            self.counts[window] = self.counts.get(window, 0) + row[1:]
            self.missing[window] = self.missing.get(window, 0) + int(row[0])


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

    def work(block: Block, _: int) -> dict[str, tuple[NDArray[np.int64], NDArray[np.int64]]]:
        windows = days_of(block[time], time) // days
        return {
            name: (windows, _places(block[name], kept.scale, name in source.texts)) for name, kept in counting.items()
        }

    for block in scan(source, work):
        for name, (windows, places) in block.items():
            counting[name].add(windows, places)
    return _finished(counting)


def _finished(counting: Mapping[str, _Counting]) -> dict[str, Windows]:
    some = next(iter(counting.values()), None)
    if some is None:
        return {}
    rows = {window: int(counts.sum()) + some.missing[window] for window, counts in some.counts.items()}
    usual = float(np.median(list(rows.values())))
    kept = [window for window in sorted(rows) if rows[window] >= usual / 2][-MOST:]
    if len(kept) < FEWEST:
        return {}
    return {
        name: Windows(c.scale, np.array([c.counts[w] for w in kept]), np.array([c.missing[w] for w in kept]))
        for name, c in counting.items()
        if c.scale.places > 1
    }


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


def _places(values: Any, scale: Scale, textual: bool) -> NDArray[np.int64]:  # noqa: FBT001 (an attribute of the column)
    if scale.edges is None:
        return places_of(values, arrow.strings(scale.texts), textual)
    floats = floats_of(values)
    return np.where(np.isfinite(floats), np.searchsorted(scale.edges, floats), -1)
