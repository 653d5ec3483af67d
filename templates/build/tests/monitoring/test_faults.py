"""Faults do what they say, and only that."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from model import schema
from model.errors import InputError
from monitoring import drill, faults
from tests.cases import document

OF_ROWS = ("lost_rows", "doubled_rows", "missing_group")
ROLES = faults.Roles("y", frozenset({"day"}), frozenset({"code"}))


def table() -> pd.DataFrame:
    draws = np.random.default_rng(0)
    return pd.DataFrame({
        "day": pd.date_range("2026-01-01", periods=200).astype(str),
        "price": draws.gamma(3, 5, 200).round(2),
        "count": draws.poisson(900, 200),
        "code": draws.integers(1, 4, 200).astype(str),
        "y": draws.gamma(2, 9, 200),
    })  # fmt: skip


@pytest.mark.parametrize("kind", faults.FAULTS)
def test_a_fault_strikes_what_it_names_and_is_the_same_again(kind: str) -> None:
    before = table()
    done = faults.inject(kind, before, ROLES)
    assert before.equals(table())
    assert done.table.equals(faults.inject(kind, before, ROLES).table)
    changed = {
        name for name in before.columns if name not in done.table.columns or not before[name].equals(done.table[name])
    }
    if kind in OF_ROWS:
        assert len(done.table) != len(before)
        return
    assert changed == set(done.columns)
    assert len(done.table) == len(before)
    assert any(name in done.what for name in done.columns)


def test_faults_are_what_they_are_called() -> None:
    before = table()
    assert "price" not in faults.inject("missing_column", before, ROLES).table.columns
    assert faults.inject("changed_unit", before, ROLES).table["price"].equals(before["price"] * 100)
    assert 0.2 < faults.inject("nulls", before, ROLES).table["price"].isna().mean() < 0.4
    assert faults.inject("new_categories", before, ROLES).table["code"].str.startswith("new_").mean() > 0.2
    swapped = faults.inject("swapped_columns", before, ROLES).table
    assert swapped["price"].equals(before["count"].rename("price"))
    shifted = faults.inject("covariate_shift", before, ROLES).table
    assert (shifted["count"] % 1 == 0).all()
    assert shifted["price"].mean() > before["price"].mean() + before["price"].std()


def test_gentle_faults_are_what_they_are_called() -> None:
    before = table()
    assert np.allclose(faults.inject("price_up", before, ROLES).table["price"], before["price"] * 1.2)
    assert faults.inject("offset", before, ROLES).table["price"].equals(before["price"] + 5)
    assert (faults.inject("dead_feed", before, ROLES).table["price"] == 0).all()
    past = before.assign(y_lag_7=before["price"])
    assert faults.inject("dead_feed", past, ROLES).columns == ("y_lag_7",)
    assert 5 <= len(faults.inject("lost_rows", before, ROLES).table) <= 40
    assert len(faults.inject("doubled_rows", before, ROLES).table) == 400
    done = faults.inject("missing_group", before, ROLES)
    assert done.columns == ("code",)
    assert set(done.table["code"]) == set(before["code"]) - {done.what.split()[1]}
    mixed = faults.inject("mixed_column", before, ROLES).table["price"]
    assert sorted(mixed) == sorted(before["price"])
    assert not mixed.equals(before["price"])


def test_tables_of_text_can_be_struck_too() -> None:
    for kind in faults.FAULTS:
        assert faults.inject(kind, table().astype(str), ROLES).columns


def test_classes_drift_by_changing_places() -> None:
    before = table().assign(y=["no", "yes"] * 100)
    after = faults.inject("concept_drift", before, ROLES).table
    assert 0.3 < (before["y"] != after["y"]).mean() < 0.7
    assert set(after["y"]) == {"no", "yes"}


def test_what_cannot_be_struck_is_named() -> None:
    with pytest.raises(InputError, match="there is no fault 'null'; did you mean 'nulls'"):
        faults.inject("null", table(), ROLES)
    with pytest.raises(InputError, match="no feature of numbers"):
        faults.inject("nulls", table()[["day", "code", "y"]], ROLES)
    with pytest.raises(InputError, match="no feature of categories"):
        faults.inject("new_categories", table()[["price", "y"]], ROLES)
    with pytest.raises(InputError, match="only one feature of numbers"):
        faults.inject("swapped_columns", table()[["price", "y"]], ROLES)
    with pytest.raises(InputError, match="a fault of ground truth"):
        faults.inject("concept_drift", table().drop(columns="y"), ROLES)
    with pytest.raises(InputError, match="no features"):
        faults.inject("nulls", table()[["day", "y"]], ROLES)


def test_a_drill_strikes_a_column_that_the_model_has() -> None:
    known = schema.parse(document(data={"ids": ["day"], "features": ["count", "code"], "categorical": ["code"]}))
    before = table().drop(columns="y")
    struck, what = drill.strike("changed_unit", before, known)
    assert what.startswith("count is 100 times")
    assert struck["price"].equals(before["price"])
