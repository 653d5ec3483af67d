"""Preprocessing, with a stand-in for the model's image that has two features."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pandas as pd
import pytest

import job
import preprocess

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

TABLE = """date,shop,price,sold
2026-06-07,north,10.0,7
2026-06-08,north,,
2026-06-08,"south, old",12.5,
"""


@dataclass(frozen=True)
class Rows:
    """Ids and features; the shop is both."""

    table: pd.DataFrame

    def pick(self, which: NDArray[np.bool_], /) -> Rows:
        return Rows(self.table[which])

    def for_transform(self) -> pd.DataFrame:
        return self.table[["date", "shop", "shop", "price"]]

    def with_names(self) -> pd.DataFrame:
        return self.table[["date", "shop", "price"]]


@dataclass(frozen=True)
class Screened:
    """Rows whose price is no number cannot be used."""

    usable: NDArray[np.bool_]
    quarantine: pd.DataFrame
    quarantined: int
    notes: Mapping[str, int] = field(default_factory=dict)


class Image:
    """Forecasts `sold` from shop and price."""

    def read(self, path: Path, /) -> pd.DataFrame:
        return pd.read_csv(next(path.iterdir()), dtype="str", keep_default_na=False)

    def to_predict(self, table: pd.DataFrame, /) -> NDArray[np.bool_]:
        wanted: NDArray[np.bool_] = (table["sold"] == "").to_numpy()
        return wanted

    def screen(self, table: pd.DataFrame, wanted: NDArray[np.bool_], _stale_days: float, /) -> Screened:
        bad = (table["price"] == "dear").to_numpy()
        rows = table.index[bad] + 1
        told = {"row": rows, "column": "price", "value": "dear", "reason": "is no number"}
        return Screened(~bad, table.loc[bad, ["shop"]].assign(**told), int((bad & wanted).sum()))

    def build(self, table: pd.DataFrame, /) -> Rows:
        return Rows(table)

    def day_before(self, table: pd.DataFrame, wanted: NDArray[np.bool_], /) -> NDArray[np.bool_]:
        before: NDArray[np.bool_] = ~wanted & (table["date"] == "2026-06-07").to_numpy()
        return before


@pytest.fixture
def table() -> pd.DataFrame:
    return pd.DataFrame({"shop": ["north", "south", "north"], "code": [1, 2, 3], "price": [10.0, None, 12.5]})


def test_the_rows_to_forecast_are_written_for_the_model_and_with_a_header(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPT_ML_ROOT", str(tmp_path))
    raw = tmp_path / "processing" / "input" / "raw" / "table.csv"
    raw.parent.mkdir(parents=True)
    raw.write_text(TABLE)
    preprocess.main(Image())
    outputs = tmp_path / "processing" / "output"
    assert (outputs / "transform_input" / "rows.csv").read_text() == (
        '2026-06-08,north,north,\n2026-06-08,"south, old","south, old",12.5\n'
    )
    assert (outputs / "batch" / "batch.csv").read_text() == (
        'date,shop,price\n2026-06-08,north,\n2026-06-08,"south, old",12.5\n'
    )
    assert (outputs / "batch" / "_before.csv").read_text() == "date,shop,price\n2026-06-07,north,10.0\n"


def given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> Path:
    """A job's folders with a table; where its outputs go."""
    monkeypatch.setenv("OPT_ML_ROOT", str(tmp_path))
    raw = tmp_path / "processing" / "input" / "raw" / "table.csv"
    raw.parent.mkdir(parents=True)
    raw.write_text(text)
    return tmp_path / "processing" / "output"


def test_bad_rows_go_to_quarantine_and_the_others_are_predicted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = TABLE + "2026-06-09,west,dear,\n2026-06-09,east,1.0,\n"
    output = given(tmp_path, monkeypatch, table)
    preprocess.prepare(Image(), {"quarantine_limit": 0.4, "skip": {"shop": ["east"]}})
    assert (output / "batch" / "batch.csv").read_text().count("\n") == 3
    assert (output / "quarantine" / "quarantine.csv").read_text() == (
        "shop,row,column,value,reason\nwest,4,price,dear,is no number\n"
    )
    counts = json.loads((output / "quarantine" / "counts.json").read_text())
    assert len(counts.pop("batch")) == 64
    assert counts == {
        "rows_to_predict": 4,
        "skipped": 1,
        "quarantined": 1,
        "quarantined_past": 0,
        "quarantine_limit": 0.4,
        "first_fault": "row 4, column price: 'dear' is no number",
    }


def test_too_many_bad_rows_stop_the_run_and_are_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    output = given(tmp_path, monkeypatch, TABLE + "2026-06-09,west,dear,\n")
    with pytest.raises(
        job.UnusableError,
        match=r"1 of 3 rows to predict cannot be used \(33\.3%; .*limit is 5\.0%\)\. The first: row 4, column price",
    ):
        preprocess.prepare(Image(), {})
    assert "west,4,price,dear" in (output / "quarantine" / "quarantine.csv").read_text()
    assert not (output / "batch").exists()


def test_skip_that_leaves_no_row_to_predict_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given(tmp_path, monkeypatch, TABLE)
    with pytest.raises(job.UnusableError, match="leaves no row to predict"):
        preprocess.prepare(Image(), {"skip": {"price": ["", "12.5"]}})


def test_skip_leaves_rows_out_by_text_or_by_number(table: pd.DataFrame) -> None:
    assert list(preprocess.clean(table, {"skip": {"shop": ["north"]}}).index) == [1]
    assert list(preprocess.clean(table, {"skip": {"code": [2, 3]}}).index) == [0]


def test_fill_puts_a_value_where_a_column_is_empty(table: pd.DataFrame) -> None:
    assert list(preprocess.clean(table, {"fill": {"price": 11.0}})["price"]) == [10.0, 11.0, 12.5]
    as_read = pd.DataFrame({"price": ["10.0", " ", ""]})
    assert list(preprocess.clean(as_read, {"fill": {"price": 11.0}})["price"]) == ["10.0", "11.0", "11.0"]


def test_without_rules_the_table_stays_as_it_is(table: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(preprocess.clean(table, {"skip": {}, "fill": {}}), table)


def test_a_rule_for_an_unknown_column_is_named(table: pd.DataFrame) -> None:
    with pytest.raises(job.UnusableError, match="names colour, size: the table has no such column"):
        preprocess.clean(table, {"skip": {"size": ["big"]}, "fill": {"colour": "red"}})


def test_what_to_skip_is_a_list(table: pd.DataFrame) -> None:
    with pytest.raises(job.UnusableError, match=r"shop needs a list, like \['north'\]"):
        preprocess.clean(table, {"skip": {"shop": "north"}})


def test_rules_that_leave_nothing_are_an_error(table: pd.DataFrame) -> None:
    with pytest.raises(job.UnusableError, match="leaves no row"):
        preprocess.clean(table, {"skip": {"shop": ["north", "south"]}})
