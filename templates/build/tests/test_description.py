"""A table is understood aloud: what it is taken for, and what looks wrong about it first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from reading.description import describe
from reading.form import Form
from reading.written import as_people_write
from steps import tables

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from model.schema import Schema


@pytest.mark.parametrize(
    ("texts", "what", "settings"),
    [
        (["12,5", "0,25", "7"], "numbers", {"decimal": ","}),
        (["0,125", "1,234"], "numbers", {"decimal": ","}),
        (["1,234", "12,345", "999"], "numbers", {"thousands": ","}),
        (["1,234.5", "12"], "numbers", {"thousands": ","}),
        (["1.234,56", "2,5"], "numbers", {"decimal": ",", "thousands": "."}),
        (["1 234", "12"], "numbers", {"thousands": " "}),
        (["1\u202f234,5", "12,5"], "numbers", {"decimal": ",", "thousands": " "}),
        (["1'234.50", "12.5"], "numbers", {"thousands": "'"}),
        (["12%", "3.5 %"], "numbers", {"decimal": "."}),
        (["$12.50", "$3"], "numbers", {"decimal": "."}),
        (["€ 12,50", "3 €"], "numbers", {"decimal": ","}),
        (["(12)", "13"], "numbers", {"decimal": "."}),
        (["31.01.2024 12:00", "01.02.2024 08:30"], "dates", {"date_format": "%d.%m.%Y %H:%M"}),
        (["01/31/2024", "02/01/2024"], "dates", {"date_format": "%m/%d/%Y"}),
        (["31/01/2024", "01/02/2024"], "dates", {"date_format": "%d/%m/%Y"}),
        (["2024-W05", "2024-W06"], "dates", {"date_format": "%G-W%V"}),
        (["01:30:00", "12:00:01"], "durations", {}),
        (["P1D", "PT1H30M"], "durations", {}),
        (["3 days", "1 day"], "durations", {}),
        (["2h 30min", "1h"], "durations", {}),
    ],
)
def test_what_texts_would_be(texts: list[str], what: str, settings: dict[str, str]) -> None:
    found = as_people_write(texts)
    assert found is not None
    assert (found.what, found.settings) == (what, settings)


@pytest.mark.parametrize("texts", [["a", "b"], ["A12", "B7"], ["2024 model", "x"], ["yes"], ["P", "Q"], ["a:b"], []])
def test_texts_that_are_just_texts(texts: list[str]) -> None:
    assert as_people_write(texts) is None


ROWS = 200


def frame() -> pd.DataFrame:
    draws = np.random.default_rng(1)
    target = draws.normal(size=ROWS)
    return pd.DataFrame(
        {
            "day": pd.date_range("2026-01-01", periods=ROWS).strftime("%d.%m.%Y"),
            "amount": [f"{value:.2f}".replace(".", ",") for value in draws.normal(size=ROWS)],
            "rate": [f"{value}%" for value in draws.integers(0, 100, ROWS)],
            "took": [f"{value:02d}:30:00" for value in draws.integers(0, 24, ROWS)],
            "customer_id": draws.permutation(ROWS) + 1000,
            "same": "x",
            "nearly": target * 2 + 1,
            "fine": draws.normal(size=ROWS),
            "kind": draws.choice(["a", "b"], ROWS),
            "y": target,
        }
    )


def described(folder: Path, table: pd.DataFrame, known: Schema) -> dict[str, Any]:
    file = folder / "t.csv"
    table.to_csv(file, index=False, sep=";")
    return describe(file, known)


def test_suspicious_columns_come_with_the_line_that_helps(tmp_path: Path, schema_of: Callable[..., Schema]) -> None:
    found = described(tmp_path, frame(), schema_of(data={"time": "day", "evaluation": 20}))
    told = {one["column"]: one["what"] for one in found["suspicious"]}
    assert set(told) == {"day", "amount", "rate", "took", "customer_id", "same", "nearly"}
    assert next(iter(told)) == "day"
    assert "200 dates were not understood, like '01.01.2026'" in told["day"]
    assert found["proposed"] == ['date_format = "%d.%m.%Y"', 'decimal = ","']
    assert "dates like 2026-06-30 are needed" in found["problem"]


def test_what_is_proposed_makes_the_table_understood(tmp_path: Path, schema_of: Callable[..., Schema]) -> None:
    data = {"time": "day", "evaluation": 20, "exclude": ["took", "customer_id", "same", "nearly"]}
    found = described(tmp_path, frame(), schema_of(data={**data, "decimal": ",", "date_format": "%d.%m.%Y"}))
    assert (found["suspicious"], found["problem"], found["rows"]) == ([], "", ROWS)
    assert found["span"] == {"column": "day", "first": "2026-01-01", "last": "2026-07-19", "days": ROWS}
    columns = {column["name"]: column for column in found["columns"]}
    assert columns["amount"]["type"] == columns["rate"]["type"] == "number"
    assert columns["kind"]["type"] == "category"
    assert columns["took"]["roles"] == ["left out"]
    assert (columns["y"]["roles"], columns["day"]["roles"]) == (["target"], ["time"])


def test_series_are_counted(tmp_path: Path, sales: pd.DataFrame, daily: Schema) -> None:
    sales.to_parquet(tmp_path / "t.parquet")
    found = describe(tmp_path, daily)
    assert found["series"] == {"columns": ["shop"], "count": 2}
    assert found["problem"] == ""


def test_a_form_that_is_said_is_not_proposed_again(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("x\n1,5\n", encoding="utf-8")
    assert tables.read(tmp_path, Form(decimal=",", delimiter=";"))["x"].tolist() == ["1.5"]
