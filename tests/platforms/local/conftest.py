"""A home with one image in it, and a way to run a definition there."""

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from mlops_new.platforms.local.database.records import Execution
from mlops_new.platforms.local.engine import Engine
from mlops_new.platforms.local.processes.process_identity import Process
from mlops_new.ports.events import Event, Notice
from mlops_new.ports.executions import Step
from mlops_new.ports.platform import Image

IMAGE = Path(__file__).parent / "image"


def silent(_: str) -> None:
    """Nobody listens."""


def repository(folder: Path) -> Path:
    """A Git repository with the image's files in it."""
    shutil.copytree(IMAGE, folder)
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    return folder


@dataclass
class Local:
    """A platform, its image, and what the last run told."""

    platform: Engine
    image: Image
    events: list[Event] = field(default_factory=list)

    def start(self, definition: str, name: str = "tests-build", **given: Any) -> Execution:
        self.platform.stores.pipelines.register(name, definition, project="tests", repository="build")
        return self.platform.start(name, given={"ImageUri": self.image.uri, **given}, image=self.image)

    def run(self, definition: str, **given: Any) -> Execution:
        self.events.clear()
        return self.platform.run(self.start(definition, **given).id, self.events.append)

    def resume(self, execution: Execution) -> Execution:
        self.events.clear()
        return self.platform.resume(execution.id, self.events.append)

    def put(self, uri: str, text: str) -> str:
        path = self.platform.stores.objects.path(uri)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
        return uri

    def read(self, execution: Execution, name: str) -> str:
        """An object of a run's outputs."""
        uri = f"s3://mlops-new/tests/{execution.id}/{name}"
        return self.platform.stores.objects.path(uri).read_bytes().decode()

    @property
    def notices(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, Notice)]


def step(execution: Execution, name: str) -> Step:
    return next(step for step in execution.steps if step.name == name)


def statuses(execution: Execution) -> dict[str, str]:
    return {step.name: str(step.status) for step in execution.steps}


def gone(pid: int) -> None:
    """Wait until a process has ended. Nobody but the kernel is waited for: what ends it was done already."""
    deadline = time.monotonic() + 300
    while Process.of(pid).alive():
        assert time.monotonic() < deadline, f"process {pid} still runs"
        time.sleep(0.005)


def appears(path: Path) -> str:
    """Wait for a file that another process writes in one go, and give its text."""
    deadline = time.monotonic() + 300
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} was never written"
        time.sleep(0.005)
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Local]:
    """One home for all tests that do not mind others in it."""
    folder = tmp_path_factory.mktemp("local")
    platform = Engine(folder / "home")
    yield Local(
        platform, platform.stores.images.build(repository(folder / "repository"), project="tests", notify=silent)
    )
    platform.close()


@pytest.fixture
def local(prepared: Local) -> Local:
    prepared.events.clear()
    return prepared


@pytest.fixture
def new_home(prepared: Local, tmp_path: Path) -> Callable[[str], Path]:
    """Makes a home of a test's own, with the environment that is made already."""

    def make(name: str) -> Path:
        home = tmp_path / name
        home.mkdir()
        shutil.copytree(prepared.platform.stores.home.images, home / "images")
        (home / "environments").symlink_to(prepared.platform.stores.home.environments)
        return home

    return make


@pytest.fixture
def own(prepared: Local, new_home: Callable[[str], Path]) -> Iterator[Local]:
    """A home of the test's own."""
    platform = Engine(new_home("home"))
    yield Local(platform, prepared.image)
    platform.close()
