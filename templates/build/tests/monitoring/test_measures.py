"""Metrics of many weighted tables at once are those of each table."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from monitoring import metrics
from monitoring.measures import Measures

if TYPE_CHECKING:
    from model.schema import ProblemType

ROWS = 300


def regression(draws: np.random.Generator) -> pd.DataFrame:
    actual = draws.gamma(2, 5, ROWS)
    return pd.DataFrame({"actual": actual, "prediction": actual + draws.normal(size=ROWS)})


def binary(draws: np.random.Generator) -> pd.DataFrame:
    probability = draws.random(ROWS).round(2)  # with ties
    actual = np.where(draws.random(ROWS) < probability, "b", "a")
    return pd.DataFrame({"actual": actual, "label": np.where(probability > 0.5, "b", "a"), "probability": probability})


def multiclass(draws: np.random.Generator) -> pd.DataFrame:
    actual, label = draws.choice(list("abc"), ROWS), draws.choice(list("abcd"), ROWS)
    return pd.DataFrame({"actual": actual, "label": label, "probability": 0.5})


@pytest.mark.parametrize(
    ("problem", "made"),
    [("regression", regression), ("binary_classification", binary), ("multiclass_classification", multiclass)],
)
def test_a_weight_is_a_row_that_occurs_so_often(problem: ProblemType, made: object) -> None:
    draws = np.random.default_rng(1)
    rows = made(draws)  # type: ignore[operator]
    weights = draws.multinomial(ROWS, np.full(ROWS, 1 / ROWS), size=3).astype(float)
    found = Measures(problem, rows, "b").of(weights)
    for place, weight in enumerate(weights.astype(int)):
        repeated = rows.iloc[np.repeat(np.arange(ROWS), weight)]
        expected = metrics.values(problem, repeated, "b")
        assert {name: values[place] for name, values in found.items()} == pytest.approx(
            {name: expected[name] for name in found}
        )


def test_what_is_not_defined_is_no_number() -> None:
    rows = binary(np.random.default_rng(2)).assign(actual="a")
    found = Measures("binary_classification", rows, "b").of(np.ones((1, ROWS)))
    assert all(math.isnan(found[name][0]) for name in ("precision", "recall", "f1", "auc"))
    assert found["accuracy"][0] > 0
    silent = binary(np.random.default_rng(2)).assign(label="a")
    found = Measures("binary_classification", silent, "b").of(np.ones((1, ROWS)))
    assert math.isnan(found["precision"][0])
    assert found["recall"][0] == found["f1"][0] == 0.0
