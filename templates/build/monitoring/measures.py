"""Metrics of many weighted copies of the same rows at once, for what chance makes of them.

Each metric is a function of sums over rows: so a thousand resampled tables cost one matrix product. The metrics are
those of `model.metrics`; where one is not defined, it is NaN. Without an actual positive there is nothing to be found,
and so no precision, recall or F score: they would all be 0 whatever the model did.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from model.schema import ProblemType

Floats = NDArray[np.float64]
Many = dict[str, Floats]

BETAS = {"f0_5": 0.5, "f1": 1.0, "f2": 2.0}


@dataclass(frozen=True)
class Measures:
    """Rows to be measured with different weights.

    Args:
        problem: Which metrics.
        rows: Columns `actual` and `prediction`, or `actual`, `label` and `probability`.
        positive: The positive class of a binary problem.
    """

    problem: ProblemType
    rows: pd.DataFrame
    positive: str | None = None

    def of(self, weights: Floats) -> Many:
        """Each metric for each row of weights (tables x rows)."""
        match self.problem:
            case "regression":
                return _regression(self.rows, weights)
            case "binary_classification":
                return _binary(self.rows, weights, str(self.positive))
            case "multiclass_classification":
                return _multiclass(self.rows, weights)

    def smallest_class(self) -> float:
        """The share of the class with the fewest rows; 1 of a regression."""
        if self.problem == "regression":
            return 1.0
        return float(self.rows["actual"].value_counts(normalize=True).min())

    def level(self, weights: Floats) -> Floats:
        """The mean size of the targets of a regression; 0 for classes."""
        if self.problem != "regression":
            return np.zeros(len(weights))
        return _ratio(weights @ np.abs(self.rows["actual"].to_numpy(np.float64)), weights.sum(axis=1))


def _regression(rows: pd.DataFrame, weights: Floats) -> Many:
    actual, predicted = (rows[name].to_numpy(np.float64) for name in ("actual", "prediction"))
    centre = actual.mean()  # around it, sums of squares lose no digits
    error = actual - predicted
    columns = [np.ones(len(rows)), np.abs(error), error**2, np.abs(actual), actual - centre, (actual - centre) ** 2]
    count, absolute, squared, size, first, second = (weights @ np.column_stack(columns)).T
    mse = _ratio(squared, count)
    return {
        "mae": _ratio(absolute, count),
        "mse": mse,
        "rmse": np.sqrt(mse),
        "r2": 1.0 - _ratio(squared, second - _ratio(first**2, count)),
        "wape": _ratio(absolute, size),
    }


def _binary(rows: pd.DataFrame, weights: Floats, positive: str) -> Many:
    actual, label = ((rows[name] == positive).to_numpy(bool) for name in ("actual", "label"))
    kinds = [actual & label, ~actual & label, actual & ~label, ~actual & ~label]
    hit, false_alarm, miss, rest = (weights @ np.column_stack(kinds).astype(np.float64)).T
    some = np.where(hit + miss > 0, 1.0, np.nan)  # without a positive there is nothing to be found
    false_rate = _ratio(false_alarm, false_alarm + rest)
    recall = _ratio(hit, hit + miss)
    return {
        "accuracy": _ratio(hit + rest, hit + false_alarm + miss + rest),
        "precision": some * _ratio(hit, hit + false_alarm),
        "recall": recall,
        **{
            name: some * _ratio((1 + b * b) * hit, (1 + b * b) * hit + b * b * miss + false_alarm)
            for name, b in BETAS.items()
        },
        "auc": _auc(actual, rows["probability"].to_numpy(np.float64), weights),
        "true_positive_rate": recall,
        "true_negative_rate": 1.0 - false_rate,
        "false_positive_rate": false_rate,
        "false_negative_rate": 1.0 - recall,
    }


def _auc(actual: NDArray[np.bool_], probability: Floats, weights: Floats) -> Floats:
    """The share of pairs of a positive and a negative that are in order; of equal ones, half."""
    order = np.argsort(probability, kind="stable")
    starts = np.flatnonzero(np.concatenate([[True], np.diff(probability[order]) > 0]))
    sorted_weights, hits = weights[:, order], actual[order]
    positives = np.add.reduceat(sorted_weights * hits, starts, axis=1)
    negatives = np.add.reduceat(sorted_weights * ~hits, starts, axis=1)
    before = np.cumsum(negatives, axis=1) - negatives / 2
    return _ratio((positives * before).sum(axis=1), positives.sum(axis=1) * negatives.sum(axis=1))


def _multiclass(rows: pd.DataFrame, weights: Floats) -> Many:
    codes, classes = pd.factorize(pd.concat([rows["actual"], rows["label"]]))
    actual, label = codes[: len(rows)], codes[len(rows) :]
    one_hot = np.eye(len(classes))
    truly, said = weights @ one_hot[actual], weights @ one_hot[label]
    hit = weights @ (one_hot[actual] * (actual == label)[:, None])
    total = truly.sum(axis=1, keepdims=True)
    shares = truly / np.where(total > 0, total, np.nan)
    recall, precision = _or_zero(hit, truly), _or_zero(hit, said)
    found = {"accuracy": _ratio(hit.sum(axis=1), total[:, 0])}
    for name, b in BETAS.items():
        found[f"weighted_{name}"] = (shares * _or_zero((1 + b * b) * hit, b * b * truly + said)).sum(axis=1)
    return found | {
        "weighted_precision": (shares * precision).sum(axis=1),
        "weighted_recall": (shares * recall).sum(axis=1),
    }


def _ratio(above: Any, below: Any) -> Floats:
    above, below = np.asarray(above, np.float64), np.asarray(below, np.float64)
    ratio: Floats = np.divide(above, below, out=np.full(above.shape, np.nan), where=below > 0)
    return ratio


def _or_zero(above: Floats, below: Floats) -> Floats:
    return np.divide(above, below, out=np.zeros_like(above), where=below > 0)
