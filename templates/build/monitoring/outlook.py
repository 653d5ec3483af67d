"""What the next windows of a series are expected to be, and how far off such an expectation has been so far.

A batch comes some time after the baseline. Several simple forecasts are tried on the baseline itself, each from every
earlier moment and as far ahead as the batch is: the mean of all, the latest values, the season of the year, a straight
line. The one that was least wrong is taken, and its errors then say how far from it a good batch can be. So a series
that wanders has wide limits, a season has those of its deviations, and values that only vary by chance those of chance.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

YEAR = 365.25
FIRST = 4
"""Windows that a forecast starts from, at least."""
FEWEST_ERRORS = 5
SEASONS = 1.1
"""Years that are needed to know a season."""
FARTHEST = 4
"""Forecasts are tried at most a quarter of the baseline ahead: farther ahead too few trials are left."""
SPIKES = 0.2
"""Kurtosis, by the number of errors, from which on a few of them are nearly all there is."""
HEAVIEST = 3.0
NORMAL = 3.0
AS_GOOD = 2.0
"""A simpler forecast is taken where its mean squared error is not larger than the best one's by more than this."""


@dataclass(frozen=True)
class Expected:
    """For each series (column) what is expected, the mean squared error of such expectations, and what that rests on.

    Attributes:
        worst: The largest error so far.
        freedom: Number of errors that do not repeat each other.
        weights: How much each window counts in the expectation (windows by series).
        tried: The forecast that was taken.
    """

    value: Floats
    squared: Floats
    freedom: Floats
    worst: Floats
    weights: Floats
    tried: Sequence["Tried"] = ()


@dataclass(frozen=True)
class Tried:
    """A forecast: the weights of the windows for the batch, and for each earlier moment (a row) of those before it."""

    now: Floats
    earlier: Floats

    def errors(self, series: Floats) -> Floats:
        """What was expected too little of each series at each earlier moment."""
        return np.asarray(series[-len(self.earlier) :] - self.earlier @ series)


def expect(series: Floats, starts: Ints, length: int, day: int) -> Expected | None:
    """What each series of windows (rows) is expected to be on a day; None where there are too few windows.

    Args:
        series: Windows by series, without NaN.
        starts: First day of each window, in order.
        length: Days of a window.
        day: First day of the batch.
    """
    if len(series) < FIRST + FEWEST_ERRORS:
        return None
    tried = _tried(tuple(starts.tolist()), length, day)
    errors = [forecast.errors(series) for forecast in tried]
    shared = min(len(found) for found in errors)
    squared = np.array([np.mean(found[-shared:] ** 2, axis=0) for found in errors])
    best = (squared <= AS_GOOD * squared.min(axis=0)).argmax(axis=0)  # the first that is nearly as good: simple ones
    columns = range(series.shape[1])
    chosen = [errors[best[place]][:, place] for place in columns]
    weights = np.array([tried[best[place]].now for place in columns]).T
    return Expected(
        (weights * series).sum(axis=0),
        np.array([np.mean(found**2) for found in chosen]),
        np.array([_freedom(found) for found in chosen]),
        np.array([np.abs(found).max() for found in chosen]),
        weights,
        [tried[place] for place in best],
    )


def _freedom(errors: Floats) -> float:
    """Degrees of freedom of Student's t for the next error.

    How many of the errors in a row tell something new: fewer where each is like the one before. And fewer where their
    tails are heavier, as kurtosis says; where a few errors are nearly all there is, the next one can be anything. Both
    only where they are more than chance explains (two standard errors).
    """
    power = float((errors**2).sum())
    if power <= 0.0:
        return float(len(errors))
    count = len(errors)
    alike = float((errors[1:] * errors[:-1]).sum()) / power
    alike = min(alike, 0.95) if alike > 2.0 / np.sqrt(count) else 0.0
    told = max(1.0, count * (1.0 - alike) / (1.0 + alike) - 1.0)
    kurtosis = count * float((errors**4).sum()) / power**2
    if kurtosis > max(SPIKES * count, NORMAL):
        return min(told, HEAVIEST)
    heavy = kurtosis > NORMAL + 2.0 * np.sqrt(24.0 / count)
    return min(told, 4.0 + 6.0 / (kurtosis - NORMAL)) if heavy else told


@dataclass(frozen=True)
class _Forecast:
    """A weighted sum of the windows before: of the latest ones, or by regression on a few curves of time."""

    latest: int = 0
    waves: int = 0
    line: bool = False

    def weights(self, times: Floats, day: float) -> Floats:
        """The weight of each window for the expectation on a day."""
        if self.latest:
            count = len(times)
            return np.where(np.arange(count) >= count - self.latest, 1.0 / min(self.latest, count), 0.0)
        known = self._curves(times, times[0])
        normal = known.T @ known
        normal.flat[:: len(normal) + 1] += 1e-9 * len(times)  # few windows may leave a curve open
        return np.asarray(known @ np.linalg.solve(normal, self._curves(np.array([day]), times[0])[0]))

    def _curves(self, days: Floats, origin: float) -> Floats:
        curves = [np.ones(len(days))]
        if self.line:
            curves.append((days - origin) / YEAR)
        for wave in range(1, self.waves + 1):
            angle = 2.0 * np.pi * wave * days / YEAR
            curves += [np.sin(angle), np.cos(angle)]
        return np.column_stack(curves)


@lru_cache(maxsize=64)
def _tried(starts: tuple[int, ...], length: int, day: int) -> list[Tried]:
    """The forecasts that the windows are enough for; the same for all columns of a table."""
    times, windows = np.array(starts, np.float64), len(starts)
    ahead = int(np.clip(round((day - starts[-1]) / length), 1, max(1, windows // FARTHEST)))
    if windows - ahead - FIRST + 1 < FEWEST_ERRORS:
        ahead = 1
    season = int(np.ceil(SEASONS * YEAR / length))
    made = [
        (_Forecast(), FIRST),
        (_Forecast(latest=4), FIRST),
        (_Forecast(latest=1), FIRST),
        (_Forecast(waves=2), season),
        (_Forecast(line=True), max(FIRST + 2, windows // 4)),
        (_Forecast(waves=2, line=True), season),
    ]
    return [
        Tried(forecast.weights(times, float(day)), _earlier(forecast, times, ahead, first))
        for forecast, first in made
        if windows - ahead - first + 1 >= FEWEST_ERRORS
    ]


def _earlier(forecast: _Forecast, times: Floats, ahead: int, first: int) -> Floats:
    targets = np.arange(first + ahead - 1, len(times))
    found = np.zeros((len(targets), len(times)))
    for row, target in enumerate(targets.tolist()):
        known = target - ahead + 1
        found[row, :known] = forecast.weights(times[:known], float(times[target]))
    return found
