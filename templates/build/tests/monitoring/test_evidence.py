"""Chances against SciPy's, and against what is drawn."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from monitoring import evidence


def test_counts_of_a_known_share_are_binomial() -> None:
    wanted = 2 * stats.binom.sf(29, 500, 0.03)
    assert evidence.of_count(30, 500, 0.03, 0.0) == pytest.approx(wanted, rel=1e-4)


def test_counts_of_an_uncertain_share_are_beta_binomial() -> None:
    share, spread = 0.1, 0.0004
    weight = share * 0.9 / spread - 1
    wanted = 2 * stats.betabinom.sf(24, 100, share * weight, 0.9 * weight)
    assert evidence.of_count(25, 100, share, spread) == pytest.approx(wanted, rel=1e-6)


def test_very_many_rows_are_about_the_same() -> None:
    exact = 2 * stats.binom.sf(5199, 50_000, 0.1)
    assert evidence.of_count(5200, 50_000, 0.1, 0.0) == pytest.approx(exact, rel=0.1)


def test_distances_are_kolmogorov_and_smirnovs() -> None:
    for distance, n, m in ((0.1, 500, 5000), (0.05, 3000, 9000), (0.4, 20, 400)):
        wanted = stats.kstwobign.sf(distance * np.sqrt(n * m / (n + m)))
        assert evidence.of_distance(distance, n, m) == pytest.approx(wanted, rel=0.5)
    assert evidence.of_distance(0.0, 10, 10) == 1.0


def test_a_mix_of_frequent_categories_is_pearsons() -> None:
    seen, base = {"a": 300, "b": 150, "c": 50}, {"a": 2500, "b": 1500, "c": 1000}
    wanted = stats.chi2_contingency([[300, 150, 50], [2500, 1500, 1000]], correction=False)
    chance, moved = evidence.of_mix(seen, base)
    assert chance == pytest.approx(wanted.pvalue, rel=1e-9)
    assert 0.1 < moved < 0.15  # ten points moved from c to a


@pytest.mark.parametrize("categories", [3, 50, 2000])
def test_mixes_of_one_distribution_are_seldom_told_apart(categories: int) -> None:
    draws = np.random.default_rng(categories)
    weights = 1 / np.arange(1, categories + 1)
    told = 0
    for _ in range(300):
        one, other = (draws.multinomial(rows, weights / weights.sum()).astype(float) for rows in (300, 5000))
        told += evidence.of_counts(one, other)[0] < 0.01
    assert told <= 10


@pytest.mark.parametrize("rare", [0.0005, 0.01, 0.3])
def test_means_of_few_rows_of_a_rare_value_are_no_surprise(rare: float) -> None:
    draws = np.random.default_rng(5)
    rows, variance = 14, rare * (1 - rare)
    skewness = (1 - 2 * rare) / np.sqrt(variance * rows)
    means = draws.binomial(rows, rare, 20_000) / rows
    told = [evidence.of_mean(mean - rare, variance / rows, skewness, rows - 1) < 0.001 for mean in np.unique(means)]
    share = sum(np.mean(means == mean) for mean, fired in zip(np.unique(means), told, strict=True) if fired)
    assert share <= 0.002


def test_groups_without_rows_are_no_categories() -> None:
    seen, base = np.zeros(1024), np.zeros(1024)
    seen[[3, 9]], base[[3, 9]] = (400, 100), (500, 500)
    chance, _ = evidence.of_counts(seen, base)
    assert chance == pytest.approx(stats.chi2_contingency([[400, 100], [500, 500]], correction=False).pvalue)
    assert evidence.of_counts(np.eye(1024)[3], np.eye(1024)[3]) == (1.0, 0.0)


def test_a_share_of_the_chance_makes_it_larger() -> None:
    assert evidence.corrected(0.001, 0.05) == pytest.approx(0.02)
    assert evidence.corrected(0.5, 0.1) == 1.0
