"""How far two distributions are apart: the distances of Model Monitor, after the public source of Deequ.

Numbers: the largest difference of the two cumulative distributions. Categories: the largest difference of two shares,
or Pearson's chi-squared. *Robust* takes off what samples of these sizes differ by chance: 1.8 * sqrt((n + m) / (n *
m)), which is the two-sample Kolmogorov-Smirnov bound for a level of 0.003 (Knuth, The Art of Computer Programming,
volume 2, section 3.3.1).
"""

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from monitoring.numeric import Histogram, values_of

CHANCE = 1.8
SMALLEST_OF_TWO = 10.0  # expected count of each of two categories (Cochran, 1952)
SMALLEST = 5.0  # expected count of most of more than two categories (Yates, Moore & McCabe, 1999)
SHARE_BELOW = 0.2


class ChiSquared(NamedTuple):
    """Pearson's statistic, the chance of one at least as large, and the share of rows in unknown categories."""

    statistic: float
    p_value: float
    unknown: float


def by_chance(n: float, m: float) -> float:
    """The distance that two samples of n and m rows from one distribution hardly ever exceed."""
    return CHANCE * math.sqrt((n + m) / (n * m))


def robust(distance: float, n: float, m: float) -> float:
    """A simple distance less what is explained by chance; never below 0."""
    return max(0.0, distance - by_chance(n, m))


def of_numbers(one: Histogram, other: Histogram) -> tuple[float, float]:
    """The largest difference of the cumulative shares, at the coarser resolution of the two, and where it is."""
    shift = max(one.shift, other.shift)
    one, other = one.at(shift), other.at(shift)
    keys = np.union1d(one.keys, other.keys)
    difference = np.abs(_upto(one, keys) - _upto(other, keys))
    place = int(difference.argmax())
    upper = (int(keys[place]) + 1 << shift) - 1
    return float(difference[place]), float(values_of(np.array([upper], np.int64))[0])


def _upto(bins: Histogram, keys: NDArray[np.int64]) -> NDArray[np.float64]:
    counts = np.concatenate([[0], np.cumsum(bins.counts)])
    return np.asarray(counts[np.searchsorted(bins.keys, keys, side="right")] / counts[-1], np.float64)


def of_categories(one: Mapping[str, float], other: Mapping[str, float]) -> tuple[float, str]:
    """The largest difference of a category's shares, and that category; the first by name where several differ most."""
    n, m = sum(one.values()), sum(other.values())
    differences = ((abs(one.get(key, 0) / n - other.get(key, 0) / m), key) for key in sorted(one.keys() | other.keys()))
    return max(differences, key=lambda pair: pair[0])


def of_groups(one: NDArray[np.int64], other: NDArray[np.int64]) -> float:
    """The same for counts of which only the places are known."""
    return float(np.abs(one / one.sum() - other / other.sum()).max())


def chi_squared(sample: Mapping[str, float], baseline: Mapping[str, float]) -> ChiSquared:
    """Goodness of fit of a sample to the baseline's shares, over the baseline's categories.

    Rare categories are put together until the counts that are expected suffice for the test. Where fewer than two
    categories are left there is no test: both numbers are NaN.
    """
    known = sum(count for key, count in sample.items() if key in baseline)
    unknown = 1.0 - known / sum(sample.values())
    total = sum(baseline.values())
    groups = [(count / total * known, sample.get(key, 0.0)) for key, count in sorted(baseline.items())]
    groups = _pooled(groups)
    if len(groups) < 2 or not known:  # noqa: PLR2004 (two categories make a test)
        return ChiSquared(math.nan, math.nan, unknown)
    statistic = sum((seen - expected) ** 2 / expected for expected, seen in groups)
    return ChiSquared(statistic, _chance_of(statistic, len(groups) - 1), unknown)


def _pooled(groups: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Put the rarest category into the next one while too many are expected too rarely."""
    groups = sorted(groups)
    while len(groups) > 1:
        two = len(groups) == 2  # noqa: PLR2004
        smallest, allowed = (SMALLEST_OF_TWO, 0) if two else (SMALLEST, int(SHARE_BELOW * len(groups)))
        if sum(expected < smallest for expected, _ in groups) <= allowed:
            break
        first, second, *rest = groups
        groups = sorted([(first[0] + second[0], first[1] + second[1]), *rest])
    return groups


def _chance_of(statistic: float, degrees: int) -> float:
    from scipy.special import gammaincc

    return float(gammaincc(degrees / 2, statistic / 2))
