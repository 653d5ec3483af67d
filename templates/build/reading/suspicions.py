"""What looks wrong about a table's columns: told before anything is trained, the worst first."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from model.values import dates, looks_like_dates, numbers, sorted_classes, texts
from reading.written import as_people_write, written_dates

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from model.schema import Schema

MOST_CATEGORIES = 254
"""More are not told apart: all others are one."""
FEWEST_ROWS = 30
"""With fewer, nothing is said about ids and about what is nearly the target."""
UNIQUE = 0.95
SAME = 0.999
_ID = re.compile(r"(^|[_\s.-])(id|ids|key|uuid|guid|index|nr|no|number|rownum)$|[a-z]Id$|^unnamed", re.IGNORECASE)
_EXACT = 2**53


@dataclass(frozen=True)
class Suspicion:
    """What looks wrong about a column, what to do, and the settings of `[data]` that would do it."""

    column: str
    what: str
    advice: str
    settings: dict[str, str] = field(default_factory=dict)


def suspicions(table: pd.DataFrame, trained: Sequence[str], known: Schema) -> list[Suspicion]:
    """What looks wrong about the time, the target and the features, the worst first."""
    found = [*_of_time(table, known), *_of_target(table, known)]
    target = _target(table, known)
    for rule in (_is_written, _is_date, _is_nearly_the_target, _is_an_id, _is_mixed, _has_many, _is_constant):
        for name in trained:
            if not any(one.column == name for one in found) and name not in (known.time, known.target):
                found += rule(table[name], known, target)
    return found


def _of_time(table: pd.DataFrame, known: Schema) -> Iterator[Suspicion]:
    if not known.time or known.time not in table.columns:
        return
    values = table[known.time]
    bad = dates(values)[1] & texts(values).notna().to_numpy()
    if not bad.any():
        return
    wrong = _distinct(values[bad])
    written = written_dates(wrong)
    what = f"{bad.sum():,} dates were not understood, like {wrong[0]!r}"
    if written:
        yield Suspicion(known.time, what, written.advice, written.settings)
    else:
        yield Suspicion(known.time, what, "write them like 2026-06-30, or say date_format in [data]")


def _of_target(table: pd.DataFrame, known: Schema) -> Iterator[Suspicion]:
    if known.target in table.columns and known.problem_type == "regression":
        yield from _is_written(table[known.target], known, None)


def _is_written(values: pd.Series, known: Schema, _: pd.Series | None) -> Iterator[Suspicion]:
    """Text that would be numbers, dates or durations."""
    if values.name in known.categorical or not numbers(values)[1].any() or looks_like_dates(values):
        return
    written = as_people_write(_distinct(values))
    if written is None:
        return
    what = f"text that would be {written.what}, like {written.example!r}"
    if written.what == "numbers":
        yield Suspicion(str(values.name), what, written.advice, written.settings)
    elif written.what == "dates":
        yield Suspicion(str(values.name), what, "name it as time, or put it in exclude")
    else:
        yield Suspicion(str(values.name), what, "give a number of seconds, or put it in exclude")


def _is_date(values: pd.Series, known: Schema, _: pd.Series | None) -> Iterator[Suspicion]:
    if values.name not in known.categorical and looks_like_dates(values):
        yield Suspicion(
            str(values.name), "dates, which no model can use as they are", "name it as time, or put it in exclude"
        )


def _is_an_id(values: pd.Series, _known: Schema, _: pd.Series | None) -> Iterator[Suspicion]:
    """A value for nearly every row, which is no measurement: a model learns rows by heart from it."""
    spelled = texts(values).dropna()
    if len(spelled) < FEWEST_ROWS or spelled.nunique() < UNIQUE * len(spelled):
        return
    parsed, bad = numbers(spelled)
    whole = not bad.any() and bool((parsed == np.floor(parsed)).all())
    counted = whole and abs(np.diff(parsed)).max(initial=0) <= 1
    large = whole and parsed.abs().max() > _EXACT
    if bad.all() or (whole and (_ID.search(str(values.name)) or counted or large)):
        yield Suspicion(
            str(values.name),
            f"an id among the features: {spelled.nunique():,} values in {len(spelled):,} rows",
            "put it in ids or exclude",
        )


def _is_mixed(values: pd.Series, known: Schema, _: pd.Series | None) -> Iterator[Suspicion]:
    parsed, bad = numbers(values)
    if values.name not in known.categorical and bad.any() and bad.sum() < parsed.notna().sum():
        yield Suspicion(
            str(values.name),
            f"taken as categories, though all but {bad.sum():,} values are numbers (not {_distinct(values[bad])[0]!r})",
            "mend the values, leave them empty, or name it in categorical",
        )


def _has_many(values: pd.Series, known: Schema, _: pd.Series | None) -> Iterator[Suspicion]:
    count = texts(values).nunique()
    if count > MOST_CATEGORIES and (values.name in known.categorical or numbers(values)[1].any()):
        yield Suspicion(
            str(values.name),
            f"{count:,} categories, of which {MOST_CATEGORIES} are told apart and the others are one",
            "group them, or put it in exclude",
        )


def _is_constant(values: pd.Series, _known: Schema, _: pd.Series | None) -> Iterator[Suspicion]:
    spelled = texts(values)
    first = spelled.iloc[0]
    if spelled.isna().all() or (len(values) > 1 and (spelled == first).all()):
        what = "no row has a value" if spelled.isna().all() else f"a constant: always {first!r}"
        yield Suspicion(str(values.name), what, "it teaches nothing: put it in exclude")


def _is_nearly_the_target(values: pd.Series, known: Schema, target: pd.Series | None) -> Iterator[Suspicion]:
    """A feature that tells the target alone: it is probably made from it, and not known beforehand."""
    if target is None or values.name in known.ids:
        return
    parsed, bad = numbers(values)
    rows = target.notna() & texts(values).notna()
    if rows.sum() < FEWEST_ROWS or target[rows].nunique() < 2:  # noqa: PLR2004
        return
    numeric = not bad.any() and values.name not in known.categorical
    alike = _alike(parsed[rows], target[rows]) if numeric else _told_by(texts(values)[rows], target[rows])
    if alike >= SAME:
        yield Suspicion(
            str(values.name),
            f"it tells the target {known.target!r} by itself: is it known when the prediction is made?",
            "put it in exclude if it is not",
        )


def _target(table: pd.DataFrame, known: Schema) -> pd.Series | None:
    """The target as numbers: classes by their place in their order."""
    if known.target not in table.columns:
        return None
    if known.problem_type == "regression":
        return numbers(table[known.target])[0]
    labels = texts(table[known.target])
    place = {label: float(number) for number, label in enumerate(sorted_classes(labels))}
    return labels.map(place).astype("float64")


def _alike(values: pd.Series, target: pd.Series) -> float:
    """How far the order of the values is that of the target: the rank correlation, or for two classes their AUC."""
    if values.nunique() < 2:  # noqa: PLR2004
        return 0.0
    if target.nunique() == 2:  # noqa: PLR2004
        high = target == target.max()
        positives, negatives = int(high.sum()), int((~high).sum())
        area = (values.rank()[high].sum() - positives * (positives + 1) / 2) / (positives * negatives)
        return float(max(area, 1 - area))
    return float(abs(np.corrcoef(values.rank(), target.rank())[0, 1]))


def _told_by(labels: pd.Series, target: pd.Series) -> float:
    """The share of rows whose target is the most frequent one of their category; 0 where categories are too many."""
    if labels.nunique() > len(labels) / 5 or target.nunique() > MOST_CATEGORIES or target.nunique() > labels.nunique():
        return 0.0
    counts = pd.crosstab(labels, target)
    return float(counts.max(axis=1).sum() / len(labels)) if counts.shape[1] > 1 else 0.0


def _distinct(values: pd.Series) -> list[str]:
    return [str(text) for text in texts(values).dropna().unique()]
