"""Baselines, checks, decision, report, ground truth, drill, lineage: what happens around a model, by plain commands."""

import json
import secrets
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.program import Ended, explain_few_rows, mlops_new

pytestmark = pytest.mark.slow

NAME = f"watched-{secrets.token_hex(3)}"


def run(repository: Path, *arguments: str | Path) -> Any:
    ended = mlops_new("run", "--json", "-C", repository, *arguments)
    assert ended.code == 0, ended.err
    return ended.document


def read(folder: str, name: str) -> Any:
    return json.loads((Path(folder) / name).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def project(shared_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a project with an approved model."""
    folder = tmp_path_factory.mktemp("watched")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLOPS_NEW_HOME", str(shared_home))
        assert mlops_new("project", NAME, "--yes", "-C", folder).code == 0
        explain_few_rows(folder / f"{NAME}-build")
        built = run(folder / f"{NAME}-build")
        assert mlops_new("models", "approve", "1", "-C", folder / f"{NAME}-build").code == 0
    (folder / "built.json").write_text(json.dumps(built), encoding="utf-8")
    return folder


@pytest.fixture
def deploy(project: Path, working_home: Path) -> Path:
    """Its deploy repository, to stand in."""
    return project / f"{NAME}-deploy"


def test_a_model_package_has_its_baselines(project: Path, deploy: Path) -> None:
    outputs = read(str(project), "built.json")["outputs"]
    assert read(outputs["data_quality"], "statistics.json")["dataset"]["item_count"] > 200_000
    assert read(outputs["data_quality"], "constraints.json")["features"]
    assert read(outputs["model_quality"], "statistics.json")["regression_metrics"]["mae"]["value"] > 0
    assert read(outputs["attribution"], "analysis.json")["explanations"]["kernel_shap"]["label0"]["global_shap_values"]
    shown = mlops_new("models", "show", "1", "--json", "-C", deploy).document
    assert shown["evaluation"]["gate"]["passed"] is True


def test_a_clean_batch_is_checked_decided_and_reported(deploy: Path) -> None:
    document = run(deploy)
    for check in ("data_quality", "attribution"):
        assert read(document["outputs"][check], "constraint_violations.json") == {"violations": []}
    assert document["decision"] == {"retrain": False, "reasons": ["No rule asks for it."]}
    page = Path(document["report"]).read_text(encoding="utf-8")
    HTMLParser().feed(page)
    assert "No violations." in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "https://" not in page

    again = Path(run(deploy)["report"]).read_text(encoding="utf-8")
    assert document["execution"] in again, "the report does not show the earlier run"


def test_ground_truth_is_compared_once(deploy: Path) -> None:
    run(deploy)
    truth = deploy / "data" / "next_week_truth.csv"
    first = run(deploy, "model-quality", "--input", truth)
    assert {step["name"]: step["status"] for step in first["steps"]}["Decide"] == "Succeeded"
    assert first["decision"]["retrain"] is False
    assert read(first["outputs"]["model_quality"], "check.json")["rows"] == 1512

    told = first["model_quality"]["metrics"]["wape"]
    assert 0 < told["value"] < told["limit"]
    assert told["value"] != told["registration"]

    ended: Ended = mlops_new("run", "model-quality", "--input", truth, "-C", deploy)
    assert ended.code == 0
    assert "NothingNew" in ended.err
    assert "not run: Decide, Report" in ended.err


def test_ground_truth_that_fits_nothing_is_a_finding(deploy: Path, tmp_path: Path) -> None:
    run(deploy)
    truth = tmp_path / "truth.csv"
    text = (deploy / "data" / "next_week_truth.csv").read_text(encoding="utf-8")
    header, *lines = text.splitlines()
    truth.write_text("\n".join([header, *(line.replace(",", ",x", 1) for line in lines)]), encoding="utf-8")
    ended: Ended = mlops_new("run", "model-quality", "--input", truth, "-C", deploy)
    assert ended.code == 0, ended.err
    assert "0 rows compared with ground truth" in ended.out
    assert "nothing was compared: none of 1,512 rows of ground truth has a prediction" in ended.out
    assert "retrain       no: Nothing asks for it, because nothing was compared" in ended.out
    document = run(deploy, "model-quality", "--input", truth)
    assert document["model_quality"]["ground_truth"]["matched"] == 0
    assert "nothing was compared" in Path(document["report"]).read_text(encoding="utf-8")


def test_one_bad_cell_costs_one_row(deploy: Path, tmp_path: Path) -> None:
    header, *lines = (deploy / "data" / "next_week.csv").read_text(encoding="utf-8").splitlines()
    place = header.split(",").index("price")
    cells = lines[-1].split(",")
    cells[place] = "dear"
    table = tmp_path / "table.csv"
    table.write_text("\n".join([header, *lines[:-1], ",".join(cells)]), encoding="utf-8")
    ended: Ended = mlops_new("run", "--input", table, "-C", deploy)
    assert ended.code == 0, ended.err
    assert "quarantine    1 of 1,512 rows could not be used" in ended.out
    assert "column price: 'dear' is no number" in ended.out
    document = run(deploy, "--input", table)
    predictions = Path(document["outputs"]["predictions"])
    manifest = read(str(predictions), "manifest.json")
    counts = [manifest[name] for name in ("rows_to_predict", "rows", "quarantined", "skipped")]
    assert counts == [1512, 1511, 1, 0]
    assert f",{len(lines)},price,dear,is no number" in (predictions / "quarantine.csv").read_text(encoding="utf-8")
    assert "1 in quarantine" in Path(document["report"]).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("fault", "by"),
    [("changed_unit", "data_quality"), ("concept_drift", "model_quality"), ("missing_column", "Preprocess")],
)
def test_a_drill_is_noticed_and_leaves_no_trace(deploy: Path, working_home: Path, fault: str, by: str) -> None:
    before = sorted(path.name for path in (working_home / "objects" / "mlops-new" / NAME / "predictions").glob("*"))
    ended = mlops_new("drill", fault, "--json", "-C", deploy)
    assert ended.code == 0, ended.err
    assert by in [check["check"] for check in ended.document["checks"] if check["caught"]]
    if fault == "concept_drift":
        assert ended.document["decision"]["retrain"] is True
    after = sorted(path.name for path in (working_home / "objects" / "mlops-new" / NAME / "predictions").glob("*"))
    assert after == before


def test_a_fault_that_does_not_exist(deploy: Path) -> None:
    ended = mlops_new("drill", "earthquake", "--json", "-C", deploy)
    assert ended.code == 2
    assert "covariate_shift" in ended.document["error"]["hint"]


def test_retraining_follows_the_decision(project: Path, deploy: Path) -> None:
    config = deploy / "config.toml"
    text = config.read_text(encoding="utf-8")
    try:
        # Attributions of a week never rank exactly as those of three years.
        wanted = text.replace("attribution_ndcg = 0.9", "attribution_ndcg = 1.0").replace("# runs = 2", "runs = 1")
        config.write_text(wanted, encoding="utf-8")
        document = run(deploy, "--retrain")
    finally:
        config.write_text(text, encoding="utf-8")
    assert document["decision"]["retrain"] is True
    assert "NDCG" in document["decision"]["reasons"][0]
    assert document["retraining"]["pipeline"] == f"{NAME}-build"
    assert document["retraining"]["model_package"] == 2


def test_lineage_leads_from_predictions_to_data_code_and_template(project: Path, deploy: Path) -> None:
    document = run(deploy)
    predictions = Path(document["outputs"]["predictions"]) / "predictions.csv"
    found = mlops_new("lineage", predictions, "--json", "-C", deploy).document
    built = read(str(project), "built.json")
    assert found["inference"]["execution"] == document["execution"]
    assert found["build"]["execution"] == built["execution"]
    assert found["model"]["version"] == 1
    assert found["build"]["template"] == found["inference"]["template"] == "v0.1.0"
    assert len(found["build"]["data"]["sha256"]) == 64
    assert mlops_new("lineage", "1", "--json", "-C", project / f"{NAME}-build").document["build"] == found["build"]
    assert mlops_new("lineage", "nothing.csv", "-C", deploy).code == 2
