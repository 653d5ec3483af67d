"""A model that is no better than an answer without a model is told of, and not registered."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from model.estimator import Learnt
from steps import evaluate

if TYPE_CHECKING:
    from collections.abc import Callable

    from model.schema import Schema

IDS = [f"i{number}" for number in range(10)]


def judged(settings: Schema, truth: list[Any], answers: dict[str, list[Any]], learnt: Learnt | None) -> dict[str, Any]:
    ground_truth = pd.DataFrame({"id": IDS, "y": truth})
    return evaluate.evaluate(pd.DataFrame({"id": IDS, **answers}), ground_truth, settings, learnt)


def numbers(schema_of: Callable[..., Schema], **gate: Any) -> Schema:
    return schema_of(data={"ids": ["id"]}, evaluation={"metric": "mae", "threshold": 100.0, **gate})


def test_the_mean_and_the_median_are_those_of_the_rows_that_taught(schema_of: Callable[..., Schema]) -> None:
    learnt = Learnt(rows=90, trees=100, constants={"mean": 6.0, "median": 5.0})
    truth = [float(number) for number in range(10)]  # for 5 the mean absolute error is 2.5, for 6 it is 2.7
    report: dict[str, Any] = {}
    for error, passed in ((2.4, True), (2.5, False), (3.0, False)):
        report = judged(numbers(schema_of), truth, {"prediction": [value + error for value in truth]}, learnt)
        assert report["naive"]["name"] == "the_median"
        assert report["naive"]["value"] == pytest.approx(2.5)
        assert (report["gate"]["passed"], report["naive"]["beaten"], not report["warnings"]) == (passed,) * 3
    assert "mae is 3, and 2.5 for the median, which needs no model" in report["gate"]["reason"]
    assert "must_beat_naive = false" in report["gate"]["advice"][0]
    allowed = numbers(schema_of, must_beat_naive=False)
    report = judged(allowed, truth, {"prediction": [value + 3.0 for value in truth]}, learnt)
    assert report["gate"]["passed"]
    assert "no better than a naive answer" in report["warnings"][0]


def test_a_forecast_is_compared_with_the_stronger_of_two(daily: Schema) -> None:
    settings = replace(daily, ids=("id",))
    truth = pd.DataFrame({"id": IDS, "sold": [10.0] * 10, "same_weekday_last_week": [11.0] * 10})
    truth["four_week_mean"] = [10.5] * 9 + [None]
    report = evaluate.evaluate(pd.DataFrame({"id": IDS, "prediction": [10.75] * 10}), truth, settings)
    assert (report["naive"]["name"], report["naive"]["rows"]) == ("four_week_mean", 9)
    assert report["naive"]["value"] == pytest.approx(0.05)
    assert report["naive"]["model_value"] == pytest.approx(0.075)
    assert not report["gate"]["passed"]


@pytest.mark.parametrize(
    ("metric", "value", "passed"), [("accuracy", 0.8, False), ("auc", 0.5, True), ("recall", 0.0, True)]
)
def test_classes_are_compared_with_the_most_frequent_one(
    metric: str, value: float, passed: object, schema_of: Callable[..., Schema]
) -> None:
    settings = schema_of(
        project={"problem_type": "binary_classification"},
        data={"ids": ["id"]},
        evaluation={"metric": metric, "threshold": 0.1},
    )
    learnt = Learnt(rows=90, trees=100, constants={"most_frequent": "no"})
    answers: dict[str, list[Any]] = {"label": ["yes"] * 4 + ["no"] * 6, "probability": [0.9] * 4 + [0.1] * 6}
    report = judged(settings, ["yes"] * 2 + ["no"] * 8, answers, learnt)
    assert report["naive"]["value"] == pytest.approx(value)
    assert report["gate"]["passed"] is passed


def test_a_model_of_few_trees_is_told_of(schema_of: Callable[..., Schema]) -> None:
    truth = [float(number) for number in range(10)]
    learnt = Learnt(rows=90, trees=1, constants={"mean": 6.0, "median": 5.0})
    report = judged(numbers(schema_of), truth, {"prediction": truth}, learnt)
    assert report["model"] == {"trees": 1, "rows": 90, "refit": True}
    assert report["warnings"][0].startswith("the model has 1 tree only")
