"""A project whose checks Model Monitor and Clarify would make, on a machine that has neither."""

import json
import secrets
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.program import Ended, explain_few_rows, mlops_new, recent_sample

pytestmark = pytest.mark.slow

NAME = f"managed-{secrets.token_hex(3)}"


def run(repository: Path, *arguments: str | Path) -> Ended:
    ended = mlops_new("run", "--json", "-C", repository, *arguments)
    assert ended.code == 0, ended.err
    return ended


def read(folder: str, name: str) -> Any:
    return json.loads((Path(folder) / name).read_text(encoding="utf-8"))


def test_managed_checks_run_here_by_the_projects_own_monitoring(somewhere: Path, working_home: Path) -> None:
    made = mlops_new("project", NAME, "--yes", "-C", somewhere, "--data", "monitoring=managed")
    assert made.code == 0, made.err
    build, deploy = somewhere / f"{NAME}-build", somewhere / f"{NAME}-deploy"
    explain_few_rows(build)

    built = run(build, "--input", recent_sample(build))
    assert "DataQualityBaseline: Model Monitor is not on this machine" in built.err
    assert "AttributionBaseline: Clarify is not on this machine" in built.err
    outputs = built.document["outputs"]
    assert read(outputs["data_quality"], "statistics.json")["dataset"]["item_count"] > 0.95 * 200 * 12 * 18
    assert read(outputs["analysis_config"], "analysis_config.json")["methods"]["shap"]["num_clusters"] == 2
    assert mlops_new("models", "approve", "1", "-C", build).code == 0

    document = run(deploy).document
    assert {step["name"] for step in document["steps"] if step["type"] == "QualityCheck"} == {"DataQualityCheck"}
    checked = read(document["outputs"]["attribution"], "check.json")
    assert set(checked["ndcg"]) == {"label0"}
    assert {rule["rule"] for rule in read(document["outputs"]["decision"], "decision.json")["rules"]} > {
        "drifted_features",
        "attribution_ndcg",
    }
    assert Path(document["report"]).is_file()

    truth = deploy / "data" / "next_week_truth.csv"
    first, second = (run(deploy, "model-quality", "--input", truth) for _ in range(2))
    assert read(first.document["outputs"]["model_quality"], "check.json")["rows"] == 1512
    assert "NothingNew" in second.err
    assert {step["name"] for step in second.document["steps"] if step["status"] == "NotRun"} == {
        "ModelQualityCheck",
        "Remember",
        "Decide",
        "Report",
    }
