"""From the raw table to what the model sees: the same code when it learns and when it predicts.

Honest by construction: a row's features are its own columns, its date, and values of the target that are at least
`lead_days` old on that date. Past values are found by calendar date, so that a missing day is a missing value and
not a shift. A forecast reaches `lead_days` beyond the last known target, and no further: `model.screening` sees to it.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from model import names
from model.errors import InputError, did_you_mean
from model.past import Past
from model.schema import CALENDAR
from model.values import dates, looks_like_dates, numbers, texts
from reading.written import MOST_TEXTS, as_people_write, written_dates

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from model.schema import Schema

log = logging.getLogger(__name__)

PERIODS = {"weekday": 7, "day_of_month": 31, "day_of_year": 366}  # days after which a feature of a date comes again
WEEKS = 4  # of the same weekday, in the benchmark of that name


@dataclass(frozen=True)
class Rows:
    """Rows of the raw table in its order: what identifies them, and the model's columns. Both frames share an index."""

    ids: pd.DataFrame
    features: pd.DataFrame

    def pick(self, which: NDArray[np.bool_]) -> Rows:
        """Some of the rows."""
        return Rows(self.ids[which], self.features[which])

    def for_transform(self) -> pd.DataFrame:
        """Ids and features side by side, as `serve` takes them: by position, without a header."""
        return pd.concat([self.ids, self.features], axis=1)

    def with_names(self) -> pd.DataFrame:
        """Ids and features, each column once, for files with a header."""
        again = [name for name in self.features.columns if name in self.ids.columns]
        return pd.concat([self.ids, self.features.drop(columns=again)], axis=1)


def build(table: pd.DataFrame, schema: Schema) -> Rows:
    """Make the model's columns for every row of a raw table; the target may be empty or, without history, absent.

    Raises:
        InputError: Columns are missing, rows are not told apart by their ids, or dates cannot be read.
    """
    check_columns(table, schema)
    ids = _ids(table, schema)
    own = feature_columns(table, schema)
    parts = []
    if schema.time:
        days = read_dates(table, schema)
        parts.append(_calendar(days, schema))
        if schema.history:
            parts.append(_history(table, days, schema))
    made = pd.concat(parts, axis=1) if parts else table[[]]
    made = made.set_axis(_free_names(made.columns, schema, own), axis=1)
    return Rows(ids, pd.concat([table[own], made], axis=1))


def to_predict(table: pd.DataFrame, schema: Schema) -> NDArray[np.bool_]:
    """Which rows want a prediction: those with an empty target; all when the target says nothing about it.

    Raises:
        InputError: There is a history, but no row whose target is empty.
    """
    if schema.target not in table.columns:
        return np.ones(len(table), dtype=bool)
    empty = target_is_missing(table, schema)
    if empty.any():
        return empty
    if schema.history:
        raise InputError(f"no row has an empty {schema.target!r}: leave it empty in the rows that are to be forecast")
    return ~empty


def target_is_missing(table: pd.DataFrame, schema: Schema) -> NDArray[np.bool_]:
    """Which rows have no target, by the rules of numbers or of categories."""
    if schema.problem_type != "regression":
        return is_missing(table[schema.target])
    values, bad = numbers(table[schema.target])
    missing: NDArray[np.bool_] = values.isna().to_numpy() & ~bad
    return missing


def is_missing(values: pd.Series) -> NDArray[np.bool_]:
    """Which values are missing, whatever the column holds."""
    missing: NDArray[np.bool_] = texts(values).isna().to_numpy()
    return missing


def feature_columns(table: pd.DataFrame, schema: Schema) -> list[str]:
    """The raw columns that are features: those of `config.toml`, or all others by name, so that order means nothing."""
    others = {schema.target, schema.time, schema.censored, *schema.ids, *schema.exclude}
    named = list(schema.features) or sorted(set(table.columns) - others)
    return named + [name for name in schema.categorical if name not in named]


def as_trained(schema: Schema, columns: Iterable[str]) -> Schema:
    """The schema with a model's columns as its features, in their order, whatever else another table holds.

    Made features come last: how many there are tells them, and not a name that a column may have, too. Which features
    of a date there are, the table that taught the model has decided.
    """
    found = list(columns)
    own = found[: len(found) - len(list(_wanted_names(replace(schema, calendar=()))))]
    calendar = _calendar_behind(own, schema) if schema.time else ()
    return replace(schema, features=tuple(own[: len(own) - len(calendar)]), calendar=calendar)


def _calendar_behind(columns: list[str], schema: Schema) -> tuple[str, ...]:
    """Which features of a date stand behind a model's own columns."""
    if schema.calendar is not None:
        return schema.calendar
    left, found = columns[len({*schema.features, *schema.categorical}) if schema.features else 0 :], []
    for name in reversed(CALENDAR):
        if left and left[-1].rstrip("_") == f"{schema.time}_{name}".rstrip("_"):
            found.append(name)
            left.pop()
    return tuple(reversed(found))


def _free_names(wanted: Iterable[str], schema: Schema, own: Iterable[str]) -> list[str]:
    """The made features' names: none is that of a column that the model has, or that is an id, the time or the target.

    Args:
        wanted: What they would be called, in their order.
        schema: Says what the other columns are.
        own: The raw columns that are features.
    """
    taken = {*own, *schema.ids, schema.time, schema.target, schema.censored}
    made: list[str] = []
    for name in wanted:
        made.append(names.free(name, {*taken, *made}))
    return made


def _wanted_names(schema: Schema) -> Iterator[str]:
    """The names of the features that are no columns of the raw table, in their order."""
    if schema.time:
        yield from (f"{schema.time}_{name}" for name in (CALENDAR if schema.calendar is None else schema.calendar))
    if schema.history:
        yield from (f"{schema.target}_lag_{lag}" for lag in dict.fromkeys(schema.history.lags_days))
        yield from (f"{schema.target}_mean_{window}" for window in dict.fromkeys(schema.history.window_days))
        if len(set(schema.history.lags_days)) > 1:
            yield f"{schema.target}_mean_of_lags"


def check_columns(table: pd.DataFrame, schema: Schema, *, training: bool = False) -> None:
    """Name every column that `config.toml` asks for and the table lacks, all at once.

    What is only left out of training, or leaves a row out of it, need not be there when the model predicts.
    """
    history = (*schema.history.series, schema.target) if schema.history else ()
    asked = [schema.time, *schema.ids, *schema.features, *schema.categorical, *history]
    if training:
        asked += [schema.censored, *schema.exclude]
    missing = [name for name in dict.fromkeys(asked) if name and name not in table.columns]
    if missing:
        hints = "".join(did_you_mean(name, table.columns) for name in missing[:1])
        raise InputError(
            f"the table lacks {_columns(missing)} that config.toml names{hints or f'; it has {_some(table.columns)}'}"
        )
    if not schema.ids and names.STORED_ROW_NUMBER in table.columns:
        raise InputError(f"the table has a column {names.STORED_ROW_NUMBER!r}, as missing ids are called: rename it")
    if not feature_columns(table, schema) and not (schema.time and schema.calendar != ()) and not schema.history:
        raise InputError("no column is left as a feature: see [data] features and exclude in config.toml")


def read_dates(table: pd.DataFrame, schema: Schema) -> pd.Series:
    """The time column as dates.

    Raises:
        InputError: A value is missing or no date.
    """
    days, bad = dates(table[schema.time])
    if bad.any():
        raise InputError(
            f"column {schema.time!r}: {first_bad(table[schema.time], bad)}: dates like 2026-06-30 are needed, "
            f"with or without a time of day{date_advice(table[schema.time])}"
        )
    return days


def date_advice(values: pd.Series) -> str:
    """The line of `config.toml` that makes a column's dates understood; nothing where none does."""
    written = written_dates(texts(values).dropna().unique()[:MOST_TEXTS])
    return f"; {written.advice}" if written else ""


def first_bad(values: pd.Series, bad: NDArray[np.bool_]) -> str:
    """Half a sentence that shows the first bad value and its row (counted from 1, the header apart)."""
    place = int(np.argmax(bad))
    found = "nothing" if is_missing(values.iloc[place : place + 1])[0] else repr(str(values.iloc[place]))
    return f"row {place + 1} holds {found}" + (f" ({bad.sum():,} rows like it)" if bad.sum() > 1 else "")


def typed(features: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    """The same columns as floats or as text: a column is a category when it is named so, or holds text or booleans.

    Raises:
        InputError: A column holds dates, infinite numbers, or what is neither number nor text.
    """
    return pd.DataFrame({name: _typed(features[name], named=name in schema.categorical) for name in features.columns})


def _typed(values: pd.Series, *, named: bool) -> pd.Series:
    _check_flat(values)
    if named:
        return texts(values)
    if looks_like_dates(values):
        raise InputError(
            f"column {values.name!r} holds dates, which no model can use as they are: "
            "name it as time, or put it in exclude ([data] in config.toml)"
        )
    if pd.api.types.is_bool_dtype(values):
        return texts(values)
    parsed, bad = numbers(values)
    if bad.any():
        _warn_of_numbers(values, bad, int(parsed.notna().sum()))
        return texts(values)
    check_finite(parsed)
    return parsed


def _warn_of_numbers(values: pd.Series, bad: NDArray[np.bool_], numeric: int) -> None:
    """Say it where texts that are taken as categories look like numbers, dates or durations."""
    written = as_people_write(texts(values).dropna().unique())
    if written:
        log.warning(
            "column %r is taken as categories, but its texts would be %s, like %r%s",
            values.name,
            written.what,
            written.example,
            f": {written.advice}" if written.what == "numbers" else "",
        )
    elif bad.sum() < numeric:
        log.warning("column %r is taken as categories, not as numbers: %s", values.name, first_bad(values, bad))


def _check_flat(values: pd.Series) -> None:
    if not pd.api.types.is_object_dtype(values):
        return
    nested = values.map(lambda value: isinstance(value, list | dict | bytes | np.ndarray)).to_numpy(dtype=bool)
    if nested.any():
        kind = type(values.iloc[int(np.argmax(nested))]).__name__
        raise InputError(f"column {values.name!r} holds {kind} values, no numbers or text: put it in exclude")


def check_finite(values: pd.Series) -> None:
    """Refuse infinite numbers.

    Raises:
        InputError: There are some.
    """
    infinite = np.isinf(values.to_numpy(dtype="float64"))
    if infinite.any():
        raise InputError(
            f"column {values.name!r}: {first_bad(values, infinite)}: give finite numbers or leave it empty"
        )


def _ids(table: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    if not schema.ids:
        # Of the table as it was read: rows that are left out must not shift the others.
        return pd.DataFrame({names.STORED_ROW_NUMBER: table.index.to_numpy() + 1}, index=table.index)
    ids = table[list(schema.ids)].apply(texts)
    twice = ids.duplicated().to_numpy()
    if twice.any():
        raise InputError(f"{_values(ids, twice)} {_identify(schema.ids)} several rows: ids must tell rows apart")
    return ids


def _identify(names: Iterable[str]) -> str:
    return f"({', '.join(names)}) stands for"


def _values(frame: pd.DataFrame, which: NDArray[np.bool_]) -> str:
    first = ", ".join(str(value) for value in frame[which].iloc[0])
    return f"{first} (and {which.sum() - 1:,} more)" if which.sum() > 1 else first


def _columns(names: list[str]) -> str:
    return f"the column{'s' * (len(names) > 1)} {', '.join(names)}"


def _some(names: Iterable[str]) -> str:
    names = list(names)
    return ", ".join(names[:20]) + (f" and {len(names) - 20} more" if len(names) > 20 else "")  # noqa: PLR2004


def _calendar(days: pd.Series, schema: Schema) -> pd.DataFrame:
    parts = dict(zip(CALENDAR, (days.dt.day_of_week, days.dt.day, days.dt.day_of_year), strict=True))
    chosen = _recurring(days) if schema.calendar is None else schema.calendar
    made = {f"{schema.time}_{name}": parts[name].astype("float64") for name in chosen}
    return pd.DataFrame(made, index=days.index)


def _recurring(days: pd.Series) -> tuple[str, ...]:
    """The features whose period a table shows twice: in one year, the day of the year is a row's age and no season."""
    span = (days.max() - days.min()).days + 1
    chosen = tuple(name for name in CALENDAR if span >= 2 * PERIODS[name])
    if left_out := [name for name in CALENDAR if name not in chosen]:
        log.info("no feature %s: %s days do not show its period twice", " and ".join(left_out), f"{span:,}")
    return chosen


def past_of(table: pd.DataFrame, days: pd.Series, schema: Schema, *, teaching: bool) -> Past:
    """The target's past per series. Sales that stock has cut are left out of what the model is taught with.

    Raises:
        InputError: A series has several rows on a day, or the target holds text.
    """
    history = schema.history
    if history is None:
        raise ValueError("the schema has no history")
    series = series_codes(table, history.series)
    day = (days.to_numpy().astype("datetime64[D]")).astype("int64")
    _check_one_row_a_day(table, series, day, schema)
    target, bad = numbers(table[schema.target])
    if bad.any():
        raise InputError(f"target {schema.target!r}: {first_bad(table[schema.target], bad)}: numbers are needed")
    values = target.to_numpy(copy=True)
    if teaching:
        values[censored(table, schema)] = np.nan
    windows = (history.lead_days + window for window in history.window_days)
    reach = max(*history.lags_days, *windows, 7 * (_youngest_week(history.lead_days) + WEEKS))
    return Past.of(series, day, values, reach)


def censored(table: pd.DataFrame, schema: Schema) -> NDArray[np.bool_]:
    """Which rows' targets were cut by stock."""
    if not schema.censored or schema.censored not in table.columns:
        return np.zeros(len(table), dtype=bool)
    cut: NDArray[np.bool_] = texts(table[schema.censored]).isin(["1", "true"]).to_numpy()
    return cut


def series_codes(table: pd.DataFrame, columns: tuple[str, ...]) -> NDArray[np.int64]:
    """A number for each row that tells its series; 0 for all where there is one only."""
    if not columns:
        return np.zeros(len(table), dtype="int64")
    series = table[list(columns)].apply(texts)
    codes: NDArray[np.int64] = series.groupby(list(columns), sort=False, dropna=False).ngroup().to_numpy(dtype="int64")
    return codes


def _check_one_row_a_day(
    table: pd.DataFrame, series: NDArray[np.int64], day: NDArray[np.int64], schema: Schema
) -> None:
    twice = pd.DataFrame({"series": series, "day": day}).duplicated().to_numpy()
    if twice.any():
        columns = [schema.time, *(schema.history.series if schema.history else ())]
        raise InputError(
            f"{_values(table[columns], twice)} {_identify(columns)} several rows: "
            "[history] needs one row per series and day"
        )


def _history(table: pd.DataFrame, days: pd.Series, schema: Schema) -> pd.DataFrame:
    history = schema.history
    if history is None:
        raise ValueError("the schema has no history")
    past = past_of(table, days, schema, teaching=True)
    lags = {f"{schema.target}_lag_{lag}": past.lag(lag) for lag in history.lags_days}
    means = {f"{schema.target}_mean_{window}": past.mean(history.lead_days, window) for window in history.window_days}
    frame = pd.DataFrame(lags | means, index=table.index)
    if len(lags) > 1:
        frame[f"{schema.target}_mean_of_lags"] = frame[list(lags)].mean(axis=1)
    return frame


def benchmarks(table: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    """What one would forecast without a model: the same weekday of the last known week, and of the last four."""
    if schema.history is None:
        return pd.DataFrame(index=table.index)
    past = past_of(table, read_dates(table, schema), schema, teaching=False)
    youngest = _youngest_week(schema.history.lead_days)
    weeks = np.column_stack([past.lag(7 * (youngest + week)) for week in range(WEEKS)])
    columns = zip(names.benchmarks(schema.id_columns, schema.target), (weeks[:, 0], weeks.mean(axis=1)), strict=True)
    return pd.DataFrame(dict(columns), index=table.index)


def _youngest_week(lead_days: int) -> int:
    return -(-lead_days // 7)
