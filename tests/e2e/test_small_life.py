"""A project's whole life on a small sample: made, looked at, built, approved, run, compared with truth, destroyed."""

import csv
import secrets
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.e2e.program import explain_few_rows, mlops_new

STORES, DAYS = 2, 150


def run(repository: Path, *arguments: str | Path) -> Any:
    ended = mlops_new("run", "--json", "-C", repository, *arguments)
    assert ended.code == 0, ended.err
    return ended.document


def rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def simulated(build: Path, name: str, *arguments: str) -> Path:
    """A small part of the sample, as data/README.md says to make it."""
    file = build.parent / name
    command = [sys.executable, "data/simulate.py", str(file), "--stores", str(STORES), *arguments]
    subprocess.run(command, cwd=build, check=True)
    return file


def test_from_nothing_to_the_truth_and_back_to_nothing(somewhere: Path, working_home: Path) -> None:
    name = f"small-{secrets.token_hex(3)}"
    made = mlops_new("project", name, "--yes", "--json", "-C", somewhere)
    assert made.code == 0, made.err
    assert made.document["changed"]
    assert mlops_new("status", name, "--json", "-C", somewhere).document["in_sync"]
    build, deploy = somewhere / f"{name}-build", somewhere / f"{name}-deploy"
    explain_few_rows(build)
    config = build / "config.toml"
    text = config.read_text(encoding="utf-8")
    assert "evaluation = 56" in text
    config.write_text(text.replace("evaluation = 56", "evaluation = 14"), encoding="utf-8")

    training = simulated(build, "training.csv", "--days", str(DAYS))
    looked_at = mlops_new("data", "--input", training, "-C", build)
    assert looked_at.code == 0, looked_at.err
    assert "units_sold" in looked_at.out
    built = run(build, "--input", training)
    assert (built["status"], built["model_package"]) == ("Succeeded", 1)
    assert {step["status"] for step in built["steps"]} == {"Succeeded", "NotRun"}
    (waiting,) = mlops_new("models", "list", "--json", "-C", deploy).document
    assert waiting["status"] == "PendingManualApproval"
    assert mlops_new("run", "-C", deploy).code == 1
    assert mlops_new("models", "approve", "1", "--note", "good", "-C", build).code == 0

    week = simulated(build, "week.csv", "--next-week")
    document = run(deploy, "--input", week)
    predictions = Path(document["outputs"]["predictions"]) / "predictions.csv"
    asked = [(row["date"], row["store"], row["item"]) for row in rows(week) if not row["units_sold"]]
    assert [(row["date"], row["store"], row["item"]) for row in rows(predictions)] == asked
    assert Path(document["report"]).is_file()

    compared = run(deploy, "model-quality", "--input", simulated(build, "truth.csv", "--truth"))
    assert compared["model_quality"]["rows"] == len(asked) == STORES * 18 * 7
    lineage = mlops_new("lineage", predictions, "--json", "-C", deploy).document
    assert (lineage["model"]["version"], lineage["build"]["execution"]) == (1, built["execution"])

    gone = mlops_new("destroy", name, "--yes", "--purge", "--discard-local-work", "-C", somewhere)
    assert gone.code == 0, gone.err
    assert not build.exists()
    assert not deploy.exists()
