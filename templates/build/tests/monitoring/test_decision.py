"""Every rule of the decision, and what broken data does to it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from model.errors import InputError
from monitoring import decision
from monitoring.settings import Retrain


def quality(drifted: int, of: int = 10, violations: tuple[str, ...] = ()) -> dict[str, Any]:
    return {
        "features": {f"f{place}": {"drifted": place < drifted} for place in range(of)},
        "violations": [{"feature": "f0", "check": check} for check in violations],
    }


def metrics(worse: int) -> dict[str, Any]:
    return {"metrics": {f"m{place}": {"value": 2.0, "threshold": 1.0, "worse": place < worse} for place in range(3)}}


@pytest.mark.parametrize(
    ("checks", "fired"),
    [
        ({"data_quality": quality(2)}, set()),
        ({"data_quality": quality(3)}, {"drifted_features"}),
        ({"attribution": {"ndcg": {"label0": 0.95, "label1": 0.91}}}, set()),
        ({"attribution": {"ndcg": {"label0": 0.95, "label1": 0.89}}}, {"attribution_ndcg"}),
        ({"model_quality": metrics(0)}, set()),
        ({"model_quality": metrics(1)}, {"worse_metrics"}),
        ({"data_quality": quality(9), "model_quality": metrics(3)}, {"drifted_features", "worse_metrics"}),
    ],
)
def test_rules_fire_at_their_thresholds(checks: dict[str, Any], fired: set[str]) -> None:
    found = decision.decide(checks, Retrain())
    assert {rule["rule"] for rule in found["rules"] if rule["fired"]} == fired
    assert found["retrain"] == bool(fired)
    assert all(set(rule) == {"rule", "value", "threshold", "fired", "evidence"} for rule in found["rules"])
    assert len(found["reasons"]) == max(1, len(fired))


@pytest.mark.parametrize("check", decision.BROKEN)
def test_broken_data_is_mended_and_not_learnt(check: str) -> None:
    checks = {"data_quality": quality(9, violations=(check,))}
    found = decision.decide(checks, Retrain())
    assert not found["retrain"]
    assert "is to be mended first" in found["reasons"][-1]
    assert decision.decide(checks, Retrain(unless_broken=False))["retrain"]


def test_broken_data_is_told_when_no_rule_fires() -> None:
    found = decision.decide({"data_quality": quality(0, violations=("missing_column_check",))}, Retrain())
    assert found["reasons"] == ["No rule asks for it.", "The data is broken and is to be mended: f0 (missing column)."]


def test_new_categories_do_not_keep_from_retraining() -> None:
    assert decision.decide({"data_quality": quality(9, violations=("categorical_values_check",))}, Retrain())["retrain"]


def test_what_was_not_checked_does_not_decide() -> None:
    found = decision.decide({}, Retrain())
    assert not found["retrain"]
    assert found["reasons"] == ["Nothing was checked, so nothing asks for it."]
    assert [rule["value"] for rule in found["rules"]] == [None, None, None, 0]


def test_rules_can_be_switched_off() -> None:
    none = Retrain(drifted_features=0.0, attribution_ndcg=0.0, worse_metrics=0)
    found = decision.decide({"data_quality": quality(9), "model_quality": metrics(3)}, none)
    assert [rule["rule"] for rule in found["rules"]] == ["broken_data"]


def test_an_old_model_is_a_reason() -> None:
    config = Retrain(model_age_days=90)
    assert decision.decide({}, config, 90)["reasons"] == ["The model is 90 days old."]
    assert not decision.decide({}, config, 89)["retrain"]
    assert not decision.decide({}, config)["retrain"]
    assert decision.age_in_days("2026-06-01T10:00:00Z", dt.date(2026, 6, 30)) == 29
    with pytest.raises(InputError, match="a date like 2026-06-30 was expected"):
        decision.age_in_days("last week")
