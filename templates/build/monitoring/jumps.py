"""Whether a column jumped between the last day before a batch and the batch itself.

A week that is five degrees too warm may be weather. A week that is five degrees warmer than the day before it, from its
first hour on and in all rows, hardly is. So where a day tells much about the next one, the step from the day before is
looked at: the shift that fits a batch's days best if days follow each other as they do in the baseline (generalised
least squares for an autoregression of first order). What such a step usually is, for batches that begin on the same
weekday, the baseline says.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitoring import evidence, outlook
from monitoring.columns import floats_of
from monitoring.lens import Lens
from monitoring.sampling import Sample
from monitoring.windows import Course, Windows

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

WEEK = 7
TELLS = 0.5
"""Correlation of a day with the next one, beyond season and weekday, from which on the day before tells enough."""
FEWEST_DAYS = 60
WHOLE = 0.8
"""Share of the usual values of a day with which it is a whole one."""


@dataclass(frozen=True)
class Days:
    """Rows of some days: a sample of them, and the day of each row of the sample."""

    sample: Sample
    days: Ints

    def levels(self, name: str, scale: Lens, usual: float) -> dict[int, float]:
        """The mean of each whole day on a column's scale."""
        parts = self.sample.column(name)
        values = np.concatenate([floats_of(part) for part in parts]) if parts else np.empty(0)
        if len(values) != len(self.days):
            return {}
        known = np.isfinite(values)
        days, codes, counts = np.unique(self.days[known], return_inverse=True, return_counts=True)
        means = np.bincount(codes, scale(values[known]), len(days)) / np.maximum(counts, 1)
        least = WHOLE * usual * self.sample.rows / max(self.sample.seen, 1)
        return {
            day: mean for day, mean, count in zip(days.tolist(), means.tolist(), counts, strict=True) if count >= least
        }


@dataclass(frozen=True)
class Jump:
    """A step beyond what is usual.

    Attributes:
        size: On the column's scale.
        worst: The largest one that good batches have had.
        p_value: The chance of such a step.
        before: The level of the day before on the column's scale; `after` that of the batch.
        seen: How many steps of the baseline say what is usual.
    """

    size: float
    worst: float
    p_value: float
    before: float
    after: float
    seen: int


def look(name: str, windows: Windows, batch: Days, before: Days, *, day: int, days: int) -> Jump | None:
    """The step of a column from the day before to a batch of so many days; None where it cannot be told.

    Args:
        name: The column.
        windows: What the baseline knows of it.
        batch: The batch's rows.
        before: Rows of the day before.
        day: First day of the batch since 1970.
        days: How many it covers.
    """
    course = windows.course
    if course is None or not windows.days:
        return None
    usual = float(np.median(windows.present)) / windows.days
    found = batch.levels(name, windows.scale.lens, usual) | before.levels(name, windows.scale.lens, usual)
    told = np.array([found.get(place, np.nan) for place in range(day - 1, day + days)])
    if not np.isfinite(told).all():
        return None
    keep = memory(course)
    return _judged(told, course, keep, day) if keep >= TELLS else None


def memory(course: Course) -> float:
    """The correlation of a day's level with the next day's, beyond season, trend and weekday; 0 of too few days."""
    known = np.isfinite(course.levels)
    if int(known.sum()) < FEWEST_DAYS:
        return 0.0
    days = course.first + np.arange(len(course.levels))
    angles = [2.0 * np.pi * wave * days / outlook.YEAR for wave in (1, 2)]
    curves = [days / outlook.YEAR, *(curve(angle) for angle in angles for curve in (np.sin, np.cos))]
    known_curves = np.column_stack([*curves, *(days % WEEK == weekday for weekday in range(WEEK))])[known]
    rest = np.full(len(days), np.nan)
    levels = course.levels[known]
    rest[known] = levels - known_curves @ np.linalg.lstsq(known_curves, levels, rcond=None)[0]
    both = np.isfinite(rest[1:]) & np.isfinite(rest[:-1])
    power = float((rest[known] ** 2).mean())
    if not both.any() or power <= 1e-18 * max(1.0, float((levels**2).mean())):
        return 0.0
    return float(np.clip((rest[1:] * rest[:-1])[both].mean() / power, 0.0, 1.0))


def _judged(told: Floats, course: Course, keep: float, day: int) -> Jump | None:
    days = len(told) - 1
    stride = WEEK * math.ceil(days / WEEK)
    last = len(course.levels) - days
    begins = np.arange(last - (last - (day - course.first)) % WEEK, 0, -stride)[::-1]
    steps = np.array([_step(course.levels[place - 1 : place + days], keep) for place in begins.tolist()])
    known = np.isfinite(steps)
    if not known.any():
        return None
    usual = outlook.expect(steps[known][:, None], course.first + begins[known], stride, day)
    if usual is None:
        return None
    size, freedom, worst = _step(told, keep) - float(usual.value[0]), float(usual.freedom[0]), float(usual.worst[0])
    chance = evidence.of_mean(size, float(usual.squared[0]), 0.0, freedom)
    chance = max(chance, 1.0 / (freedom + 2.0)) if abs(size) <= worst else chance
    return Jump(size, worst, chance, float(told[0]), float(told[1:].mean()), int(known.sum()))


def _step(levels: Floats, keep: float) -> float:
    """The shift between the first day and the others that fits best."""
    news = levels[1:] - keep * levels[:-1]
    weights = np.full(len(news), 1.0 - keep)
    weights[0] = 1.0
    return float(weights @ news / (weights @ weights))


def effect(jump: Jump, deviation: float) -> float:
    """The largest difference of cumulative shares that such a shift makes of a normal distribution."""
    return math.erf(abs(jump.size) / (2.0 * math.sqrt(2.0) * deviation)) if deviation > 0 else 1.0
