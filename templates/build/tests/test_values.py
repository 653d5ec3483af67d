from __future__ import annotations

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from model.values import as_text, dates, numbers, sorted_classes, texts


@pytest.mark.parametrize("value", [1, 1.0, "1", "1.0", " 1.00 ", np.int64(1), np.float32(1)])
def test_a_numeric_code_is_one_category_however_it_comes(value: object) -> None:
    assert as_text(value) == "1"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("01", "01"),
        ("1.50", "1.5"),
        (1.5, "1.5"),
        (-0.0, "0"),
        (True, "true"),
        ("FALSE", "false"),
        ("NA", "NA"),
        ("", None),
        ("  ", None),
        (None, None),
        (float("nan"), None),
        (pd.NA, None),
        (10**20, "100000000000000000000"),
    ],
)
def test_a_category_as_text(value: object, text: str | None) -> None:
    assert as_text(value) == text


def test_texts_of_a_column_of_floats_with_gaps() -> None:
    assert texts(pd.Series([1.0, np.nan, 2.5])).fillna("-").tolist() == ["1", "-", "2.5"]


def test_numbers_tell_missing_from_wrong() -> None:
    values, bad = numbers(pd.Series(["1", " 2.5 ", "", "NA", "nan", "x", "1,5"]))
    assert values.fillna(-1).tolist() == [1, 2.5, -1, -1, -1, -1, -1]
    assert bad.tolist() == [False] * 5 + [True] * 2


@pytest.mark.parametrize("value", ["2026-06-30", "2026-06-30 23:59:59", "2026-06-30T23:59:59+02:00"])
def test_a_date_is_the_one_that_is_written(value: str) -> None:
    days, bad = dates(pd.Series([value]))
    assert days[0] == pd.Timestamp("2026-06-30")
    assert not bad.any()


def test_dates_of_other_kinds() -> None:
    written = pd.Series(["2026-02-30", "30/06/2026", "", None])
    assert dates(written)[1].all()
    assert dates(pd.Series([dt.date(2026, 6, 30)]))[0][0] == pd.Timestamp("2026-06-30")
    zoned = pd.Series(pd.to_datetime(["2026-06-30 23:30"]).tz_localize("Europe/Stockholm"))
    assert dates(zoned)[0][0] == pd.Timestamp("2026-06-30")


def test_classes_are_sorted_by_number_where_they_are_numbers() -> None:
    assert sorted_classes(pd.Series(["10", "2", "2"])) == ["2", "10"]
    assert sorted_classes(pd.Series(["yes", "no", None])) == ["no", "yes"]


DAY = "2026-06-04"


@pytest.mark.parametrize(
    "value",
    [
        DAY, f" {DAY} ", f"{DAY} 00:00:00", f"{DAY}T00:00", f"{DAY}T00:00:00.000Z", f"{DAY} 00:00:00+02:00",
        dt.date(2026, 6, 4), pd.Timestamp(DAY), pd.Timestamp(DAY, tz="Europe/Stockholm"),
        np.datetime64(DAY), np.datetime64(DAY, "ms"), np.datetime64(DAY, "ns"),
    ],
)  # fmt: skip
def test_a_day_and_its_midnight_are_one_text(value: object) -> None:
    assert as_text(value) == DAY


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (f"{DAY}T12:30", f"{DAY} 12:30:00"),
        (f"{DAY} 12:30:01.500000", f"{DAY} 12:30:01.5"),
        (pd.Timestamp(f"{DAY} 12:30:01.5", tz="UTC"), f"{DAY} 12:30:01.5"),
        (f"{DAY} 12:30:00+0200", f"{DAY} 12:30:00+02:00"),
        (pd.Timestamp(f"{DAY} 12:30", tz="Europe/Stockholm"), f"{DAY} 12:30:00+02:00"),
        (pd.NaT, None),
    ],
)
def test_a_moment_as_text(value: object, text: str | None) -> None:
    assert as_text(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1e16, "10000000000000000"),
        (2**53 + 1, "9007199254740993"),
        ("9007199254740993", "9007199254740993"),
        (1e-7, "0.0000001"),
        (np.float32(0.1), "0.1"),
        (Decimal("1.50"), "1.5"),
        (Decimal("1E+3"), "1000"),
        (np.int8(7), "7"),
        ("1e3", "1e3"),
        ("a\u2028b\x85c\x0bd", "a\u2028b\x85c\x0bd"),
        ("a\rb", "a b"),
        ("\u00a0x\u2028", "x"),
    ],
)
def test_numbers_and_blanks_have_one_spelling(value: object, text: str) -> None:
    assert as_text(value) == text


def test_a_column_is_spelled_as_its_values_are() -> None:
    values = ["1.0", "01", " x", "TRUE", "-0", "+2.50", "1e3", "", "a\nb", f"{DAY} 00:00", "\u00a0y", "10", "0.10", "z"]
    assert texts(pd.Series(values)).tolist() == pytest.approx([as_text(v) or np.nan for v in values], nan_ok=True)
    assert texts(pd.Series([2**63 - 1, None], dtype="Int64")).tolist()[0] == "9223372036854775807"
    assert texts(pd.Series(["b", None], dtype="category")).fillna("-").tolist() == ["b", "-"]
    assert texts(pd.Series([True, None], dtype="boolean")).fillna("-").tolist() == ["true", "-"]
