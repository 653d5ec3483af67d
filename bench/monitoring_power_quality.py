"""False alarms and detection of the checks of attribution and of model quality, on simulated draws.

Run by a Python that has the libraries of the build template's image, with `templates/build` on its path:

    PYTHONPATH=templates/build python -P bench/monitoring_power_quality.py [--whole] [attribution] [truth]

Every line is one cell: how many of so many batches raised something, with a 95 % interval (Wilson, 1927). The draws are
seeded. `--whole` takes the numbers of batches that the bars are stated for; without it there are fewer, in minutes.
"""

# mypy: ignore-errors
# Its libraries are in another environment than the checks.

import argparse
import math
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from model import schema, train
from monitoring import attribution, limits
from monitoring.measures import Measures
from monitoring.settings import Attribution


@dataclass(frozen=True)
class Cell:
    """One cell of a table.

    Attributes:
        what: The situation.
        rows: Of each batch.
        fired: Batches that raised something.
        batches: All of them.
        bar: The share that is wanted: at most, of clean batches; at least, of shifted ones.
        clean: Which of the two.
    """

    what: str
    rows: int
    fired: int
    batches: int
    bar: float
    clean: bool

    @property
    def kept(self) -> bool:
        """Whether the bar is kept."""
        share = self.fired / self.batches
        return share <= self.bar if self.clean else share >= self.bar

    def __str__(self) -> str:
        low, high = wilson(self.fired, self.batches)
        sign = "≤" if self.clean else "≥"
        return (
            f"{self.what:<62}{self.rows:>6} rows {self.fired:>4} of {self.batches:<4} "
            f"[{100 * low:5.1f}, {100 * high:5.1f}] %  {sign} {100 * self.bar:g} %{'' if self.kept else '  MISSED'}"
        )


def wilson(hits: int, of: int, z: float = 1.96) -> tuple[float, float]:
    """The interval of a share."""
    share, square = hits / of, z * z / of
    middle = (share + square / 2) / (1 + square)
    half = z * math.sqrt(share * (1 - share) / of + square / 4 / of) / (1 + square)
    return max(0.0, middle - half), min(1.0, middle + half)


def attribution_cells(*, whole: bool) -> Iterator[Cell]:
    """The feature that predictions rest on most is dead; and batches in which nothing is."""
    clean, dead = (200, 100) if whole else (40, 8)
    for features in (5, 20):
        made = _Explained(features)
        for rows in (100, 350):
            fired = sum(made.fires(seed, rows, dead=None) for seed in range(1, clean + 1))
            yield Cell(f"attribution, {features} features, nothing changed", rows, fired, clean, 0.0, clean=True)
            for how, value in (("constant at its mean", 0.0), ("constant at 3 deviations", 3.0), ("missing", math.nan)):
                fired = sum(made.fires(seed, rows, dead=value) for seed in range(1001, 1001 + dead))
                what = f"attribution, {features} features, the top one {how}"
                yield Cell(what, rows, fired, dead, 1.0, clean=False)


class _Explained:
    """A model of some features with its baseline of attribution."""

    CONFIG = Attribution(rows=150, samples=60, clusters=4)

    def __init__(self, features: int) -> None:
        self.names = [f"f{place}" for place in range(features)]
        self.known = schema.parse(
            {
                "project": {"name": "p", "problem_type": "regression"},
                "data": {"target": "y", "evaluation": 0.25},
                "evaluation": {"metric": "mae", "threshold": 1e9},
            }
        )
        table = self._table(0, 4000)
        self.model = train.train(table, self.known, self.known.hyperparameters)
        self.folder = tempfile.TemporaryDirectory()
        attribution.make_baseline(table, self.model, Path(self.folder.name) / "baseline", self.CONFIG)

    def _table(self, seed: int, rows: int) -> pd.DataFrame:
        draws = np.random.default_rng(seed)
        values = draws.normal(size=(rows, len(self.names)))
        weights = 0.75 ** np.arange(len(self.names))
        y = values @ weights + 0.3 * values[:, 0] * values[:, 1] + draws.normal(0, 0.2, rows)
        return pd.DataFrame(values, columns=self.names).assign(y=y)

    def fires(self, seed: int, rows: int, dead: float | None) -> bool:
        """Whether a share of attribution is found to have moved: for a dead feature, its own."""
        table = self._table(seed, rows)
        if dead is not None:
            table["f0"] = dead
        place = Path(self.folder.name)
        found = attribution.check(table, self.model, place / "baseline", place / "out", self.CONFIG).findings
        return bool(found) if dead is None else any(finding.feature == "f0" for finding in found)


def truth_cells(*, whole: bool) -> Iterator[Cell]:
    """Periods of ground truth in which the model is as good as at registration, and some in which it is worse."""
    baselines, each = (20, 20) if whole else (10, 20)
    for kind in PERIODS:
        for rows in (50, 200, 1000, 5000):
            clean = worse = 0
            for baseline in range(baselines):
                known = _Registered(kind, baseline)
                clean += sum(known.fires(seed, rows, worse=1.0) for seed in range(each))
                worse += sum(known.fires(1000 + seed, rows, worse=kind.times) for seed in range(each // 2))
            yield Cell(f"truth, {kind.name}, as good as ever", rows, clean, baselines * each, 0.01, clean=True)
            # What can be seen in so few rows is printed, not wanted; in many rows it is wanted.
            bar = kind.power if rows >= MANY else 0.0
            yield Cell(f"truth, {kind.name}, {kind.what}", rows, worse, baselines * (each // 2), bar, clean=False)


@dataclass(frozen=True)
class Kind:
    """How a model errs, and what is worse about a period."""

    name: str
    problem: str
    metric: str
    times: float
    what: str
    power: float = 0.95
    positives: float = 0.5
    tails: bool = False
    days: float = 0.0
    stores: float = 0.0


PERIODS = (
    Kind("regression", "regression", "wape", 1.5, "errors 1.5 times as large"),
    Kind("regression, heavy tails", "regression", "wape", 1.5, "errors 1.5 times as large", tails=True),
    Kind("regression, mse, heavy tails", "regression", "mse", 2.0, "errors twice as large", power=0.0, tails=True),
    # A period of few rows is then one store's morning.
    Kind(
        "regression, days and stores differ",
        "regression",
        "wape",
        2.0,
        "errors twice as large",
        power=0.8,
        days=0.2,
        stores=0.2,
    ),
    Kind("half are positive", "binary_classification", "auc", 0.5, "half the signal"),
    Kind("half are positive, f1", "binary_classification", "f1", 0.5, "half the signal", power=0.75),
    Kind("2 % are positive", "binary_classification", "auc", 0.3, "a third of the signal", power=0.0, positives=0.02),
    Kind(
        "2 % are positive, f1", "binary_classification", "f1", 0.3, "a third of the signal", power=0.0, positives=0.02
    ),
    Kind("2 % are positive, recall", "binary_classification", "recall", 0.3, "a third of the signal", 0.0, 0.02),
    Kind("2 % are positive, precision", "binary_classification", "precision", 0.3, "a third of the signal", 0.0, 0.02),
)
MANY, HALF = 1000, 0.5
STORES = 12
DAY = 60 * STORES  # rows


class _Registered:
    """The evaluation data of a model, and the limits that follow from it."""

    def __init__(self, kind: Kind, seed: int, rows: int = 2500) -> None:
        self.kind, self.seed = kind, seed
        timed = {"ids": ["day", "store", "id"], "time": "day"} if kind.days else {"ids": ["id"]}
        self.known = schema.parse(
            {
                "project": {"name": "p", "problem_type": kind.problem},
                "data": {"target": "y", "evaluation": 28 if kind.days else 0.25, **timed},
                "evaluation": {"metric": kind.metric if kind.metric != "mse" else "mse", "threshold": 0.5},
            }
        )
        self.draws = np.random.default_rng((seed, 7))
        # What differs between stores is the stores' own and stays.
        self.stores = np.exp(self.draws.normal(0, kind.stores, STORES))
        self.reference = Measures(kind.problem, self._rows(self.draws, 28 * DAY if kind.days else rows, 1.0), "b")
        if kind.days:
            picked = np.sort(self.draws.permutation(28 * DAY)[:rows])
            self.reference = Measures(kind.problem, self.reference.rows.iloc[picked].reset_index(drop=True), "b")
        self.cache: dict[Any, Any] = {}

    def _rows(self, draws: np.random.Generator, rows: int, worse: float) -> pd.DataFrame:
        frame = pd.DataFrame({"id": np.arange(rows).astype(str)})
        factor = worse
        if self.kind.days:
            start = int(draws.integers(0, STORES)) * 60
            place = start + np.arange(rows)
            day = place // DAY
            effect = np.exp(draws.normal(0, self.kind.days, int(day.max()) + 1))
            store = place // 60 % STORES
            factor = worse * effect[day] * self.stores[store]
            when = (pd.Timestamp("2026-01-01") + pd.to_timedelta(day, unit="D")).strftime("%Y-%m-%d")
            frame = frame.assign(day=when, store=store.astype(str))
        if self.kind.problem == "regression":
            actual = draws.gamma(3, 10, rows)
            error = draws.standard_t(3, rows) if self.kind.tails else draws.normal(size=rows)
            return frame.assign(actual=actual, prediction=actual + 5 * factor * error)
        positive = draws.random(rows) < self.kind.positives
        logit = np.log(self.kind.positives / (1 - self.kind.positives))
        probability = 1 / (1 + np.exp(-(logit + 2.0 * worse * positive + draws.normal(0, 1.0, rows))))
        label = np.where(probability > (0.5 if self.kind.positives >= HALF else 0.06), "b", "a")
        return frame.assign(actual=np.where(positive, "b", "a"), label=label, probability=probability)

    def fires(self, seed: int, rows: int, worse: float) -> bool:
        """Whether the gate's metric of a period asks for a retraining."""
        frame = self._rows(np.random.default_rng((self.seed, seed, rows)), rows, worse)
        period = limits.Period.of(frame, self.known, 0.0)
        key = (period.rows, period.days, tuple(sorted(period.groups.items())))
        if key not in self.cache:
            self.cache[key] = limits.limits(self.reference, period, self.known)
        limit = self.cache[key].get(self.kind.metric)
        now, name = Measures(self.kind.problem, frame, "b"), self.kind.metric
        value = float(now.of(np.ones((1, rows)))[name][0])
        if limit is None or not limit.reachable or math.isnan(value) or not limit.worse(value):
            return False
        return limits.confirmed(limit, name, self.reference, now).worse(value)


TABLES: dict[str, Any] = {"attribution": attribution_cells, "truth": truth_cells}


def main() -> int:
    """Print all cells; exit 1 where a bar is missed."""
    parser = argparse.ArgumentParser(description="False alarms and detection of attribution and model quality")
    parser.add_argument("tables", nargs="*", choices=[[], *TABLES], help="only these")
    parser.add_argument("--whole", action="store_true", help="as many batches as the bars are stated for")
    given = parser.parse_args()
    kept = True
    for name in given.tables or TABLES:
        started = time.monotonic()
        for cell in TABLES[name](whole=given.whole):
            print(cell, flush=True)
            kept = kept and cell.kept
        print(f"{name}: {time.monotonic() - started:.0f} s", file=sys.stderr)
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
