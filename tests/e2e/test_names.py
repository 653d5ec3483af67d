"""Columns that are called as our own are, in every role: no error, and nothing comes out otherwise."""

import os
import subprocess
from pathlib import Path

import pytest

from rendering import render

pytestmark = pytest.mark.slow

SCRIPT = Path(__file__).with_name("programs") / "names_of_columns.py"


def test_no_name_of_ours_collides_with_a_column(tmp_path: Path, data_python: Path) -> None:
    build, deploy = (render(kind, tmp_path / kind, target="y") for kind in ("build", "deploy"))
    done = subprocess.run(
        [str(data_python), str(SCRIPT), str(build), str(deploy), str(tmp_path / "lives")],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
