"""These tests run in an environment that has a model image's packages; `MLOPS_NEW_DATA_PYTHON` is its Python."""

import os
import subprocess

import pytest

VARIABLE = "MLOPS_NEW_DATA_PYTHON"

# The packages are large: where nobody says that they are there, these tests do not exist.
collect_ignore_glob = [] if os.environ.get(VARIABLE) else ["test_*.py"]


@pytest.fixture(scope="session")
def image_python() -> str:
    """The Python of an environment that has the image's packages."""
    python = os.environ[VARIABLE]
    try:
        found = subprocess.run([python, "-c", "import pandas, sklearn"], capture_output=True, text=True, check=False)
    except OSError as error:
        pytest.fail(f"{VARIABLE}={python} cannot be run: {error.strerror}", pytrace=False)
    if found.returncode:
        pytest.fail(f"{VARIABLE}={python} lacks a package: {found.stderr.splitlines()[-1]}", pytrace=False)
    return python
