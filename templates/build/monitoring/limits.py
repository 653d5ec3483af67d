"""How bad a metric may be by chance alone, for exactly so many rows of so many days and series.

A period with truth is compared with rows of the evaluation data that the baseline keeps. A metric's limit is the value
at registration, made worse by what chance explains:
- of rows: the bootstrap (Efron & Tibshirani, 1993) of both tables' sizes, whose quantile also knows what is skewed, and
  which is widened as Student's t is for as many rows as the rarest class has: few of them vary less than they could;
- of blocks: rows of a day, or of a series, have something in common. Evaluation data is cut into stretches of as many
  days as the period covers, and by each id; how the metric varies between them beyond what rows explain (the moment
  estimator of a one-way layout with random effects) counts with the quantile of Student's t for so few blocks.
Both are put together as independent. What is beyond its limit is looked at once more, with draws from both tables
together, as a permutation test: one enormous error in a period is then known to be possible, and a period of enormous
errors all the same is not. Where errors are in the unit of the target, they may grow with the targets.

A metric is worse where it is beyond its limit, and by so much that it matters: `MATTERS` of its value at registration,
or, of a score that is at best 1, of its distance from 1.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from model import names
from model.schema import Schema
from model.values import dates
from monitoring.measures import Many, Measures
from monitoring.metrics import worse_when_higher

Floats = NDArray[np.float64]

ALPHA = 0.001
"""The chance that a metric of a period like the evaluation data is beyond its limit, about."""
MATTERS = 0.1
GROWS = {"mae": 1, "rmse": 1, "mse": 2}
"""Metrics in the unit of the target, or its square: the power with which they grow with it."""
DRAWS = 1000
AT_ONCE = 100
MOST_DRAWN = 5000
"""Rows of a draw: the deviation of more follows from their number."""
FEWEST_BLOCKS, SMALLEST_BLOCK, MOST_BLOCKS = 3, 5, 400
SEED = 1
FEWEST_FREEDOM = 4.0


@dataclass(frozen=True)
class Limit:
    """A metric at registration, and how bad it may be by chance; NaN where it is not known.

    Attributes:
        value: On the evaluation data.
        threshold: Beyond it, chance does not explain the metric.
        matters: Beyond it, the metric is so much worse that it matters.
        by_blocks: The square of what days and series add to what chance explains.
        grown: How many times as large the metric is for targets as large as those of the period.
    """

    value: float
    threshold: float
    matters: float
    higher_is_worse: bool
    by_blocks: float = 0.0
    grown: float = 1.0

    @property
    def reachable(self) -> bool:
        """Whether any value at all is beyond it: scores and rates lie between 0 and 1."""
        return not math.isnan(self.threshold) and (self.higher_is_worse or self.threshold > 0.0)

    def worse(self, value: float) -> bool:
        """Whether a metric is beyond chance, and by so much that it matters."""
        if self.higher_is_worse:
            return value > max(self.threshold, self.matters)
        return value < min(self.threshold, self.matters)


@dataclass(frozen=True)
class Period:
    """What limits depend on of the rows that are judged."""

    rows: int
    level: float
    days: int
    groups: Mapping[str, int]

    @classmethod
    def of(cls, rows: pd.DataFrame, schema: Schema, level: float) -> "Period":
        """The period of matched rows."""
        time = _time(schema)
        groups = {key: int(rows[key].nunique()) for key in names.keys(schema.id_columns) if key != time}
        return cls(len(rows), level, _days(rows, schema), groups)


@dataclass(frozen=True)
class _Block:
    """Groups of the evaluation data that have something in common: the number of each row's, and a period's share.

    Attributes:
        name: Of the column. Of several blocks of one column, that which tells the most counts.
        inside: How much of the variance between groups is in a period's metric: 1 of a single group.
    """

    name: str
    group: NDArray[np.int64]
    inside: float


def limits(known: Measures, period: Period, schema: Schema, matters: float = MATTERS) -> dict[str, Limit]:
    """Each metric's limit for a period.

    Args:
        known: Rows of the evaluation data.
        period: What is judged.
        schema: Names time and ids.
        matters: The least worsening that matters, as a share.
    """
    whole = np.ones((1, len(known.rows)))
    values, level = known.of(whole), float(known.level(whole)[0])
    smaller, again = _drawn(known, min(period.rows, MOST_DRAWN)), _drawn(known, len(known.rows), SEED + 1)
    wider = _wider(known, period.rows)
    shrink = math.sqrt(min(1.0, MOST_DRAWN / period.rows))
    blocks = [(block, *_by_group(known, block.group, level)) for block in _blocks(known.rows, period, schema)]
    found = {}
    for name, (measured,) in values.items():
        value = float(measured)
        sign = 1 if worse_when_higher(name) else -1
        by_rows = wider * _quantile(sign * ((smaller[name] - value) * shrink - (again[name] - value)))
        if math.isnan(value) or math.isnan(by_rows):
            continue
        one = float(np.nanvar(smaller[name])) * min(period.rows, MOST_DRAWN)
        parts: dict[str, float] = {}
        for block, seen, sizes in blocks:
            parts[block.name] = max(parts.get(block.name, 0.0), _between(block, seen[name], sizes, one))
        by_blocks = sum(parts.values())
        grown = (period.level / level) ** GROWS[name] if name in GROWS and 0 < level < period.level else 1.0
        best = 0.0 if sign > 0 else 1.0
        enough = (value + sign * matters * abs(value - best)) * grown
        chance = math.hypot(by_rows, math.sqrt(by_blocks))
        found[name] = Limit(value, (value + sign * chance) * grown, enough, sign > 0, by_blocks, grown)
    return found


def confirmed(limit: Limit, name: str, known: Measures, now: Measures) -> Limit:
    """The limit when the period's own rows are taken for possible, too: never a stricter one.

    Args:
        limit: That a metric is beyond.
        name: The metric.
        known: Rows of the evaluation data.
        now: Rows of the period.
    """
    some = now.rows.iloc[:: -(-len(now.rows) // MOST_DRAWN)]
    scale = limit.grown ** (1 / GROWS[name]) if name in GROWS else 1.0
    pool = replace(known, rows=pd.concat([known.rows, _shrunk(some, scale)], ignore_index=True))
    sign = 1 if limit.higher_is_worse else -1
    # All rows are dealt anew, none twice: that is exact for however few, and needs nothing of Student's t.
    by_rows = _quantile(sign * _dealt(pool, len(some), name))
    threshold = (limit.value + sign * math.hypot(by_rows, math.sqrt(limit.by_blocks))) * limit.grown
    return replace(limit, threshold=(max if sign > 0 else min)(limit.threshold, threshold))


def _wider(known: Measures, rows: int) -> float:
    """How much wider Student's quantile is than the normal one for the rows of the rarest class of either table."""
    fewest = known.smallest_class() * min(rows, len(known.rows))
    return float(stats.t.ppf(1 - ALPHA, max(fewest - 1, FEWEST_FREEDOM)) / stats.norm.ppf(1 - ALPHA))


def _shrunk(rows: pd.DataFrame, times: float) -> pd.DataFrame:
    """Targets and predictions of a regression, as if they were as large as those of the evaluation data."""
    if times == 1.0:
        return rows
    return rows.assign(**{name: rows[name] / times for name in ("actual", "prediction")})


def _quantile(apart: Floats) -> float:
    """How far chance reaches; NaN where nothing is known of it."""
    apart = apart[np.isfinite(apart)]
    return max(0.0, float(np.quantile(apart, 1 - ALPHA))) if len(apart) else math.nan


def _drawn(known: Measures, rows: int, seed: int = SEED) -> Many:
    """Metrics of tables of so many rows, drawn from the evaluation data with replacement."""
    draws, count = np.random.default_rng(seed), len(known.rows)
    offsets = np.repeat(np.arange(AT_ONCE) * count, rows)
    parts = []
    for _ in range(DRAWS // AT_ONCE):
        places = draws.integers(0, count, AT_ONCE * rows) + offsets
        weights = np.bincount(places, minlength=AT_ONCE * count).reshape(AT_ONCE, count)
        parts.append(known.of(weights.astype(np.float64)))
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _dealt(pool: Measures, rows: int, name: str) -> Floats:
    """How far a metric of so many rows, drawn without replacement, is from that of all others."""
    draws, count = np.random.default_rng(SEED), len(pool.rows)
    parts = []
    for _ in range(DRAWS // AT_ONCE):
        chosen = np.argpartition(draws.random((AT_ONCE, count)), rows - 1, axis=1)[:, :rows]
        weights = np.zeros((AT_ONCE, count))
        np.put_along_axis(weights, chosen, 1.0, axis=1)
        parts.append(pool.of(weights)[name] - pool.of(1.0 - weights)[name])
    return np.concatenate(parts)


def _blocks(rows: pd.DataFrame, period: Period, schema: Schema) -> Iterator[_Block]:
    """Stretches of as many days as the period, and the values of each id that is of several rows."""
    if period.days:
        when = dates(rows[_time(schema)])[0]
        number = (when - when.min()).dt.days
        length = max(1, min(period.days, (int(number.max()) + 1) // (2 * FEWEST_BLOCKS)))
        # Days alone are many and tell the most, if they are independent; stretches are few, and know more.
        for days in {1, length}:
            yield _Block(schema.time, (number // days).to_numpy(np.int64), days / period.days)
    for name, inside in period.groups.items():
        codes = pd.factorize(rows[name])[0]
        groups = int(codes.max()) + 1
        if FEWEST_BLOCKS <= groups <= len(rows) // SMALLEST_BLOCK and inside < groups:
            yield _Block(name, codes, 1 / inside - 1 / groups)  # where all groups are there, nothing is left to chance


def _by_group(known: Measures, group: NDArray[np.int64], level: float) -> tuple[Many, Floats]:
    """Metrics of each group, as if its targets were as large as on the whole, and the groups' sizes."""
    sizes = np.bincount(group).astype(np.float64)
    groups = np.flatnonzero(sizes >= SMALLEST_BLOCK)[:MOST_BLOCKS]
    weights = (groups[:, None] == group[None, :]).astype(np.float64)
    own = known.level(weights)
    scale = np.divide(level, own, out=np.ones_like(own), where=own > 0) if level else np.ones(len(groups))
    return {name: values * scale ** GROWS.get(name, 0) for name, values in known.of(weights).items()}, sizes[groups]


def _between(block: _Block, seen: Floats, sizes: Floats, one: float) -> float:
    """The square of what groups add to a limit, where a single row has the variance `one`."""
    fine = np.isfinite(seen)
    seen, sizes = seen[fine], sizes[fine]
    if len(seen) < FEWEST_BLOCKS:
        return 0.0
    among = max(0.0, float(np.var(seen, ddof=1)) - one * float(np.mean(1 / sizes)))
    times = float(stats.t.ppf(1 - ALPHA, len(seen) - 1))
    return times**2 * among * (block.inside + 1 / len(seen))


def _time(schema: Schema) -> str:
    """What the time is called among the ids of matched rows; empty where it is none of them."""
    if not schema.time or schema.time not in schema.id_columns:
        return ""
    return names.keys(schema.id_columns)[schema.id_columns.index(schema.time)]


def _days(rows: pd.DataFrame, schema: Schema) -> int:
    """The days that rows cover; 0 where they have no time."""
    if not (time := _time(schema)):
        return 0
    when = dates(rows[time])[0]
    return int((when.max() - when.min()).days) + 1 if when.notna().all() else 0
