"""Columns that others determine: the temperature of a region and day is one, whatever row it stands in.

Where nearly all rows of the same day and the same value of another column have one value, a column whose values were
put into other rows breaks that at once, however ordinary its values are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitoring.columns import Profile
from monitoring.sampling import Hashes, Sample, hashes_of

Json = dict[str, Any]

AGREE = 0.99
"""Share of the rows of a group that have its most frequent value, at least, in the baseline."""
BROKEN = 0.9
"""A batch with less has lost it."""
VARIED = 0.88
"""A column whose most frequent value of a day has a larger share than this is nearly determined by the day alone."""
FEWEST_ROWS = 50
FEW_VALUES = 200
"""Columns with at most so many values are tried as what determines others."""
TRIED = 8
"""So many of them, at most, those with the most values first."""
MOST_ROWS = 1 << 22
"""Rows times columns that are looked at in a baseline, at most."""


@dataclass(frozen=True)
class Rule:
    """A column that a day and another column determine."""

    column: str
    by: str


@dataclass(frozen=True)
class Kept:
    """Share of a batch's rows that keep a rule."""

    rule: Rule
    share: float


def rules_of(profile: Profile, days: NDArray[np.int64] | None, ids: frozenset[str]) -> list[Rule]:
    """For each column the one, or the id, with which the day determines it; nothing without a time."""
    sample = profile.sample
    told = sorted({*profile.columns, *ids})
    names = [name for name in told if len(sample.column(name)) == len(sample.hashes) > 0]
    if days is None or len(days) < FEWEST_ROWS or not names:
        return []
    every = max(1, len(days) * len(names) // MOST_ROWS)
    values = {name: _codes(sample.column(name))[::every] for name in names}
    days = days[::every]
    few = sorted(
        (name for name in names if 1 < _distinct(values[name]) <= FEW_VALUES), key=lambda n: -_distinct(values[n])
    )
    found = (_rule(name, values, few[:TRIED], days) for name in names if name in profile.columns)
    return [rule for rule in found if rule is not None]


def _codes(parts: Sequence[Any]) -> NDArray[np.int64]:
    hashes: Hashes = np.concatenate([hashes_of(values) for values in parts])
    return np.unique(hashes, return_inverse=True)[1].astype(np.int64)


def _distinct(codes: NDArray[np.int64]) -> int:
    return int(codes.max(initial=-1)) + 1


def _rule(
    name: str, values: Mapping[str, NDArray[np.int64]], few: Sequence[str], days: NDArray[np.int64]
) -> Rule | None:
    alone = agreement(values[name], days)
    if alone is None or VARIED < alone < AGREE:
        return None
    if alone >= AGREE:
        return Rule(name, "") if _distinct(values[name]) > 1 else None
    rated = [
        (found, other)
        for other in few
        if other != name and (found := agreement(values[name], _together(days, values[other]))) is not None
    ]
    best = max(rated, default=(0.0, ""))
    return Rule(name, best[1]) if best[0] >= AGREE else None


def _together(one: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.int64]:
    both: NDArray[np.int64] = (one - one.min()) * np.int64(_distinct(other)) + other
    return both


def agreement(values: NDArray[np.int64], groups: NDArray[np.int64]) -> float | None:
    """Share of the rows that have the most frequent value of their group, where that has several; None of too few."""
    pairs, counts = np.unique(
        np.unique(groups, return_inverse=True)[1] * np.int64(_distinct(values)) + values, return_counts=True
    )
    of = pairs // _distinct(values)
    starts = np.flatnonzero(np.concatenate([[True], of[1:] != of[:-1]]))
    rows, most = np.add.reduceat(counts, starts), np.maximum.reduceat(counts, starts)
    several = rows > 1
    total = int(rows[several].sum())
    return float(most[several].sum() / total) if total >= FEWEST_ROWS else None


def look(rules: Sequence[Rule], sample: Sample, days: NDArray[np.int64] | None) -> list[Kept]:
    """How far a batch keeps the rules, where it has enough rows to tell."""
    found = []
    for rule in rules:
        parts = sample.column(rule.column), sample.column(rule.by) if rule.by else [None]
        if days is None or not all(parts):
            continue
        groups = _together(days, _codes(parts[1])) if rule.by else days
        share = agreement(_codes(parts[0]), groups)
        if share is not None:
            found.append(Kept(rule, share))
    return found


def to_json(rules: Sequence[Rule]) -> list[Json]:
    """What a baseline keeps."""
    return [{"column": rule.column, "by": rule.by} for rule in rules]


def from_json(document: Sequence[Json]) -> list[Rule]:
    """Read it back; KeyError or TypeError where it is damaged."""
    return [Rule(str(item["column"]), str(item["by"])) for item in document]
