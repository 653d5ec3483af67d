"""The deploy repository's scripts as the inference pipeline runs them: jobs in the build repository's image."""

import csv
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from rendering import render

pytestmark = pytest.mark.slow

ORIGIN = [
    *("--model-package", "arn/3", "--execution", "abc", "--input", "s3://data/week.csv", "--commit", "c0ffee"),
    *("--created", "2026-07-01T04:00:00Z", "--trained", "2026-06-01"),
]


@dataclass(frozen=True)
class Job:
    """A processing job's tree, and the image that it runs in."""

    tree: Path
    image: Path
    python: Path

    def run(self, script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.python), str(self.input("code") / "steps" / script), *arguments],
            cwd=self.image,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )

    @property
    def environment(self) -> dict[str, str]:
        return {"PATH": os.environ["PATH"], "OPT_ML_ROOT": str(self.tree), "PYTHONPATH": str(self.image)}

    def input(self, name: str) -> Path:
        folder = self.tree / "processing" / "input" / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def output(self, name: str) -> Path:
        return self.tree / "processing" / "output" / name


@pytest.fixture(scope="module")
def repositories(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("repositories")
    for kind in ("build", "deploy"):
        render(kind, root / kind)
    return root


@pytest.fixture(scope="module")
def model(repositories: Path, tmp_path_factory: pytest.TempPathFactory, data_python: Path) -> Path:
    """What a training job on the sample leaves, with few trees: which columns it has does not depend on them."""
    image, tree = repositories / "build", tmp_path_factory.mktemp("training")
    job = Job(tree, image, data_python)
    sample = job.input("raw") / "sample.csv"
    (tree / "input" / "config").mkdir(parents=True)
    (tree / "input" / "config" / "hyperparameters.json").write_text('{"max_iter": "1"}', encoding="utf-8")
    subprocess.run([data_python, image / "data" / "simulate.py", sample, "--days", "200"], check=True)
    for module in ("steps.preprocess", "model.train"):
        subprocess.run([data_python, "-m", module], cwd=image, env=job.environment, check=True)
        shutil.copytree(job.output("train"), tree / "input" / "data" / "train", dirs_exist_ok=True)
    return tree / "model"


@pytest.fixture
def job(repositories: Path, model: Path, tmp_path: Path, data_python: Path) -> Job:
    made = Job(tmp_path, repositories / "build", data_python)
    shutil.copytree(model, made.input("model"), dirs_exist_ok=True)
    shutil.copytree(repositories / "deploy" / "steps", made.input("code") / "steps")
    shutil.copy(repositories / "deploy" / "config.toml", made.input("code"))
    shutil.copy(repositories / "deploy" / "data" / "next_week.csv", made.input("raw"))
    return made


def rows(path: Path) -> list[list[str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def test_the_sample_becomes_predictions(job: Job) -> None:
    done = job.run("preprocess.py")
    assert done.returncode == 0, done.stderr
    header, *batch = rows(job.output("batch") / "batch.csv")
    sent = rows(job.output("transform_input") / "rows.csv")
    unknown = [row for row in rows(job.input("raw") / "next_week.csv") if row[12] == ""]
    assert [row[:3] for row in batch] == [row[:3] for row in sent]
    assert len(batch) == len(unknown) > 0
    again, *before = rows(job.output("batch") / "_before.csv")
    assert (again, len(before), {row[0] for row in before}) == (header, 216, {"2026-06-03"})

    # What a transform job that answers -1, 0, 1, … leaves.
    shutil.copytree(job.output("batch"), job.input("batch"), dirs_exist_ok=True)
    lines = (job.output("transform_input") / "rows.csv").read_text().splitlines()
    (job.input("transformed") / "rows.csv.out").write_text(
        "".join(f"{line},{number}\n" for number, line in enumerate(lines, start=-1))
    )
    done = job.run("postprocess.py", *ORIGIN, "--decide")
    assert done.returncode == 0, done.stderr
    named, *predictions = rows(job.output("predictions") / "predictions.csv")
    assert named == [*header[:3], "prediction"]
    assert [row[:3] for row in predictions] == [row[:3] for row in batch]
    assert [float(row[3]) for row in predictions[:3]] == [0.0, 0.0, 1.0]
    manifest = json.loads((job.output("predictions") / "manifest.json").read_text())
    assert manifest == {
        "model_package": "arn/3",
        "execution": "abc",
        "input": "s3://data/week.csv",
        "commit": "c0ffee",
        "created": "2026-07-01T04:00:00Z",
        "rows": len(batch),
    }
    decision = json.loads((job.output("decision") / "decision.json").read_text())
    assert (decision["retrain"], decision["reasons"]) == (False, ["No rule asks for it."])


def test_one_bad_row_is_put_aside(job: Job) -> None:
    raw = job.input("raw") / "next_week.csv"
    header, *table = rows(raw)
    spoiled = [*table, table[-1], [*table[-2][:3], *table[-2][3:]], ["2026-08-30", *table[-1][1:]]]
    with raw.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *spoiled])
    done = job.run("preprocess.py")
    assert done.returncode == 0, done.stderr
    told = json.loads((job.output("quarantine") / "counts.json").read_text())
    assert (told["rows_to_predict"], told["quarantined"], told["quarantined_past"]) == (1515, 3, 0)
    assert len(rows(job.output("batch") / "batch.csv")) == 1513
    reasons = [row[-1] for row in rows(job.output("quarantine") / "quarantine.csv")[1:]]
    assert [reason.split()[0] for reason in reasons] == ["rows", "rows", "is"]
    assert "lead_days is 7" in reasons[2]


def without_column(name: str) -> Callable[[list[list[str]]], list[list[str]]]:
    return lambda table: [
        [value for value, column in zip(row, table[0], strict=True) if column != name] for row in table
    ]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda _: [], "is empty"),
        (lambda table: table[:1], "no rows"),
        (lambda _: [["\0"]], "no table"),
        (without_column("price"), "price"),
        (without_column("units_sold"), "units_sold"),
        (lambda table: [row for row in table if row[12] != ""], "units_sold"),
        (lambda table: [*table, *table[1:]], "1,512 of 3,024 rows to predict cannot be used"),
    ],
)
def test_a_table_that_cannot_be_used_is_one_line(
    job: Job, spoil: Callable[[list[list[str]]], list[list[str]]], message: str
) -> None:
    raw = job.input("raw") / "next_week.csv"
    spoiled = spoil(rows(raw))
    with raw.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(spoiled)
    done = job.run("preprocess.py")
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert message in line
    assert (job.tree / "output" / "message").read_text() == f"{line}\n"
    assert not job.output("batch").exists()
