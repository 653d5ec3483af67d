"""The committed definitions fit this repository."""

from __future__ import annotations

import json
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
DEFINITIONS = sorted((ROOT / "pipelines").glob("*.json"))


def test_each_pipeline_has_its_definition() -> None:
    assert [path.stem for path in DEFINITIONS] == sorted(path.stem for path in (ROOT / "pipelines").glob("*.py"))


def test_each_script_that_a_step_runs_is_here() -> None:
    definitions = [json.dumps(json.loads(path.read_text())) for path in DEFINITIONS]
    scripts = [name for text in definitions for name in re.findall(r"/opt/ml/processing/input/code/([^\"]+)", text)]
    assert scripts
    assert [name for name in scripts if not (ROOT / name).is_file()] == []
