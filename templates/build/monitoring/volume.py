"""How much arrived, and of what: rows, series, days, and rows that stand for the same thing twice.

A series is what the ids besides the time stand for, such as an item in a store. Of the baseline are kept for each
window the rows, the series, and on how many of its days they have rows; which values of each id are always there; and
how often rows repeat.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from monitoring import arrow
from monitoring.windows import FEWEST, Cut, days_of
from reading.blocks import Source, names_of, scan
from reading.spelling import canonical

Ints = NDArray[np.int64]
Json = dict[str, Any]

STEADY = 8
"""The latest windows: what had rows in each of them is expected to have some again."""
LISTED = 2000
"""Values of an id that are followed one by one, at most."""
LONGEST = 1 << 23
"""Rows whose keys are looked at, at most."""
SERIES = "series"


@dataclass(frozen=True)
class Keys:
    """The ids of a table's rows: the day of each (where there is a time), its series, and the values of each id."""

    days: Ints | None
    series: Ints
    values: Mapping[str, tuple[Any, Ints]]
    named: bool = True

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.series)

    def repeated(self) -> int:
        """Rows with the ids of an earlier one."""
        if not self.named:
            return 0
        keys = self.series if self.days is None else self.series * np.int64(1 << 20) + self.days
        return len(keys) - len(np.unique(keys))

    def cells(self) -> int:
        """Pairs of a series and a day that have rows."""
        return self.rows - self.repeated()


def read(source: Source, ids: Sequence[str], time: str) -> Keys | None:
    """The ids of a table's rows; None where it has neither ids nor a time, or too many rows.

    Raises:
        InputError: The time has values that are no dates.
    """
    known = names_of(source)
    asked = [name for name in dict.fromkeys((*ids, time)) if name in known]
    if not asked:
        return None
    source = replace(source, texts=frozenset(asked), leave=frozenset(known) - frozenset(asked))
    parts: dict[str, list[Any]] = {name: [] for name in asked}
    rows = 0
    for block, count in scan(source, lambda block, rows: (block, rows)):
        rows += count
        if rows > LONGEST:
            return None
        for name, values in block.items():
            parts[name].append(values)
    return of_blocks(parts, [name for name in asked if name != time], time)


def of_blocks(parts: Mapping[str, Sequence[Any]], ids: Sequence[str], time: str) -> Keys:
    """The same of columns in memory."""
    days = np.concatenate([days_of(values, time) for values in parts[time]]) if parts.get(time) else None
    values = {name: _encoded(parts[name]) for name in ids}
    rows = len(days) if days is not None else len(next(iter(values.values()))[1])
    series = np.zeros(rows, np.int64)
    for texts, codes in values.values():
        series = np.unique(series * np.int64(len(texts) + 1) + codes, return_inverse=True)[1].astype(np.int64)
    return Keys(days, series, values, named=bool(ids))


def _encoded(parts: Sequence[Any]) -> tuple[Any, Ints]:
    """The distinct texts of a column in their shortest spelling, and which one each row has; the last is none."""
    joined = pa.concat_arrays([_plain(values) for values in parts])
    encoded = joined.dictionary_encode()
    texts, back = _distinct(canonical(encoded.dictionary))
    codes = arrow.plain(encoded.indices, len(encoded.dictionary))
    return texts, np.append(back, len(texts))[codes]


def _plain(values: Any) -> Any:
    return values.cast(pa.string()) if not pa.types.is_string(values.type) else values


def _distinct(texts: Any) -> tuple[Any, Ints]:
    again = texts.dictionary_encode()
    return again.dictionary, arrow.plain(again.indices)


@dataclass(frozen=True)
class Volume:
    """What a baseline had.

    Attributes:
        days: Length of a window; 0 without windows.
        rows, series, cells: By window: rows, series, and pairs of a series and a day.
        steady: For each id, and for `series`, the values that had rows in all the latest windows.
        churn: How many of those that were there always before were missing in a window, at most.
        repeated: Share of the rows that had the ids of another.
        last: The last day; 0 where there is no time.
    """

    days: int = 0
    rows: tuple[int, ...] = ()
    series: tuple[int, ...] = ()
    cells: tuple[int, ...] = ()
    steady: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    churn: Mapping[str, int] = field(default_factory=dict)
    repeated: float = 0.0
    last: int = 0


def of_baseline(keys: Keys, window_days: int) -> Volume:
    """What is kept of a baseline's ids."""
    repeated = keys.repeated() / max(keys.rows, 1)
    if keys.days is None or not window_days or not keys.rows:
        return Volume(repeated=repeated, last=0 if keys.days is None or not keys.rows else int(keys.days.max()))
    known, counts = np.unique(keys.days, return_counts=True)
    cut = Cut.of(dict(zip(known.tolist(), counts.tolist(), strict=True)), window_days)
    if cut is None:
        return Volume(repeated=repeated, last=int(known[-1]))
    window = np.searchsorted(cut.starts, keys.days, side="right") - 1
    inside = (window >= 0) & (keys.days < cut.starts[np.maximum(window, 0)] + cut.days)
    count = len(cut.starts)
    steady, churn = _steady(keys, window, inside, count)
    series, cells = _by_window(keys, window, inside, count)
    rows = np.bincount(window[inside], minlength=count)
    return Volume(
        cut.days, _plain_ints(rows), _plain_ints(series), _plain_ints(cells), steady, churn, repeated, int(known[-1])
    )


def _plain_ints(values: Iterable[Any]) -> tuple[int, ...]:
    return tuple(int(value) for value in values)


def _by_window(keys: Keys, window: Ints, inside: NDArray[np.bool_], count: int) -> tuple[Ints, Ints]:
    width = int(keys.series.max()) + 1
    assert keys.days is not None  # noqa: S101 (asked before)
    pairs = np.unique(window[inside] * width + keys.series[inside])
    cells = np.unique((keys.days[inside] - keys.days.min()) * width + keys.series[inside])
    of_day = np.zeros(int(keys.days.max() - keys.days.min()) + 1, np.int64)
    of_day[keys.days[inside] - keys.days.min()] = window[inside]
    return np.bincount(pairs // width, minlength=count), np.bincount(of_day[cells // width], minlength=count)


def _steady(
    keys: Keys, window: Ints, inside: NDArray[np.bool_], count: int
) -> tuple[dict[str, tuple[str, ...]], dict[str, int]]:
    steady: dict[str, tuple[str, ...]] = {}
    churn: dict[str, int] = {}
    for name, (texts, codes) in _followed(keys).items():
        if len(texts) > LISTED or count < STEADY + 1:
            continue
        there = np.zeros((count, len(texts) + 1), np.bool_)
        there[window[inside], codes[inside]] = True
        there = there[:, :-1]
        always = np.array([there[place - STEADY : place].all(axis=0) for place in range(STEADY, count)])
        churn[name] = int((always & ~there[STEADY:]).sum(axis=1).max())
        kept = np.asarray(there[-STEADY:].all(axis=0), np.bool_)
        steady[name] = tuple(text for text, keep in zip(texts.to_pylist(), kept.tolist(), strict=True) if keep)
    return steady, churn


def _followed(keys: Keys) -> dict[str, tuple[Any, Ints]]:
    """The ids one by one, and where there are several, the series by their values together."""
    found = dict(keys.values)
    if len(keys.values) > 1:
        first = np.unique(keys.series, return_index=True)[1]
        if len(first) <= LISTED:
            found[SERIES] = (arrow.strings(_names(keys, first)), keys.series)
    return found


def _names(keys: Keys, rows: Ints) -> list[str]:
    columns = [
        [[*texts.to_pylist(), ""][code] for code in codes[rows].tolist()] for texts, codes in keys.values.values()
    ]
    return [" / ".join(values) for values in zip(*columns, strict=True)]


def values_of(keys: Keys) -> dict[str, set[str]]:
    """The values of each id, and of the series, that have rows."""
    return {
        name: {text for text, there in zip(texts.to_pylist(), _there(texts, codes), strict=True) if there}
        for name, (texts, codes) in _followed(keys).items()
    }


def _there(texts: Any, codes: Ints) -> list[bool]:
    return list((np.bincount(codes, minlength=len(texts) + 1)[: len(texts)] > 0).tolist())


def enough(known: Volume) -> bool:
    """Whether enough windows are known to say what is usual."""
    return len(known.rows) >= FEWEST


def to_json(known: Volume) -> Json:
    """What a baseline keeps."""
    return {
        "days": known.days,
        "rows": list(known.rows),
        "series": list(known.series),
        "cells": list(known.cells),
        "steady": {name: list(values) for name, values in known.steady.items()},
        "churn": dict(known.churn),
        "repeated": known.repeated,
        "last": known.last,
    }


def from_json(told: Json) -> Volume:
    """Read it back; KeyError, TypeError or ValueError where it is damaged."""
    return Volume(
        int(told["days"]),
        _plain_ints(told["rows"]),
        _plain_ints(told["series"]),
        _plain_ints(told["cells"]),
        {name: tuple(values) for name, values in told["steady"].items()},
        {name: int(value) for name, value in told["churn"].items()},
        float(told["repeated"]),
        int(told["last"]),
    )
