"""Thresholds of metrics in Model Monitor's form, `constraints.json`: those that a baseline suggests.

They are what Model Monitor compares with, and the check where a baseline keeps no rows, as those of earlier versions:
`limits.py` says what the check does else.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from model import names
from model.errors import InputError
from model.schema import ProblemType, Schema
from model.values import dates
from monitoring import findings, metrics
from monitoring.limits import GROWS
from monitoring.metrics import CONSTANT, worse_when_higher
from monitoring.settings import Settings

FEWEST_WINDOWS = 3
PARTS, SMALLEST_PART, LARGEST_PART = 40, 10, 5000
SEED = 1

Json = dict[str, Any]


@dataclass(frozen=True)
class Spread:
    """How a metric varies by chance: its `value` on `rows` rows, and its standard deviation on a single one."""

    value: float
    one: float
    rows: int

    def between(self, rows: int) -> float:
        """The standard deviation of the difference to the metric of other rows."""
        return self.one * math.sqrt(1 / rows + 1 / self.rows)


@dataclass(frozen=True)
class Limit:
    """A metric's threshold, and what it was derived from.

    Where the spread is known, fewer rows have a wider threshold. Where `level` is, the mean size of the baseline's
    targets, the threshold grows with the targets: errors of larger quantities are larger, and that is no fault.
    """

    threshold: float
    higher_is_worse: bool
    spread: Spread | None = None
    level: float | None = None

    def of(self, name: str, rows: int, level: float) -> float:
        """The threshold for a number of rows whose targets have a mean size."""
        threshold = self.threshold
        if self.spread:
            tolerated = abs(self.threshold - self.spread.value) / self.spread.between(self.spread.rows)
            worse = 1 if self.higher_is_worse else -1
            threshold = self.spread.value + worse * tolerated * self.spread.between(rows)
        if self.level and level > self.level:
            threshold *= (level / self.level) ** GROWS[name]
        return threshold


def suggest(
    document: Json, rows: pd.DataFrame, positive: str | None, schema: Schema, config: Settings
) -> dict[str, Limit]:
    """Each metric's threshold: its value, made worse by what it varies between batches.

    With a time, batches are the windows of the evaluation data; without, random parts of it.
    """
    tolerance, level = config.model_quality.tolerance, level_of(rows)
    windows = _by_window(rows, positive, schema, config.data_quality.window_days)
    spreads = {} if len(windows) >= FEWEST_WINDOWS else _spreads(rows, positive, schema)
    limits: dict[str, Limit] = {}
    for name, told in document[f"{schema.problem_type}_metrics"].items():
        if name.endswith(CONSTANT) or not isinstance(told.get("value"), float):
            continue
        sign = 1 if worse_when_higher(name) else -1
        own_level = level if name in GROWS else None
        if spread := spreads.get(name):
            threshold = told["value"] + sign * tolerance * spread.between(spread.rows)
            limits[name] = Limit(threshold, sign > 0, spread, own_level)
            continue
        seen = [window[name] for window in windows if math.isfinite(window[name])]
        middle = max(sign * told["value"], sign * float(np.mean(seen))) if seen else sign * told["value"]
        apart = float(np.std(seen, ddof=1)) if len(seen) > 1 else 0.0
        limits[name] = Limit(sign * (middle + tolerance * apart), sign > 0, level=own_level)
    return limits


def _spreads(rows: pd.DataFrame, positive: str | None, schema: Schema) -> dict[str, Spread]:
    """How each metric varies, from its values on random parts; these vary less the more of all rows they are."""
    size = min(len(rows) // 2, LARGEST_PART)
    if size < SMALLEST_PART:
        return {}
    ordered = rows.sort_values(list(rows.columns), kind="stable", ignore_index=True)
    draws = np.random.default_rng(SEED)
    parts = [ordered.iloc[np.sort(draws.permutation(len(rows))[:size])] for _ in range(PARTS)]
    seen = pd.DataFrame([metrics.values(schema.problem_type, part, positive) for part in parts])
    one = seen.std(ddof=1) * math.sqrt(size / (1 - size / len(rows)))
    whole = metrics.values(schema.problem_type, rows, positive)
    return {name: Spread(whole[name], float(one[name]), len(rows)) for name in whole if one[name] > 0}


def level_of(rows: pd.DataFrame) -> float:
    """The mean size of the targets; 0 for classes."""
    return float(np.abs(rows["actual"]).mean()) if "prediction" in rows.columns else 0.0


def _by_window(rows: pd.DataFrame, positive: str | None, schema: Schema, days: int) -> list[dict[str, float]]:
    """The metrics of each window with about as many rows as others, as if targets were as large as on the whole."""
    if not (schema.time and schema.time in schema.ids and days):
        return []
    when = dates(rows[names.keys(schema.ids)[schema.ids.index(schema.time)]])[0]
    number = (when - when.min()).dt.days // days
    parts = [part for _, part in rows.groupby(number) if 2 * len(part) >= len(rows) / (number.max() + 1)]
    level = level_of(rows)
    return [_at_level(metrics.values(schema.problem_type, part, positive), level, level_of(part)) for part in parts]


def _at_level(values: dict[str, float], level: float, own: float) -> dict[str, float]:
    if not own:
        return values
    return {name: value * (level / own) ** GROWS.get(name, 0) for name, value in values.items()}


def constraints_json(limits: Mapping[str, Limit], problem: ProblemType) -> Json:
    """The document."""
    items = {
        name: {
            "threshold": limit.threshold,
            "comparison_operator": "GreaterThanThreshold" if limit.higher_is_worse else "LessThanThreshold",
            **({"spread": asdict(limit.spread)} if limit.spread else {}),
            **({} if limit.level is None else {"baseline_level": limit.level}),
        }
        for name, limit in limits.items()
    }
    return {"version": 0.0, f"{problem}_constraints": items}


def read_limits(file: Path, problem: ProblemType) -> dict[str, Limit]:
    """The thresholds of a baseline.

    Raises:
        InputError: The file is damaged, or of another problem type.
    """
    document = findings.read(file)
    try:
        items = document[f"{problem}_constraints"]
        return {
            name: Limit(
                float(item["threshold"]),
                item["comparison_operator"] == "GreaterThanThreshold",
                Spread(**item["spread"]) if "spread" in item else None,
                item.get("baseline_level") if name in GROWS else None,
            )
            for name, item in items.items()
        }
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"{file} holds no {problem}_constraints as Model Monitor writes them: {error!r}") from None
