"""Several fits to different rows, averaged: steadier than one where rows are few (bagging, Breiman 1996)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

MOST_ROWS = 50_000
"""With more, one fit is steady enough, and several take long to train, to serve and to explain."""
SHARE = 0.8
"""Of the rows, drawn without replacement for each fit (Bühlmann and Yu 2002)."""


@dataclass(frozen=True)
class Bags:
    """Fitted models and their mean. `classes` is their number, none for a regression."""

    fits: tuple[Any, ...]
    classes: int = 0

    def predict(self, coded: NDArray[np.float64]) -> NDArray[np.float64]:
        """The mean of the predicted numbers."""
        mean: NDArray[np.float64] = np.mean([fitted.predict(coded) for fitted in self.fits], axis=0)
        return mean

    def predict_proba(self, coded: NDArray[np.float64]) -> NDArray[np.float64]:
        """The mean probability of each class; a class that a fit has not seen has none in it."""
        total = np.zeros((len(coded), self.classes))
        for fitted in self.fits:
            total[:, fitted.classes_.astype(int)] += fitted.predict_proba(coded)
        return total / len(self.fits)


def draws(wanted: NDArray[Any], bags: int, seed: int, *, classes: bool) -> Iterator[NDArray[np.int64]]:
    """The rows of each fit, as places in their order. Every class keeps a row in each."""
    draw = np.random.default_rng(seed)
    first = np.unique(wanted, return_index=True)[1] if classes else np.empty(0, np.int64)
    for _ in range(bags):
        chosen = draw.permutation(len(wanted))[: max(1, round(SHARE * len(wanted)))]
        yield np.unique(np.concatenate([chosen, first]))
