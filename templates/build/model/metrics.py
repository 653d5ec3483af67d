"""Metrics of predictions, with the names that SageMaker Model Monitor gives them, and `wape`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from sklearn import metrics

from model.values import sorted_classes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from model.schema import ProblemType

SAMPLES = 5
SAMPLE_SHARE = 0.8
FEWEST_FOR_DEVIATION = 200
SEED = 1

Values = dict[str, float]
Reported = dict[str, dict[str, float | str]]


def wape(actual: NDArray[np.float64], predicted: NDArray[np.float64]) -> float:
    """Weighted absolute percentage error: the sum of absolute errors over the sum of absolute actual values.

    NaN where all actual values are zero.
    """
    total = float(np.abs(actual).sum())
    return float(np.abs(actual - predicted).sum()) / total if total else float("nan")


def regression(actual: NDArray[np.float64], predicted: NDArray[np.float64]) -> Values:
    """Metrics of numbers."""
    mse = float(metrics.mean_squared_error(actual, predicted))
    return {
        "mae": float(metrics.mean_absolute_error(actual, predicted)),
        "mse": mse,
        "rmse": float(np.sqrt(mse)),
        "r2": float(metrics.r2_score(actual, predicted)) if len(actual) > 1 else float("nan"),
        "wape": wape(actual, predicted),
    }


def binary(actual: NDArray[np.bool_], label: NDArray[np.bool_], probability: NDArray[np.float64]) -> Values:
    """Metrics of two classes; true is the positive one. `auc` is NaN where only one class occurs."""
    both = len(np.unique(actual)) > 1
    return {
        "accuracy": float(metrics.accuracy_score(actual, label)),
        "precision": float(metrics.precision_score(actual, label, zero_division=0.0)),
        "recall": float(metrics.recall_score(actual, label, zero_division=0.0)),
        "f0_5": float(metrics.fbeta_score(actual, label, beta=0.5, zero_division=0.0)),
        "f1": float(metrics.f1_score(actual, label, zero_division=0.0)),
        "f2": float(metrics.fbeta_score(actual, label, beta=2.0, zero_division=0.0)),
        "auc": float(metrics.roc_auc_score(actual, probability)) if both else float("nan"),
    }


def multiclass(actual: NDArray[np.int64], label: NDArray[np.int64]) -> Values:
    """Metrics of several classes, given by number, averaged with the classes' shares as weights."""
    values = {"accuracy": float(metrics.accuracy_score(actual, label))}
    for name, beta in (("f0_5", 0.5), ("f1", 1.0), ("f2", 2.0)):
        score = metrics.fbeta_score(actual, label, beta=beta, average="weighted", zero_division=0.0)
        values[f"weighted_{name}"] = float(score)
    for name, score_of in (("precision", metrics.precision_score), ("recall", metrics.recall_score)):
        values[f"weighted_{name}"] = float(score_of(actual, label, average="weighted", zero_division=0.0))
    return values


def positive_class(truth: pd.DataFrame) -> str:
    """The positive one of two classes: the last in order, as for the model.

    Rows may all be of one class, so what the model answered counts, too.

    Args:
        truth: Columns `actual` and `label`, as text.
    """
    return sorted_classes(pd.concat([truth["actual"], truth["label"]]))[-1]


def of(problem_type: ProblemType, truth: pd.DataFrame, positive: str | None) -> Values:
    """Metrics of a frame with `actual` and what `Model.predict` gives.

    Args:
        problem_type: Which metrics.
        truth: Columns `actual` and `prediction`, or `actual`, `label` and `probability`.
        positive: The positive class of a binary problem.
    """
    match problem_type:
        case "regression":
            return regression(truth["actual"].to_numpy(float), truth["prediction"].to_numpy(float))
        case "binary_classification":
            actual, label = ((truth[name] == positive).to_numpy(bool) for name in ("actual", "label"))
            return binary(actual, label, truth["probability"].to_numpy(float))
        case "multiclass_classification":
            codes, _ = pd.factorize(pd.concat([truth["actual"], truth["label"]]))
            return multiclass(codes[: len(truth)], codes[len(truth) :])


def with_deviation(count: int, values_of: Callable[[NDArray[np.int64]], Values]) -> Reported:
    """Every metric with its standard deviation over five random samples of 80 % of the rows.

    With fewer than 200 rows, and where a metric is not defined on a sample, the deviation is the text "NaN"; so is the
    value where a metric is not defined at all.
    """
    values = values_of(np.arange(count))
    draws = np.random.default_rng(SEED)
    samples: Sequence[Values] = ()
    if count >= FEWEST_FOR_DEVIATION:
        size = round(SAMPLE_SHARE * count)
        samples = [values_of(np.sort(draws.permutation(count)[:size])) for _ in range(SAMPLES)]
    return {
        name: {"value": _number(value), "standard_deviation": _deviation([sample[name] for sample in samples])}
        for name, value in values.items()
    }


def _deviation(values: list[float]) -> float | str:
    return _number(float(np.std(values))) if values else "NaN"


def _number(value: float) -> float | str:
    return value if np.isfinite(value) else "NaN"
