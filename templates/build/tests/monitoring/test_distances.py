"""Distances against worked examples and independent computations."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from monitoring import distances
from monitoring.numeric import histogram


def test_the_distance_of_numbers_is_that_of_cumulative_shares() -> None:
    # Cumulative shares at 1, 2, 3, 4: one 1/4, 2/4, 3/4, 1; other 0, 0, 2/4, 1.
    one, other = histogram(np.array([1.0, 2.0, 3.0, 4.0])), histogram(np.array([3.0, 3.0, 4.0, 4.0]))
    assert distances.of_numbers(one, other) == (0.5, 2.0)
    assert distances.of_numbers(one, one)[0] == 0.0


def test_the_distance_of_numbers_is_kolmogorov_and_smirnovs() -> None:
    draws = np.random.default_rng(5)
    one, other = draws.normal(0, 1, 40_000), draws.normal(0.2, 1.1, 3000)
    found = distances.of_numbers(histogram(one), histogram(other))[0]
    assert abs(found - stats.ks_2samp(one, other).statistic) < 0.003


def test_robust_takes_off_what_chance_explains() -> None:
    # 1.8 * sqrt((100 + 400) / (100 * 400)) = 0.201246...
    assert math.isclose(distances.robust(0.5, 100, 400), 0.5 - 1.8 * math.sqrt(500 / 40_000))
    assert distances.robust(0.1, 100, 400) == 0.0


def test_the_distance_of_categories_is_of_shares_and_not_of_cumulative_ones() -> None:
    # 0.6 against 0.2, 0.4 against 0.5, 0 against 0.3
    distance, where = distances.of_categories({"a": 6, "b": 4}, {"a": 2, "b": 5, "c": 3})
    assert math.isclose(distance, 0.4)
    assert where == "a"


def test_chi_squared_is_pearsons() -> None:
    seen, baseline = {"a": 30, "b": 50, "c": 20}, {"a": 400, "b": 400, "c": 200}
    wanted = stats.chisquare([30, 50, 20], [40, 40, 20])
    found = distances.chi_squared(seen, baseline)
    assert math.isclose(found.statistic, wanted.statistic)
    assert math.isclose(found.p_value, wanted.pvalue)


def test_rare_categories_are_put_together() -> None:
    # Of 100: 60, 36 and four of 1 are expected; the four become one of 4, which 20 % of three categories do not allow.
    baseline = {"a": 600, "b": 360, **dict.fromkeys("cdef", 10)}
    seen = {"a": 55, "b": 38, "c": 3, "d": 2, "e": 1, "f": 1}
    wanted = stats.chisquare([55, 45], [60, 40])
    found = distances.chi_squared(seen, baseline)
    assert math.isclose(found.statistic, wanted.statistic)
    assert math.isclose(found.p_value, wanted.pvalue)


def test_without_two_categories_there_is_no_test() -> None:
    assert math.isnan(distances.chi_squared({"a": 5}, {"a": 100}).p_value)
    assert math.isnan(distances.chi_squared({"z": 5}, {"a": 50, "b": 50}).p_value)


def test_unknown_categories_are_no_part_of_the_test_but_are_told() -> None:
    found = distances.chi_squared({"a": 40, "b": 40, "new": 20}, {"a": 500, "b": 500})
    assert math.isclose(found.unknown, 0.2)
    assert found.statistic == 0.0


@pytest.mark.parametrize("rows", [30, 100, 1000])
def test_the_robust_distance_of_equal_distributions_is_nearly_always_zero(rows: int) -> None:
    draws = np.random.default_rng(rows)
    baseline = histogram(draws.normal(size=20_000))
    found = [distances.of_numbers(histogram(draws.normal(size=rows)), baseline)[0] for _ in range(100)]
    assert sum(distances.robust(distance, rows, 20_000) > 0 for distance in found) <= 3
