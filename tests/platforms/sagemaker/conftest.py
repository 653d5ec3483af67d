"""A project's whole life by the platform's methods, short enough to be struck at every call."""

import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from mlops_new.definition import Definition, parse
from mlops_new.names import Mark
from mlops_new.platforms.sagemaker.account import Account
from mlops_new.platforms.sagemaker.platform import sagemaker_platform
from mlops_new.platforms.sagemaker.registry import SageMakerRegistry
from mlops_new.ports.executions import Execution, Status
from mlops_new.system import git
from tests.doubles.aws import AwsServer
from tests.doubles.aws.server import BUCKET, Moto
from tests.platforms.local.definitions import definition, model, processing, register, training

NAME = "fresh-sales"


@dataclass
class Life:
    """What commands do one after the other; each part is one command, and can be done again.

    Args:
        repository: A committed working copy whose image was pushed.
        log: What has happened.
    """

    repository: Path
    log: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        account = Account()
        self.registry = SageMakerRegistry(account)
        self.platform = sagemaker_platform(account, NAME, lambda _: time.sleep(0.01))
        self.mark = Mark(NAME, "build")
        self.pipeline = f"{NAME}-build"

    def make(self) -> None:
        self.registry.create_group(NAME, mark=self.mark)
        self.registry.register(self.pipeline, self.definition("first"), mark=self.mark)
        self.registry.register(self.pipeline, self.definition("second"), mark=self.mark)

    def run(self) -> Execution:
        image = self.platform.sources.own_image(self.repository, project=NAME, needed=True, notify=self.log.append)
        data = self.platform.objects.upload(self.repository / "data.csv", project=NAME)
        self.platform.objects.folder(f"s3://{BUCKET}/{NAME}/history", "note")
        self.platform.pipelines.make_ready(self.pipeline, self.definition("second"), mark=self.mark)
        begun = self.platform.executions.begin(self.pipeline, given={"ImageUri": image, "Data": data}, image=image)
        ended = self.platform.executions.run(begun.id, lambda event: self.log.append(str(event)))
        assert ended.status is Status.SUCCEEDED
        assert self.platform.objects.read(data) == b"1\n"
        return ended

    def decide(self) -> None:
        self.platform.models.model_packages(NAME)
        self.platform.models.set_approval(NAME, 1, "Approved", "good")

    def begin(self) -> Execution:
        self.platform.pipelines.make_ready(self.pipeline, self.definition("second"), mark=self.mark)
        return self.platform.executions.begin(self.pipeline, given={"ImageUri": "image", "Data": "s3://x"}, image="")

    def stop_and_resume(self) -> None:
        begun = self.begin()
        self.platform.executions.stop(begun.id)
        assert self.platform.executions.describe(begun.id).status is Status.STOPPED
        self.platform.executions.resume(begun.id, lambda event: self.log.append(str(event)))

    def destroy(self) -> None:
        for step in self.registry.remains(NAME, [self.pipeline], purge=True).steps:
            self.registry.perform(step)
        self.registry.unregister(self.pipeline, mark=self.mark)

    @property
    def parts(self) -> list[Callable[[], object]]:
        """Everything, from nothing to nothing."""
        return [self.make, self.run, self.decide, self.stop_and_resume, self.destroy]

    def definition(self, name: str) -> Definition:
        steps = [
            processing(name, "pass", outputs=("table",)),
            training("Train", "pass", channels={"train": "s3://bucket/train"}),
            model("Model", "s3://bucket/model.tar.gz"),
            register("Register", "s3://bucket/model.tar.gz", group=NAME),
        ]
        return parse(definition(*steps, Data={"Type": "String"}), source="pipeline.json")


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("repository")
    git.init(path)
    (path / "data.csv").write_text("1\n", encoding="utf-8")
    author = ["-c", "user.name=Test", "-c", "user.email=test@localhost"]
    subprocess.run(["git", "add", "--all"], cwd=path, check=True)
    subprocess.run(["git", *author, "commit", "-qm", "Start"], cwd=path, check=True)
    return path


@pytest.fixture
def life(aws: AwsServer, repository: Path) -> Life:
    aws.push_image(f"{NAME}-{git.head(repository)}")
    aws.calls.clear()
    return Life(repository)


@pytest.fixture
def empty(moto: Moto, monkeypatch: pytest.MonkeyPatch) -> Iterator[AwsServer]:
    """A fresh account; the environment leads to it."""
    server = AwsServer(moto)
    for name, value in server.environ.items():
        monkeypatch.setenv(name, value)
    yield server
    server.close()
