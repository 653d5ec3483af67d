"""A time budget for explanations: how many predictions fit into it, and the end when they take longer all the same."""

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitoring.kernel import BATCH, Predict

Floats = NDArray[np.float64]

USED = 0.7
"""The part of the time that is planned for: a machine that others use too gets slower."""
GRACE = 1.5
"""After so many times the budget it ends, with whatever there is."""


class OutOfTimeError(Exception):
    """The budget is used up."""


@dataclass(frozen=True)
class Deadline:
    """Predictions that end in time. 0 seconds: they never have to."""

    seconds: float

    def affordable(self, predict: Predict, rows: Floats, most: int) -> int:
        """About how many predictions fit into the budget, and `most` at most; one call is made to find out."""
        if not self.seconds:
            return most
        some = np.resize(rows, (BATCH, rows.shape[1]))
        started = time.monotonic()
        predict(some)
        taken = max(time.monotonic() - started, 1e-6)
        return min(most, int(USED * self.seconds / taken * BATCH))

    def guarded(self, predict: Predict) -> Predict:
        """The same predictions, which raise OutOfTimeError once the budget is long over."""
        if not self.seconds:
            return predict
        end = time.monotonic() + GRACE * self.seconds

        def predict_in_time(matrix: Floats) -> Floats:
            if time.monotonic() > end:
                raise OutOfTimeError
            return predict(matrix)

        return predict_in_time
