from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from model import features, names
from model.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from model.schema import Schema


def test_the_past_is_found_by_date_and_series(sales: pd.DataFrame, daily: Schema) -> None:
    without_a_day = sales[~((sales["day"] == "2026-01-21") & (sales["shop"] == "a"))].sample(frac=1, random_state=1)
    rows = features.build(without_a_day, daily)
    table = pd.concat([without_a_day[["day", "shop", "sold", "cut"]], rows.features], axis=1)
    by_row = table.set_index(["day", "shop"])
    assert by_row.loc[("2026-02-01", "a"), "sold_lag_7"] == 100 + 24
    assert by_row.loc[("2026-02-01", "b"), "sold_lag_14"] == 200 + 17
    assert by_row.loc[("2026-01-28", "b"), "sold_lag_7"] == 200 + 20
    assert np.isnan(by_row.loc[("2026-01-28", "a"), "sold_lag_7"])  # the day is not there
    assert np.isnan(by_row.loc[("2026-01-27", "b"), "sold_lag_7"])  # stock had cut that day's sales


def test_window_means_leave_out_what_stock_has_cut(sales: pd.DataFrame, daily: Schema) -> None:
    rows = features.build(sales, daily)
    place = sales.index[(sales["day"] == "2026-02-15") & (sales["shop"] == "a")][0]  # day number 45
    shuffled = features.build(sales.sample(frac=1, random_state=1), daily).features.loc[rows.features.index]
    pd.testing.assert_frame_equal(shuffled, rows.features)
    known = [100 + number for number in range(32, 39)]  # 7 days that end 7 days before; none of them is cut
    assert rows.features.loc[place, "sold_mean_7"] == pytest.approx(np.mean(known))
    place = sales.index[(sales["day"] == "2026-02-16") & (sales["shop"] == "a")][0]
    assert rows.features.loc[place, "sold_mean_7"] == pytest.approx(np.mean([100 + n for n in range(33, 39)]))


def test_nothing_younger_than_the_lead_is_used(sales: pd.DataFrame, daily: Schema) -> None:
    """What is sold in the last seven days before a row, and on it, changes nothing of its features."""
    last = sales["day"].max()
    other = sales.copy()
    recent = pd.to_datetime(other["day"]) > pd.Timestamp(last) - pd.Timedelta(days=7)
    other.loc[recent, "sold"] = "999999"
    other.loc[recent, "cut"] = "1"
    here = (sales["day"] == last).to_numpy()
    before, after = (features.build(table, daily).features[here] for table in (sales, other))
    pd.testing.assert_frame_equal(before, after)


def test_a_forecast_has_the_features_that_its_row_had_in_training(sales: pd.DataFrame, daily: Schema) -> None:
    last_week = (pd.to_datetime(sales["day"]) > pd.Timestamp("2026-02-22")).to_numpy()
    asked = sales.copy()
    asked.loc[last_week, ["sold", "cut"]] = ""
    assert (features.to_predict(asked, daily) == last_week).all()
    known = features.build(sales, daily).features[last_week]
    forecast = features.build(asked.iloc[20:], daily).features[last_week[20:]]
    pd.testing.assert_frame_equal(known, forecast)


def test_rows_come_in_the_tables_order_and_ids_as_written(sales: pd.DataFrame, daily: Schema) -> None:
    rows = features.build(sales, daily)
    assert rows.ids.equals(sales[["day", "shop"]])
    assert list(rows.features.columns) == [
        *("price", "day_weekday"),  # sixty days do not show a month twice
        *("sold_lag_7", "sold_lag_14", "sold_mean_7", "sold_mean_of_lags"),
    ]
    assert rows.for_transform().shape == (len(sales), 8)


def test_columns_that_are_not_named_do_not_depend_on_their_order(schema_of: Callable[..., Schema]) -> None:
    table = pd.DataFrame({"b": ["1"], "a": ["2"], "y": ["3"]})
    settings = schema_of()
    assert list(features.build(table, settings).features.columns) == ["a", "b"]
    assert features.build(table, settings).ids[names.STORED_ROW_NUMBER].tolist() == [1]


def test_a_made_feature_gives_way_to_a_column_of_its_name(sales: pd.DataFrame, daily: Schema) -> None:
    table = sales.assign(day_weekday="77", sold_lag_7="88")
    for settings in (replace(daily, features=("price", "day_weekday", "sold_lag_7")), replace(daily, features=())):
        found = features.build(table, settings).features
        assert set(found["day_weekday"]) == {"77"}
        assert found["day_weekday_"].iloc[0] == 3  # 1 January 2026 was a Thursday
        assert found["sold_lag_7_"].iloc[-1] == 200 + 52
        again = features.as_trained(settings, found.columns)
        assert features.build(table[reversed(table.columns)].assign(b="1"), again).features.equals(found)


def test_all_missing_columns_are_named_at_once(sales: pd.DataFrame, daily: Schema) -> None:
    table = sales.drop(columns=["price"]).rename(columns={"shop": "shops"})
    with pytest.raises(InputError, match=r"lacks the columns shop, price .*did you mean 'shops'"):
        features.build(table, daily)


def test_ids_must_tell_rows_apart(sales: pd.DataFrame, daily: Schema) -> None:
    with pytest.raises(InputError, match=r"2026-01-01, a \(day, shop\) stands for several rows"):
        features.build(pd.concat([sales, sales.iloc[:1]], ignore_index=True), daily)


def test_a_later_table_is_read_by_the_columns_that_the_model_has_learned(sales: pd.DataFrame, daily: Schema) -> None:
    settings = replace(daily, features=(), categorical=())
    sales = sales.assign(wet="0")
    learned = list(features.build(sales, settings).features.columns)
    trained = features.as_trained(settings, learned)
    assert {"price", "wet"} <= set(trained.features) < set(learned)
    later = sales[reversed(sales.columns)].assign(another="1")
    assert features.build(later, trained).features.equals(features.build(sales, settings).features)
    with pytest.raises(InputError, match="lacks the column wet"):
        features.build(later.drop(columns="wet"), trained)


def test_a_date_that_is_none_is_shown_with_its_row(sales: pd.DataFrame, daily: Schema) -> None:
    sales.loc[4, "day"] = "3 januari"
    with pytest.raises(InputError, match="column 'day': row 5 holds '3 januari'"):
        features.build(sales, daily)


def test_a_history_needs_one_row_a_day(sales: pd.DataFrame, schema_of: Callable[..., Schema]) -> None:
    history = {"series": [], "lead_days": 7, "lags_days": [7], "window_days": [7]}
    settings = schema_of(
        data={"target": "sold", "time": "day", "ids": ["day", "shop"], "evaluation": 7}, history=history
    )
    with pytest.raises(InputError, match="one row per series and day"):
        features.build(sales, settings)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["1", "", "2.5"], "number"),
        (["1", "x"], "text"),
        (["01", "02"], "number"),
        ([True, False], "text"),
        ([1, 2], "number"),
        ([None, None], "number"),
    ],
)
def test_a_column_is_a_number_or_a_category(values: list[Any], kind: str, schema_of: Callable[..., Schema]) -> None:
    typed = features.typed(pd.DataFrame({"a": values}), schema_of())
    assert pd.api.types.is_numeric_dtype(typed["a"]) == (kind == "number")


def test_a_few_texts_among_numbers_are_told(schema_of: Callable[..., Schema], caplog: pytest.LogCaptureFixture) -> None:
    features.typed(pd.DataFrame({"a": ["1", "2", "3", "1,5"], "b": ["x", "y", "1", None]}), schema_of())
    wanted = "column 'a' is taken as categories, but its texts would be numbers, like '1,5': add decimal"
    assert caplog.messages == [f'{wanted} = "," to [data] of config.toml']


def test_named_categories_are_text(schema_of: Callable[..., Schema]) -> None:
    typed = features.typed(pd.DataFrame({"a": ["1.0", "2", ""]}), schema_of(data={"categorical": ["a"]}))
    assert typed["a"].fillna("-").tolist() == ["1", "2", "-"]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (["2026-01-01", ""], "column 'a' holds dates"),
        (pd.to_datetime(["2026-01-01"]), "column 'a' holds dates"),
        (["1", "inf"], "row 2 holds 'inf'"),
        ([[1, 2], [3]], "column 'a' holds list values"),
    ],
)
def test_what_is_no_feature_is_refused(values: Any, message: str, schema_of: Callable[..., Schema]) -> None:
    with pytest.raises(InputError, match=message):
        features.typed(pd.DataFrame({"a": values}), schema_of())


def test_rows_to_predict(schema_of: Callable[..., Schema], sales: pd.DataFrame, daily: Schema) -> None:
    settings = schema_of()
    assert features.to_predict(pd.DataFrame({"y": ["1", "", "2"]}), settings).tolist() == [False, True, False]
    assert features.to_predict(pd.DataFrame({"y": ["1", "2"]}), settings).all()
    assert features.to_predict(pd.DataFrame({"y": ["NA", "2"]}), settings).tolist() == [True, False]
    assert features.to_predict(pd.DataFrame({"a": ["1", "2"]}), settings).all()
    with pytest.raises(InputError, match="no row has an empty 'sold'"):
        features.to_predict(sales, daily)


def test_benchmarks_are_the_same_weekday_before(sales: pd.DataFrame, daily: Schema) -> None:
    found = features.benchmarks(sales, daily)
    place = sales.index[(sales["day"] == "2026-02-10") & (sales["shop"] == "b")][0]  # day number 40
    assert found.loc[place, "same_weekday_last_week"] == 200 + 33
    assert found.loc[place, "four_week_mean"] == 200 + np.mean([33, 26, 19, 12])
    assert found["four_week_mean"].isna().sum() == 2 * 28


def test_dates_and_numbers_of_another_form_come_with_the_line_that_helps(
    schema_of: Callable[..., Schema], caplog: pytest.LogCaptureFixture
) -> None:
    table = pd.DataFrame({"day": ["31.01.2026", "01.02.2026"], "price": ["12,5", "3,25"], "y": ["1", "2"]})
    with pytest.raises(InputError, match=r'row 1 holds .31\.01\.2026.*add date_format = "%d\.%m\.%Y" to \[data\]'):
        features.read_dates(table, schema_of(data={"time": "day", "evaluation": 1}))
    features.typed(table[["price"]], schema_of())
    assert "its texts would be numbers, like '12,5': add decimal = \",\" to [data] of config.toml" in caplog.text
