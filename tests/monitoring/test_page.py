"""The report in Chromium: it opens, nothing runs out of a phone's width, and nothing is asked of the network."""

import html
import os
import shutil
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PYTHON = os.environ.get("MLOPS_NEW_DATA_PYTHON", "")
BROWSER = shutil.which("chromium") or ""
OPTIONS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
MAKE = """
import sys
import numpy as np, pyarrow as pa
from monitoring import baseline, checks, columns, constraints, report
from monitoring.findings import Finding
from monitoring.settings import DataQuality
def table(shift):
    draws = np.random.default_rng(1)
    names = ["a_feature_with_quite_a_long_name_" + str(place) for place in range(6)]
    numbers = {name: pa.array(draws.normal(shift, 1, 2000)) for name in names}
    return columns.of_arrays(numbers | {"kind": pa.array(draws.choice(["a", "b" * 40], 2000).tolist())})
before = baseline.statistics(table(0))
found, drifts = checks.check(checks.Batch(table(1)), before, constraints.suggest(before, DataQuality()))
told = {"rows": 2000, "baseline_rows": 2000, "files": ["t.csv"], "skipped": [], "features": checks.drift_json(drifts)}
told["violations"] = [vars(item) | {"severity": item.severity} for item in found if isinstance(item, Finding)]
facts = [("Model", "arn:aws:sagemaker:eu-north-1:000000000000:model-package/a-project/1" * 2)]
run = report.Run("inference", "p", "now", facts=facts, checks={"data_quality": told}, before=before)
sys.stdout.write(report.render(run))
"""
# The page in a frame of a phone's width, and what a script of the page around it sees.
AROUND = """<iframe id="f" width="360" height="600" srcdoc="{page}"></iframe><script>
document.getElementById("f").onload = event => {{
  const page = event.target.contentDocument.documentElement;
  const asked = event.target.contentWindow.performance.getEntriesByType("resource").length;
  document.title = "fits " + (page.scrollWidth <= page.clientWidth) + ", requests " + asked;
}}</script>"""


@pytest.mark.skipif(not (PYTHON and BROWSER), reason="there is no Chromium, or MLOPS_NEW_DATA_PYTHON names no Python")
def test_a_phone_shows_the_whole_page(tmp_path: Path) -> None:
    env = os.environ | {"PYTHONPATH": str(ROOT / "templates" / "build")}
    made = subprocess.run([PYTHON, "-c", MAKE], env=env, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    around = tmp_path / "around.html"
    around.write_text(AROUND.format(page=html.escape(made.stdout)), encoding="utf-8")
    command = [BROWSER, *OPTIONS, f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", around.as_uri()]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "<title>fits true, requests 0</title>" in shown
    assert "violations" in shown
