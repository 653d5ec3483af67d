"""Each feature's share of what predictions rest on, at registration and now, and whether it moved by more than chance.

A feature's share is its mean absolute SHAP value over the sum of those of all features. Its interval is a percentile
bootstrap (Efron & Tibshirani, 1993) over the rows that were explained. A share has moved where all of this holds:
- the difference is beyond chance: a normal test with Bonferroni's correction over the features. Its variance is that of
  both shares, and that between windows of time (the moment estimator of a one-way layout with random effects, of each
  row's influence on the share): a week has fewer campaigns than the year it is part of, and that is no drift;
- it matters: by at least `MATTERS` of all that predictions rest on, and by at least `TIMES` of the share itself;
- the feature's own SHAP values changed the same way, by more than chance (the same test) and by at least `OWN_TIMES`:
  where one feature goes, the shares of all others grow by themselves.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Windows = NDArray[np.int64]

ALPHA = 0.001
"""The chance that any feature of a batch like the baseline is found, at most."""
MATTERS = 0.05
TIMES = 1.5
OWN_TIMES = 1.2
"""How much larger or smaller a feature's own mean absolute value is, at least, where its share has moved."""
DRAWS = 1000
SEED = 1
FEWEST_WINDOWS = 8


@dataclass(frozen=True)
class Share:
    """A feature's share at registration and now; `low` and `high` bound the one now with 95 % confidence.

    Attributes:
        p_value: The chance of a difference at least as large without any change, corrected for the number of features.
        moved: By more than chance, and by so much that it matters.
    """

    feature: str
    before: float
    now: float
    low: float
    high: float
    p_value: float
    moved: bool

    @property
    def sentence(self) -> str:
        """For a person."""
        between = f"95 % interval {percent(self.low)} to {percent(self.high)}"
        return (
            f"{self.feature}: {percent(self.before)} → {percent(self.now)} of what predictions rest on ({between}). "
            f"{self._advice}"
        )

    @property
    def _advice(self) -> str:
        if self.now < self.before:
            return "The model hardly sees it any more: look whether its feed is empty, constant or in another unit."
        return "Predictions hang on it more than the model was judged with: look at its values first."


def percent(share: float) -> str:
    """A share in percent, with a decimal where it is small."""
    return f"{100 * share:.0f} %" if share >= 0.01 or share == 0 else f"{100 * share:.1f} %"  # noqa: PLR2004


def compare(
    names: Sequence[str],
    before: Floats,
    now: Floats,
    windows: Windows | None = None,
    *,
    covered: int = 1,
    matters: float = MATTERS,
) -> list[Share]:
    """All features, the largest share at registration first.

    Args:
        names: Of the features.
        before: Absolute local values at registration (rows x features).
        now: The same of the batch.
        windows: The window of time of each row of `before`.
        covered: How many windows' time the batch covers.
        matters: The least difference that matters.
    """
    means = before.mean(axis=0), now.mean(axis=0)
    old, new = (_shares(values) for values in means)
    drawn = _drawn(now)
    low, high = np.quantile(drawn, (0.025, 0.975), axis=0)
    deviation = _deviation(_influence(before), drawn.var(axis=0), windows, len(now), covered)
    own = _deviation(before - means[0], now.var(axis=0) / len(now), windows, len(now), covered)
    found = []
    for place, name in enumerate(names):
        difference = new[place] - old[place]
        p_value = min(1.0, len(names) * two_sided(difference, deviation[place]))
        by_itself = min(1.0, len(names) * two_sided(means[1][place] - means[0][place], own[place]))
        large = abs(difference) >= matters and _apart(old[place], new[place], TIMES, difference)
        alike = by_itself < ALPHA and _apart(means[0][place], means[1][place], OWN_TIMES, difference)
        moved = p_value < ALPHA and large and alike
        bounds = float(low[place]), float(high[place])
        found.append(Share(name, float(old[place]), float(new[place]), *bounds, float(p_value), bool(moved)))
    return sorted(found, key=lambda share: (-share.before, share.feature))


def two_sided(difference: float, deviation: float) -> float:
    """The chance of a normal difference at least as large."""
    if not deviation:
        return 1.0 if not difference else 0.0
    return math.erfc(abs(difference) / deviation / math.sqrt(2))


def _apart(before: float, now: float, times: float, difference: float) -> bool:
    """Whether one is so many times the other, in the direction of a difference."""
    smaller, larger = (now, before) if difference < 0 else (before, now)
    return larger >= times * smaller


def _shares(means: Floats) -> Floats:
    total = means.sum(axis=-1, keepdims=True)
    shares: Floats = np.divide(means, total, out=np.zeros_like(means), where=total > 0)
    return shares


def _influence(before: Floats) -> Floats:
    """What each row adds to each share."""
    means = before.mean(axis=0)
    total = means.sum()
    if not total:
        return np.zeros_like(before)
    influence: Floats = (before - _shares(means) * before.sum(axis=1, keepdims=True)) / total
    return influence


def _deviation(influence: Floats, of_batch: Floats, windows: Windows | None, rows: int, covered: int) -> Floats:
    """Of the difference between a batch's value and the baseline's, by feature.

    Args:
        influence: What each row of the baseline adds to its value.
        of_batch: The variance that the batch's own rows tell.
        windows: The window of time of each row of the baseline.
        rows: Of the batch.
        covered: How many windows' time it covers.
    """
    within, between, count = influence.var(axis=0), np.zeros(influence.shape[1]), 1
    if windows is not None and len(set(windows.tolist())) >= FEWEST_WINDOWS:
        within, between, count = _parts(influence, windows)
    fixed = within / len(influence) + between / count + between / max(1, covered)
    # Of the batch, the larger one: fourteen rows without a campaign do not show that campaigns vary.
    deviation: Floats = np.sqrt(fixed + np.maximum(within / rows, of_batch))
    return deviation


def _parts(influence: Floats, windows: Windows) -> tuple[Floats, Floats, int]:
    """Variances within and between windows, and how many windows there are."""
    _, group, sizes = np.unique(windows, return_inverse=True, return_counts=True)
    sums = np.zeros((len(sizes), influence.shape[1]))
    np.add.at(sums, group, influence)
    means = sums / sizes[:, None]
    rows, groups = len(influence), len(sizes)
    if rows <= groups:
        return influence.var(axis=0), np.zeros(influence.shape[1]), groups
    within = np.square(influence - means[group]).sum(axis=0) / (rows - groups)
    overall = influence.mean(axis=0)
    among = (sizes[:, None] * np.square(means - overall)).sum(axis=0) / (groups - 1)
    typical = (rows - np.square(sizes).sum() / rows) / (groups - 1)
    return within, np.maximum(0.0, (among - within) / typical), groups


def _drawn(values: Floats) -> Floats:
    """Shares of bootstrap draws of the rows (draws x features)."""
    rows = len(values)
    places = np.random.default_rng(SEED).integers(0, rows, (DRAWS, rows)) + np.arange(DRAWS)[:, None] * rows
    counts = np.bincount(places.ravel(), minlength=DRAWS * rows).reshape(DRAWS, rows)
    return _shares(counts @ values / rows)
