"""Monitoring: data quality, drift and attribution against the fastest peers, in environments of their own.

`MLOPS_NEW_DATA_PYTHON` has the libraries of the build template's image, polars, shap and lightgbm;
`MLOPS_NEW_EVIDENTLY_PYTHON` has evidently (with pandas 2). What has no environment is not measured.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.ratios import Line, clean_environment

ROOT = Path(__file__).parents[1]
WORK = Path(__file__).with_name("monitoring_work.py")
PAIRS = 3
MEGABYTE = 1 << 20


def main() -> int:
    """Print a line for each ratio; exit 1 where a limit is passed."""
    kept = []
    for measure in MEASUREMENTS:
        for line in measure():
            print(line, flush=True)
            kept.append(line.kept)
    return 0 if kept and all(kept) else 1


def data_quality() -> Iterator[Line]:
    """A million rows of twenty columns: baseline and check against merely reading; memory, also of ten million rows."""
    if not (python := _python("MLOPS_NEW_DATA_PYTHON")):
        return
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        _run(python, "table", place / "once", 1)
        size = sum(file.stat().st_size for file in (place / "once").iterdir())
        readers = {name: _run(python, f"read_{name}", place / "once")["seconds"] for name in ("polars", "pyarrow")}
        fastest = min(readers, key=readers.__getitem__)
        for what in ("baseline", "check"):
            pairs = [
                (_run(python, what, place / "once"), _run(python, f"read_{fastest}", place / "once"))
                for _ in range(PAIRS)
            ]
            ratio = statistics.median(ours["seconds"] / other["seconds"] for ours, other in pairs)
            yield Line(f"data quality, {what} of 1,000,000 x 20 CSV / {fastest} reading it", ratio, 2.5)
            peak = statistics.median(ours["peak"] for ours, _ in pairs)
            yield Line(f"the same, peak memory / size of the file ({size / MEGABYTE:.0f} MB)", peak / size, 2.0)
        _run(python, "table", place / "ten", 10)
        often = (
            _run(python, "baseline_only", place / "ten")["peak"] / _run(python, "baseline_only", place / "once")["peak"]
        )
        yield Line("peak memory of a file ten times as large / of the file", often, 1.25)


def drift() -> Iterator[Line]:
    """Drift of 50,000 x 18 against 50,000 x 18, report included, against Evidently's."""
    data, evidently = _python("MLOPS_NEW_DATA_PYTHON"), _python("MLOPS_NEW_EVIDENTLY_PYTHON")
    if not (data and evidently):
        return
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        _run(data, "two_tables", place)
        pairs = [(_run(data, "drift", place), _run(evidently, "evidently", place)) for _ in range(PAIRS)]
        ratio = statistics.median(ours["seconds"] / other["seconds"] for ours, other in pairs)
        yield Line("drift of 50,000 x 18 with report / Evidently's DataDriftPreset", ratio, 0.2)


def attribution() -> Iterator[Line]:
    """1,000 rows x 20 features, LightGBM, with the same background and samples as shap's KernelExplainer."""
    if not (python := _python("MLOPS_NEW_DATA_PYTHON")):
        return
    for rows, limit in ((1, 0.2), (10, 0.7)):
        found = _run(python, "attribution", rows)
        what = (
            f"attribution, {rows} background row{'s' if rows > 1 else ''}, {found['samples']} samples / KernelExplainer"
        )
        yield Line(what, found["seconds"] / found["other"], limit)
        yield Line("the same, mean relative error to exact values, %", 100 * found["error"], 3.0)


def _python(variable: str) -> str:
    found = os.environ.get(variable, "")
    if not found:
        print(f"not measured: {variable} names no Python", file=sys.stderr)
    return found


def _run(python: str, *arguments: Any) -> dict[str, Any]:
    env = clean_environment() | {"PYTHONPATH": str(ROOT / "templates" / "build")}
    command = [python, "-P", str(WORK), *map(str, arguments)]  # -P: this folder has a `monitoring` too
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=env)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


MEASUREMENTS = (data_quality, drift, attribution)

if __name__ == "__main__":
    sys.exit(main())
