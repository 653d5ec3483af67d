"""`make bench-accuracy`: the trained model against plain LightGBM and scikit-learn on twelve public tables.

Each table is split several times, and what is judged is the mean: some hundred rows decide nothing. `±` is the
standard error of the ratio over the splits. A table is worse where the ratio is, by two standard errors, above
`WORSE`; where it is above by less, its line says "undecided".

"At comparable time" is held to processor time on one thread: of a table with more than 10,000 rows, the whole of
`Train` (the search for the number of trees and the fits that are averaged) takes at most `SLOWER` times as long as
the slower plain fit, and in proportion more where it takes more trees than the 100 that plain ones have; of a smaller
table, at most `LONGEST` seconds. What `Refit` takes after the gate is shown beside.

`MLOPS_NEW_ACCURACY_PYTHON` has the libraries of the build template's image and `bench/requirements-accuracy.txt`.
"""

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

from bench.ratios import clean_environment

ROOT = Path(__file__).parents[1]
WORK = Path(__file__).with_name("accuracy_work.py")
TABLES = (
    "films",
    "rain",
    "flights_a_day",
    "trains",
    "seattle",
    "airports",
    "loans",
    "diamonds",
    "check_times",
    "diabetes",
    "titanic",
    "breast_cancer",
)
PEERS = ("lightgbm", "scikit-learn")
WORSE = 1.01
"""Distance to perfect, ours / the better peer's."""
STANDARD_ERRORS = 2
"""By which a ratio is above `WORSE` where that is no chance."""
SLOWER = 4.0
"""Processor time of Train / the slower peer's, of tables with many rows."""
PLAIN_TREES = 100
MANY_ROWS = 10_000
LONGEST = 5.0
"""Seconds of processor time that Train may take of a table with fewer rows."""
FEWEST_TREES = 20


def main() -> int:
    """Print a line for each table; exit 1 where ours is worse, far slower, or hardly a model."""
    python = os.environ.get("MLOPS_NEW_ACCURACY_PYTHON", "")
    if not python:
        print("MLOPS_NEW_ACCURACY_PYTHON names no Python: `make bench-accuracy` makes one", file=sys.stderr)
        return 2
    heads = "".join(f"{head:>13}" for head in ("ours", *PEERS))
    print(
        f"{'table':<15}{'metric':<9}{'rows':>7}{'splits':>7}{'trees':>6}{heads}"
        f"{'ratio':>8}{'±':>7}{'Train':>9}{'x plain':>8}{'Refit x':>8}"
    )
    kept = [_kept(name, _run(python, name)) for name in TABLES]
    return 0 if all(kept) else 1


def _kept(name: str, found: dict[str, Any]) -> bool:
    """Print the line of a table, and say whether it has no fault."""
    away, seconds = (_columns(found["repeats"], key) for key in ("distance", "seconds"))
    mean = {who: statistics.mean(values) for who, values in away.items()}
    took = {who: statistics.mean(values) for who, values in seconds.items()}
    best = min(PEERS, key=lambda peer: mean[peer])
    ratio, error = _ratio(away["ours"], away[best])
    slowest = max(took[peer] for peer in PEERS)
    trees = [repeat["trees"] for repeat in found["repeats"]]
    more = max(1.0, statistics.mean(trees) / PLAIN_TREES)
    slow = took["train"] > (SLOWER * more * slowest if found["rows"] > MANY_ROWS else LONGEST)
    wrong = {"worse": ratio - STANDARD_ERRORS * error > WORSE, "slow": slow, "few trees": min(trees) < FEWEST_TREES}
    faults = [fault for fault, so in wrong.items() if so]
    undecided = ["undecided"] if ratio > WORSE and not wrong["worse"] else []
    print(
        f"{name:<15}{found['metric']:<9}{found['rows']:>7}{len(trees):>7}{statistics.median(trees):>6.0f}"
        + "".join(f"{mean[who]:>13.4g}" for who in ("ours", *PEERS))
        + f"{ratio:>8.3f}{error:>7.3f}{took['train']:>7.2f} s{took['train'] / slowest:>8.1f}"
        + f"{took['refit'] / slowest:>8.1f}"
        + (f"  <-- {', '.join(faults + undecided)}" if faults + undecided else ""),
        flush=True,
    )
    return not faults


def _ratio(ours: list[float], other: list[float]) -> tuple[float, float]:
    """The ratio of the means, and its standard error from the differences of the pairs."""
    whole = statistics.mean(other)
    if not whole:
        return (2.0 if any(ours) else 1.0), 0.0
    ratio = statistics.mean(ours) / whole
    differences = [(mine - ratio * its) / whole for mine, its in zip(ours, other, strict=True)]
    return ratio, float(statistics.stdev(differences) / len(ours) ** 0.5)


def _columns(repeats: list[dict[str, Any]], key: str) -> dict[str, list[float]]:
    return {who: [repeat[key][who] for repeat in repeats] for who in repeats[0][key]}


def _run(python: str, name: str) -> dict[str, Any]:
    env = clean_environment() | {"PYTHONPATH": os.pathsep.join([str(ROOT / "templates" / "build"), str(WORK.parent)])}
    done = subprocess.run([python, "-P", str(WORK), name], check=True, stdout=subprocess.PIPE, text=True, env=env)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


if __name__ == "__main__":
    sys.exit(main())
