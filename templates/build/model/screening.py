"""Rows of a table to predict that cannot be used, found one by one, so that the others can be predicted.

A forecast looks `lead_days` ahead: its youngest feature is what was known that many days before. So a row's date may
lie at most `lead_days` after the last day whose target is known. Beyond that, features that the model relies on would
be empty or stale, as they never were in training, and the row is no forecast of this model. A single series may be
silent a few days longer (`stale_days`): shops close on Sundays and rows get lost.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from model import features, names
from model.values import dates, numbers, texts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from model.estimator import Signature
    from model.schema import Schema

    Mask = NDArray[np.bool_]

OURS = ("part", "row", "column", "value", "reason")  # columns of the quarantine, beside the ids
TO_PREDICT, PAST = "to predict", "past"
DAY = np.timedelta64(1, "D")


@dataclass(frozen=True)
class Screened:
    """What can be used of a table.

    Attributes:
        usable: Which rows.
        quarantine: The others with their ids as they are written, `part` (are they to predict, or of the past), `row`
            in the table (from 1, the header apart), and `column`, `value` and `reason` of their first fault. A name
            that an id has gets an underscore.
        quarantined: How many rows to predict are in it.
        notes: How many rows are predicted although something about them is unusual, by what it is.
    """

    usable: Mask
    quarantine: pd.DataFrame
    quarantined: int
    notes: Mapping[str, int]


@dataclass
class _Faults:
    """The first fault of each row."""

    count: int
    found: dict[int, tuple[str, str, str]] = field(default_factory=dict)

    def add(self, which: Mask, values: pd.Series, reason: str | pd.Series) -> None:
        """Rows with a fault in a column; those that have one keep theirs."""
        for place in np.flatnonzero(which):
            self.put(int(place), values, reason if isinstance(reason, str) else str(reason.iloc[place]))

    def put(self, place: int, values: pd.Series, reason: str) -> None:
        """The same for one row."""
        value = "" if pd.isna(values.iloc[place]) else str(values.iloc[place])
        self.found.setdefault(place, (str(values.name), value, reason))

    @property
    def usable(self) -> Mask:
        """The rows without one."""
        usable = np.ones(self.count, dtype=bool)
        usable[list(self.found)] = False
        return usable


def screen(
    table: pd.DataFrame, schema: Schema, signature: Signature | None, wanted: Mask, stale_days: float
) -> Screened:
    """Look at every cell that a forecast rests on.

    Args:
        table: Rows of the past and rows to predict.
        schema: What its columns are for.
        signature: Of the model: which columns it has learnt as numbers. Without a model, features are not looked at.
        wanted: Which rows are to be predicted.
        stale_days: How many days longer than `lead_days` a single series may be without a known target.

    Raises:
        InputError: A whole column is missing.
    """
    columns = signature.columns if signature else ()
    trained = features.as_trained(schema, [column.name for column in columns]) if signature else schema
    features.check_columns(table, schema if schema.features else trained)
    faults = _Faults(len(table))
    _ids(table, schema, wanted, faults)
    if schema.time:
        faults.add(dates(table[schema.time])[1], table[schema.time], "is no date like 2026-06-30")
    if schema.history:
        _numbers(table[schema.target], ~wanted, faults)
    own = set(trained.features)
    for column in columns:
        if column.categories is None and column.name in own:
            _numbers(table[column.name], wanted, faults)
    notes = _horizon(table, schema, wanted, stale_days, faults) if schema.history else {}
    places = sorted(faults.found)
    bad = ~faults.usable
    return Screened(~bad, _quarantine(table, schema, wanted, places, faults), int((bad & wanted).sum()), notes)


def _numbers(values: pd.Series, rows: Mask, faults: _Faults) -> None:
    parsed, bad = numbers(values)
    faults.add(rows & bad, values, "is no number")
    faults.add(rows & np.isinf(parsed.to_numpy()), values, "is an infinite number")


def _ids(table: pd.DataFrame, schema: Schema, wanted: Mask, faults: _Faults) -> None:
    """Rows whose ids are missing, or are those of another row.

    Of rows that are alike the first stays. Where they differ nobody knows which is right, so none does; but what is
    known of the past stays, and the row to predict goes.
    """
    if not schema.ids:
        return
    spelled = table[list(schema.ids)].apply(texts)
    for name in schema.ids:
        faults.add(spelled[name].isna().to_numpy(), table[name], "an id is missing")
    sound = faults.usable
    again = spelled.duplicated(keep=False).to_numpy() & sound
    if not again.any():
        return
    places = np.flatnonzero(again)
    content = pd.util.hash_pandas_object(table[again].apply(texts), index=False).to_numpy()
    group = spelled[again].groupby(list(schema.ids), sort=False).ngroup().to_numpy()
    order = np.argsort(group, kind="stable")
    for members in np.split(order, np.flatnonzero(np.diff(group[order])) + 1):
        kept = _kept(members[~wanted[places[members]]], members, content)
        numbered = ", ".join(str(int(table.index[place]) + 1) for place in places[members[:3]])
        for member in members[members != kept]:
            reason = f"rows {numbered} have the same ids ({', '.join(schema.ids)})"
            faults.put(int(places[member]), table[schema.ids[0]], reason)


def _kept(past: NDArray[np.intp], members: NDArray[np.intp], content: NDArray[np.uint64]) -> int:
    """Which of the rows with the same ids stays; -1 where there is no telling."""
    if len(past) == 1:
        return int(past[0])
    choice = past if len(past) else members
    return int(choice[0]) if len(np.unique(content[choice])) == 1 else -1


def _horizon(table: pd.DataFrame, schema: Schema, wanted: Mask, stale_days: float, faults: _Faults) -> dict[str, int]:
    """Rows further ahead than their features reach; the number of rows that are unusual otherwise."""
    history = schema.history
    if history is None:
        return {}
    usable = faults.usable
    days = dates(table[schema.time])[0]
    known = usable & ~wanted & numbers(table[schema.target])[0].notna().to_numpy()
    asked, date = usable & wanted, table[schema.time]
    if not known.any():
        faults.add(asked, date, f"no {schema.target!r} is known before: give the past along with the rows to predict")
        return {}
    last = days[known].max()
    series = pd.Series(features.series_codes(table, history.series), index=table.index)
    own = series.map(days[known].groupby(series[known]).max())
    faults.add(asked & (days > last + history.lead_days * DAY).to_numpy(), date, _too_far(days, last, schema))
    stale = asked & (days > own + (history.lead_days + stale_days) * DAY).to_numpy()
    faults.add(stale, date, _too_far(days, own, schema))
    left = faults.usable & wanted
    return {
        "without_a_past": int((left & own.isna().to_numpy()).sum()),
        "in_the_past": int((left & (days <= own).to_numpy()).sum()),
    }


def _too_far(days: pd.Series, last: pd.Series | pd.Timestamp, schema: Schema) -> pd.Series:
    """Why a row is too far ahead, for every row."""
    lead = schema.history.lead_days if schema.history else 0
    since = pd.Series(last, index=days.index)
    ahead = (days - since).dt.days
    return (
        "is " + ahead.astype("Int64").astype("str") + f" days after the last known {schema.target!r} ("
        + since.dt.strftime("%Y-%m-%d").fillna("never") + f"), and lead_days is {lead}"
    )  # fmt: skip


def _quarantine(table: pd.DataFrame, schema: Schema, wanted: Mask, places: list[int], faults: _Faults) -> pd.DataFrame:
    found = table.iloc[places][list(schema.ids)].reset_index(drop=True)
    parts = [TO_PREDICT if wanted[place] else PAST for place in places]
    rows = [int(table.index[place]) + 1 for place in places]
    told = [faults.found[place] for place in places]
    columns = (parts, rows, *([fault[item] for fault in told] for item in range(3)))
    for name, values in zip(OURS, columns, strict=True):
        found[names.free(name, schema.ids)] = values
    return found
