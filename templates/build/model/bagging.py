"""Several fits to different rows, averaged: steadier than one where rows are few (bagging, Breiman 1996)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

FITS = ((2_000, 10), (5_000, 5), (50_000, 2))
"""Rows up to which so many fits are averaged. With more rows one is steady enough, and several take long to train, to
serve and to explain."""
MANY_CLASSES, FITS_OF_MANY = 4, 5
"""With more classes not more fits: each class has trees of its own."""


@dataclass(frozen=True)
class Bags:
    """Fitted models and their mean. `classes` is their number, none for a regression."""

    fits: tuple[Any, ...]
    classes: int = 0

    def predict(self, coded: NDArray[np.float64]) -> NDArray[np.float64]:
        """The mean of the predicted numbers."""
        total = np.zeros(len(coded))
        for fitted in self.fits:  # one after the other: numpy's sum of a row alone may differ in the last digit
            total += fitted.predict(coded)
        return total / len(self.fits)

    def predict_proba(self, coded: NDArray[np.float64]) -> NDArray[np.float64]:
        """The mean probability of each class; a class that a fit has not seen has none in it."""
        total = np.zeros((len(coded), self.classes))
        for fitted in self.fits:
            total[:, fitted.classes_.astype(int)] += fitted.predict_proba(coded)
        return total / len(self.fits)


def fits(rows: int, classes: int) -> int:
    """How many fits to a table of so many rows are worth their time; a regression has no class."""
    number = next((number for most, number in FITS if rows <= most), 1)
    return min(number, FITS_OF_MANY) if classes > MANY_CLASSES else number
