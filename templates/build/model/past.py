"""Past values of a target, found by calendar date: a missing day is a missing value, and no shift."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Past:
    """Values of many series by day, sorted so that a day, or a span of days, is found by bisection."""

    keys: NDArray[np.int64]
    values: NDArray[np.float64]
    series: NDArray[np.int64]
    days: NDArray[np.int64]
    stride: int

    @classmethod
    def of(cls, series: NDArray[np.int64], days: NDArray[np.int64], values: NDArray[np.float64], reach: int) -> Past:
        """Keep what is known. Days of different series lie further apart than any span looks back."""
        stride = int(days.max() - days.min()) + reach + 1
        keys = series * stride + (days - days.min() + reach)
        known = np.flatnonzero(~np.isnan(values))
        order = known[np.argsort(keys[known], kind="stable")]
        return cls(keys[order], values[order], series, keys, stride)

    def lag(self, days: int) -> NDArray[np.float64]:
        """For every row, the value of its series that many days earlier; NaN where there is none."""
        wanted = self.days - days
        place = np.searchsorted(self.keys, wanted)
        found = place < len(self.keys)
        found[found] = self.keys[place[found]] == wanted[found]
        past = np.full(len(wanted), np.nan)
        past[found] = self.values[place[found]]
        return past

    def mean(self, lead: int, window: int) -> NDArray[np.float64]:
        """For every row, the mean of its series over `window` days that end `lead` days earlier; NaN where empty."""
        first = np.searchsorted(self.keys, self.days - lead - window + 1)
        end = np.searchsorted(self.keys, self.days - lead, side="right")
        count = end - first
        padded = np.append(self.values, 0.0)  # so that an end may lie behind the last value
        order = np.argsort(first)  # reduceat also sums from each end to the next beginning: that must not be far
        sums = np.empty(len(count))
        sums[order] = np.add.reduceat(padded, np.column_stack([first[order], end[order]]).ravel())[::2]
        means: NDArray[np.float64] = np.divide(sums, count, out=np.full(len(count), np.nan), where=count > 0)
        return means
