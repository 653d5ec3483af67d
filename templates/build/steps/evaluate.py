"""Last step before registration: judge the predictions for the evaluation data. Are they good enough?"""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import pandas as pd

import outcome
import paths
from model import metrics, names, rounds, schema
from model.errors import InputError
from model.estimator import read_signature
from model.schema import LOWER_IS_BETTER
from model.values import numbers, texts
from steps import naive, tables

if TYPE_CHECKING:
    from pathlib import Path

    from model.estimator import Learnt
    from model.schema import Schema
    from steps.naive import Naive

log = logging.getLogger(__name__)

TRY_FOR_THRESHOLD = (
    "more rows, or features that say more about the target ([data] in config.toml); then, where no model can be that "
    "good, another [evaluation] threshold"
)
TRY_FOR_NAIVE = (
    "features that are known beforehand and tell more than the target's own past or its usual value; another "
    "[evaluation] metric, where this one says little; must_beat_naive = false in [evaluation] registers it all the same"
)


def main() -> None:
    """Read the inputs `predictions`, `ground_truth` and `model`; write `evaluation/evaluation.json`."""
    settings = schema.load(paths.CONFIG)
    predictions = read_predictions(paths.step_input("predictions"), settings)
    learnt = read_signature(paths.step_input("model")).learnt if paths.step_input("model").exists() else None
    report = evaluate(predictions, tables.read(paths.step_input("ground_truth")), settings, learnt)
    text = json.dumps(report, indent=1, allow_nan=False) + "\n"
    (paths.step_output("evaluation") / "evaluation.json").write_text(text, encoding="utf-8")
    log.info("%s", report["gate"]["reason"])
    for warning in report["warnings"]:
        log.warning("WARNING: %s", warning)
    if compared := report.get("naive"):
        shown = [compared[key] for key in ("metric", "model_value", "value", "name", "rows")]
        log.info("%s %.4g against %.4g of %s, on %s rows", *shown)


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


def evaluate(
    predictions: pd.DataFrame, ground_truth: pd.DataFrame, settings: Schema, learnt: Learnt | None = None
) -> dict[str, Any]:
    """The evaluation report.

    Args:
        predictions: Ids and what the model answered.
        ground_truth: Ids, target and the benchmarks' forecasts, for exactly the same rows.
        settings: Metric and threshold of the gate.
        learnt: What the model says of its training, if it does.

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
    compared = naive.compare(truth, learnt.constants if learnt else None, settings, positive)
    best = naive.strongest(compared)
    if benchmarks := _benchmarks(truth, compared):
        report["benchmarks"] = benchmarks
    if best:
        report["naive"] = best.document(required=settings.must_beat_naive)
    if learnt:
        report["model"] = {"trees": learnt.trees, "rows": learnt.rows, "refit": settings.refit}
    gate = _gate(reported[settings.metric]["value"], best, settings)
    return report | {"gate": gate, "warnings": _warnings(learnt, best, settings)}


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


def _benchmarks(truth: pd.DataFrame, compared: list[Naive]) -> dict[str, dict[str, float]]:
    """What each naive answer has in the gate's metric, and the model on the same rows; forecasts also in WAPE."""
    found: dict[str, dict[str, float]] = {
        one.name: {one.metric: one.value, f"model_{one.metric}": one.model_value, "rows": one.rows} for one in compared
    }
    rows = naive.benchmark_rows(truth)
    if rows.empty or not rows["actual"].abs().sum():
        return found
    actual = rows["actual"].to_numpy()
    model = metrics.wape(actual, rows["prediction"].to_numpy())
    for name in (name for name in names.BENCHMARKS if name in rows.columns):
        by_wape = {"wape": metrics.wape(actual, rows[name].to_numpy()), "model_wape": model, "rows": len(rows)}
        found[name] = found.get(name, {}) | by_wape
    return found


def _gate(value: float | str, best: Naive | None, settings: Schema) -> dict[str, Any]:
    """Whether the metric reaches the threshold and beats a naive answer, a sentence that says so, and what to try."""
    if isinstance(value, str):
        raise InputError(f"{settings.metric} is not defined on the evaluation rows: choose another [evaluation] metric")
    lower = settings.metric in LOWER_IS_BETTER
    reached = value <= settings.threshold if lower else value >= settings.threshold
    beaten = best is None or best.beaten or not settings.must_beat_naive
    wanted = f"{'at most' if lower else 'at least'} {settings.threshold:g} is wanted"
    reasons = [f"{settings.metric} is {value:.4g}: {wanted}"]
    if best and not beaten:
        reasons.append(f"the model must be better than a naive answer: {best.sentence}")
    return {
        "metric": settings.metric,
        "value": value,
        "threshold": settings.threshold,
        "passed": reached and beaten,
        "reason": "; ".join(reasons),
        "advice": [*([] if reached else [TRY_FOR_THRESHOLD]), *([] if beaten else [TRY_FOR_NAIVE])],
    }


def _warnings(learnt: Learnt | None, best: Naive | None, settings: Schema) -> list[str]:
    """What nobody should miss who approves the model."""
    told = []
    if learnt and learnt.trees < rounds.FEWEST_TREES:
        trees = f"{learnt.trees} {'tree' if learnt.trees == 1 else 'trees'}"
        told.append(f"the model has {trees} only: see max_iter and learning_rate in [model.hyperparameters]")
    if best is None:
        told.append(f"{settings.metric} is not defined for any naive answer: the model was compared with none")
    elif not best.beaten:
        told.append(f"the model is no better than a naive answer: {best.sentence}")
    return told


if __name__ == "__main__":
    outcome.run(main, reason=paths.message())
