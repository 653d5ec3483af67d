"""How likely a difference is by chance alone: tail probabilities that stay honest with few rows and rare values.

Each function answers for one statistic, both sides together; `corrected` puts what was looked at together.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

EXACT = 4096
"""Beta-binomial tails of up to so many terms are summed exactly."""
FEWEST_EXPECTED = 8.0
"""Rows that are expected of each category of a chi-squared test in the batch.

More than Cochran's 5 (1952), for the chances that are asked for are small.
"""
_TERMS = 100


def of_mean(error: float, variance: float, skewness: float, freedom: float) -> float:
    """A mean's chance: the larger of Student's t and of a gamma distribution with the mean's skewness.

    Means of few rows of a rare value are like counts of rare events: far from normal, which the gamma distribution
    (Pearson's type III) follows from normal to Poisson.
    """
    from scipy.special import gammainc, gammaincc, stdtr

    if variance <= 0.0:
        return 0.0 if error else 1.0
    z = abs(error) / math.sqrt(variance)
    student = 2.0 * float(stdtr(max(freedom, 1.0), -z))
    skew = skewness if error > 0 else -skewness
    if abs(skew) < 1e-3:  # noqa: PLR2004 (a gamma distribution of a million: normal)
        return min(1.0, student)
    shape = 4.0 / skew**2
    if skew > 0:
        tail = float(gammaincc(shape, shape + math.sqrt(shape) * z))
    else:
        tail = float(gammainc(shape, max(0.0, shape - math.sqrt(shape) * z)))
    return min(1.0, max(student, 2.0 * tail))


def of_count(count: int, rows: int, expected: float, spread: float) -> float:
    """The chance of a count, of a share that is itself uncertain with the variance `spread`: beta-binomial.

    Without uncertainty it is binomial; with that of a baseline's rows about hypergeometric, like Fisher's exact test.
    """
    if not rows:
        return 1.0
    whole = expected * (1.0 - expected)
    if whole <= 0.0:
        return 1.0 if count == round(expected * rows) else 0.0
    weight = max(whole / max(spread, whole * 1e-9) - 1.0, 1e-3)
    alpha, beta = expected * weight, (1.0 - expected) * weight
    upper = _tail(count, rows, alpha, beta)
    lower = _tail(rows - count, rows, beta, alpha)
    return min(1.0, 2.0 * min(upper, lower))


def _tail(count: int, rows: int, alpha: float, beta: float) -> float:
    """P(X >= count) of a beta-binomial distribution."""
    if count <= 0:
        return 1.0
    if rows - count <= EXACT:
        return min(1.0, float(np.exp(_log_terms(np.arange(count, rows + 1), rows, alpha, beta)).sum()))
    if count <= EXACT:
        return max(0.0, 1.0 - float(np.exp(_log_terms(np.arange(count), rows, alpha, beta)).sum()))
    from scipy.special import betaincc

    share, weight = alpha / (alpha + beta), alpha + beta
    weight = 1.0 / (1.0 / (weight + 1.0) + 1.0 / rows) - 1.0  # as variable as the share and its rows together
    return float(betaincc(share * weight, (1.0 - share) * weight, (count - 0.5) / rows))


def _log_terms(counts: NDArray[np.int64], rows: int, alpha: float, beta: float) -> Floats:
    from scipy.special import betaln

    choose = -np.log(rows + 1.0) - betaln(rows - counts + 1.0, counts + 1.0)
    return np.asarray(choose + betaln(counts + alpha, rows - counts + beta) - betaln(alpha, beta))


def of_distance(distance: float, rows: float, others: float) -> float:
    """Kolmogorov and Smirnov's, with Stephens's correction for few rows (1970); cautious where values repeat."""
    effective = math.sqrt(rows * others / (rows + others))
    scaled = (effective + 0.12 + 0.11 / effective) * distance
    if scaled < 0.3:  # noqa: PLR2004 (the series is 1 to nine digits)
        return 1.0
    terms = (2.0 * (-1.0) ** (k - 1) * math.exp(-2.0 * (k * scaled) ** 2) for k in range(1, _TERMS))
    return min(1.0, max(0.0, sum(terms)))


def of_mix(batch: Mapping[str, float], known: Mapping[str, float]) -> tuple[float, float]:
    """Pearson's chi-squared of two samples' categories: the chance, and the share of rows that changed (at least).

    Categories that are too rare are put together. The share is half of the root of the chi-squared distance (Cohen's w)
    beyond what chance adds: about the total variation, more where rare categories change.
    """
    keys = sorted(batch.keys() | known.keys(), key=lambda key: (batch.get(key, 0) + known.get(key, 0), key))
    seen = np.array([batch.get(key, 0) for key in keys], np.float64)
    base = np.array([known.get(key, 0) for key in keys], np.float64)
    return of_counts(seen, base)


def of_counts(seen: Floats, base: Floats) -> tuple[float, float]:
    """The same for counts by place, the rarest first."""
    from scipy.special import gammaincc

    n, m = float(seen.sum()), float(base.sum())
    seen, base = _pooled(seen, base)
    if len(seen) < 2:  # noqa: PLR2004 (two categories make a test)
        return 1.0, 0.0
    share = (seen + base) / (n + m)
    statistic = float(((seen / n - base / m) ** 2 / share).sum()) * n * m / (n + m)
    freedom = len(seen) - 1
    moved = 0.5 * math.sqrt(max(0.0, statistic - freedom) * (n + m) / (n * m))
    return float(gammaincc(freedom / 2, statistic / 2)), moved


def _pooled(seen: Floats, base: Floats) -> tuple[Floats, Floats]:
    """Neighbours of few rows together, until each group expects enough of them in the smaller sample."""
    there = seen + base > 0
    seen, base = seen[there], base[there]
    total = seen + base
    least = FEWEST_EXPECTED * total.sum() / max(1.0, min(seen.sum(), base.sum()))
    order = np.argsort(total, kind="stable")
    seen, base, total = seen[order], base[order], total[order]
    rare = total < least
    # A group of rare ones is closed by the one with which it has enough; what is left joins the last group.
    before = np.cumsum(total) - total
    groups = np.where(rare, np.floor(before / least), before.size + np.arange(before.size))
    codes = np.unique(groups, return_inverse=True)[1]
    sums = np.bincount(codes, total)
    last = int(codes[rare].max(initial=-1))
    if last > 0 and sums[last] < least:
        codes = np.where(codes >= last, codes - 1, codes)
    return np.bincount(codes, seen).astype(np.float64), np.bincount(codes, base).astype(np.float64)


def corrected(p_value: float, share: float) -> float:
    """A p-value that is a share of all that was looked at (Bonferroni's correction, weighted)."""
    return min(1.0, p_value / share) if share > 0 else 1.0


def at_most(values: Any) -> float:
    """The smallest of p-values, corrected for their number."""
    found = np.asarray(values, np.float64)
    return min(1.0, float(found.min()) * len(found)) if len(found) else 1.0
