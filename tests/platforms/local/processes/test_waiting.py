"""Work that takes minutes is not silent."""

import re
import time
from pathlib import Path

import pytest

from mlops_new.platforms.local.home import Home
from mlops_new.platforms.local.images.python_environments import environment
from mlops_new.platforms.local.processes.waiting import telling


def test_lines_come_while_it_lasts_and_one_at_the_end(tmp_path: Path) -> None:
    said: list[str] = []
    log = tmp_path / "log"
    log.write_text("Collecting pandas\nDownloading " + "x" * 100 + "\n\n")
    with telling(said.append, "the environment", log, every=0.05):
        until = time.monotonic() + 300
        while len(said) < 2:
            assert time.monotonic() < until
            time.sleep(0.01)
    assert re.match(r"the environment: \d+ s so far \(Downloading xxx", said[0])
    assert said[0].endswith("…)")
    assert re.fullmatch(r"the environment: ready after \d+ s", said[-1])


def test_what_fails_is_not_called_ready(tmp_path: Path) -> None:
    said: list[str] = []
    with pytest.raises(ValueError, match="no"), telling(said.append, "it", tmp_path / "none", every=9):
        raise ValueError("no")
    assert said == []


def test_making_an_environment_says_that_it_is_ready_and_finding_it_says_nothing(tmp_path: Path) -> None:
    requirements = tmp_path / "requirements.txt"
    requirements.touch()
    said: list[str] = []
    home = Home.open(tmp_path / "home with blanks, ä")
    made = environment(home, requirements, said.append)
    assert said[0] == (
        "making the image's environment from container/requirements.txt with venv: once for these requirements"
    )
    assert said[-1].startswith("the image's environment: ready after ")
    assert environment(home, requirements, said.append) == made
    assert len([line for line in said if "ready" in line]) == 1
