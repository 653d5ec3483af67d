"""Whether columns still go together as they did: one test of many columns for what no column shows alone.

A column whose values are in the wrong rows (a join gone wrong, a sort of one column) looks as always by itself. So each
column keeps the partner that goes with it most reliably: values are put into a few groups, and a table of the two columns'
groups gives each pair of groups a weight, the logarithm of how much more often they occur together than by chance. The
mean weight of a batch's rows beyond what its own margins make it is the association that is left: about what it was in
the windows of the baseline, and 0 where the rows of one column were mixed.
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

GROUPS = 8
"""Groups that a column's values are put into: of numbers, categories and missing values, one for what is left."""
PARTNERS = 3
"""Columns that are tried as a column's partner: those that tell most about it."""
FEWEST = 8
"""Stretches of time in which an association is looked at, at least."""
FEWEST_ROWS = 20
RELIABLE = 5.0
"""Standard deviations that a usual association is away from none."""
LOST = 0.5
"""Share of the usual association that is lost, at least, to matter."""


@dataclass(frozen=True)
class Grouping:
    """How the values of a column are put into groups; the last is for missing values."""

    edges: tuple[float, ...] | None = None
    texts: tuple[str, ...] = ()
    textual: bool = False

    def of(self, parts: Sequence[Any]) -> Ints:
        """The group of each value."""
        if self.edges is None:
            codes = [places_of(values, arrow.strings(self.texts), self.textual) for values in parts]
            return _joined(codes)
        floats = [floats_of(values) for values in parts]
        codes = [np.where(np.isfinite(x), np.searchsorted(self.edges, x), -1) for x in floats]
        return _joined(codes)


def _joined(codes: Sequence[Ints]) -> Ints:
    found = np.concatenate(codes) if codes else np.empty(0, np.int64)
    return np.where(found < 0, GROUPS - 1, found)


def grouping_of(column: Column, *, textual: bool) -> Grouping:
    """Groups of about equal size, or the most frequent categories."""
    if column.type in ("Integral", "Fractional"):
        asked = np.arange(1, GROUPS - 1) / (GROUPS - 1)
        edges = np.unique(numeric.quantiles(column.numbers.bins, asked))
        return Grouping(tuple(edges[: GROUPS - 2].tolist()))
    texts = list(column.words.table())[: GROUPS - 2] if column.words.exact else []
    return Grouping(None, tuple(texts), textual)


@dataclass(frozen=True)
class Usual:
    """The association in stretches of the baseline: mean and deviation, over so many, of so many rows each."""

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
    tables = _tables(codes)
    window = _stretches(days, window_days) if days is not None and window_days else None
    tried = _candidates(tables)
    found = {pair: _pair(names, groupings, codes, tables, pair, (days, window)) for pair in tried}
    return _most_reliable(len(names), found)


def _tables(codes: Ints) -> Floats:
    """How often each group of each column occurs with each of each other: columns x groups x columns x groups."""
    rows, columns = codes.shape
    total = np.zeros((columns * GROUPS, columns * GROUPS), np.float64)
    for start in range(0, rows, 4096):
        part = codes[start : start + 4096]
        shown = np.zeros((len(part), columns * GROUPS), np.float32)
        shown[np.arange(len(part))[:, None], part + GROUPS * np.arange(columns)] = 1.0
        total += shown.T @ shown
    return total.reshape(columns, GROUPS, columns, GROUPS)


def _weights(table: Floats) -> Floats:
    """Logarithms of how much more often groups occur together than by chance, with half a row added to each."""
    total = table.sum()
    expected = table.sum(axis=1)[:, None] * table.sum(axis=0) / total
    return np.where(expected > 0, np.log((table + 0.5) / (expected + 0.5)), 0.0)


def _candidates(tables: Floats) -> set[tuple[int, int]]:
    columns, total = len(tables), float(tables[0, :, 0, :].sum())
    told = np.zeros((columns, columns))
    for place in range(columns):
        table = tables[place].transpose(1, 0, 2)
        margins = table.sum(axis=2)[:, :, None] * table.sum(axis=1)[:, None, :] / total
        with np.errstate(divide="ignore", invalid="ignore"):
            terms = np.where(table > 0, table * np.log(table / margins), 0.0)
        told[place] = terms.sum(axis=(1, 2)) / total
    np.fill_diagonal(told, -1.0)
    best = np.argsort(-told, axis=1)[:, :PARTNERS]
    return {(min(one, int(other)), max(one, int(other))) for one in range(columns) for other in best[one]}


def _stretches(days: Ints, length: int) -> Ints:
    return np.asarray((int(days.max()) - days) // length)


def _pair(
    names: Sequence[str],
    groupings: Mapping[str, Grouping],
    codes: Ints,
    tables: Floats,
    which: tuple[int, int],
    stretches: tuple[Ints | None, Ints | None],
) -> Pair | None:
    one, other = which
    table = tables[one, :, other, :]
    weights = _weights(table)
    rows = float(table.sum())
    mean = float((weights * table).sum() / rows)
    variance = float((weights**2 * table).sum() / rows - mean**2)
    cells = codes[:, one] * GROUPS + codes[:, other]
    days, window = stretches
    usual = _usual(cells, window, weights) if window is not None else None
    if window is not None and usual is None:
        return None
    kept = usual or Usual(association(table, weights), math.sqrt(variance / rows), int(rows), rows)
    day = _usual(cells, days - days.min(), weights) if days is not None else None
    two = (groupings[names[one]], groupings[names[other]])
    return Pair(names[one], names[other], two, weights, variance, kept, day)


def association(table: Floats, weights: Floats) -> float:
    """The mean weight of the rows of a table, beyond what its margins alone make it."""
    shares = table / table.sum()
    return float(((shares - shares.sum(axis=1)[:, None] * shares.sum(axis=0)) * weights).sum())


def _usual(cells: Ints, stretches: Ints, weights: Floats) -> Usual | None:
    width = GROUPS * GROUPS
    tables = np.bincount(stretches * width + cells, minlength=(int(stretches.max()) + 1) * width).reshape(-1, width)
    tables = tables[tables.sum(axis=1) >= FEWEST_ROWS]
    if len(tables) < FEWEST:
        return None
    found = np.array([association(table.reshape(GROUPS, GROUPS).astype(np.float64), weights) for table in tables])
    rows = float(1.0 / np.mean(1.0 / tables.sum(axis=1)))
    return Usual(float(found.mean()), float(found.std(ddof=1)), len(found), rows)


def _most_reliable(columns: int, found: Mapping[tuple[int, int], Pair | None]) -> list[Pair]:
    """Each column's partner with which it goes most reliably."""
    kept: set[tuple[int, int]] = set()
    for column in range(columns):
        rated = [
            (pair.window.mean / max(pair.window.deviation, 1e-9), which)
            for which, pair in sorted(found.items())
            if pair is not None and column in which
        ]
        if rated and max(rated)[0] >= RELIABLE:
            kept.add(max(rated)[1])
    return [pair for which, pair in sorted(found.items()) if which in kept and pair is not None]


def look(pairs: Sequence[Pair], sample: Sample, days: int, window_days: int) -> list[Lost]:
    """What is left of each association in a batch's rows, where it has enough of them to tell."""
    found = []
    for pair in pairs:
        parts = sample.column(pair.one), sample.column(pair.other)
        usual = pair.window if not days or days >= window_days else pair.day
        if usual is None or not all(parts) or sample.rows < FEWEST_ROWS:
            continue
        codes = [grouping.of(values) for grouping, values in zip(pair.groupings, parts, strict=True)]
        table = np.bincount(codes[0] * GROUPS + codes[1], minlength=GROUPS * GROUPS).reshape(GROUPS, GROUPS)
        lost = _judged(pair, usual, table.astype(np.float64))
        if lost is not None:
            found.append(lost)
    return found


def _judged(pair: Pair, usual: Usual, table: Floats) -> Lost | None:
    rows = float(table.sum())
    between = max(usual.deviation**2 - pair.variance / usual.rows, 0.2 * usual.deviation**2)
    variance = between + pair.variance / rows
    if usual.mean < RELIABLE * math.sqrt(variance):
        return None  # even none at all would be no surprise
    left = association(table, pair.weights)
    chance = evidence.of_mean(left - usual.mean, variance, 0.0, usual.stretches - 1.0)
    return Lost(pair, left / usual.mean, chance if left < usual.mean else 1.0)


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
            *item["columns"],
            tuple(_grouping(told) for told in item["groupings"]),
            np.array(item["weights"], np.float64).reshape(GROUPS, GROUPS),
            float(item["variance"]),
            Usual(**item["window"]),
            Usual(**item["day"]) if item["day"] else None,
        )
        for item in document
    ]  # fmt: skip


def _grouping(told: Json) -> Grouping:
    edges = tuple(told["edges"]) if "edges" in told else None
    return Grouping(edges, tuple(told.get("texts", ())), bool(told.get("textual", False)))
