"""What people read of a model's evaluation."""

from mlops_new import evaluation

DOCUMENT = {
    "regression_metrics": {"mae": {"value": 1.5}, "wape": {"value": 0.25}, "r2": {"value": "NaN"}},
    "gate": {"metric": "wape", "value": 0.25, "threshold": 0.4},
    "benchmarks": {"last_week": {"wape": 0.4, "model_wape": 0.3, "rows": 7}},
}


def test_the_metric_that_decides_comes_first() -> None:
    assert list(evaluation.metrics(DOCUMENT).items()) == [("wape", 0.25), ("mae", 1.5)]
    assert list(evaluation.metrics({**DOCUMENT, "gate": None})) == ["mae", "wape"]


def test_a_benchmark_is_compared_on_its_own_rows() -> None:
    assert evaluation.summary(DOCUMENT) == [
        "wape 0.250 (threshold 0.400)",
        "last week: wape 0.400 on the same rows, so the model's error is 25% smaller",
    ]


def test_a_benchmark_that_says_nothing_of_the_metric_is_not_compared() -> None:
    gate = {"metric": "r2", "value": 0.9, "threshold": 0.5}
    assert evaluation.summary({**DOCUMENT, "gate": gate}) == ["r2 0.900 (threshold 0.500)"]
    assert evaluation.summary({"regression_metrics": DOCUMENT["regression_metrics"]}) == ["mae 1.5, wape 0.25"]
