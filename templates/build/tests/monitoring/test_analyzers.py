"""What Model Monitor and Clarify wrote, read as what this project's own checks found."""

import json
from pathlib import Path
from typing import Any

import pytest

from model.errors import InputError
from monitoring import analyzers, decision, findings, sections
from monitoring.settings import Retrain

STATISTICS = {
    "version": 0.0,
    "dataset": {"item_count": 400},
    "features": [{"name": name, "inferred_type": "Fractional"} for name in ("price", "rain", "store")],
}
METRICS = {
    "version": 0.0,
    "dataset": {"item_count": 300},
    "regression_metrics": {
        "mae": {"value": 2.5, "standard_deviation": "NaN"},
        "r2": {"value": 0.8, "standard_deviation": 0.01},
    },
}


def left(folder: Path, violations: list[dict[str, str]], statistics: dict[str, Any] | None = None) -> Path:
    findings.save({"violations": violations}, folder / findings.VIOLATIONS)
    if statistics is not None:
        findings.save(statistics, folder / analyzers.STATISTICS)
    return folder


def violation(check: str, description: str, **named: str) -> dict[str, str]:
    return {"constraint_check_type": check, "description": description, **named}


DRIFT = violation("baseline_drift_check", "Baseline drift distance: 0.25 exceeds threshold: 0.1", feature_name="price")
MISSING = violation("completeness_check", "Completeness: 0.2", feature_name="rain")
WORSE = violation("GreaterThanThreshold", "Metric mae with 2.5 was GreaterThanThreshold '1.75'", metric_name="mae")
SHAP = violation(
    "feature_attribution_drift_check",
    "Feature attribution drift 0.7639 exceeds threshold 0.9",
    label="label0",
    metric_name="shap",
)


def test_nothing_was_checked_where_there_are_no_violations_to_read(tmp_path: Path) -> None:
    findings.save(STATISTICS, tmp_path / analyzers.STATISTICS)  # a baseline, which is no check
    assert analyzers.details(tmp_path, "data_quality") is None
    assert analyzers.details(tmp_path / "absent", "data_quality") is None


def test_what_the_own_checks_wrote_is_taken_as_it_stands(tmp_path: Path) -> None:
    findings.save({"kind": "data_quality", "violations": []}, left(tmp_path, [DRIFT]) / findings.DETAILS)
    assert analyzers.details(tmp_path, "data_quality") == {"kind": "data_quality", "violations": []}


def test_drifted_features_are_counted_among_all(tmp_path: Path) -> None:
    found = analyzers.details(left(tmp_path, [DRIFT, MISSING], STATISTICS), "data_quality")
    assert found is not None
    assert found["rows"] == 400
    assert {name: item["drifted"] for name, item in found["features"].items()} == {
        "price": True,
        "rain": False,
        "store": False,
    }
    assert (found["features"]["price"]["distance"], found["features"]["price"]["threshold"]) == (0.25, 0.1)
    assert [item["feature"] for item in found["violations"]] == ["price", "rain"]
    decided = decision.decide({"data_quality": found}, Retrain())
    assert not decided["retrain"]
    assert "the data is broken" in decided["reasons"][-1]
    assert "1 of 3 features drifted: price" in decided["reasons"][0].lower()


def test_a_score_is_known_where_it_is_too_low(tmp_path: Path) -> None:
    low = analyzers.details(left(tmp_path / "low", [SHAP]), "attribution")
    fine = analyzers.details(left(tmp_path / "fine", []), "attribution")
    assert low is not None
    assert fine is not None
    assert low["ndcg"] == {"label0": 0.7639}
    assert fine["ndcg"] == {}
    assert decision.decide({"attribution": low}, Retrain())["retrain"]
    assert not decision.decide({"attribution": fine}, Retrain())["retrain"]


def test_metrics_beyond_their_limit_are_worse(tmp_path: Path) -> None:
    found = analyzers.details(left(tmp_path, [WORSE], METRICS), "model_quality")
    assert found is not None
    assert found["metrics"]["mae"] == {
        "value": 2.5,
        "standard_deviation": None,
        "threshold": 1.75,
        "higher_is_worse": True,
        "worse": True,
    }
    assert (found["metrics"]["r2"]["worse"], found["metrics"]["r2"]["threshold"]) == (False, None)
    decided = decision.decide({"model_quality": found}, Retrain())
    assert decided["retrain"]
    assert "mae 2.5 (limit 1.75)" in decided["reasons"][0]


def test_the_report_shows_what_is_known(tmp_path: Path) -> None:
    quality = analyzers.details(left(tmp_path / "quality", [WORSE], METRICS), "model_quality")
    data = analyzers.details(left(tmp_path / "data", [DRIFT], STATISTICS), "data_quality")
    assert quality is not None
    assert data is not None
    assert "1.75" in str(sections.metrics(quality["metrics"]))
    assert "distance: 0.25" in str(sections.violations({"data_quality": data}))
    assert str(sections.features(None, None, data))


def test_a_check_without_statistics_is_not_taken_for_one_that_found_nothing(tmp_path: Path) -> None:
    for kind in ("data_quality", "model_quality"):
        found = analyzers.details(left(tmp_path, []), kind)
        assert found is not None
        assert analyzers.STATISTICS in found["skipped"][0]["reason"]


@pytest.mark.parametrize("text", ["{", "[]", '{"violations": 3}', '{"violations": [{}]}'])
def test_a_damaged_file_is_an_error(tmp_path: Path, text: str) -> None:
    (tmp_path / findings.VIOLATIONS).write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=findings.VIOLATIONS):
        analyzers.details(tmp_path, "data_quality")


def test_the_same_files_are_written_by_the_own_checks(tmp_path: Path) -> None:
    own = findings.Finding("price", "baseline_drift_check", DRIFT["description"], 0.25, 0.1)
    findings.write(findings.Result("data_quality", [own], [], {}), tmp_path)
    assert json.loads((tmp_path / findings.VIOLATIONS).read_text(encoding="utf-8")) == {"violations": [DRIFT]}


def test_one_bad_cell_is_a_small_share_of_the_rows(tmp_path: Path) -> None:
    text = "Data type match requirement is not met. Expected match: 100.0%. Observed: Only 99.5% of data is Integral."
    folder = left(tmp_path, [violation("data_type_check", text, feature_name="age")])
    found = analyzers.details(folder, "data_quality")
    assert found is not None
    assert found["violations"][0]["share"] == pytest.approx(0.005)
