"""Whether columns still go together as they did: one test of many columns for what no column shows alone.

A column whose values are in the wrong rows (a join gone wrong, a sort of one column) looks as always by itself. So each
column keeps the partner that goes with it most reliably: values are put into a few groups, and a table of the two
columns' groups gives each pair of groups a weight, the logarithm of how much more often they occur together than by
chance. The mean weight of a batch's rows beyond what its own margins make it is the association that is left: about
what it was in the windows of the baseline, and 0 where the rows of one column were mixed. Associations are compared by
their logarithms, because they vary by factors.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitoring import arrow, evidence, numeric
from monitoring.columns import Column, Profile, floats_of, places_of
from monitoring.sampling import Sample

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Json = dict[str, Any]

GROUPS = 20
"""Groups that a column's values are put into, at most; missing values are in none."""
OPERATIONS = 2e11
"""Multiplications for finding candidates: of tables with many columns fewer rows are looked at."""
PARTNERS = 3
"""Columns that are tried as a column's partner: those that tell most about it."""
FEWEST = 8
"""Stretches of time in which an association is looked at, at least."""
FEWEST_ROWS = 20
RELIABLE = 5.0
"""Standard deviations that a usual association is away from none."""
NOISE = 2.0
"""Standard errors of a batch's rows: a smaller association is as good as none."""
OFTEN = 0.95
"""Share of the stretches that show an association, at least."""
LEAST = 0.05
"""Standard deviation of the logarithms between stretches, at least."""
LOST = 0.5
"""Share of the usual association that is lost, at least, to matter."""


@dataclass(frozen=True)
class Grouping:
    """How the values of a column are put into groups."""

    edges: tuple[float, ...] | None = None
    texts: tuple[str, ...] = ()
    textual: bool = False

    def of(self, parts: Sequence[Any]) -> Ints:
        """The group of each value; -1 of a missing one."""
        if self.edges is None:
            codes = [places_of(values, arrow.strings(self.texts), self.textual) for values in parts]
        else:
            floats = [floats_of(values) for values in parts]
            codes = [np.where(np.isfinite(x), np.searchsorted(self.edges, x), -1) for x in floats]
        return np.concatenate(codes) if codes else np.empty(0, np.int64)


def grouping_of(column: Column, *, textual: bool) -> Grouping:
    """Groups of about equal size, or the most frequent categories."""
    if column.type in ("Integral", "Fractional"):
        edges = np.unique(numeric.quantiles(column.numbers.bins, np.arange(1, GROUPS) / GROUPS))
        return Grouping(tuple(edges.tolist()))
    texts = list(column.words.table())[: GROUPS - 1] if column.words.exact else []
    return Grouping(None, tuple(texts), textual)


@dataclass(frozen=True)
class Usual:
    """The logarithm of the association in stretches of the baseline: mean and deviation, over so many stretches."""

    mean: float
    deviation: float
    stretches: int
    rows: float


@dataclass(frozen=True)
class Pair:
    """Two columns that go together.

    Attributes:
        weights: Of each two groups, one column's by row.
        variance: Of the weights of single rows.
        window: What is usual of a window, or of all rows.
        day: The same of a single day; None without a time.
    """

    one: str
    other: str
    groupings: tuple[Grouping, Grouping]
    weights: Floats
    variance: float
    window: Usual
    day: Usual | None = None


@dataclass(frozen=True)
class Lost:
    """What is left of an association, as a share of the usual one, and the chance of so little."""

    pair: Pair
    left: float
    p_value: float


def pairs_of(profile: Profile, texts: frozenset[str], days: Ints | None, window_days: int) -> list[Pair]:
    """The reliable partner of each column, from the sample of a baseline's rows.

    Args:
        profile: The baseline, with its sample.
        texts: Columns that are text even where they look like numbers.
        days: The day of each row of the sample; None without a time.
        window_days: Length of a window.
    """
    groupings = {
        name: grouping_of(column, textual=name in texts)
        for name, column in profile.columns.items()
        if column.present and len(profile.sample.column(name)) == len(profile.sample.hashes)
    }
    if len(groupings) < 2 or profile.sample.rows < FEWEST_ROWS * FEWEST:  # noqa: PLR2004
        return []
    names = list(groupings)
    codes = np.column_stack([groupings[name].of(profile.sample.column(name)) for name in names])
    window = _stretches(days, window_days) if days is not None and window_days else None
    stretches = (window, None if days is None else days - days.min())
    # Rows of one day are alike in both halves: with a time, whole windows teach.
    teaching = window % 2 == 1 if window is not None else np.concatenate(profile.sample.hashes) & np.uint64(1) == 1
    found = {
        which: _pair((names[which[0]], names[which[1]]), groupings, codes[:, which], teaching, stretches)
        for which in _candidates(codes)
    }
    return _most_reliable(len(names), found)


def _stretches(days: Ints, length: int) -> Ints:
    return np.asarray((int(days.max()) - days) // length)


def _candidates(codes: Ints) -> list[tuple[int, int]]:
    """For each column the few others that tell most about it."""
    tables = _tables(codes)
    columns = len(tables)
    told = np.full((columns, columns), -1.0)
    for place in range(columns):
        table = tables[place].transpose(1, 0, 2)
        total = np.maximum(table.sum(axis=(1, 2)), 1.0)[:, None, None]
        margins = table.sum(axis=2)[:, :, None] * table.sum(axis=1)[:, None, :] / total
        with np.errstate(divide="ignore", invalid="ignore"):
            terms = np.where(table > 0, table * np.log(table / margins), 0.0)
        told[place] = terms.sum(axis=(1, 2)) / total[:, 0, 0]
    np.fill_diagonal(told, -1.0)
    best = np.argsort(-told, axis=1)[:, : min(PARTNERS, columns - 1)]
    return sorted({(min(one, int(other)), max(one, int(other))) for one in range(columns) for other in best[one]})


def _tables(codes: Ints) -> Floats:
    """How often each group of each column occurs with each of each other: columns x groups x columns x groups."""
    columns = codes.shape[1]
    width = columns * GROUPS
    every = max(1, int(np.ceil(len(codes) * width**2 / OPERATIONS)))
    total = np.zeros((width, width))
    for start in range(0, len(codes), 4096 * every):
        part = codes[start : start + 4096 * every : every]
        shown = np.zeros((len(part), width), np.float32)
        row, column = np.nonzero(part >= 0)
        shown[row, part[row, column] + GROUPS * column] = 1.0
        total += shown.T @ shown
    return total.reshape(columns, GROUPS, columns, GROUPS)


def _pair(
    names: tuple[str, str],
    groupings: Mapping[str, Grouping],
    codes: Ints,
    teaching: NDArray[np.bool_],
    stretches: tuple[Ints | None, Ints | None],
) -> Pair | None:
    """One half of the rows teaches the weights, the other tells the usual association: else chance looks like one."""
    there = (codes >= 0).all(axis=1)
    cells = codes[:, 0] * GROUPS + codes[:, 1]
    taught, told = cells[there & teaching], there & ~teaching
    if min(len(taught), int(told.sum())) < FEWEST_ROWS * FEWEST:
        return None
    weights = _weights(_table(taught))
    table = _table(cells[told])
    shares = table / table.sum()
    variance = max(1e-6, float((weights**2 * shares).sum() - (weights * shares).sum() ** 2))
    whole, rows = association(table, weights), float(table.sum())
    window, days = stretches
    usual = _usual(cells[told], window[told], weights, variance) if window is not None else None
    if whole <= 0 or (window is not None and usual is None):
        return None
    error = math.sqrt(variance / rows) / whole
    kept = usual or Usual(math.log(whole), max(LEAST, error), int(rows), rows)
    day = _usual(cells[told], days[told], weights, variance) if days is not None else None
    return Pair(*names, (groupings[names[0]], groupings[names[1]]), weights, variance, kept, day)


def _table(cells: Ints) -> Floats:
    return np.bincount(cells, minlength=GROUPS * GROUPS).reshape(GROUPS, GROUPS).astype(np.float64)


def _weights(table: Floats) -> Floats:
    """Logarithms of how much more often groups occur together than by chance, with half a row added to each."""
    expected = table.sum(axis=1)[:, None] * table.sum(axis=0) / table.sum()
    return np.where(expected > 0, np.log((table + 0.5) / (expected + 0.5)), 0.0)


def association(table: Floats, weights: Floats) -> float:
    """The mean weight of the rows of a table, beyond what its margins alone make it."""
    shares = table / table.sum()
    return float(((shares - shares.sum(axis=1)[:, None] * shares.sum(axis=0)) * weights).sum())


def _logarithm(found: float, variance: float, rows: float) -> float:
    """Of an association; one that rows of such weights may show by chance is as good as none."""
    return math.log(max(found, _none(variance, rows), 1e-9))


def _none(variance: float, rows: float) -> float:
    return NOISE * math.sqrt(variance / rows)


def _usual(cells: Ints, stretches: Ints, weights: Floats, variance: float) -> Usual | None:
    order = np.argsort(stretches, kind="stable")
    parts = np.split(cells[order], np.flatnonzero(np.diff(stretches[order])) + 1)
    parts = [part for part in parts if len(part) >= FEWEST_ROWS]
    if len(parts) < FEWEST:
        return None
    told = [association(_table(part), weights) for part in parts]
    found = [_logarithm(one, variance, len(part)) for one, part in zip(told, parts, strict=True)]
    if sum(one > _none(variance, len(part)) for one, part in zip(told, parts, strict=True)) < OFTEN * len(parts):
        return None  # where there often is none, none says nothing
    rows = float(1.0 / np.mean([1.0 / len(part) for part in parts]))
    return Usual(float(np.mean(found)), max(LEAST, float(np.std(found, ddof=1))), len(parts), rows)


def _most_reliable(columns: int, found: Mapping[tuple[int, int], Pair | None]) -> list[Pair]:
    """Each column's partner with which it goes most reliably."""
    kept: set[tuple[int, int]] = set()
    for column in range(columns):
        rated = [
            (_reliability(pair, pair.window, 10.0 * pair.window.rows), which)
            for which, pair in sorted(found.items())
            if pair is not None and column in which
        ]
        if rated and max(rated)[0] >= RELIABLE:
            kept.add(max(rated)[1])
    return [pair for which, pair in sorted(found.items()) if which in kept and pair is not None]


def _reliability(pair: Pair, usual: Usual, rows: float) -> float:
    """Standard deviations between a usual association and none, in a batch of so many rows."""
    return (usual.mean - _logarithm(0.0, pair.variance, rows)) / usual.deviation


def look(pairs: Sequence[Pair], sample: Sample, days: int, window_days: int) -> list[Lost]:
    """What is left of each association in a batch's rows, where it has enough of them to tell."""
    found = []
    for pair in pairs:
        parts = sample.column(pair.one), sample.column(pair.other)
        usual = pair.window if not days or days >= window_days else pair.day
        if usual is None or not all(parts):
            continue
        one, other = (grouping.of(values) for grouping, values in zip(pair.groupings, parts, strict=True))
        cells = (one * GROUPS + other)[(one >= 0) & (other >= 0)]
        if len(cells) >= FEWEST_ROWS and _reliability(pair, usual, len(cells)) >= RELIABLE:
            found.append(_judged(pair, usual, _table(cells)))
    return found


def _judged(pair: Pair, usual: Usual, table: Floats) -> Lost:
    rows = float(table.sum())
    left = association(table, pair.weights)
    error = _logarithm(left, pair.variance, rows) - usual.mean
    variance = usual.deviation**2 + pair.variance / rows / math.exp(2.0 * usual.mean)
    chance = evidence.of_mean(error, variance, 0.0, usual.stretches - 1.0)
    return Lost(pair, left / math.exp(usual.mean), chance if error < 0 else 1.0)


def to_json(pairs: Sequence[Pair]) -> list[Json]:
    """What a baseline keeps."""
    return [
        {
            "columns": [pair.one, pair.other],
            "groupings": [_grouping_json(grouping) for grouping in pair.groupings],
            "weights": pair.weights.round(6).tolist(),
            "variance": pair.variance,
            "window": vars(pair.window),
            "day": vars(pair.day) if pair.day else None,
        }
        for pair in pairs
    ]


def _grouping_json(known: Grouping) -> Json:
    if known.edges is not None:
        return {"edges": list(known.edges)}
    return {"texts": list(known.texts), "textual": known.textual}


def from_json(document: Sequence[Json]) -> list[Pair]:
    """Read it back; KeyError, TypeError or ValueError where it is damaged."""
    return [
        Pair(
            *_two(item["columns"]),
            _two([_grouping(told) for told in item["groupings"]]),
            np.array(item["weights"], np.float64).reshape(GROUPS, GROUPS),
            float(item["variance"]),
            Usual(**item["window"]),
            Usual(**item["day"]) if item["day"] else None,
        )
        for item in document
    ]  # fmt: skip


def _two(found: Sequence[Any]) -> tuple[Any, Any]:
    one, other = found
    return one, other


def _grouping(told: Json) -> Grouping:
    edges = tuple(told["edges"]) if "edges" in told else None
    return Grouping(edges, tuple(told.get("texts", ())), bool(told.get("textual", False)))
