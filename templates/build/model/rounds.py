"""How many trees to grow: by the score on rows held back, without falling for one lucky row or one odd week.

scikit-learn's default of 100 trees at a learning rate of 0.1 is where this starts, and what it comes back to where
the held-back rows do not agree on something else.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import stats
from sklearn.model_selection import KFold, StratifiedKFold

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
MOST_SPANS = 5
"""Spans of time that are held back in turn, of those that the share makes."""
SMOOTHED = 5
"""Neighbouring scores that are averaged before the best is looked for."""
STEP = 50
"""Trees that are grown at once when the usual number is not enough."""
WORTHWHILE = 0.001
"""Of all that was learnt: what the last `n_iter_no_change` trees must have added, for more to be grown."""


def usual(hyperparameters: Hyperparameters) -> int:
    """The number that learns as much as scikit-learn's default, 100 trees at a rate of 0.1."""
    rate = max(hyperparameters.learning_rate, 1e-3)
    return max(1, min(hyperparameters.max_iter, round(DEFAULT_LEARNT / rate)))


def worth_more(scores: NDArray[np.float64], last: int) -> bool:
    """Whether the last trees still made the mean score better by enough to pay for more of them.

    Args:
        scores: Higher is better, of held-back parts x rounds; round 0 is without any tree.
        last: Rounds that are looked at.
    """
    mean = _smooth(scores)
    before = mean[: max(1, len(mean) - last)].max()
    return bool(mean.max() - before > WORTHWHILE * (before - scores[:, 0].mean()) >= 0)


def choose(scores: NDArray[np.float64], usual: int) -> int:
    """The number of rounds by scores (higher is better) of held-back parts x rounds, round 0 without any tree.

    More rounds than usual where the mean score is best there; fewer only where several parts agree, by more than the
    standard error of the difference, that the usual number is worse (the one-standard-error rule of Breiman et al.
    1984, by Student's t because the parts are few); never fewer than `FEWEST_TREES`.
    """
    best = int(np.argmax(_smooth(scores)))
    if best < usual < scores.shape[1]:
        gain = scores[:, best] - scores[:, usual]
        best = best if gain.mean() > _error(gain) else usual
    return max(best, min(usual, FEWEST_TREES))


def _error(gain: NDArray[np.float64]) -> float:
    """What a mean must pass to be as sure as one standard error makes it where there are many values."""
    if len(gain) == 1:
        return np.inf
    return float(stats.t.ppf(stats.norm.cdf(1), len(gain) - 1) * gain.std(ddof=1) / np.sqrt(len(gain)))


def _smooth(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    padded = np.pad(scores.mean(axis=0), SMOOTHED // 2, mode="edge")
    return np.convolve(padded, np.full(SMOOTHED, 1 / SMOOTHED), mode="valid")


def random_parts(wanted: NDArray[Any], share: float, parts: int, *, classes: bool) -> Iterator[Rows]:
    """Seeded random rows to hold back, a share each time; none is held back again before each was.

    The first row of each class is never held back: what learns from the others must know all of them.
    """
    first = np.unique(wanted, return_index=True)[1] if classes else np.empty(0, np.int64)
    folds = min(len(wanted), max(2, round(1 / share)))
    often = classes and np.unique(wanted, return_counts=True)[1].min() >= folds
    for part in range(parts):
        kind = StratifiedKFold if often else KFold
        splitter = kind(folds, shuffle=True, random_state=1 + part // folds)
        _, chosen = next(islice(splitter.split(np.zeros(len(wanted)), wanted), part % folds, None))
        held = np.isin(np.arange(len(wanted)), chosen)
        held[first] = False
        yield held


def spans(time: pd.Series, share: float, parts: int) -> Iterator[Rows]:
    """Spans of time to hold back, each a share of the rows, by whole moments; the latest is always one of them.

    Spans from the whole course, and not the latest rows only: those are one season, and one trend.
    """
    number = max(2, round(1 / share))
    place = np.minimum((time.rank(pct=True, method="min") * number).to_numpy().astype(int), number - 1)
    found = [place == span for span in np.unique(place)]
    if len(found) < 2:  # noqa: PLR2004
        return
    wanted = min(parts, len(found), MOST_SPANS)
    chosen = np.linspace(len(found) - 1, 0, wanted + 1).round().astype(int)[:wanted]
    yield from (found[span] for span in sorted(chosen))
