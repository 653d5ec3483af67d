"""Last step before registration: judge the predictions for the evaluation data. Are they good enough?"""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import pandas as pd

import outcome
import paths
from model import metrics, names, schema
from model.errors import InputError
from model.schema import LOWER_IS_BETTER
from model.values import numbers, texts
from steps import tables

if TYPE_CHECKING:
    from pathlib import Path

    from model.schema import Schema

log = logging.getLogger(__name__)


def main() -> None:
    """Read the inputs `predictions` and `ground_truth`; write `evaluation/evaluation.json`."""
    settings = schema.load(paths.CONFIG)
    predictions = read_predictions(paths.step_input("predictions"), settings)
    report = evaluate(predictions, tables.read(paths.step_input("ground_truth")), settings)
    text = json.dumps(report, indent=1, allow_nan=False) + "\n"
    (paths.step_output("evaluation") / "evaluation.json").write_text(text, encoding="utf-8")
    log.info("%s", report["gate"]["reason"])
    for name, benchmark in report.get("benchmarks", {}).items():
        log.info("wape %.3f against %.3f of %s, on %s rows", *benchmark_line(benchmark, name))


def benchmark_line(benchmark: dict[str, Any], name: str) -> tuple[float, float, str, str]:
    """What is logged about a benchmark."""
    return benchmark["model_wape"], benchmark["wape"], name, f"{benchmark['rows']:,}"


def output_columns(settings: Schema) -> list[str]:
    """The columns that `serve` adds to a row."""
    return ["prediction"] if settings.problem_type == "regression" else ["label", "probability"]


def read_predictions(folder: Path, settings: Schema) -> pd.DataFrame:
    """Read a transform job's output: lines of ids, features and what `serve` answered, without a header.

    Ids come by the names that `names.keys` gives them.

    Raises:
        InputError: There is none, or lines have too few columns.
    """
    rows = tables.read_without_header(folder)
    outputs, ids = output_columns(settings), list(names.keys(settings.id_columns))
    if rows.shape[1] < len(ids) + len(outputs):
        raise InputError(f"predictions have {rows.shape[1]} columns: {', '.join(ids)}, features, {', '.join(outputs)}")
    kept = pd.concat([rows.iloc[:, : len(ids)], rows.iloc[:, -len(outputs) :]], axis=1)
    return kept.set_axis(ids + outputs, axis=1)


def evaluate(predictions: pd.DataFrame, ground_truth: pd.DataFrame, settings: Schema) -> dict[str, Any]:
    """The evaluation report.

    Args:
        predictions: Ids and what the model answered.
        ground_truth: Ids, target and the benchmarks' forecasts, for exactly the same rows.
        settings: Metric and threshold of the gate.

    Raises:
        InputError: The rows of the two differ, show one class only, or the gate's metric is not defined on them.
    """
    truth = _joined(predictions, ground_truth, settings)
    positive = _positive(truth) if settings.problem_type == "binary_classification" else None
    reported = metrics.with_deviation(
        len(truth), lambda rows: metrics.of(settings.problem_type, truth.iloc[rows], positive)
    )
    report = {
        "version": 0.0,
        "dataset": {"item_count": len(truth)},
        f"{settings.problem_type}_metrics": reported,
    }
    if benchmarks := _benchmarks(truth):
        report["benchmarks"] = benchmarks
    return report | {"gate": _gate(reported[settings.metric]["value"], settings)}


def _joined(predictions: pd.DataFrame, ground_truth: pd.DataFrame, settings: Schema) -> pd.DataFrame:
    """Truth and predictions side by side, matched by ids."""
    ids, outputs = list(names.keys(settings.id_columns)), output_columns(settings)
    left = _spelled(ground_truth[list(settings.id_columns)].set_axis(ids, axis=1))
    right = _spelled(predictions[ids])
    for name in outputs:
        right[name] = texts(predictions[name]) if name == "label" else numbers(predictions[name])[0]
    target = ground_truth[settings.target]
    left["actual"] = numbers(target)[0] if settings.problem_type == "regression" else texts(target)
    stored = names.benchmarks(settings.id_columns, settings.target)
    for name, column in zip(names.BENCHMARKS, stored, strict=True):
        if column in ground_truth.columns:
            left[name] = numbers(ground_truth[column])[0]
    joined = left.merge(right, on=ids, how="left", validate="one_to_one", indicator=True)
    unmatched = int((joined["_merge"] != "both").sum())
    if unmatched or len(right) != len(left):
        raise InputError(
            f"{len(left):,} rows of ground truth and {len(right):,} predictions do not belong together: "
            f"{unmatched:,} rows have no prediction"
        )
    return joined


def _spelled(ids: pd.DataFrame) -> pd.DataFrame:
    """Ids as text, spelled alike whatever they come from."""
    return ids.apply(lambda values: texts(values).fillna(""))


def _positive(truth: pd.DataFrame) -> str:
    only, *others = {*truth["actual"], *truth["label"]}
    if not others:
        raise InputError(
            f"all {len(truth):,} evaluation rows are {only!r}, and predicted so: they cannot tell whether the model "
            "knows the other class; take more data, or more of it to evaluate ([data] evaluation in config.toml)"
        )
    return metrics.positive_class(truth)


def _benchmarks(truth: pd.DataFrame) -> dict[str, dict[str, float]]:
    """The benchmarks' WAPE and, to compare with, the model's: on the rows where every benchmark has a forecast."""
    known = [name for name in names.BENCHMARKS if name in truth.columns]
    rows = truth.dropna(subset=known) if known else truth.iloc[:0]
    if rows.empty or not rows["actual"].abs().sum():
        return {}
    actual = rows["actual"].to_numpy()
    model = metrics.wape(actual, rows["prediction"].to_numpy())
    return {
        name: {"wape": metrics.wape(actual, rows[name].to_numpy()), "model_wape": model, "rows": len(rows)}
        for name in known
    }


def _gate(value: float | str, settings: Schema) -> dict[str, Any]:
    """Whether the metric reaches the threshold, and a sentence that says so."""
    if isinstance(value, str):
        raise InputError(f"{settings.metric} is not defined on the evaluation rows: choose another [evaluation] metric")
    lower = settings.metric in LOWER_IS_BETTER
    passed = value <= settings.threshold if lower else value >= settings.threshold
    wanted = f"{'at most' if lower else 'at least'} {settings.threshold:g} is wanted"
    return {
        "metric": settings.metric,
        "value": value,
        "threshold": settings.threshold,
        "passed": passed,
        "reason": f"{settings.metric} is {value:.4g}: {wanted}",
    }


if __name__ == "__main__":
    outcome.run(main, reason=paths.message())
