"""Rows that cannot be used are told from the others, one by one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from model import features, screening
from model.estimator import Column, Signature

if TYPE_CHECKING:
    from collections.abc import Callable

    from model.schema import Schema
    from model.screening import Screened

FLAT = Signature("regression", "y", ("id",), (Column("size"), Column("colour", ("blue", "red"))))


@pytest.fixture
def flat(schema_of: Callable[..., Schema]) -> Schema:
    """Ids and features, no time."""
    return schema_of(data={"ids": ["id"], "features": ["size", "colour"]})


@pytest.fixture
def things() -> pd.DataFrame:
    return pd.DataFrame(
        {"id": [f"i{row}" for row in range(10)], "size": ["1.5"] * 10, "colour": ["red"] * 10}, dtype="str"
    )


def screen(table: pd.DataFrame, schema: Schema, signature: Signature = FLAT) -> Screened:
    return screening.screen(table, schema, signature, features.to_predict(table, schema), 7)


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("size", "many", "is no number"),
        ("size", "1,5", "is no number"),
        ("size", "inf", "is an infinite number"),
        ("size", "-1e999", "is an infinite number"),
        ("id", "", "an id is missing"),
        ("id", "  ", "an id is missing"),
    ],
)
def test_a_bad_cell_takes_its_row_and_no_other(
    things: pd.DataFrame, flat: Schema, column: str, value: str, reason: str
) -> None:
    things.loc[3, column] = value
    found = screen(things, flat)
    assert np.flatnonzero(~found.usable).tolist() == [3]
    told = found.quarantine.to_dict("records")
    known = {"id": things.loc[3, "id"], "part": "to predict", "row": 4}
    assert told == [{**known, "column": column, "value": value, "reason": reason}]
    features.build(things[found.usable], flat)


@pytest.mark.parametrize(("column", "value"), [("size", ""), ("size", "NA"), ("colour", "17"), ("colour", "pink")])
def test_what_is_missing_or_new_is_no_bad_cell(things: pd.DataFrame, flat: Schema, column: str, value: str) -> None:
    things.loc[3, column] = value
    assert screen(things, flat).usable.all()


def test_ids_that_come_twice(things: pd.DataFrame, flat: Schema) -> None:
    alike = pd.concat([things, things.iloc[[2]]], ignore_index=True)
    found = screen(alike, flat)
    assert np.flatnonzero(~found.usable).tolist() == [10]
    assert found.quarantine["reason"].tolist() == ["rows 3, 11 have the same ids (id)"]
    alike.loc[10, "size"] = "2"
    assert np.flatnonzero(~screen(alike, flat).usable).tolist() == [2, 10], "nobody knows which is right"


def test_an_id_that_is_called_like_a_column_of_the_quarantine(things: pd.DataFrame, flat: Schema) -> None:
    renamed = things.rename(columns={"id": "row"})
    renamed.loc[0, "size"] = "x"
    found = screen(renamed, replace(flat, ids=("row",)))
    assert list(found.quarantine.columns) == ["row", "part", "row_", "column", "value", "reason"]
    assert found.quarantine.loc[0, ["row", "row_"]].tolist() == ["i0", 1]


def test_row_numbers_stay_those_of_the_table(things: pd.DataFrame, flat: Schema) -> None:
    things.loc[1, "size"] = "x"
    plain = replace(flat, ids=())
    rows = features.build(things[screen(things, plain).usable], plain)
    assert rows.ids.iloc[:, 0].tolist() == [1, 3, 4, 5, 6, 7, 8, 9, 10]


# With a past.


@pytest.fixture
def asked(sales: pd.DataFrame) -> pd.DataFrame:
    """The sales of sixty days, the last seven of which are to be predicted."""
    late = pd.to_datetime(sales["day"]) > pd.Timestamp("2026-02-22")
    return sales.assign(sold=sales["sold"].mask(late, ""), cut=sales["cut"].mask(late, ""))


LEARNED = Signature("regression", "sold", ("day", "shop"), (Column("price"), Column("day_weekday")))


def test_a_clean_table_is_used_whole(asked: pd.DataFrame, daily: Schema) -> None:
    found = screen(asked, daily, LEARNED)
    assert found.usable.all()
    assert found.notes == {"without_a_past": 0, "in_the_past": 0}


def test_a_day_beyond_the_lead_is_too_far(asked: pd.DataFrame, daily: Schema) -> None:
    later = asked.iloc[[-2, -1]].assign(day=["2026-03-02", "2026-03-12"])
    found = screen(pd.concat([asked, later], ignore_index=True), daily, LEARNED)
    assert found.quarantine["reason"].tolist() == [
        "is 8 days after the last known 'sold' (2026-02-22), and lead_days is 7",
        "is 18 days after the last known 'sold' (2026-02-22), and lead_days is 7",
    ]
    assert found.quarantined == 2


def test_a_series_may_be_silent_for_some_days(asked: pd.DataFrame, daily: Schema) -> None:
    days = pd.to_datetime(asked["day"])
    for last, stale in (("2026-02-15", 0), ("2026-02-14", 1), ("2026-01-20", 7)):
        closed = (asked["shop"] == "b") & (days > pd.Timestamp(last)) & (asked["sold"] != "")
        found = screen(asked[~closed].reset_index(drop=True), daily, LEARNED)
        assert found.quarantined == stale
        assert set(found.quarantine["shop"]) <= {"b"}


def test_a_new_series_and_a_day_of_the_past_are_predicted_and_counted(asked: pd.DataFrame, daily: Schema) -> None:
    more = asked.iloc[[-2, -1]].assign(shop=["new", "a"], day=["2026-02-25", "2026-02-01"])
    gap = asked[~((asked["shop"] == "a") & (asked["day"] == "2026-02-01"))]
    found = screen(pd.concat([gap, more], ignore_index=True), daily, LEARNED)
    assert found.usable.all()
    assert found.notes == {"without_a_past": 1, "in_the_past": 1}


def test_without_any_past_nothing_can_be_predicted(asked: pd.DataFrame, daily: Schema) -> None:
    found = screen(asked[asked["sold"] == ""].reset_index(drop=True), daily, LEARNED)
    assert not found.usable.any()
    assert found.quarantine["reason"].iloc[0].startswith("no 'sold' is known before: give the past")


def test_bad_rows_of_the_past_teach_nothing(asked: pd.DataFrame, daily: Schema) -> None:
    asked.loc[4, "sold"] = "many"
    asked.loc[5, "day"] = "soon"
    asked.loc[6, "price"] = "free"  # a feature of a day that is not predicted
    asked.loc[len(asked) - 1, "day"] = "2026-13-01"
    found = screen(asked, daily, LEARNED)
    assert found.quarantine["part"].tolist() == ["past", "past", "to predict"]
    assert found.quarantine["column"].tolist() == ["sold", "day", "day"]
    assert found.quarantined == 1
    features.build(asked[found.usable], daily)


def test_a_row_to_predict_whose_target_is_known_goes(asked: pd.DataFrame, daily: Schema) -> None:
    again = asked.iloc[[20]].assign(sold="")
    found = screen(pd.concat([asked, again], ignore_index=True), daily, LEARNED)
    assert np.flatnonzero(~found.usable).tolist() == [len(asked)]
