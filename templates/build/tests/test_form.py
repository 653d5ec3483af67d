"""Numbers and dates as people write them: understood where `config.toml` says how, value by value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from model.errors import InputError
from model.values import dates, numbers
from reading.form import Form, checked
from steps import tables

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from model.schema import Schema


@pytest.mark.parametrize(
    ("form", "written", "wanted"),
    [
        (Form(decimal=","), ["12,5", "-0,5", "7", "1,5e3", ""], [12.5, -0.5, 7, 1500, None]),
        (Form(thousands=","), ["1,234", "1,234,567.5", "12.5", "12"], [1234, 1234567.5, 12.5, 12]),
        (Form(thousands="."), ["1.234,56", "12,5", "1.234"], [1234.56, 12.5, 1234]),
        (
            Form(decimal=",", thousands=" "),
            ["1 234,5", "1\u00a0234", "1\u202f234\u202f567", "12"],
            [1234.5, 1234, 1234567, 12],
        ),
        (Form(thousands="'"), ["1'234.5", "1\u2019234"], [1234.5, 1234]),
        (
            Form(decimal="."),
            ["$12.50", "€ 3", "12 %", "3.5%", "(12)", "-$5", "$-5", "7 kr", "SEK 8.5"],
            [12.5, 3, 12, 3.5, -12, -5, -5, 7, 8.5],
        ),
        (Form(thousands=","), ["($1,234.50)", "\u22121,000", "1,23,456"], [-1234.5, -1000, 123456]),
        (Form(decimal=","), ["x", "1,2,3", "12%%", "(12", "AB12"], [None] * 5),
    ],
)  # fmt: skip
def test_numbers_are_read_as_they_are_written(
    tmp_path: Path, form: Form, written: list[str], wanted: list[float | None]
) -> None:
    pd.DataFrame({"x": written, "code": written}).to_csv(tmp_path / "t.csv", index=False, sep="|")
    found = tables.read(tmp_path, Form(form.decimal, form.thousands, codes=frozenset({"code"})))
    assert [None if pd.isna(value) else value for value in numbers(found["x"])[0]] == wanted
    assert found["code"].tolist() == written


@pytest.mark.parametrize(
    ("date_format", "written", "wanted"),
    [
        ("%d.%m.%Y %H:%M", "31.01.2024 12:00", "2024-01-31"),
        ("%m/%d/%Y", " 01/31/2024", "2024-01-31"),
        ("%G-W%V", "2024-W05", "2024-01-29"),
        ("%G-W%V-%u", "2024-W05-3", "2024-01-31"),
        ("%Y%m%d", "20240131", "2024-01-31"),
        ("%Y%m%d", 20240131, "2024-01-31"),
        ("%Y-%m", "2024-01", "2024-01-01"),
        ("epoch", 1706702400, "2024-01-31"),
        ("epoch_ms", "1706702400000", "2024-01-31"),
        ("%d.%m.%Y", "2024-01-31", "2024-01-31"),
    ],
)
@pytest.mark.parametrize("parquet", [False, True])
def test_dates_are_read_as_they_are_written(
    tmp_path: Path, date_format: str, written: Any, wanted: str, *, parquet: bool
) -> None:
    frame = pd.DataFrame({"day": [written], "x": [written]})
    _ = frame.to_parquet(tmp_path / "t") if parquet else frame.to_csv(tmp_path / "t", index=False)
    found = tables.read(tmp_path, Form(date_format=date_format, dates=frozenset({"day"})))
    days, bad = dates(found["day"])
    assert not bad.any()
    assert days[0] == pd.Timestamp(wanted)
    assert str(found["x"][0]).strip() == str(written).strip()


@pytest.mark.parametrize(
    ("form", "key"),
    [
        (Form(decimal=";"), "decimal"),
        (Form(thousands="x"), "thousands"),
        (Form(delimiter="::"), "delimiter"),
        (Form(date_format="DD.MM.YYYY"), "date_format"),
    ],
)
def test_what_cannot_be_meant_is_refused(form: Form, key: str) -> None:
    with pytest.raises(InputError, match=rf"\[data\] {key} = "):
        checked(form)
    with pytest.raises(InputError, match="they must differ"):
        checked(Form(decimal=",", thousands=","))


def test_config_toml_says_the_form(schema_of: Callable[..., Schema]) -> None:
    said = {"decimal": ",", "thousands": ".", "delimiter": ";", "date_format": "%d.%m.%Y"}
    form = schema_of(data={**said, "time": "day", "evaluation": 1, "ids": ["shop"], "categorical": ["code"]}).form
    assert form == Form(",", ".", ";", "%d.%m.%Y", frozenset({"day", "shop"}), frozenset({"code"}))
    assert schema_of().form == Form()
