"""The whole life of six public tables: no false alarm on rows that are clean, and every planted fault is caught."""

import csv
import importlib.util
import json
import secrets
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.program import explain_few_rows, mlops_new

pytestmark = pytest.mark.slow

SCRIPT = Path(__file__).with_name("programs") / "public_tables.py"
ONCE = secrets.token_hex(3)  # a kept home has the projects of earlier runs
CHECKS = ("data_quality", "attribution", "model_quality")


@dataclass(frozen=True)
class Table:
    """A project for a table; `faults` are those that it is drilled with: each is in one table or more."""

    name: str
    problem: str
    target: str
    metric: str
    threshold: float
    ids: str
    faults: Sequence[str]
    answers: Sequence[str] = ("time_column=", "history=false", "features=[]", "categorical=[]")
    suffix: str = ".csv"

    def data(self) -> list[str]:
        """What is answered when the project is made."""
        metric = (f"metric={self.metric}", f"metric_threshold={self.threshold}")
        return [
            f"problem_type={self.problem}",
            f"target={self.target}",
            f"id_columns={self.ids}",
            *metric,
            *self.answers,
        ]


DAILY = ("time_column=date", "history=true", "features=[precipitation, wind, weather]", "categorical=[weather]")
TABLES = (
    Table("weather", "regression", "temp_max", "mae", 4, "[date]", ["changed_unit", "concept_drift"], DAILY),
    Table("airports", "multiclass_classification", "state", "accuracy", 0.8, "[iata]", ["swapped_columns"]),
    Table("penguins", "multiclass_classification", "species", "accuracy", 0.9, "[]", ["new_categories", "nulls"]),
    Table("cars", "regression", "Miles_per_Gallon", "mae", 4, "[car]", ["covariate_shift", "new_categories"]),
    Table(
        "cancer", "binary_classification", "target", "auc", 0.9, "[]", ["concept_drift", "missing_column"],
        suffix=".parquet",
    ),
    Table("diabetes", "regression", "target", "mae", 60, "[patient]", ["changed_unit", "missing_column"]),
)  # fmt: skip


@pytest.fixture(scope="module")
def tables(data_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with every table's three parts."""
    found = importlib.util.find_spec("vega_datasets")
    assert found is not None, "make installs tests/e2e/public_tables.txt"
    assert found.origin is not None
    folder = tmp_path_factory.mktemp("public")
    subprocess.run([data_python, SCRIPT, Path(found.origin).parents[1], folder], check=True)
    return folder


def run(repository: Path, *arguments: str | Path) -> Any:
    ended = mlops_new("run", "--json", "-C", repository, *arguments)
    assert ended.code == 0, ended.err
    return ended.document


def read(folder: str, name: str) -> Any:
    return json.loads((Path(folder) / name).read_text(encoding="utf-8"))


def rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def violations(document: Any) -> list[str]:
    """What the checks of a run found."""
    outputs = document["outputs"]
    found = [read(outputs[check], "constraint_violations.json")["violations"] for check in CHECKS if check in outputs]
    return [item["description"] for each in found for item in each]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_the_life_of_a_public_table(table: Table, tables: Path, somewhere: Path, working_home: Path) -> None:
    name = f"{table.name}-{ONCE}"
    data = [word for answer in table.data() for word in ("--data", answer)]
    made = mlops_new("project", name, "--yes", "-C", somewhere, *data)
    assert made.code == 0, made.err
    build, deploy = somewhere / f"{name}-build", somewhere / f"{name}-deploy"
    explain_few_rows(build)
    train, later, truth = (tables / f"{table.name}-{part}{table.suffix}" for part in ("train", "later", "truth"))

    assert run(build, "--input", train)["model_package"] == 1
    assert mlops_new("models", "approve", "1", "-C", build).code == 0

    forecast = run(deploy, "--input", later)
    assert violations(forecast) == []
    assert forecast["decision"]["retrain"] is False
    assert forecast["rows"]["quarantined"] == 0
    told = rows(Path(forecast["outputs"]["predictions"]) / "predictions.csv")
    _ids_and_classes_survive(table, told, truth)
    assert "No violations." in Path(forecast["report"]).read_text(encoding="utf-8")

    compared = run(deploy, "model-quality", "--input", truth)
    assert compared["model_quality"]["rows"] == len(told)
    assert compared["model_quality"]["ground_truth"]["share"] == 1.0
    assert compared["model_quality"]["metrics"][table.metric]["registration"] is not None
    assert violations(compared) == []
    assert compared["decision"]["retrain"] is False
    again = mlops_new("run", "model-quality", "--input", truth, "-C", deploy)
    assert "NothingNew" in again.err

    for fault in table.faults:
        given = ("--truth", truth) if fault == "concept_drift" else ()
        drill = mlops_new("drill", fault, "--json", "--input", later, *given, "-C", deploy)
        assert drill.code == 0, drill.err
        assert any(check["caught"] for check in drill.document["checks"]), drill.document


def _ids_and_classes_survive(table: Table, told: list[dict[str, str]], truth: Path) -> None:
    """Ids come back as they were written, in their order, and what is predicted is one of the classes."""
    ids = [name for name in ("date", "iata", "car", "patient", "row_number") if name in told[0]]
    if table.suffix == ".csv":
        known = rows(truth)
        assert [[row[name] for name in ids] for row in told] == [[row[name] for name in ids] for row in known]
        if table.problem != "regression":
            assert {row["prediction"] for row in told} <= {row[table.target] for row in known}
        return
    assert [row["row_number"] for row in told] == [str(number) for number in range(1, len(told) + 1)]
    assert {row["prediction"] for row in told} == {"benign", "malignant"}
