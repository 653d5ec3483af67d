"""What pyproject.toml declares agrees with what is pinned elsewhere; `deptry` judges what is imported."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_the_sdk_that_compiles_here_is_the_one_that_compiles_in_repositories() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = (ROOT / "templates" / "shared" / "requirements-sdk.txt").read_text(encoding="utf-8").splitlines()
    pinned = [line for line in lines if line and not line.startswith("#")]
    assert project["optional-dependencies"]["sdk"] == pinned
