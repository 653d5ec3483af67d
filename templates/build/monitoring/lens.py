"""A scale on which numbers of any kind can be averaged: linear around the middle, logarithmic far from it.

A mean of raw values says little where a few are a thousand times as large as the others. The inverse hyperbolic sine
of (value - middle) / spread keeps order and direction, goes on for values never seen, and tames heavy tails.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitoring import numeric
from monitoring.numeric import Histogram

Floats = NDArray[np.float64]
SMALLEST = 1e-6
"""Of a variance on the scale: a smaller one is that of equal values."""


@dataclass(frozen=True)
class Lens:
    """The scale of one column: its median, and the distance of its quartiles."""

    middle: float
    spread: float

    def __call__(self, values: Any) -> Floats:
        """Values on this scale."""
        with np.errstate(over="ignore"):
            scaled = (np.asarray(values, np.float64) / 2 - self.middle / 2) / self.spread * 2
        return np.arcsinh(np.clip(scaled, -1e300, 1e300))

    def back(self, scaled: float) -> float:
        """The value at a place on this scale."""
        return self.middle + self.spread * float(np.sinh(np.clip(scaled, -600.0, 600.0)))


@dataclass(frozen=True)
class Moments:
    """Of a column on its scale: mean, variance, and the standardised third and fourth moments."""

    count: int
    mean: float
    variance: float
    skewness: float
    kurtosis: float


def spread_of(mean: Any, variance: Any) -> Floats:
    """The logarithm of the spread in the column's own unit, from mean and variance on the scale.

    The scale is narrower far from its middle, so that its own variance changes with the level; the unit's does not. Its
    error is about that of a logarithm of a variance, whatever the variance is.
    """
    unit = np.log(np.cosh(np.clip(mean, -300.0, 300.0)))
    return np.asarray(np.log(np.maximum(variance, SMALLEST)) + 2.0 * unit)


def lens_of(bins: Histogram) -> Lens:
    """The scale of a column of numbers."""
    low, middle, high = numeric.quantiles(bins, [0.25, 0.5, 0.75]).tolist()
    spread = high / 2 - low / 2
    if spread <= 0.0:  # most values are one: the others say how far they are away from it
        values = bins.centres()
        away = np.abs(values / 2 - middle / 2)
        apart = away > 0
        spread = float(np.average(away[apart], weights=bins.counts[apart])) if apart.any() else abs(middle) or 1.0
    return Lens(middle, max(2.0 * min(spread, 1e300), 1e-300))


def moments_of(bins: Histogram, lens: Lens) -> Moments:
    """The moments of a histogram's values on a scale."""
    return moments(lens(bins.centres()), bins.counts)


def moments(values: Floats, counts: NDArray[Any]) -> Moments:
    """The moments of values that occur so many times each."""
    total = int(counts.sum())
    if not total:
        return Moments(0, 0.0, 0.0, 0.0, 3.0)
    mean = float(values @ counts) / total
    away = values - mean
    second, third, fourth = (float(away**power @ counts) / total for power in (2, 3, 4))
    if second <= 1e-24 * max(1.0, mean * mean):
        return Moments(total, mean, 0.0, 0.0, 3.0)
    return Moments(total, mean, second, third / second**1.5, fourth / second**2)
