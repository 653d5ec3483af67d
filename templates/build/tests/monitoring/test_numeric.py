"""Sums and histograms: exact, and the same whatever the order of rows and the cuts between chunks."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pytest

from monitoring import numeric

if TYPE_CHECKING:
    from numpy.typing import NDArray

DRAWS = np.random.default_rng(7)
SERIES = {
    "normal": DRAWS.normal(0, 1, 5000),
    "far from zero": DRAWS.normal(1.7e9, 1e-3, 5000),
    "whole": DRAWS.integers(-50, 50, 5000).astype(float),
    "constant": np.full(3000, 0.1),
    "every size": DRAWS.normal(0, 1, 3000) * 10.0 ** DRAWS.integers(-300, 150, 3000),
    "extremes": np.array([1e308, 1e308, -1e308, 5e-324, -0.0, 0.0]),
    "one": np.array([3.5]),
    "both signs and zeros": np.where(DRAWS.random(5000) < 0.3, 0.0, DRAWS.normal(0, 1, 5000)),
    "no zeros": np.concatenate([-1.0 - DRAWS.random(2000), 1.0 + DRAWS.random(1000)]),
}


@pytest.mark.parametrize("values", SERIES.values(), ids=SERIES)
def test_sums_are_exact(values: NDArray[np.float64]) -> None:
    found = numeric.moments(values)
    exact = [Fraction(value) for value in values.tolist()]
    mean = sum(exact) / len(exact)
    variance = sum((value - mean) ** 2 for value in exact) / len(exact)
    assert found.count == len(values)
    assert found.mean == float(mean)
    assert math.isclose(
        found.std**2 if variance < 1e300 else 0, float(variance) if variance < 1e300 else 0, rel_tol=1e-14
    )


def test_a_constant_column_has_no_deviation() -> None:
    assert numeric.moments(SERIES["constant"]).std == 0.0


def test_a_sum_that_no_float_holds_is_infinite() -> None:
    found = numeric.moments(np.full(10, 1e308))
    assert found.sum == math.inf
    assert found.mean == 1e308


@pytest.mark.parametrize("values", SERIES.values(), ids=SERIES)
def test_neither_order_nor_chunks_matter(values: NDArray[np.float64]) -> None:
    whole = numeric.numbers(values)
    shuffled = np.random.default_rng(1).permutation(values)
    parts = [numeric.numbers(part) for part in np.array_split(shuffled, 7) if len(part)]
    joined = parts[0]
    for part in parts[1:]:
        joined = part.merged(joined)
    assert joined.moments == whole.moments
    assert (joined.low, joined.high, joined.whole) == (whole.low, whole.high, whole.whole)
    assert joined.bins.shift == whole.bins.shift
    assert np.array_equal(joined.bins.keys, whole.bins.keys)
    assert np.array_equal(joined.bins.counts, whole.bins.counts)


@pytest.mark.parametrize("values", SERIES.values(), ids=SERIES)
@pytest.mark.parametrize("shift", [0, 30, 44, 52])
def test_every_value_is_counted_in_its_bin(values: NDArray[np.float64], shift: int) -> None:
    found = numeric.histogram(values, shift, limit=1 << 20)
    keys, counts = np.unique(numeric.keys_of(values, shift), return_counts=True)
    assert (found.keys.tolist(), found.counts.tolist()) == (keys.tolist(), counts.tolist())


def test_a_hint_changes_nothing() -> None:
    values = SERIES["normal"]
    known = numeric.histogram(values)
    assert known.shift > 0
    again = numeric.histogram(values, known.shift)
    assert np.array_equal(again.keys, known.keys)


def test_few_values_are_counted_exactly() -> None:
    bins = numeric.histogram(np.array([2.0, -1.0, 2.0, 0.0, -0.0]))
    assert bins.exact
    assert dict(zip(bins.centres().tolist(), bins.counts.tolist(), strict=True)) == {-1.0: 1, 0.0: 2, 2.0: 2}


def test_many_values_share_bins_that_are_narrow() -> None:
    values = DRAWS.normal(1013, 5, 100_000)
    bins = numeric.histogram(values)
    assert len(bins.keys) <= numeric.BINS
    assert bins.total == len(values)
    error = np.abs(numeric.quantiles(bins, [0.01, 0.5, 0.99]) - np.quantile(values, [0.01, 0.5, 0.99]))
    assert error.max() < 0.02


def test_negative_values_are_counted_in_any_resolution() -> None:
    values = SERIES["normal"]
    assert numeric.histogram(values, 50).below_zero() == int((values < 0).sum())


def test_every_float_can_be_a_bin() -> None:
    values = DRAWS.integers(0, 2**64, 200_000, dtype=np.uint64).view(np.float64)
    values = values[np.isfinite(values)]
    found = numeric.numbers(values)
    assert len(found.bins.keys) <= numeric.BINS
    assert np.isfinite(found.bins.centres()).all()
    assert np.array_equal(
        numeric.weighted(found.bins.centres(), found.bins.counts, found.bins.shift).keys, found.bins.keys
    )


def test_infinities_are_counted_apart() -> None:
    found = numeric.numbers(np.array([1.0, math.inf, -math.inf, 2.0]))
    assert (found.count, found.infinite, found.low, found.high) == (2, 2, 1.0, 2.0)
    assert numeric.numbers(np.array([math.inf])).infinite == 1


def test_repeated_values_are_the_values_repeated() -> None:
    values, counts = np.array([1.5, -2.0, math.inf, 7.0]), np.array([3, 1, 2, 5])
    found, plain = numeric.repeated(values, counts), numeric.numbers(np.repeat(values, counts))
    assert found.moments == plain.moments
    assert (found.whole, found.infinite) == (plain.whole, plain.infinite)
    assert np.array_equal(found.bins.counts, plain.bins.counts)
