"""Kernel SHAP against the definition of Shapley values, and what must add up."""

from __future__ import annotations

from itertools import combinations
from math import factorial

import numpy as np
import pytest
from numpy.typing import NDArray

from monitoring import kernel

Floats = NDArray[np.float64]


def model(rows: Floats) -> Floats:
    """Two outputs, with interactions of two and three features."""
    one = 2 * rows[:, 0] - rows[:, 1] + rows[:, 2] * rows[:, 3] + rows[:, 0] * rows[:, 1] * rows[:, 4]
    return np.column_stack([one, np.tanh(rows.sum(axis=1))])


def shapley(row: Floats, base: Floats, output: int) -> Floats:
    """By the definition: the mean gain of a feature over all orders."""
    count = len(row)

    def value(chosen: tuple[int, ...]) -> float:
        mixed = base.copy()
        mixed[list(chosen)] = row[list(chosen)]
        return float(model(mixed[None, :])[0, output])

    found = np.zeros(count)
    for feature in range(count):
        others = [other for other in range(count) if other != feature]
        for size in range(count):
            weight = factorial(size) * factorial(count - size - 1) / factorial(count)
            for chosen in combinations(others, size):
                found[feature] += weight * (value((*chosen, feature)) - value(chosen))
    return found


def test_with_all_coalitions_values_are_exact() -> None:
    draws = np.random.default_rng(2)
    rows, background = draws.normal(size=(3, 6)), draws.normal(size=(2, 6))
    found = kernel.explain(rows, background, model, samples=1000)
    for place, row in enumerate(rows):
        for output in (0, 1):
            wanted = np.mean([shapley(row, base, output) for base in background], axis=0)
            assert found.shapley[place, :, output] == pytest.approx(wanted, abs=1e-10)
    assert found.error == 0.0


@pytest.mark.parametrize("samples", [0, 30, 64, 500])
@pytest.mark.parametrize("features", [1, 2, 5, 12])
def test_values_add_up(features: int, samples: int) -> None:
    draws = np.random.default_rng(features)
    rows, background = draws.normal(size=(9, features)), draws.normal(size=(4, features))
    found = kernel.explain(
        rows, background, lambda matrix: np.exp(matrix.sum(axis=1, keepdims=True) / 3), samples=samples
    )
    added = found.shapley.sum(axis=1) + found.expected
    assert added == pytest.approx(found.predictions, abs=1e-9)


def test_a_sum_of_pairs_is_exact_with_few_samples() -> None:
    draws = np.random.default_rng(3)
    weights = np.triu(draws.normal(size=(12, 12)))
    rows, background = draws.normal(size=(4, 12)), draws.normal(size=(1, 12))
    found = kernel.explain(rows, background, lambda m: np.einsum("ri,ij,rj->r", m, weights, m)[:, None], samples=160)
    gain = (weights + weights.T) / 2
    wanted = rows * (rows @ gain) - background * (background @ gain)
    wanted += rows * (background @ gain) - background * (rows @ gain)
    assert found.shapley[:, :, 0] == pytest.approx(wanted, abs=1e-8)


def test_what_is_as_in_the_background_contributes_nothing() -> None:
    draws = np.random.default_rng(6)
    background = draws.normal(size=(2, 16))
    background[:, 3] = np.nan
    rows = np.repeat(background[:1], 5, axis=0)
    rows[np.arange(5)[:, None], [[0, 1], [1, 2], [0, 4], [2, 4], [0, 2]]] += 1.0

    def plain(matrix: Floats) -> Floats:
        return model(np.nan_to_num(matrix))

    found = kernel.explain(rows, background[:1], plain, samples=40)
    for place, row in enumerate(rows):
        changed = row != background[0]
        changed[3] = False
        assert not found.shapley[place, ~changed].any()
        assert found.shapley[place, :, 0].sum() == pytest.approx(plain(row[None])[0, 0] - plain(background[:1])[0, 0])
    assert kernel.explain(background[:1], background[:1], plain, samples=40).shapley.any() == np.False_


def test_the_same_seed_says_the_same() -> None:
    rows, background = np.random.default_rng(1).normal(size=(5, 14)), np.zeros((1, 14))
    one, other, third = (kernel.explain(rows, background, model, samples=80, seed=seed).shapley for seed in (1, 1, 2))
    assert np.array_equal(one, other)
    assert not np.array_equal(one, third)


def test_samples_are_as_many_as_the_model_needs() -> None:
    draws = np.random.default_rng(4)
    rows, background = draws.normal(size=(50, 15)), np.zeros((1, 15))
    plain = kernel.explain(rows, background, lambda m: m.sum(axis=1, keepdims=True))
    mixed = kernel.explain(rows, background, lambda m: np.prod(1 + m[:, :8] / 2, axis=1, keepdims=True))
    assert plain.samples == kernel.FEWEST
    assert plain.samples < mixed.samples
    assert mixed.error <= kernel.WANTED_ERROR or mixed.samples == kernel.MOST


def test_a_constant_model_has_no_attributions() -> None:
    found = kernel.explain(np.ones((2, 20)), np.zeros((3, 20)), lambda m: np.full((len(m), 1), 7.0))
    assert not found.shapley.any()
    assert found.expected.tolist() == [7.0]


def test_a_budget_leaves_rows_out() -> None:
    rows = np.random.default_rng(5).normal(size=(500, 14))
    found = kernel.explain(rows, np.zeros((2, 14)), model, samples=100, budget=24_000)
    assert len(found.predictions) == 120
