"""Checks as processing steps: files in, files out, exit codes and messages."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

import paths
from model.errors import InputError
from monitoring import emf, findings, job, settings
from monitoring.findings import Finding, Result, Skipped

if TYPE_CHECKING:
    from pathlib import Path


def run(module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", f"monitoring.{module}", *arguments]
    return subprocess.run(command, cwd=paths.CODE, capture_output=True, text=True, check=False)


def test_a_check_without_a_baseline_says_why_it_failed(opt_ml: Path) -> None:
    data = opt_ml / "processing" / "input" / "data"
    data.mkdir(parents=True)
    (data / "t.csv").write_text("a\n1\n", encoding="utf-8")
    done = run("data_quality", "--check")
    assert done.returncode == 1
    assert "there is no baseline: statistics.json" in done.stderr.splitlines()[-1]
    assert "there is no baseline" in (opt_ml / "output" / "message").read_text(encoding="utf-8")


def test_violations_are_no_failure(opt_ml: Path) -> None:
    data = opt_ml / "processing" / "input" / "data"
    data.mkdir(parents=True)
    (data / "t.csv").write_text("a,b\n" + "1,x\n" * 200, encoding="utf-8")
    made = run("data_quality", "--baseline", "--output-folder", str(opt_ml / "processing" / "input" / "baseline"))
    assert made.returncode == 0, made.stderr
    assert run("data_quality", "--check").returncode == 0
    said = (opt_ml / "output" / "message").read_text(encoding="utf-8")
    assert said == "Completed: Job completed successfully with no violations.\n"
    (data / "t.csv").write_text("a,b\n" + "7,x\n" * 200, encoding="utf-8")
    done = run("data_quality", "--check")
    assert done.returncode == 0
    said = (opt_ml / "output" / "message").read_text(encoding="utf-8")
    assert said == "CompletedWithViolations: Job completed successfully with 1 violations.\n"
    metrics = json.loads(next(text for text in done.stdout.splitlines() if text.startswith('{"_aws"')))
    assert metrics["violations"] == 1
    assert run("decision").returncode == 0
    assert run("report", "--inference").returncode == 0
    output = opt_ml / "processing" / "output"
    assert json.loads((output / "decision" / "decision.json").read_text(encoding="utf-8"))["retrain"] is False
    assert (output / "report" / "report.html").stat().st_size > 1000
    assert (output / "report" / "run.json").exists()


def result(*found: Finding) -> Result:
    return Result("data_quality", found, [Skipped("b", "drift", "too few rows")], {})


@pytest.mark.parametrize(
    ("date", "code", "said"), [("none", 0, "no violations"), ("2026-02-30", 1, "a date like 2026-06-30 was expected")]
)
def test_a_run_says_its_date_or_none(opt_ml: Path, date: str, code: int, said: str) -> None:
    data = opt_ml / "processing" / "input" / "data"
    data.mkdir(parents=True)
    (data / "t.csv").write_text("a,b\n" + "1,x\n" * 200, encoding="utf-8")
    made = run("data_quality", "--baseline", "--output-folder", str(opt_ml / "processing" / "input" / "baseline"))
    assert made.returncode == 0, made.stderr
    assert run("data_quality", "--check", "--run-date", date).returncode == code
    assert said in (opt_ml / "output" / "message").read_text(encoding="utf-8")


def test_violations_fail_a_step_that_is_told_so(opt_ml: Path, capsys: pytest.CaptureFixture[str]) -> None:
    finding = Finding("a", "completeness_check", "half is missing", share=0.5)
    job.finish(result(finding), settings.Settings(), "p", {})
    with pytest.raises(InputError, match=r"1 violations.*fail_on_violation is set"):
        job.finish(result(finding), settings.Settings(fail_on_violation=True), "p", {})
    job.finish(result(), settings.Settings(fail_on_violation=True), "p", {})
    said = (opt_ml / "output" / "message").read_text(encoding="utf-8")
    assert said.startswith("Completed: Job completed successfully with no violations. 1 checks could not be made")
    assert '"violations": 0' in capsys.readouterr().out


def test_metrics_have_cloudwatchs_form() -> None:
    document = json.loads(emf.line({"m": 1.5}, {"Project": "p", "Check": "c"}, 1_700_000_000_000))
    assert document == {
        "_aws": {
            "Timestamp": 1_700_000_000_000,
            "CloudWatchMetrics": [
                {"Namespace": "mlops-new", "Dimensions": [["Project", "Check"]], "Metrics": [{"Name": "m"}]}
            ],
        },
        "Project": "p",
        "Check": "c",
        "m": 1.5,
    }


def test_a_hundred_metrics_are_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    emf.emit({f"m{place}": 0.0 for place in range(250)}, {"Project": "p"})
    lines = [json.loads(text) for text in capsys.readouterr().out.splitlines()]
    assert [len(document["_aws"]["CloudWatchMetrics"][0]["Metrics"]) for document in lines] == [100, 100, 50]


def test_json_holds_no_nan(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Out of range float"):
        findings.save({"a": math.nan}, tmp_path / "a.json")


def test_severity_follows_from_the_share_of_rows() -> None:
    assert [Finding("a", "c", "d", share=share).severity for share in (0.2, 0.1, 0.001)] == ["high", "medium", "low"]


def test_settings_have_defaults_and_are_read() -> None:
    assert settings.parse({}) == settings.Settings()
    told: dict[str, Any] = {
        "monitoring": {"fail_on_violation": True, "data_quality": {"ignore": ["a"], "comparison_threshold": 0.2}},
        "retrain": {"drifted_features": 0, "model_age_days": 90},
    }
    known = settings.parse(told)
    assert known.fail_on_violation
    assert known.data_quality == settings.DataQuality(ignore=("a",), comparison_threshold=0.2)
    assert known.retrain == settings.Retrain(drifted_features=0, model_age_days=90)


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"monitoring": {"fail": True}}, r"\[monitoring\] has an unknown key 'fail'"),
        ({"monitoring": {"data_quality": {"ignored": []}}}, "did you mean 'ignore'"),
        ({"monitoring": {"data_quality": {"ignore": "a"}}}, "a list of column names was expected"),
        ({"monitoring": {"data_quality": {"comparison_method": "Fast"}}}, "one of Robust, Simple"),
        ({"monitoring": {"attribution": {"threshold": 90}}}, "a share from 0 to 1 was expected"),
        ({"monitoring": {"attribution": {"rows": 1.5}}}, "a whole number was expected"),
        ({"monitoring": {"attribution": 3}}, r"\[monitoring\.attribution\] must be a table"),
        ({"retrain": {"worse_metrics": True}}, "a whole number was expected"),
        ({"retrain": {"model_age_days": -1}}, "0 or more was expected"),
    ],
)
def test_settings_that_cannot_be_meant_are_named(told: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        settings.parse(told)
