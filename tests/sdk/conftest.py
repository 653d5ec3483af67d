"""These tests compile with the SageMaker SDK, in an environment that `MLOPS_NEW_SDK_PYTHON` names (its Python)."""

import os
import subprocess

import pytest

VARIABLE = "MLOPS_NEW_SDK_PYTHON"

# The SDK is 1 GB: where nobody says that it is there, these tests do not exist.
collect_ignore_glob = [] if os.environ.get(VARIABLE) else ["test_*.py"]


@pytest.fixture(scope="session")
def sdk_python() -> str:
    """The Python of an environment that has the SDK."""
    python = os.environ[VARIABLE]
    try:
        found = subprocess.run(
            [python, "-c", "import importlib.metadata as m; print(m.version('sagemaker'))"],
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError as error:
        pytest.fail(f"{VARIABLE}={python} cannot be run: {error.strerror}", pytrace=False)
    if found.returncode:
        pytest.fail(f"{VARIABLE}={python} has no sagemaker: make .venv-sdk/installed", pytrace=False)
    return python
