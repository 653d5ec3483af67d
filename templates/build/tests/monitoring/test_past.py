"""Decisions that look back: persistence, cooldown, versions that wait, and no storms."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

import pytest

from monitoring import decision, past
from monitoring.past import Past
from monitoring.settings import Retrain

if TYPE_CHECKING:
    from pathlib import Path

MODEL = "arn:aws:sagemaker:eu-north-1:111122223333:model-package/p/1"
TODAY = dt.date(2026, 6, 30)
DRIFT = {"data_quality": {"features": {f"f{place}": {"drifted": place < 9} for place in range(10)}, "violations": []}}
WORSE = {
    "model_quality": {
        "gate": "wape",
        "metrics": {
            "wape": {"value": 2.0, "threshold": 1.0, "worse": True},
            "mae": {"value": 2.0, "threshold": 3.0, "worse": False},
        },
    }
}
DEAD = {"violations": [{"feature": "(forecasts)", "check": "forecast_level_check", "sentence": "4.5, not 29."}]}
ONCE = Past([set()], today=TODAY)


def asked(checks: Any, before: Past, **config: Any) -> tuple[bool, str]:
    found = decision.decide(checks, Retrain(**config), None, before)
    return found["retrain"], " ".join(found["reasons"])


def test_what_data_says_once_is_said_and_waits() -> None:
    retrain, reasons = asked(DRIFT, ONCE)
    assert not retrain
    assert "9 of 10 features drifted" in reasons
    assert "found in run 1 of the 2 in a row" in reasons


def test_what_data_says_twice_in_a_row_counts() -> None:
    assert asked(DRIFT, Past([{"drifted_features"}], today=TODAY))[0]
    assert not asked(DRIFT, Past([set(), {"drifted_features"}], today=TODAY))[0]
    assert not asked(DRIFT, Past([{"drifted_features"}], today=TODAY), runs=3)[0]
    assert asked(DRIFT, ONCE, runs=1)[0]


def test_ground_truth_counts_at_once() -> None:
    assert asked(WORSE, ONCE)[0]


def test_the_metric_that_decides_decides() -> None:
    other = json.loads(json.dumps(WORSE))
    other["model_quality"]["metrics"]["wape"]["worse"] = False
    other["model_quality"]["metrics"]["mae"]["worse"] = True
    retrain, reasons = asked(other, ONCE)
    assert not retrain
    assert reasons == "No rule asks for it."
    undefined = json.loads(json.dumps(WORSE))
    undefined["model_quality"]["metrics"]["wape"] |= {"value": None, "worse": False}
    assert not asked(undefined, ONCE)[0]


def test_a_version_that_waits_is_enough() -> None:
    retrain, reasons = asked(WORSE, Past(waiting=f"{MODEL[:-1]}7", today=TODAY))
    assert not retrain
    assert "version 7 waits for approval: approve or reject it first" in reasons


@pytest.mark.parametrize(("days", "retrain"), [(0, False), (6, False), (7, True), (60, True)])
def test_after_a_retraining_was_asked_for_there_is_peace(days: int, *, retrain: bool) -> None:
    for before in (
        Past(asked=TODAY - dt.timedelta(days), today=TODAY),
        Past(replaced=TODAY - dt.timedelta(days), today=TODAY),
    ):
        assert asked(WORSE, before)[0] is retrain
        assert asked(WORSE, before, cooldown_days=0)[0]


def test_broken_data_asks_for_nothing_and_is_no_evidence_later() -> None:
    broken = {
        "data_quality": {
            **DRIFT["data_quality"],
            "broken": [{"feature": "f1", "check": "zeros", "sentence": "f1 is 0."}],
        }
    }
    found = decision.decide(broken, Retrain(), None, Past([{"drifted_features"}] * 5, today=TODAY))
    assert not found["retrain"]
    assert found["fired"] == []
    assert found["broken"] == broken["data_quality"]["broken"]


def test_one_bad_cell_vetoes_nothing() -> None:
    cell = {"feature": "f1", "check": "data_type_check", "share": 0.0005}
    one = {"data_quality": {**DRIFT["data_quality"], "violations": [cell]}}
    assert decision.decide(one, Retrain())["retrain"]
    many = {"data_quality": {**DRIFT["data_quality"], "violations": [cell | {"share": 0.5}]}}
    assert not decision.decide(many, Retrain())["retrain"]


def test_forecasts_unlike_any_are_broken() -> None:
    forecasts = {
        "violations": [{"feature": "(forecasts)", "check": "forecast_level_check", "sentence": "4.5, not 29."}]
    }
    found = decision.decide({**DRIFT, "forecasts": forecasts}, Retrain())
    assert not found["retrain"]
    assert "forecasts (forecast level)" in found["reasons"][-1]


def test_features_count_by_what_predictions_rest_on() -> None:
    quality = {"features": {name: {"drifted": name != "price"} for name in ("price", "b", "c")}, "violations": []}
    shares = {"price": {"before": 0.9}, "b": {"before": 0.05}, "c": {"before": 0.05}}
    light: dict[str, Any] = {"data_quality": quality, "attribution": {"ndcg": {}, "shares": shares}}
    assert not decision.decide(light, Retrain())["retrain"]
    quality["features"] = {name: {"drifted": name == "price"} for name in ("price", "b", "c")}
    found = decision.decide(light, Retrain())
    assert found["retrain"]
    assert "90 % of what predictions rest on" in found["reasons"][0]


def run(folder: Path, execution: str, created: str, **told: Any) -> None:
    place = folder / "inference" / execution / "report"
    place.mkdir(parents=True)
    document = {
        "kind": "inference",
        "created": created,
        "execution": execution,
        "model": MODEL,
        "checks": ["data_quality"],
    }
    (place / "run.json").write_text(json.dumps(document | told), encoding="utf-8")


def test_the_past_is_that_of_the_same_checks_and_model(tmp_path: Path) -> None:
    run(tmp_path, "a", "2026-06-01T04:00:00Z", fired=["drifted_features"], retrain=True)
    run(tmp_path, "b", "2026-06-03T04:00:00Z", fired=[])
    run(tmp_path, "c", "2026-06-02T04:00:00Z", fired=["attribution_ndcg"])
    run(tmp_path, "d", "2026-06-04T04:00:00Z", fired=["worse_metrics"], checks=["model_quality"])
    run(tmp_path, "e", "2026-06-05T04:00:00Z", fired=["drifted_features"], model="another/2")
    run(tmp_path, "now", "2026-06-06T04:00:00Z", fired=["drifted_features"])
    told = {
        "execution": "now",
        "created": "2026-06-06T04:00:00Z",
        "model": MODEL,
        "trained": "2026-05-30",
        "waiting": "none",
    }
    found = past.read(tmp_path, {"data_quality", "attribution"}, told)
    assert [set(fired) for fired in found.fired] == [set(), {"attribution_ndcg"}, {"drifted_features"}]
    assert (found.asked, found.waiting, found.replaced) == (dt.date(2026, 6, 1), "", None)
    second = past.read(tmp_path, {"data_quality"}, told | {"model": "another/2", "waiting": "another/3"})
    assert (second.waiting, second.replaced) == ("another/3", dt.date(2026, 5, 30))


def test_runs_of_earlier_versions_are_read(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(
        '{"kind": "inference", "created": "2026-06-01", "retrain": true}', encoding="utf-8"
    )
    assert past.read(tmp_path, {"data_quality"}, {"created": "2026-06-03"}).asked == dt.date(2026, 6, 1)
    assert past.read(tmp_path / "nothing", {"data_quality"}, {}).fired == []


def test_a_dead_feed_day_after_day_asks_for_nothing(tmp_path: Path) -> None:
    """And a real drift asks once, however often it is found again."""
    asks = []
    for day in range(1, 20):
        created = f"2026-06-{day:02}T04:00:00Z"
        dead: dict[str, Any] = {
            **DRIFT,
            "forecasts": {"violations": [{"feature": "(forecasts)", "check": "x_check", "sentence": "dead"}]},
        }
        checks = dead if day < 5 else DRIFT
        before = past.read(tmp_path, set(checks), {"created": created, "model": MODEL, "execution": str(day)})
        found = decision.decide(checks, Retrain(), None, before)
        run(tmp_path, str(day), created, fired=found["fired"], retrain=found["retrain"])
        asks += [day] if found["retrain"] else []
    assert asks == [6, 13]
