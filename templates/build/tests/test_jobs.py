"""Jobs as processes, with SageMaker's tree around them."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import paths

if TYPE_CHECKING:
    from pathlib import Path


def run(module: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", module], cwd=paths.CODE, capture_output=True, text=True, check=False)


def test_a_failed_step_says_why_in_one_line(opt_ml: Path) -> None:
    raw = opt_ml / "processing" / "input" / "raw"
    raw.mkdir(parents=True)
    (raw / "table.csv").touch()
    done = run("steps.preprocess")
    wanted = "table.csv is empty (0 bytes): give a table with a header and rows"
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == wanted
    assert (opt_ml / "output" / "message").read_text(encoding="utf-8") == wanted + "\n"


def test_a_fault_of_the_table_names_the_file(opt_ml: Path) -> None:
    raw = opt_ml / "processing" / "input" / "raw"
    raw.mkdir(parents=True)
    (raw / "table.csv").write_text("nothing_of_this\n1\n", encoding="utf-8")
    done = run("steps.preprocess")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("table.csv: the table has no column ")


def test_a_failed_training_job_leaves_its_reason(opt_ml: Path) -> None:
    done = run("model.train")
    assert done.returncode == 1
    assert "no such file or folder" in (opt_ml / "output" / "failure").read_text(encoding="utf-8")
