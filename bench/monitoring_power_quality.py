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
from monitoring import attribution
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


TABLES: dict[str, Any] = {"attribution": attribution_cells}


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
