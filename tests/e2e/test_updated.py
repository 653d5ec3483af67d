"""A project of the oldest template version, edited and updated to the newest: its tests pass, both pipelines run."""

import os
import secrets
import subprocess
from pathlib import Path

import pytest

from tests.e2e.program import mlops_new, recent_sample
from tests.update import fork
from tests.update.fork import NEWEST, OLDEST, git

pytestmark = pytest.mark.slow

# The build repository's others train models, as its pipeline does here.
TESTS = {
    "build": [f"tests/test_{name}.py" for name in ("config", "contract", "features", "jobs", "tables")],
    "deploy": ["tests"],
}


def test_an_edited_project_works_after_an_update(somewhere: Path, working_home: Path, linting_python: Path) -> None:
    name = f"updated-{secrets.token_hex(3)}"
    template = fork.make(somewhere / "acme.git")
    assert mlops_new("project", name, "--yes", "--template", f"{template}@{OLDEST}").code == 0
    copies = {kind: somewhere / f"{name}-{kind}" for kind in TESTS}
    edits = {
        "build": {
            "config.toml": ("max_leaf_nodes = 31", "max_leaf_nodes = 15"),
            "steps/evaluate.py": ("from __future__", "# Ours.\nfrom __future__"),
            "README.md": ("## Commands", "## Our commands"),
        },
        "deploy": {"config.toml": ("model_age_days = 0", "model_age_days = 365")},
    }
    for kind, files in edits.items():
        for file, (old, new) in files.items():
            fork.change(copies[kind] / file, old, new)
        git(copies[kind], "commit", "--quiet", "--all", "--message", "Ours")
        git(copies[kind], "push", "--quiet", "origin", "main")

    told = mlops_new("update", "--yes", "--json", cwd=copies["build"])
    assert told.code == 0, told.err
    for copy in copies.values():
        git(copy, "merge", "--quiet", f"origin/mlops-new/template-{NEWEST}")
        git(copy, "push", "--quiet", "origin", "main")
    for kind, copy in copies.items():
        compared = ["-m", "ci.contract", "--compare"]
        for command in (compared, ["-m", "pytest", "-q", *TESTS[kind]]):
            done = subprocess.run(
                [linting_python, *command],
                cwd=copy,
                env={**os.environ, "PYTHONPATH": ""},
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, f"{command} in {kind}:\n{done.stdout}{done.stderr}"
    assert "max_leaf_nodes = 15" in (copies["build"] / "config.toml").read_text("utf-8")

    assert mlops_new("project", name, "--yes").code == 0
    built = mlops_new("run", "--json", "--input", recent_sample(copies["build"]), cwd=copies["build"])
    assert built.code == 0, built.err
    assert mlops_new("models", "approve", "1", cwd=copies["build"]).code == 0
    predicted = mlops_new("run", "--json", cwd=copies["deploy"])
    assert predicted.code == 0, predicted.err
    assert predicted.document["status"] == "Succeeded"
