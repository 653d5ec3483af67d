"""The committed definitions fit this repository."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DEFINITIONS = sorted((ROOT / "pipelines").glob("*.json"))


def test_each_pipeline_has_its_definition() -> None:
    assert [path.stem for path in DEFINITIONS] == sorted(path.stem for path in (ROOT / "pipelines").glob("*.py"))


@pytest.mark.parametrize("path", DEFINITIONS, ids=lambda path: path.stem)
def test_each_script_that_a_step_runs_is_here(path: Path) -> None:
    scripts = re.findall(r"/opt/ml/processing/input/code/([^\"]+)", json.dumps(json.loads(path.read_text())))
    assert scripts
    assert [name for name in scripts if not (ROOT / name).is_file()] == []
