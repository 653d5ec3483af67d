"""Whether two rankings of features by attribution are alike: NDCG, and the ranks themselves.

NDCG (Järvelin & Kekäläinen, 2002) of the features in their present order, with their attributions at registration as
gains. Its floor is not 0: turning near-flat attributions right round scores 0.85, so the changes of rank are shown
beside it.

Rules where the formula says nothing, or nothing sensible:
- equal attributions now: the mean over all their orders, so that no name or order of columns decides;
- negative attributions (means of signed values): the size counts, for both;
- a single feature: 1, there is only one order;
- all zero at registration: 1 where all are zero now, else 0; all zero now only: 0, for nothing that was used is used
  any more.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from model.errors import InputError


@dataclass(frozen=True)
class Rank:
    """A feature's attribution and rank at registration and now. 1 is the largest; equal ones share a number."""

    feature: str
    before: float
    now: float
    rank_before: int
    rank_now: int


def ndcg(before: Mapping[str, float], now: Mapping[str, float]) -> float:
    """Between 0 and 1; 1 where the order is the same.

    Raises:
        InputError: The features are different, or there are none.
    """
    _check_same(before, now)
    gains = np.abs(np.array([before[name] for name in before], np.float64))
    scores = np.abs(np.array([now[name] for name in before], np.float64))
    if len(gains) == 1:
        return 1.0
    if not gains.any() or not scores.any():
        return 1.0 if not gains.any() and not scores.any() else 0.0
    discounts = 1.0 / np.log2(np.arange(len(gains)) + 2)
    _, group = np.unique(-scores, return_inverse=True)
    sizes = np.bincount(group)
    mean_gains = np.bincount(group, gains) / sizes
    summed = np.add.reduceat(discounts, np.concatenate([[0], np.cumsum(sizes)[:-1]]))
    ideal = float(np.sort(gains)[::-1] @ discounts)
    return min(1.0, float(mean_gains @ summed) / ideal)


def _check_same(before: Mapping[str, float], now: Mapping[str, float]) -> None:
    more, fewer = sorted(now.keys() - before.keys()), sorted(before.keys() - now.keys())
    if more or fewer or not before:
        raise InputError(
            "attributions cannot be compared: "
            + "; ".join(
                f"{what}: {', '.join(names)}"
                for what, names in (("only in the baseline", fewer), ("only now", more))
                if names
            )
            + ("" if more or fewer else "the baseline has no features")
        )


def ranks(before: Mapping[str, float], now: Mapping[str, float]) -> list[Rank]:
    """All features, the most important at registration first."""
    old, new = _ranked(before), _ranked(now)
    found = [Rank(name, before[name], now[name], old[name], new[name]) for name in before]
    return sorted(found, key=lambda rank: (rank.rank_before, rank.rank_now, rank.feature))


def _ranked(values: Mapping[str, float]) -> dict[str, int]:
    sizes = sorted((abs(value) for value in values.values()), reverse=True)
    return {name: sizes.index(abs(value)) + 1 for name, value in values.items()}
