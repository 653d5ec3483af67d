"""The generated repository's own tests of its DAGs, `make test-dags`, on both versions and in both shapes."""

import os
import subprocess
from pathlib import Path

import pytest

from rendering import render
from tests.airflow.conftest import HERE

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("processing", ["pipeline", "airflow"])
@pytest.mark.parametrize("version", list(HERE))
def test_the_repositorys_own_tests_of_its_dags_pass(version: int, processing: str, tmp_path: Path) -> None:
    repository = render("deploy", tmp_path / "deploy", processing=processing)
    makefile = (repository / "Makefile").read_text(encoding="utf-8")
    assert f"\t.venv-airflow{version}/bin/pytest tests_dags\n" in makefile, "the Makefile runs something else"
    # What lies about in a working copy that Airflow reads as it is: not to be taken for DAGs.
    for litter in (".published", f".venv-airflow{version}/lib"):
        copy = repository / litter / "dags" / "copy_of_the_dag.py"
        copy.parent.mkdir(parents=True)
        copy.write_bytes((repository / "dags" / "parent.py").read_bytes())
    done = subprocess.run(
        [HERE[version], "-m", "pytest", "-q", "tests_dags"],
        cwd=repository,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
