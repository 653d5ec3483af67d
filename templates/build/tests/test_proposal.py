"""Answers for a new project, made by looking at its table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from model.errors import InputError
from reading.proposal import propose

if TYPE_CHECKING:
    from pathlib import Path


def customers(rows: int = 300) -> pd.DataFrame:
    draws = np.random.default_rng(1)
    return pd.DataFrame(
        {
            "customer": [f"C{number:05d}" for number in range(rows)],
            "age": draws.integers(18, 90, rows),
            "income": [f"{value:.2f}".replace(".", ",") for value in draws.lognormal(8, 1, rows)],
            "plan": draws.choice(["a", "b", "c"], rows),
            "source": "export",
            "phone": [f"+46 {number}" for number in draws.permutation(rows)],
            "churned": draws.choice(["yes", "no"], rows),
        }
    )


def test_customers(tmp_path: Path) -> None:
    customers().to_csv(tmp_path / "t.csv", index=False, sep=";")
    found = propose(tmp_path / "t.csv", {"target": "churned"})
    assert found.answers == {
        "target": "churned",
        "problem_type": "binary_classification",
        "time_column": "",
        "id_columns": ["customer"],
        "history": False,
        "decimal": ",",
        "exclude": ["phone", "source"],
        "features": [],
        "categorical": [],
    }
    assert "income holds" in found.why["decimal"]


def test_sales_by_day(tmp_path: Path) -> None:
    days = pd.date_range("2026-01-01", periods=90).strftime("%d.%m.%Y")
    rows = [
        (day, shop, item, (number * 7) % 41 + 0.5) for number, day in enumerate(days) for shop in "ab" for item in "xy"
    ]
    table = pd.DataFrame(rows, columns=["day", "shop", "item", "sold"])
    table.to_parquet(tmp_path / "t.parquet")
    found = propose(tmp_path, {"target": "sold"})
    assert {name: found.answers[name] for name in ("time_column", "date_format", "id_columns", "history")} == {
        "time_column": "day",
        "date_format": "%d.%m.%Y",
        "id_columns": ["day", "shop", "item"],
        "history": True,
    }
    assert found.answers["problem_type"] == "regression"


def test_what_was_answered_stands(tmp_path: Path) -> None:
    customers().to_csv(tmp_path / "t.csv", index=False)
    given = {"target": "plan", "id_columns": [], "exclude": ["customer"], "decimal": "."}
    found = propose(tmp_path, given)
    assert {name: found.answers[name] for name in given} == given
    assert found.answers["problem_type"] == "multiclass_classification"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "which column is to be predicted.*--data target=COLUMN; there are customer, age"),
        ({"target": "churn"}, "no column 'churn', the target; did you mean 'churned'"),
        ({"target": "source"}, "holds 1 different values"),
        ({"target": "churned", "time_column": "day"}, "no column 'day', the time_column"),
    ],
)
def test_what_cannot_be_proposed_says_why(tmp_path: Path, given: dict[str, str], message: str) -> None:
    customers().to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(InputError, match=message):
        propose(tmp_path, dict(given))
