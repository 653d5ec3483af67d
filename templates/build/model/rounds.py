"""How many trees to grow: by the score on rows held back, without falling for one lucky row or one odd week.

scikit-learn's default of 100 trees at a learning rate of 0.1 is where this starts, and what it comes back to where
the held-back rows do not agree on something else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.model_selection import KFold, StratifiedKFold, train_test_split

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd
    from numpy.typing import NDArray

    from model.schema import Hyperparameters

    Rows = NDArray[np.bool_]

FEWEST_TREES = 20
"""A model of fewer is hardly a model: what stops it earlier is noise of the score."""
DEFAULT_LEARNT = 10.0
"""Trees times learning rate of scikit-learn's defaults."""
FEWEST_ROWS = 200
"""With fewer, the rows held back are too few to say anything."""
MOST_ROWS_FOR_FOLDS = 50_000
"""With more, one part held back is enough, and folds take long."""
SMOOTHED = 5
"""Neighbouring scores that are averaged before the best is looked for."""


def usual(hyperparameters: Hyperparameters) -> int:
    """The number that learns as much as scikit-learn's default, 100 trees at a rate of 0.1."""
    rate = max(hyperparameters.learning_rate, 1e-3)
    return max(1, min(hyperparameters.max_iter, round(DEFAULT_LEARNT / rate)))


def choose(scores: NDArray[np.float64], usual: int) -> int:
    """The number of rounds by scores (higher is better) of held-back parts x rounds, round 0 without any tree.

    More rounds than usual where the mean score is best there; fewer only where several parts agree, by more than the
    standard error of the difference, that the usual number is worse (the one-standard-error rule of Breiman et al.
    1984); never fewer than `FEWEST_TREES`.
    """
    padded = np.pad(scores.mean(axis=0), SMOOTHED // 2, mode="edge")
    mean = np.convolve(padded, np.full(SMOOTHED, 1 / SMOOTHED), mode="valid")
    best = int(np.argmax(mean))
    if best < usual < scores.shape[1]:
        gain = scores[:, best] - scores[:, usual]
        error = gain.std(ddof=1) / np.sqrt(len(gain)) if len(gain) > 1 else np.inf
        best = best if gain.mean() > error else usual
    return max(best, min(usual, FEWEST_TREES))


def held_back(wanted: NDArray[Any], time: pd.Series | None, share: float, *, classes: bool) -> Iterator[Rows]:
    """Parts to hold back, each in its turn: spans of time where rows have one, else seeded random rows.

    Spans from the whole course, and not the latest rows only: those are one season, and one trend.
    """
    if len(wanted) > MOST_ROWS_FOR_FOLDS:
        yield _one_part(wanted, time, share, classes=classes)
        return
    parts = max(2, min(10, round(1 / share)))
    if time is not None:
        place = np.minimum((time.rank(pct=True, method="min") * parts).to_numpy().astype(int), parts - 1)
        spans = [place == part for part in range(parts)]
        yield from (span for span in spans if span.any() and not span.all())
        return
    often = classes and np.unique(wanted, return_counts=True)[1].min() >= parts
    splitter = (StratifiedKFold if often else KFold)(parts, shuffle=True, random_state=1)
    for _, chosen in splitter.split(np.zeros(len(wanted)), wanted):
        yield np.isin(np.arange(len(wanted)), chosen)


def _one_part(wanted: NDArray[Any], time: pd.Series | None, share: float, *, classes: bool) -> Rows:
    """The latest rows, by whole days, or seeded random ones."""
    if time is not None:
        latest: Rows = (time > time.quantile(1 - share, interpolation="lower")).to_numpy()
        if latest.any():
            return latest
    rows = np.arange(len(wanted))
    often = classes and np.unique(wanted, return_counts=True)[1].min() > 1
    _, chosen = train_test_split(rows, test_size=share, random_state=1, stratify=wanted if often else None)
    return np.isin(rows, chosen)


def together(scores: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Parts x rounds, as far as every part went."""
    shortest = min(map(len, scores))
    return np.stack([score[:shortest] for score in scores])
