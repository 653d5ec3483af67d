"""`ci.definition_diff`: a reviewer reads what changes in a pipeline, in a clone that knows one branch only."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.ci.aws import Aws
from tests.ci.conftest import Ci


@pytest.fixture
def clone(build: Ci, aws: Aws, tmp_path: Path) -> Ci:
    """A branch of the build repository, cloned as CI clones it."""
    remote = build.path.with_suffix(".git")
    folder = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", "--depth", "1", f"file://{remote}", folder], check=True)
    return Ci(folder, aws)


def test_a_branch_that_changes_nothing_says_so(clone: Ci) -> None:
    done = clone.run("definition_diff")
    assert (done.returncode, done.stdout) == (0, "build: as in main\n")


def test_each_difference_is_a_sentence(clone: Ci) -> None:
    path = clone.path / "pipeline.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    (machine,) = [one for one in document["Parameters"] if one["Name"] == "TrainingInstanceType"]
    machine["DefaultValue"] = "ml.m5.24xlarge"
    document["Steps"].append({**document["Steps"][0], "Name": "Extra"})
    path.write_text(json.dumps(document, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    done = clone.run("definition_diff", BITBUCKET_PR_DESTINATION_BRANCH="main")
    assert done.returncode == 0
    told = done.stdout.splitlines()
    assert told[0] == "build: differs from main"
    assert "  step Extra added" in told
    assert any("TrainingInstanceType" in line and "ml.m5.24xlarge" in line for line in told)


def test_a_branch_that_is_not_there_is_one_line(clone: Ci) -> None:
    done = clone.run("definition_diff", "gone")
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("ci.definition_diff: the branch gone, which this is compared with, cannot be fetched")


@pytest.mark.parametrize("script", ["register", "start", "images", "image", "definition_diff"])
def test_each_script_explains_itself(build: Ci, script: str) -> None:
    done = build.run(script, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"ci.{script}" in done.stdout
