"""Metrics of predictions in Model Monitor's format: those of `model.metrics`, and what Model Monitor shows besides."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn import metrics as scores

from model import metrics
from model.schema import LOWER_IS_BETTER, ProblemType

Json = dict[str, Any]

CURVE_POINTS = 101
_WORSE_WHEN_HIGHER = {*LOWER_IS_BETTER, "false_positive_rate", "false_negative_rate"}
CONSTANT = "_best_constant_classifier"


def worse_when_higher(metric: str) -> bool:
    """Whether a larger value is the worse one."""
    return metric in _WORSE_WHEN_HIGHER


def values(problem: ProblemType, truth: pd.DataFrame, positive: str | None) -> metrics.Values:
    """All metrics that are single numbers.

    Args:
        problem: Which metrics.
        truth: Columns `actual` and `prediction`, or `actual`, `label` and `probability`.
        positive: The positive class of a binary problem.
    """
    found = metrics.of(problem, truth, positive)
    match problem:
        case "regression":
            return found
        case "binary_classification":
            found |= _undefined(truth, positive)
            return found | _rates(truth, positive) | _constant(problem, truth, positive, found)
        case "multiclass_classification":
            return found | _constant(problem, truth, positive, found)


def _undefined(truth: pd.DataFrame, positive: str | None) -> metrics.Values:
    """What has no value on these rows: without an actual positive, nothing could be found, whatever the model did."""
    scores_of_positives = ("precision", "recall", "f0_5", "f1", "f2")
    if not (truth["actual"] == positive).any():
        return dict.fromkeys(scores_of_positives, float("nan"))
    return {} if (truth["label"] == positive).any() else {"precision": float("nan")}


def _rates(truth: pd.DataFrame, positive: str | None) -> metrics.Values:
    actual, label = ((truth[name] == positive).to_numpy(bool) for name in ("actual", "label"))
    hit, false_alarm = _share(label, actual), _share(label, ~actual)
    return {
        "true_positive_rate": hit,
        "true_negative_rate": 1.0 - false_alarm,
        "false_positive_rate": false_alarm,
        "false_negative_rate": 1.0 - hit,
    }


def _share(what: NDArray[np.bool_], among: NDArray[np.bool_]) -> float:
    return float(what[among].mean()) if among.any() else float("nan")


def _constant(problem: ProblemType, truth: pd.DataFrame, positive: str | None, found: metrics.Values) -> metrics.Values:
    """The same of a classifier that always says the most frequent class (the first by name of several)."""
    most = truth["actual"].value_counts().sort_index().idxmax()
    always = truth.assign(label=most, probability=1.0)
    constant = metrics.of(problem, always, positive)
    if problem == "binary_classification":
        constant |= _undefined(always, positive)
    return {f"{name}{CONSTANT}": constant[name] for name in found if name != "auc"}


def statistics(problem: ProblemType, truth: pd.DataFrame, positive: str | None) -> Json:
    """The document: metrics with standard deviations over five samples of 80 %, whatever the order of the rows."""
    truth = truth.sort_values(list(truth.columns), kind="stable", ignore_index=True)
    reported: Json = dict(metrics.with_deviation(len(truth), lambda rows: values(problem, truth.iloc[rows], positive)))
    if problem != "regression":
        reported["confusion_matrix"] = confusion(truth)
    if problem == "binary_classification":
        reported |= _curves((truth["actual"] == positive).to_numpy(bool), truth["probability"].to_numpy(np.float64))
    return {"version": 0.0, "dataset": {"item_count": len(truth)}, f"{problem}_metrics": reported}


def confusion(truth: pd.DataFrame) -> dict[str, dict[str, int]]:
    """How often each class (outer key) was predicted as each (inner key)."""
    classes = sorted({*truth["actual"], *truth["label"]})
    counts = truth.groupby(["actual", "label"]).size().to_dict()
    return {one: {other: int(counts.get((one, other), 0)) for other in classes} for one in classes}


def _curves(actual: NDArray[np.bool_], probability: NDArray[np.float64]) -> Json:
    if actual.all() or not actual.any():
        return {}
    false_rates, true_rates, _ = scores.roc_curve(actual, probability)
    precisions, recalls, _ = scores.precision_recall_curve(actual, probability)
    return {
        "receiver_operating_characteristic_curve": {
            "false_positive_rates": _thinned(false_rates),
            "true_positive_rates": _thinned(true_rates),
        },
        "precision_recall_curve": {"precisions": _thinned(precisions), "recalls": _thinned(recalls)},
    }


def _thinned(points: Sequence[float] | NDArray[np.float64]) -> list[float]:
    places = np.unique(np.linspace(0, len(points) - 1, CURVE_POINTS).astype(int))
    return [float(points[place]) for place in places]
