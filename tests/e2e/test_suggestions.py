"""What is printed as the next command works as it is printed."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.doubles.aws import AwsServer
from tests.doubles.aws.server import Moto
from tests.e2e.program import Ended, mlops_new
from tests.e2e.test_sagemaker import DECISION, EVALUATION, push_image

NAME = "fresh-sales"
FILES = {"evaluation": {"evaluation.json": EVALUATION}, "decision": {"decision.json": DECISION}}


def typed(line: str, where: Path) -> Ended:
    """A line as a person pastes it into a shell."""
    folder = Path(sys.executable).parent
    done = subprocess.run(
        ["bash", "-c", line],
        cwd=where,
        env={**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    return Ended(done.returncode, done.stdout, done.stderr)


def next_line(ended: Ended) -> str:
    (line,) = [line for line in ended.out.splitlines() if line.startswith("Next: ")]
    return line.removeprefix("Next: ")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    folder = tmp_path / "it's a place"
    folder.mkdir()
    return folder


@pytest.mark.slow
def test_on_sagemaker_each_next_command_leads_on(place: Path, aws: AwsServer, moto: Moto) -> None:
    aws.script.files |= {
        output: {name: json.dumps(document).encode() for name, document in files.items()}
        for output, files in FILES.items()
    }
    config = place / "my settings.toml"
    config.write_text("", encoding="utf-8")
    options = ["--platform", "sagemaker", "--config", str(config)]
    made = mlops_new("project", NAME, *options, "--yes", "-C", place)
    assert made.code == 0, made.err
    first = next_line(made)
    assert "--platform sagemaker" in first
    assert "my settings.toml" in first

    early = typed(first, place)
    assert early.code == 1
    assert "there is no image" in early.err
    assert "`git push` starts no CI, because this repository is hosted on this machine" in early.err
    assert "build' && python3 -m ci.image` builds and pushes it" in early.err

    push_image(aws, place / f"{NAME}-build")
    built = typed(first, place)
    assert built.code == 0, built.err
    approved = typed(next_line(built), place / f"{NAME}-build")
    assert approved.code == 0, approved.err
    forecast = typed(next_line(approved), place / f"{NAME}-build")
    assert forecast.code == 0, forecast.err
    assert f"{NAME}-inference succeeded" in forecast.out

    # Somebody who stands elsewhere is told where.
    again = mlops_new("run", *options, "-C", place / f"{NAME}-build", cwd=place)
    assert "-C" in next_line(again)
    decided = typed(next_line(again), place)
    assert decided.code == 0, decided.err
    assert typed(next_line(decided), place).code == 0


@pytest.mark.slow
def test_here_the_next_command_is_short_and_names_settings_that_were_typed(place: Path) -> None:
    plain = mlops_new("project", "plain", "--yes", cwd=place)
    assert next_line(plain) == f"cd {shlex.quote(str(place / 'plain-build'))} && mlops-new run"
    config = place / "s.toml"
    config.write_text("", encoding="utf-8")
    told = mlops_new("project", "told", "--yes", "--config", "s.toml", cwd=place)
    assert next_line(told).startswith("cd ")
    assert "mlops-new run --config " in next_line(told)
    assert typed(f"{next_line(told)} --dry-run", place).code == 0


def test_a_model_list_without_models_says_how_to_make_one(place: Path) -> None:
    made = mlops_new("project", "empty", "--yes", cwd=place)
    assert made.code == 0, made.err
    said = mlops_new("models", "list", cwd=place / "empty-deploy").err.splitlines()[-1]
    assert said == "no model of empty is registered yet: cd ../empty-build && mlops-new run"
    assert typed(f"{said.partition(': ')[2]} --dry-run", place / "empty-deploy").code == 0
