"""What people read of a model's evaluation."""

from mlops_new.cli.commands import models_evaluation

DOCUMENT = {
    "regression_metrics": {"mae": {"value": 1.5}, "wape": {"value": 0.25}, "r2": {"value": "NaN"}},
    "gate": {"metric": "wape", "value": 0.25, "threshold": 0.4},
    "benchmarks": {"last_week": {"wape": 0.4, "model_wape": 0.3, "rows": 7}},
}


def test_the_metric_that_decides_comes_first() -> None:
    assert list(models_evaluation.metrics(DOCUMENT).items()) == [("wape", 0.25), ("mae", 1.5)]
    assert list(models_evaluation.metrics({**DOCUMENT, "gate": None})) == ["mae", "wape"]


def test_a_benchmark_is_compared_on_its_own_rows() -> None:
    assert models_evaluation.summary(DOCUMENT) == [
        "wape 0.250 (threshold 0.400)",
        "last week: wape 0.400 on the same rows, so the model's error is 25% smaller",
    ]


def test_a_benchmark_that_says_nothing_of_the_metric_is_not_compared() -> None:
    gate = {"metric": "r2", "value": 0.9, "threshold": 0.5}
    assert models_evaluation.summary({**DOCUMENT, "gate": gate}) == ["r2 0.900 (threshold 0.500)"]
    assert models_evaluation.summary({"regression_metrics": DOCUMENT["regression_metrics"]}) == ["mae 1.5, wape 0.25"]


def test_a_gate_says_what_decided_and_what_to_try() -> None:
    told = {"metric": "wape", "value": 0.5, "threshold": 0.4, "passed": False, "reason": "too high", "advice": ["more"]}
    assert models_evaluation.gate({"gate": told}) == told
    older = {name: value for name, value in told.items() if name not in {"reason", "advice"}}
    assert models_evaluation.gate({"gate": older}) == {**older, "reason": "wape is 0.500", "advice": []}
    assert models_evaluation.gate({"gate": {"metric": "wape"}}) is None
    assert models_evaluation.gate({}) is None


def test_a_model_that_is_worse_is_not_praised() -> None:
    gate = {"metric": "auc", "value": 0.45, "threshold": 0.4}
    benchmarks = {"the_most_frequent_class": {"auc": 0.5, "model_auc": 0.45, "rows": 7}}
    assert models_evaluation.summary({"gate": gate, "benchmarks": benchmarks})[1] == (
        "the most frequent class: auc 0.500 on the same rows, so the model's auc is 0.050 LOWER"
    )
    assert models_evaluation.warnings({"warnings": ["few trees"]}) == ["few trees"]
    assert models_evaluation.warnings({}) == []
