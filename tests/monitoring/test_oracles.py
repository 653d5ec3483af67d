"""The build template's monitoring against independent computations, in an environment that has them.

`MLOPS_NEW_DATA_PYTHON` is a Python with what `templates/build/container/requirements.txt` and `requirements.txt` beside
this file name: `make test-oracles` makes one.
"""

import os
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

VARIABLE = "MLOPS_NEW_DATA_PYTHON"
ROOT = Path(__file__).parents[2]
ORACLES = sorted(path.stem for path in (Path(__file__).parent / "oracles").glob("oracle_*.py"))


@pytest.mark.parametrize("oracle", ORACLES)
def test_oracle(oracle: str) -> None:
    options = ["-q", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", str(ROOT), "-W", "error"]
    place = Path(__file__).parent / "oracles" / f"{oracle}.py"
    done = subprocess.run(
        [os.environ[VARIABLE], "-m", "pytest", *options, str(place)],
        env=os.environ | {"PYTHONPATH": str(ROOT / "templates" / "build")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
