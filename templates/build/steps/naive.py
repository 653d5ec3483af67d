"""What one would answer without a model, judged by the gate's metric: a model that is not better is of no use."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from model import metrics
from model.names import BENCHMARKS
from model.schema import LOWER_IS_BETTER

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pandas as pd

    from model.schema import Schema

BY_F1 = ("precision", "recall")
"""Answering one class always can reach 1 in either, so the two are judged together."""


@dataclass(frozen=True)
class Naive:
    """A naive answer and the model, by one metric, on the same rows."""

    name: str
    metric: str
    value: float
    model_value: float
    rows: int

    @property
    def beaten(self) -> bool:
        """Whether the model is better; as good is not enough."""
        if self.metric in LOWER_IS_BETTER:
            return self.model_value < self.value
        return self.model_value > self.value

    @property
    def sentence(self) -> str:
        """What it says of a model that is not better."""
        return (
            f"{self.metric} is {self.model_value:.4g}, and {self.value:.4g} for {self.name.replace('_', ' ')}, "
            f"which needs no model, on the same {self.rows:,} rows"
        )

    def document(self, *, required: bool) -> dict[str, Any]:
        """As the evaluation report holds it."""
        return asdict(self) | {"beaten": self.beaten, "required": required}


def compare(
    truth: pd.DataFrame, constants: Mapping[str, Any] | None, settings: Schema, positive: str | None
) -> list[Naive]:
    """Every naive answer that the metric is defined for.

    Args:
        truth: Columns `actual` and what the model answered, and the benchmarks' forecasts where there is a history.
        constants: Of the rows that taught the model: `mean` and `median`, or `most_frequent`; None: of `truth`.
        settings: Problem type and metric.
        positive: The positive class of a binary problem.
    """
    metric = "f1" if settings.metric in BY_F1 else settings.metric
    found = []
    for name, rows, answers in _answers(truth, constants or _constants(truth, settings), settings):
        value, model = (metrics.of(settings.problem_type, frame, positive)[metric] for frame in (answers, rows))
        if np.isfinite([value, model]).all():
            found.append(Naive(name, metric, value, model, len(rows)))
    return found


def strongest(found: list[Naive]) -> Naive | None:
    """The one that is hardest to beat."""
    if not found:
        return None
    lower = found[0].metric in LOWER_IS_BETTER
    return min(found, key=lambda naive: naive.value if lower else -naive.value)


def benchmark_rows(truth: pd.DataFrame) -> pd.DataFrame:
    """The rows for which every benchmark has a forecast; none without a history."""
    names = [name for name in BENCHMARKS if name in truth.columns]
    return truth.dropna(subset=names) if names else truth.iloc[:0]


def _answers(
    truth: pd.DataFrame, constants: Mapping[str, Any], settings: Schema
) -> Iterator[tuple[str, pd.DataFrame, pd.DataFrame]]:
    """A naive answer's name, the rows that it is judged on, and the same rows with its answers for the model's."""
    rows = benchmark_rows(truth)
    if len(rows):
        for name in (name for name in BENCHMARKS if name in truth.columns):
            yield name, rows, rows.assign(prediction=rows[name])
    elif settings.problem_type == "regression":
        for name in ("mean", "median"):
            yield f"the_{name}", truth, truth.assign(prediction=float(constants[name]))
    else:
        yield "the_most_frequent_class", truth, truth.assign(label=constants["most_frequent"], probability=0.5)


def _constants(truth: pd.DataFrame, settings: Schema) -> dict[str, Any]:
    actual = truth["actual"]
    if settings.problem_type == "regression":
        return {"mean": actual.mean(), "median": actual.median()}
    return {"most_frequent": actual.value_counts().sort_index().idxmax()}
