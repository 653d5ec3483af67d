"""SHAP values at the default settings against shap's exact interventional ones of the same model and background."""

from __future__ import annotations

import warnings

import lightgbm
import numpy as np
import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import shap

from monitoring import background, kernel

FEATURES = 20
DRAWS = np.random.default_rng(0)
TABLE = DRAWS.normal(size=(6000, FEATURES))


def additive() -> np.ndarray:
    return TABLE[:, 0] * 2 + np.sin(TABLE[:, 1] * 2) + 0.5 * TABLE[:, 6] + 0.1 * TABLE[:, 7:12].sum(axis=1)


def pairs() -> np.ndarray:
    return additive() + TABLE[:, 2] * TABLE[:, 3] + (TABLE[:, 4] > 0) * TABLE[:, 5]


def friedman() -> np.ndarray:
    table = (np.tanh(TABLE) + 1) / 2
    curved = 10 * np.sin(np.pi * table[:, 0] * table[:, 1]) + 20 * (table[:, 2] - 0.5) ** 2
    return curved + 10 * table[:, 3] + 5 * table[:, 4]


def multiplicative() -> np.ndarray:
    return np.exp(1 + 0.3 * TABLE[:, :6].sum(axis=1))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("rows", [1, 10])
@pytest.mark.parametrize("target", [additive, pairs, friedman, multiplicative])
def test_the_mean_relative_error_is_below_three_percent(target, rows: int) -> None:
    model = lightgbm.LGBMRegressor(n_estimators=100, verbose=-1, n_jobs=1, random_state=0)
    model.fit(TABLE, target() + DRAWS.normal(0, 0.3, len(TABLE)))
    typical = background.typical_rows(TABLE, np.zeros(FEATURES, np.bool_), rows)
    explained = TABLE[:60]
    found = kernel.explain(explained, typical, lambda matrix: model.predict(matrix)[:, None])
    exact = shap.TreeExplainer(model, typical, feature_perturbation="interventional").shap_values(explained)
    error = np.abs(found.shapley[:, :, 0] - exact).mean() / np.abs(exact).mean()
    assert error < 0.03
    added = found.shapley.sum(axis=1) + found.expected
    assert added == pytest.approx(found.predictions, abs=1e-9)
