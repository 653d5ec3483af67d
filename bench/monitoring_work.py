"""One task of `bench.monitoring`, in a process of its own: prints seconds and peak memory as JSON."""

# mypy: ignore-errors
# Each task imports what it measures, and nothing else; the libraries are in other environments than the checks.

import contextlib
import json
import resource
import sys
import time
import warnings
from pathlib import Path

ROWS = 1_000_000


def table(rows, seed=0):
    import numpy as np
    import pyarrow as pa

    draws = np.random.default_rng(seed)
    kinds = (
        lambda: draws.normal(0, 1, rows),
        lambda: draws.lognormal(0, 1, rows),
        lambda: draws.gamma(2, 3, rows),
        lambda: draws.normal(1013, 5, rows),
    )
    columns = {f"f{place}": kinds[place % 4]() for place in range(12)}
    columns |= {"i0": draws.integers(0, 100, rows), "i1": draws.poisson(5, rows)}
    columns |= {"i2": draws.integers(0, 10**6, rows), "i3": draws.integers(2015, 2026, rows)}
    columns |= {
        f"s{place}": draws.choice([f"value {number}" for number in range(count)], rows)
        for place, count in enumerate((4, 50, 2000, 300_000))
    }
    return pa.table(columns)


def write_table(place, times):
    """A folder with one CSV file, of as many million rows."""
    import pyarrow as pa
    import pyarrow.csv

    place.mkdir(parents=True)
    with pa.csv.CSVWriter(place / "t.csv", table(10).schema) as writer:
        for part in range(times):
            writer.write_table(table(ROWS, part))


def plain_schema(**data):
    from model import schema

    return schema.parse(
        {
            "project": {"name": "p", "problem_type": "regression"},
            "data": {"target": "y", "evaluation": 0.2, **data},
            "evaluation": {"metric": "mae", "threshold": 1.0},
        }
    )


def timed(work):
    started = time.perf_counter()
    work()
    seconds = time.perf_counter() - started
    return {"seconds": seconds, "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}


def baseline(place):
    from monitoring import data_quality
    from monitoring.settings import DataQuality

    out = place.with_name("baseline")
    return timed(lambda: data_quality.make_baseline(place, out, plain_schema(), DataQuality()))


def check(place):
    from monitoring import data_quality
    from monitoring.settings import DataQuality

    known = place.with_name("baseline")
    return timed(lambda: data_quality.check(place, known, place.with_name("out"), plain_schema(), DataQuality()))


def read_polars(place):
    import polars as pl

    return timed(lambda: pl.read_csv(place / "t.csv"))


def read_pyarrow(place):
    import pyarrow.csv

    return timed(lambda: pyarrow.csv.read_csv(place / "t.csv"))


def two_tables(place):
    import pyarrow.csv

    for name, seed in (("before", 0), ("after", 1)):
        (place / name).mkdir()
        pyarrow.csv.write_csv(table(50_000, seed).select(range(1, 19)), place / name / "t.csv")
    return {"seconds": 0.0}


def drift(place):
    from monitoring import baseline as baselines
    from monitoring import data_quality, findings, report
    from monitoring.settings import DataQuality

    def work():
        data_quality.make_baseline(place / "before", place / "known", plain_schema(), DataQuality())
        data_quality.check(place / "after", place / "known", place / "out", plain_schema(), DataQuality())
        told = findings.read(place / "out" / "check.json")
        before, after = (
            baselines.from_json(findings.read(place / name / "statistics.json")) for name in ("known", "out")
        )
        run = report.Run("inference", "p", "now", checks={"data_quality": told}, before=before, now=after)
        (place / "report.html").write_text(report.render(run), encoding="utf-8")

    return timed(work)


def evidently(place):
    import pandas as pd
    from evidently import Report
    from evidently.presets import DataDriftPreset

    def work():
        before, after = (pd.read_csv(place / name / "t.csv") for name in ("before", "after"))
        done = Report([DataDriftPreset()]).run(after, before)
        done.save_html(str(place / "evidently.html"))

    return timed(work)


def attribution(background):
    import lightgbm
    import numpy as np
    import shap

    from monitoring import kernel

    draws = np.random.default_rng(0)
    rows = draws.normal(size=(20_000, 20))
    target = rows[:, 0] * 2 + np.sin(rows[:, 1] * 2) + rows[:, 2] * rows[:, 3] + (rows[:, 4] > 0) * rows[:, 5]
    target += 0.5 * rows[:, 6] + 0.1 * rows[:, 7:12].sum(axis=1) + draws.normal(0, 0.3, len(rows))
    model = lightgbm.LGBMRegressor(n_estimators=200, verbose=-1).fit(rows, target)
    explained, typical = rows[:1000], rows[5000 : 5000 + background]
    model.predict(explained)
    found = []
    ours = timed(lambda: found.append(kernel.explain(explained, typical, lambda m: model.predict(m)[:, None])))
    other = timed(
        lambda: shap.KernelExplainer(model.predict, typical).shap_values(
            explained, nsamples=found[0].samples, silent=True
        )
    )
    exact = shap.TreeExplainer(model, typical, feature_perturbation="interventional").shap_values(explained)
    error = np.abs(found[0].shapley[:, :, 0] - exact).mean() / np.abs(exact).mean()
    return {"seconds": ours["seconds"], "other": other["seconds"], "samples": found[0].samples, "error": float(error)}


TASKS = {
    "table": lambda place, times: write_table(Path(place), int(times)),
    "baseline": lambda place: baseline(Path(place)),
    "baseline_only": lambda place: baseline(Path(place)),
    "check": lambda place: check(Path(place)),
    "read_polars": lambda place: read_polars(Path(place)),
    "read_pyarrow": lambda place: read_pyarrow(Path(place)),
    "two_tables": lambda place: two_tables(Path(place)),
    "drift": lambda place: drift(Path(place)),
    "evidently": lambda place: evidently(Path(place)),
    "attribution": lambda rows: attribution(int(rows)),
}

if __name__ == "__main__":
    warnings.simplefilter("ignore")
    with contextlib.redirect_stdout(sys.stderr):
        told = TASKS[sys.argv[1]](*sys.argv[2:])
    print(json.dumps(told or {}))
