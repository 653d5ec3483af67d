"""Shapley values of a model's predictions by Kernel SHAP (Lundberg & Lee, 2017), for many rows at once.

A feature's value for one row is its mean contribution to the difference from the background, over all coalitions of
features. Coalitions are drawn in pairs with their complements, every size equally often, and for each background row
anew: what one design misses is not what the next one misses. Rows that differ from the background in as many features
share a design, which costs one matrix, and predictions are made for thousands of synthetic rows at a time.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Predict = Callable[[Floats], Floats]

BATCH = 1 << 13
"""Synthetic rows of one call of the model, about: they fit a processor's cache with their columns."""
WANTED_ERROR = 0.025
FEWEST, MOST = 96, 4096
PILOT = 60_000
"""Predictions of one of the two designs that the number of samples is found out with, about."""
PILOTS = 8
"""Designs that this takes, about."""


@dataclass(frozen=True)
class Design:
    """Coalitions (rows) of features (columns), and the matrix that turns their values into Shapley values."""

    masks: NDArray[np.bool_]
    solve: Floats
    rest: Floats

    def solved(self, gains: Floats, total: Floats) -> Floats:
        """Shapley values (rows x features) from gains (rows x coalitions) and the whole difference (rows)."""
        return gains @ self.solve.T + total[:, None] * self.rest


@dataclass(frozen=True)
class Explanation:
    """`shapley` has rows x features x outputs; with `expected` (outputs) they add up to `predictions` (rows x outputs).

    `samples` coalitions were used for each row and background row; `error` estimates the mean error, relative to the
    mean absolute value (0 where all coalitions were used, NaN where it was not estimated).
    """

    shapley: NDArray[np.float64]
    expected: Floats
    predictions: Floats
    samples: int
    error: float


def explain(
    rows: Floats,
    background: Floats,
    predict: Predict,
    *,
    samples: int = 0,
    seed: int = 1,
    budget: int | None = None,
    fewest: int = 100,
) -> Explanation:
    """Shapley values of each row against each row of the background, averaged over the background.

    Args:
        rows: What is explained (rows x features).
        background: What a feature's absence is (rows x features).
        predict: Predictions (rows x outputs) for a matrix.
        samples: Coalitions for each row and background row, all of them where there are no more; 0: as many as make
            the estimated error small.
        seed: Of the drawing.
        budget: Predictions of synthetic rows, at most, about: only so many of the first rows are explained.
        fewest: Rows that are explained whatever the budget.
    """
    error = math.nan
    if not samples and budget is not None and budget < PILOTS * PILOT:
        samples = min(FEWEST, 2 ** rows.shape[1] - 2)  # finding out how many are enough would take the whole budget
    if not samples:
        samples, error = enough_samples(rows, background, predict, seed)
    if samples >= 2 ** rows.shape[1] - 2:  # all coalitions there are
        error = 0.0
    if budget is not None:
        rows = rows[: max(fewest, budget // max(1, samples * len(background)))]
    values, expected, predictions = _explained(rows, background, predict, samples, seed)
    return Explanation(values, expected, predictions, samples, error)


def enough_samples(rows: Floats, background: Floats, predict: Predict, seed: int) -> tuple[int, float]:
    """With how many samples two independent designs agree on some of the rows, and the error that is left."""
    most = min(2 ** rows.shape[1] - 2, MOST)
    samples, error = min(FEWEST, most), math.inf
    while True:
        few = min(max(PILOT // max(1, samples * len(background)), 6), 32)
        some = rows[:: max(1, len(rows) // few)][:few]
        one, other = (_explained(some, background, predict, samples, seed + 1 + again)[0] for again in (0, 1))
        size = float(np.abs(one + other).mean()) / 2
        error = float(np.abs(one - other).mean()) / math.sqrt(2) / size if size else 0.0
        if error <= WANTED_ERROR or samples >= most:
            return samples, error
        more = (error / WANTED_ERROR) ** 1.4  # the error falls a little faster than with the root of the samples
        samples = min(most, 2 * math.ceil(samples * max(1.25, more) / 2))


def _explained(
    rows: Floats, background: Floats, predict: Predict, samples: int, seed: int
) -> tuple[Any, Floats, Floats]:
    draws = np.random.default_rng(seed)
    predictions, base = predict(rows), predict(background)
    values = np.zeros((len(rows), rows.shape[1], predictions.shape[1]))
    for one, start in zip(background, base, strict=True):
        differs = ~((rows == one) | (np.isnan(rows) & np.isnan(one)))
        counts = differs.sum(axis=1)
        for count in np.unique(counts[counts > 0]).tolist():  # what is as in the background contributes nothing
            design = make_design(count, samples, draws)
            which = np.flatnonzero(counts == count)
            for part in np.array_split(which, -(-len(which) * (len(design.masks) + 1) // BATCH)):
                places = np.nonzero(differs[part])[1].reshape(len(part), count)
                gains = _gains(rows[part], one, places, design.masks, predict) - start
                for output, difference in enumerate((predictions[part] - start).T):
                    solved = design.solved(gains[:, :, output], difference)
                    values[part[:, None], places, output] += solved
    return values / len(background), base.mean(axis=0), predictions


def _gains(rows: Floats, base: Floats, places: Any, masks: NDArray[np.bool_], predict: Predict) -> NDArray[np.float64]:
    """Predictions (rows x coalitions x outputs) for the background's row with the coalitions' features of each row.

    `places` (rows x players) are the features that coalitions are made of.
    """
    if not len(masks):
        return np.empty((len(rows), 0, 1))
    players = np.where(masks, np.take_along_axis(rows, places, axis=1)[:, None, :], base[places][:, None, :])
    if places.shape == rows.shape:
        mixed = players
    else:
        mixed = np.broadcast_to(base, (len(rows), len(masks), len(base))).copy()
        np.put_along_axis(mixed, np.broadcast_to(places[:, None, :], players.shape), players, axis=2)
    return predict(mixed.reshape(-1, len(base))).reshape(len(rows), len(masks), -1)


def make_design(features: int, samples: int, draws: np.random.Generator) -> Design:
    """Coalitions, and the weighted least squares over them as a matrix, with the sum of all values fixed."""
    if features == 1:
        return Design(np.empty((0, 1), np.bool_), np.empty((1, 0)), np.ones(1))
    masks, weights = _coalitions(features, samples, draws)
    weighted = masks.T * weights
    inverse = np.linalg.pinv(weighted @ masks, hermitian=True)
    plain = inverse @ weighted
    ones = inverse.sum(axis=1)
    rest = ones / ones.sum()
    return Design(masks, plain - np.outer(rest, plain.sum(axis=0)), rest)


def _coalitions(features: int, samples: int, draws: np.random.Generator) -> tuple[NDArray[np.bool_], Floats]:
    """Whole sizes from the outside in while they fit, then draws of others; a size's coalitions share its weight."""
    masks: list[NDArray[np.bool_]] = []
    weights: list[Floats] = []
    left = samples
    sizes = list(range(1, features // 2 + 1))
    while sizes:
        size = sizes[0]
        count = math.comb(features, size) * (1 if 2 * size == features else 2)
        share = _weight(features, size) / sum(_weight(features, other) for other in sizes)
        if count > left * share and samples < 2**features - 2:
            break
        _add(masks, weights, _all_of(features, size), _weight(features, size))
        left -= count
        sizes.pop(0)
    for place, size in enumerate(sizes):  # the others equally often: their weight is in the least squares
        pairs = left // 2 * (place + 1) // len(sizes) - left // 2 * place // len(sizes)
        if pairs:
            _add(masks, weights, _some_of(features, size, pairs, draws), _weight(features, size))
    return np.vstack(masks), np.concatenate(weights)


def _weight(features: int, size: int) -> float:
    """The kernel's weight of all coalitions of a size and of their complements."""
    both = 1 if 2 * size == features else 2
    return both * (features - 1) / (size * (features - size))


def _add(masks: list[NDArray[np.bool_]], weights: list[Floats], new: NDArray[np.bool_], weight: float) -> None:
    masks.append(new)
    weights.append(np.full(len(new), weight / len(new)))


def _all_of(features: int, size: int) -> NDArray[np.bool_]:
    chosen = np.array(list(combinations(range(features), size)))
    masks = np.zeros((len(chosen), features), np.bool_)
    masks[np.arange(len(chosen))[:, None], chosen] = True
    return masks if 2 * size == features else np.vstack([masks, ~masks])


def _some_of(features: int, size: int, pairs: int, draws: np.random.Generator) -> NDArray[np.bool_]:
    """Coalitions cut from shuffled features, so that each feature is in about equally many; with their complements."""
    masks = np.zeros((pairs, features), np.bool_)
    order: list[int] = []
    for place in range(pairs):
        if len(order) < size:
            order = draws.permutation(features).tolist()
        masks[place, [order.pop() for _ in range(size)]] = True
    return np.vstack([masks, ~masks])
