"""`make bench-accuracy`: the trained model against plain LightGBM and scikit-learn on ten public tables.

`MLOPS_NEW_ACCURACY_PYTHON` has the libraries of the build template's image and `bench/requirements-accuracy.txt`.
"""

import json
import os
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
)
WORSE = 1.01
"""Distance to perfect, ours / the better peer's."""
SLOWER = 10.0
"""Processor time, ours / the slower peer's: the number of trees is looked for in five parts, and five fits averaged."""
LONGEST = 60.0
"""Seconds of processor time below which a ratio of times means nothing to anybody."""
FEWEST_TREES = 20


def main() -> int:
    """Print a line for each table; exit 1 where ours is worse, far slower, or hardly a model."""
    python = os.environ.get("MLOPS_NEW_ACCURACY_PYTHON", "")
    if not python:
        print("MLOPS_NEW_ACCURACY_PYTHON names no Python: `make bench-accuracy` makes one", file=sys.stderr)
        return 2
    heads = ("ours", "lightgbm", "sklearn", "ratio", "time")
    print(f"{'table':<15}{'metric':<10}{'rows':>8}{'trees':>7}" + "".join(f"{head:>10}" for head in heads))
    kept = [_kept(name, _run(python, name)) for name in TABLES]
    return 0 if all(kept) else 1


def _kept(name: str, found: dict[str, Any]) -> bool:
    away, seconds = found["distance"], found["seconds"]
    best = min(away["lightgbm"], away["scikit-learn"])
    ratio = away["ours"] / best if best else float(away["ours"] > 0) * 2
    slower = seconds["ours"] / max(seconds["lightgbm"], seconds["scikit-learn"])
    in_time = slower <= SLOWER or seconds["ours"] <= LONGEST
    faults = [
        fault
        for fault, wrong in (
            ("worse", ratio > WORSE),
            ("slow", not in_time),
            ("few trees", found["trees"] < FEWEST_TREES),
        )
        if wrong
    ]
    shown = "".join(f"{away[who]:>10.4g}" for who in ("ours", "lightgbm", "scikit-learn"))
    mark = f"  <-- {', '.join(faults)}" if faults else ""
    line = f"{name:<15}{found['metric']:<10}{found['rows']:>8}{found['trees']:>7}{shown}{ratio:>10.3f}{slower:>10.1f}"
    print(line + mark, flush=True)
    return not faults


def _run(python: str, name: str) -> dict[str, Any]:
    env = clean_environment() | {"PYTHONPATH": os.pathsep.join([str(ROOT / "templates" / "build"), str(WORK.parent)])}
    done = subprocess.run([python, "-P", str(WORK), name], check=True, stdout=subprocess.PIPE, text=True, env=env)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


if __name__ == "__main__":
    sys.exit(main())
