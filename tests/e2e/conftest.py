"""One home for all the tests that run pipelines: its environments take a minute to make and are made once."""

import os
from pathlib import Path

import pytest

from mlops_new.platforms.local.home import Home
from mlops_new.platforms.local.images.python_environments import environment

TEMPLATES = Path(__file__).parents[2] / "templates"
BUILD, CI = TEMPLATES / "build", TEMPLATES / "shared" / "ci"
REQUIREMENTS = BUILD / "container" / "requirements.txt"


@pytest.fixture(scope="session")
def shared_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home shared by the workers of this test run; `MLOPS_NEW_TEST_CACHE` keeps it for the next one."""
    cache = os.environ.get("MLOPS_NEW_TEST_CACHE")
    base = tmp_path_factory.getbasetemp()
    return Path(cache) if cache else (base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base) / "home"


@pytest.fixture
def working_home(shared_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """`MLOPS_NEW_HOME` is the shared one; every test has a project name of its own in it."""
    monkeypatch.setenv("MLOPS_NEW_HOME", str(shared_home))
    return shared_home


@pytest.fixture(scope="session")
def data_python(shared_home: Path) -> Path:
    """The interpreter of the image: it has pandas and scikit-learn, which this one does not."""
    return environment(Home.open(shared_home), REQUIREMENTS, print) / "bin" / "python"


@pytest.fixture(scope="session")
def linting_python(shared_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the build repository's Makefile installs; the deploy repository's is a part of it."""
    pinned = tmp_path_factory.mktemp("requirements") / "requirements.txt"
    files = (BUILD / "container" / "requirements.txt", CI / "requirements.txt", BUILD / "requirements-dev.txt")
    pinned.write_text("\n".join(file.read_text(encoding="utf-8") for file in files), encoding="utf-8")
    return environment(Home.open(shared_home), pinned, print) / "bin" / "python"
