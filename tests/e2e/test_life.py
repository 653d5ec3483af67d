"""A model's whole life on this machine, by plain commands, on the sample and on other people's tables."""

import csv
import json
import secrets
import subprocess
from pathlib import Path
from typing import Any

import pytest

from rendering import render
from tests.e2e.program import Ended, explain_few_rows, mlops_new

pytestmark = pytest.mark.slow

TABLES = """
import sys
from pathlib import Path
from sklearn import datasets
folder = Path(sys.argv[1])
datasets.load_diabetes(as_frame=True).frame.to_csv(folder / "diabetes.csv", index_label="patient")
cancer = datasets.load_breast_cancer(as_frame=True).frame
cancer["target"] = cancer["target"].map({0: "malignant", 1: "benign"})
cancer.to_parquet(folder / "cancer.parquet")
wine = datasets.load_wine(as_frame=True).frame
wine["cellar"] = ["north" if row % 3 else "south" for row in range(len(wine))]
wine.to_csv(folder / "wine.csv", index=False)
"""
OTHERS = {
    "diabetes": ("diabetes.csv", "regression", ["metric=mae", "metric_threshold=80", "id_columns=[patient]"]),
    "cancer": ("cancer.parquet", "binary_classification", ["metric=auc", "metric_threshold=0.9", "id_columns=[]"]),
    "wine": ("wine.csv", "multiclass_classification", ["metric=accuracy", "metric_threshold=0.7", "id_columns=[]"]),
}


ONCE = secrets.token_hex(3)  # a kept home has the projects of earlier runs


def make(name: str, folder: Path, *data: str) -> None:
    words = [word for answer in data for word in ("--data", answer)]
    made = mlops_new("project", name, "--yes", "-C", folder, *words)
    assert made.code == 0, made.err


def run(repository: Path, *arguments: str | Path) -> Ended:
    ended = mlops_new("run", "--json", "-C", repository, *arguments)
    assert ended.code == 0, ended.err
    return ended


@pytest.fixture(scope="module")
def tables(data_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tables")
    subprocess.run([data_python, "-c", TABLES, str(folder)], check=True)
    return folder


def rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def test_the_sample_from_nothing_to_next_weeks_forecast(somewhere: Path, working_home: Path) -> None:
    name = f"life-{ONCE}"
    make(name, somewhere)
    build, deploy = somewhere / f"{name}-build", somewhere / f"{name}-deploy"

    early = mlops_new("run", "-C", deploy)
    assert early.code == 1
    assert "no model is approved" in early.err
    assert f"make one first: cd {build.name} && mlops-new run;" in early.err

    explain_few_rows(build)
    built = run(build).document
    assert built["status"] == "Succeeded"
    assert built["model_package"] == 1
    assert {step["status"] for step in built["steps"]} == {"Succeeded", "NotRun"}
    evaluation = json.loads((Path(built["outputs"]["evaluation"]) / "evaluation.json").read_text(encoding="utf-8"))
    wape = evaluation["regression_metrics"]["wape"]["value"]
    for naive in ("same_weekday_last_week", "four_week_mean"):
        assert wape < 0.85 * evaluation["benchmarks"][naive]["wape"]

    waiting = mlops_new("models", "list", "--json", "-C", deploy).document
    assert [(model["version"], model["status"]) for model in waiting] == [(1, "PendingManualApproval")]
    assert waiting[0]["metrics"]["wape"] == wape
    assert waiting[0]["execution"] == built["execution"]
    assert mlops_new("models", "approve", "1", "--note", "good", "-C", build).code == 0

    document = run(deploy).document
    forecast = rows(Path(document["outputs"]["predictions"]) / "predictions.csv")
    truth = {
        (row["date"], row["store"], row["item"]): float(row["units_sold"])
        for row in rows(deploy / "data" / "next_week_truth.csv")
    }
    assert {(row["date"], row["store"], row["item"]) for row in forecast} == truth.keys()
    missed = sum(abs(float(row["prediction"]) - truth[row["date"], row["store"], row["item"]]) for row in forecast)
    assert missed / sum(truth.values()) < 0.4

    _the_same_with_jobs_around_the_pipeline(name, deploy, document)
    assert mlops_new("models", "reject", "1", "-C", deploy).code == 0
    assert mlops_new("run", "-C", deploy).code == 1


def _the_same_with_jobs_around_the_pipeline(name: str, deploy: Path, inside: dict[str, Any]) -> None:
    """The other answer to `processing`: this machine starts the jobs that in production Airflow starts."""
    render("deploy", deploy, project_name=name, processing="airflow")
    around = run(deploy).document
    # The job around the pipeline that postprocesses decides, too.
    assert {step["name"] for step in around["steps"]} == {step["name"] for step in inside["steps"]} - {"Decide"}
    for output, file in (("predictions", "predictions.csv"), ("decision", "decision.json")):
        one, other = (Path(document["outputs"][output], file).read_bytes() for document in (inside, around))
        assert one == other
    assert around["decision"] == inside["decision"]
    assert Path(around["report"]).is_file()

    told = mlops_new("run", "--dry-run", "--json", "-C", deploy).document
    assert [step["target"] for step in told["steps"]][::6] == ["Preprocess", "Report"]
    assert mlops_new("run", "--no-wait", "-C", deploy).code == 2
    empty = deploy.parent / "empty.csv"
    empty.write_text("date,store\n", encoding="utf-8")
    failed = mlops_new("run", "--input", empty, "-C", deploy)
    assert failed.code == 1
    assert "error: step Preprocess failed: " in failed.err
    assert "run the same command again" in failed.err


@pytest.mark.parametrize("name", OTHERS)
def test_other_peoples_tables_train_by_answers_alone(
    somewhere: Path, working_home: Path, tables: Path, name: str
) -> None:
    file, problem, answers = OTHERS[name]
    plain = ["target=target", "time_column=", "history=false", "features=[]", "categorical=[]"]
    project = f"{name}-{ONCE}"
    make(project, somewhere, f"problem_type={problem}", *plain, *answers)
    build, deploy = somewhere / f"{project}-build", somewhere / f"{project}-deploy"
    explain_few_rows(build)
    built = run(build, "--input", tables / file).document
    assert built["model_package"] == 1
    (model,) = mlops_new("models", "list", "--json", "-C", build).document
    assert answers[0].removeprefix("metric=") in model["metrics"]

    mlops_new("models", "approve", "1", "-C", build)
    document = run(deploy, "--input", tables / file).document
    forecast = rows(Path(document["outputs"]["predictions"]) / "predictions.csv")
    assert len(forecast) == {"diabetes": 442, "cancer": 569, "wine": 178}[name]
    assert ("probability" in forecast[0]) == (problem != "regression")
    if problem == "binary_classification":
        assert {row["prediction"] for row in forecast} == {"benign", "malignant"}
    if file.endswith(".csv"):
        _columns_are_found_by_name(deploy, rows(tables / file), forecast)


def _columns_are_found_by_name(deploy: Path, table: list[dict[str, str]], forecast: list[dict[str, str]]) -> None:
    """In another order and with one that training did not have, they are the same; one that is missing is named."""
    names = [name for name in reversed(table[0]) if name != "target"]
    later = deploy.parent / "later.csv"
    _write(later, ["aaa", *names], [{**row, "aaa": "1"} for row in table])
    document = run(deploy, "--input", later).document
    assert rows(Path(document["outputs"]["predictions"]) / "predictions.csv") == forecast

    gone = names[0]
    _write(later, ["aaa", *names[1:]], [{**row, "aaa": "1"} for row in table])
    ended = mlops_new("run", "-C", deploy, "--input", later)
    assert ended.code == 1
    assert f"the table lacks the column {gone} " in ended.err


def _write(file: Path, names: list[str], table: list[dict[str, str]]) -> None:
    with file.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.DictWriter(lines, names, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(table)


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files that are no table of this project."""
    folder = tmp_path_factory.mktemp("broken")
    (folder / "empty.csv").write_bytes(b"")
    (folder / "header.csv").write_text("a,target\n", encoding="utf-8")
    (folder / "no_target.csv").write_text("a,b\n1,2\n3,4\n", encoding="utf-8")
    (folder / "words.csv").write_text("a,target\n" + "1,many\n2,few\n" * 50, encoding="utf-8")
    (folder / "junk.csv").write_bytes(bytes(range(256)) * 20)
    (folder / "junk.parquet").write_bytes(b"PAR1 and nothing else")
    return folder


@pytest.fixture(scope="module")
def any_table(tmp_path_factory: pytest.TempPathFactory, shared_home: Path, data_python: Path) -> Path:
    """The build repository of a regression project."""
    folder = tmp_path_factory.mktemp("any-table")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLOPS_NEW_HOME", str(shared_home))
        answers = ["target=target", "time_column=", "history=false", "features=[]", "categorical=[]", "id_columns=[]"]
        make(f"any-table-{ONCE}", folder, "metric=mae", "metric_threshold=5", *answers)
    return folder / f"any-table-{ONCE}-build"


@pytest.mark.parametrize(
    ("file", "why"),
    [
        ("empty.csv", "empty"),
        ("header.csv", "header.csv"),
        ("no_target.csv", "'target'"),
        ("words.csv", "target"),
        ("junk.csv", "junk.csv"),
        ("junk.parquet", "junk.parquet"),
    ],
)  # fmt: skip
def test_data_that_cannot_be_used_says_why_and_registers_nothing(
    working_home: Path, any_table: Path, broken: Path, file: str, why: str
) -> None:
    ended = mlops_new("run", "-C", any_table, "--input", broken / file)
    assert ended.code == 1
    (told,) = [line for line in ended.err.splitlines() if line.startswith("error: ")]
    assert told.startswith("error: step Preprocess failed: ")
    assert why in told
    assert "the whole log: " in ended.err
    assert mlops_new("models", "list", "--json", "-C", any_table).document == []


def test_input_that_is_not_there_starts_nothing(working_home: Path, any_table: Path) -> None:
    for place in ("none.csv", "s3://mlops-new/none.csv", ""):
        ended = mlops_new("run", "-C", any_table, "--input", place, "--json")
        assert ended.code == 2
        assert place in ended.document["error"]["message"]


def test_a_broken_definition_names_every_fault(working_home: Path, any_table: Path) -> None:
    file = any_table / "pipeline.json"
    whole = file.read_text(encoding="utf-8")
    try:
        file.write_text(
            whole.replace('"Parameters.Bucket"', '"Parameters.Bukket"').replace(
                '"Type": "Training"', '"Type": "Trainig"'
            ),
            encoding="utf-8",
        )
        ended = mlops_new("run", "-C", any_table, "--json")
        file.write_text("{", encoding="utf-8")
        cut = mlops_new("run", "-C", any_table, "--json")
    finally:
        file.write_text(whole, encoding="utf-8")
    assert ended.code == cut.code == 2
    told = ended.document["error"]
    assert "Bukket" in told["message"] + told["hint"]
    assert "Trainig" in told["message"] + told["hint"]


def test_outside_a_repository(somewhere: Path, working_home: Path) -> None:
    for command in (["run"], ["models", "list"], ["models", "approve", "1"]):
        ended = mlops_new(*command, "-C", somewhere)
        assert ended.code == 2
        assert "not in a repository made by mlops-new" in ended.err


def test_a_version_that_does_not_exist_cannot_be_approved(working_home: Path, any_table: Path) -> None:
    for version in ("99", "9" * 30):
        ended = mlops_new("models", "approve", version, "-C", any_table, "--json")
        assert ended.code == 2
        assert version in ended.document["error"]["message"]


def test_a_failed_gate_says_what_decided_and_what_to_try(somewhere: Path, tables: Path, working_home: Path) -> None:
    name = f"strict-{ONCE}"
    problem = ["problem_type=regression", "target=target", "metric=mae", "metric_threshold=1", "id_columns=[patient]"]
    make(name, somewhere, *problem, "time_column=", "history=false", "features=[]", "categorical=[]")
    build = somewhere / f"{name}-build"
    explain_few_rows(build)
    failed = mlops_new("run", "--json", "-C", build, "--input", tables / "diabetes.csv")
    assert failed.code == 1
    assert "mae is" in failed.err
    assert "at most 1 is wanted" in failed.err
    assert "try: more rows" in failed.err
    document = failed.document
    assert document["model_package"] is None
    assert (document["gate"]["metric"], document["gate"]["passed"]) == ("mae", False)
    assert "not good enough" in Path(document["report"]).read_text(encoding="utf-8")
    assert document["report"] in failed.err
