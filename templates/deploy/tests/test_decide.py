"""The decision to retrain, from what the checks of a pipeline left."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import decide

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pytest


def rules_of_the_image(found: Mapping[str, Path], rules: Mapping[str, Any], trained: str) -> dict[str, Any]:
    """Stands for the image: decides by the number of checks, and says what it was given."""
    reasons = [f"{', '.join(sorted(found))}; {sorted(rules)}; trained {trained or 'unknown'}"]
    return {"retrain": len(found) > 1, "reasons": reasons, "rules": []}


def decided(root: Path, checks: list[str], trained: str = "") -> Any:
    for check in checks:
        (root / "processing" / "input" / check).mkdir(parents=True)
    decide.main(rules_of_the_image, trained)
    return json.loads((root / "processing" / "output" / "decision" / "decision.json").read_text(encoding="utf-8"))


def test_every_check_that_ran_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPT_ML_ROOT", str(tmp_path))
    decision = decided(tmp_path, ["data_quality", "attribution"], "2026-06-30")
    assert decision["retrain"] is True
    assert decision["reasons"][0].startswith("attribution, data_quality; ")
    assert decision["reasons"][0].endswith("trained 2026-06-30")
    assert (tmp_path / "output" / "message").read_text(encoding="utf-8").startswith("retrain: yes. ")


def test_what_the_same_job_has_found_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Outside of the pipeline, one job compares forecasts and decides."""
    monkeypatch.setenv("OPT_ML_ROOT", str(tmp_path))
    (tmp_path / "processing" / "output" / "forecasts").mkdir(parents=True)
    assert decided(tmp_path, ["data_quality"])["reasons"][0].startswith("data_quality, forecasts; ")


def test_what_the_pipeline_says_is_read_and_the_rest_left_alone() -> None:
    told = decide.told(["--execution", "e1", "--model-package", "a/2", "--waiting", "none", "--input", "x"])
    assert told == {"execution": "e1", "created": "", "model": "a/2", "trained": "", "waiting": "none"}
    assert decide.told(["--trained", "unknown"])["trained"] == ""
    assert decide.told(["--trained", "2026-06-01"])["trained"] == "2026-06-01"


def test_the_rules_are_those_of_the_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPT_ML_ROOT", str(tmp_path))
    decision = decided(tmp_path, ["model_quality"])
    assert decision["retrain"] is False
    assert "'drifted_features'" in decision["reasons"][0]
    assert "'unless_broken'" in decision["reasons"][0]
