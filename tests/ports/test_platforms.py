"""What every platform does: the embedded one, SageMaker, and SageMaker's adapter against the embedded one served."""

import secrets
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mlops_new.aws_api.application import Application, refuse
from mlops_new.aws_api.http.server import Server
from mlops_new.definition import Definition, parse
from mlops_new.errors import Conflict, Invalid
from mlops_new.names import Mark
from mlops_new.platforms.local.engine import Engine
from mlops_new.platforms.local.platform import local_platform
from mlops_new.platforms.local.registry import LocalRegistry, LocalRemoval
from mlops_new.platforms.local.store.file_copies import digest
from mlops_new.platforms.sagemaker.account import Account
from mlops_new.platforms.sagemaker.account_settings import AccountSettings
from mlops_new.platforms.sagemaker.platform import sagemaker_platform
from mlops_new.platforms.sagemaker.registry import SageMakerRegistry
from mlops_new.ports.events import Event, StepEnded, StepStarted
from mlops_new.ports.executions import Execution, Status
from mlops_new.ports.platform import Platform
from mlops_new.ports.registry import PlatformRemoval, Registry
from tests.platforms.local.conftest import repository, silent
from tests.platforms.local.definitions import (
    condition,
    definition,
    equals,
    fail,
    get,
    join,
    json_get,
    processing,
    register,
)

if TYPE_CHECKING:
    from tests.doubles.aws import AwsServer

WRITES = "open('/opt/ml/processing/output/table/table.csv', 'w').write('1')"
WAITS = "import pathlib, sys; sys.exit(0 if pathlib.Path(sys.argv[1]).exists() else 'not yet')"
ENDLESS = "import time; time.sleep(600)"
REPORT = b'{"rmse": 0.5, "new": true, "nothing": null}'
MEASURES = f"open('/opt/ml/processing/output/report/report.json', 'wb').write({REPORT!r})"


@dataclass
class Subject:
    """A platform, a project of a test's own, and how a test makes things happen there.

    Args:
        registry: Its side of making a project.
        removal: Its side of removing one.
        platform: Its side of running pipelines.
        image: What jobs run in.
        mend: Lets the step `waits` succeed from now on.
        flag: The file that `waits` waits for, where there are real processes.
    """

    registry: Registry
    removal: PlatformRemoval
    platform: Platform
    project: str
    image: str
    mend: Callable[[], None]
    flag: Path
    events: list[Event] = field(default_factory=list)

    @property
    def name(self) -> str:
        return f"{self.project}-build"

    @property
    def mark(self) -> Mark:
        return Mark(self.project, "build")

    def define(self, *steps: dict[str, Any]) -> Definition:
        return parse(definition(*steps), source="pipeline.json")

    def begin(self, *steps: dict[str, Any]) -> Execution:
        self.platform.pipelines.make_ready(self.name, self.define(*steps), mark=self.mark)
        return self.platform.executions.begin(self.name, given={"ImageUri": self.image}, image=self.image)

    def run(self, *steps: dict[str, Any]) -> Execution:
        return self.platform.executions.run(self.begin(*steps).id, self.events.append)

    def told(self) -> list[str]:
        return [
            f"{type(one).__name__} {one.step.name}" for one in self.events if isinstance(one, StepStarted | StepEnded)
        ]


@dataclass(frozen=True)
class Machine:
    """A home with the tiny image, and a server over it."""

    home: Path
    image: str
    url: str


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    folder = tmp_path_factory.mktemp("machine")
    engine = Engine(folder / "home")
    image = engine.stores.images.build(repository(folder / "repository"), project="tests", notify=silent)
    engine.stores.objects.path("s3://mlops-new").mkdir(exist_ok=True)
    with Server(("127.0.0.1", 0), refuse) as server:
        threading.Thread(target=server.serve, args=[Application(engine)], daemon=True).start()
        yield Machine(folder / "home", image.uri, f"http://127.0.0.1:{server.server_address[1]}")
        server.shutdown()
    engine.close()


@pytest.fixture(params=["local", "sagemaker", "sagemaker, served here"])
def subject(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Subject]:
    project, flag = f"p{secrets.token_hex(4)}", tmp_path / "flag"
    if request.param == "sagemaker":
        server: AwsServer = request.getfixturevalue("aws")
        server.script.failures["waits"] = "not yet"
        server.script.endless.add("endless")
        server.script.files["report"] = {"report.json": REPORT}
        server.client("s3").create_bucket(
            Bucket="mlops-new", CreateBucketConfiguration={"LocationConstraint": "eu-north-1"}
        )
        account = Account(AccountSettings())
        platform, registry = sagemaker_platform(account, project, _briefly), SageMakerRegistry(account)
        mend = server.script.failures.clear
        yield Subject(registry, registry, platform, project, "image", mend, flag)
        return
    machine: Machine = request.getfixturevalue("machine")
    if request.param == "local":
        engine, removal = Engine(machine.home), LocalRemoval(machine.home)
        platform = local_platform(engine)
        yield Subject(LocalRegistry(machine.home), removal, platform, project, machine.image, flag.touch, flag)
        _until(lambda: not any(worker.runs() for worker in engine._workers))
        engine.close()
        return
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "any")
    monkeypatch.setenv("AWS_ENDPOINT_URL", machine.url)
    account = Account(AccountSettings(region="us-east-1", bucket="mlops-new"))
    platform, registry = sagemaker_platform(account, project, _briefly), SageMakerRegistry(account)
    yield Subject(registry, registry, platform, project, machine.image, flag.touch, flag)


def _briefly(_: float) -> None:
    time.sleep(0.05)


def writes(name: str = "writes", **members: Any) -> dict[str, Any]:
    return processing(name, WRITES, outputs=("table",), **members)


def waits(flag: Path) -> dict[str, Any]:
    return processing("waits", WAITS, str(flag), DependsOn=["writes"])


# Registering


def test_what_is_not_there_is_none(subject: Subject) -> None:
    assert subject.registry.find_pipeline(subject.name) is None


def test_a_registered_pipeline_is_marked_and_says_its_digest(subject: Subject) -> None:
    wanted = subject.define(writes())
    subject.registry.register(subject.name, wanted, mark=subject.mark)
    found = subject.registry.find_pipeline(subject.name)
    assert found is not None
    assert (found.name, found.mark, found.digest) == (subject.name, subject.mark, wanted.digest)


def test_registering_again_updates(subject: Subject) -> None:
    for steps in ([writes()], [writes()], [writes(), writes("again")]):
        wanted = subject.define(*steps)
        subject.registry.register(subject.name, wanted, mark=subject.mark)
        found = subject.registry.find_pipeline(subject.name)
        assert found is not None
        assert found.digest == wanted.digest


def test_a_pipeline_that_is_not_ours_is_neither_changed_nor_deleted(subject: Subject) -> None:
    theirs = subject.define(writes())
    subject.registry.register(subject.name, theirs, mark=Mark("other", "build"))
    with pytest.raises(Conflict, match=subject.name):
        subject.registry.register(subject.name, subject.define(writes("mine")), mark=subject.mark)
    with pytest.raises(Conflict, match=subject.name):
        subject.registry.unregister(subject.name, mark=subject.mark)
    found = subject.registry.find_pipeline(subject.name)
    assert found is not None
    assert (found.mark, found.digest) == (Mark("other", "build"), theirs.digest)


def test_unregistered_is_gone_and_gone_is_fine(subject: Subject) -> None:
    subject.registry.register(subject.name, subject.define(writes()), mark=subject.mark)
    subject.registry.unregister(subject.name, mark=subject.mark)
    subject.registry.unregister(subject.name, mark=subject.mark)
    assert subject.registry.find_pipeline(subject.name) is None


def test_a_group_is_ours_once_it_is_made(subject: Subject) -> None:
    for _ in range(2):
        subject.registry.create_group(subject.project, mark=subject.mark)
    found = subject.registry.find_group(subject.project)
    assert found is not None
    assert found.mark == subject.mark


# Objects


def test_objects_are_stored_by_content_and_read_again(subject: Subject, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    (folder / "å").mkdir(parents=True)
    (folder / "å" / "b c.csv").write_text("1,2\n", encoding="utf-8")
    uri = subject.platform.objects.upload(folder, project=subject.project)
    assert subject.platform.objects.upload(folder, project=subject.project) == uri
    assert subject.platform.objects.read(f"{uri}/å/b c.csv") == b"1,2\n"
    assert subject.platform.objects.read(f"{uri}/none") is None
    assert subject.platform.objects.exists(uri)
    assert subject.platform.objects.exists(f"{uri}/å/b c.csv")
    assert not subject.platform.objects.exists(uri[:-1])


def test_the_same_content_has_the_same_address_everywhere(subject: Subject, tmp_path: Path) -> None:
    file = tmp_path / "data" / "table.csv"
    file.parent.mkdir()
    file.write_text("1\n", encoding="utf-8")
    uri = subject.platform.objects.upload(file, project="sales")
    assert uri == f"s3://{subject.platform.sources.bucket}/sales/data/{digest(file.parent)}/table.csv"


def test_a_folder_is_never_empty(subject: Subject) -> None:
    uri = f"s3://{subject.platform.sources.bucket}/{subject.project}/history"
    for note in ("first", "second"):
        assert subject.platform.objects.folder(uri, note) == uri
    assert subject.platform.objects.read(f"{uri}/README.txt") == b"first"


# Running


def test_a_run_is_followed_to_its_end(subject: Subject) -> None:
    ended = subject.run(writes(), writes("second", DependsOn=["writes"]))
    assert ended.status is Status.SUCCEEDED
    assert [(step.name, step.type, step.status) for step in ended.steps] == [
        ("writes", "Processing", Status.SUCCEEDED),
        ("second", "Processing", Status.SUCCEEDED),
    ]
    assert subject.told() == ["StepStarted writes", "StepEnded writes", "StepStarted second", "StepEnded second"]
    assert ended.parameters["ImageUri"] == subject.image
    assert ended.outputs()["table"].endswith(f"tests/{ended.id}/table")
    assert subject.platform.executions.describe(ended.id).status is Status.SUCCEEDED


def test_a_failed_step_says_why_and_a_resumed_run_goes_on_from_there(subject: Subject) -> None:
    failed = subject.run(writes(), waits(subject.flag), writes("last", DependsOn=["waits"]))
    assert failed.status is Status.FAILED
    assert {step.name: step.status for step in failed.steps} == {
        "writes": Status.SUCCEEDED,
        "waits": Status.FAILED,
        "last": Status.NOT_RUN,
    }
    assert "not yet" in failed.steps[1].reason
    subject.mend()
    subject.events.clear()
    ended = subject.platform.executions.resume(failed.id, subject.events.append)
    assert ended.status is Status.SUCCEEDED
    assert ended.steps[0].started == failed.steps[0].started
    assert subject.told() == ["StepStarted waits", "StepEnded waits", "StepStarted last", "StepEnded last"]
    with pytest.raises(Invalid, match="Succeeded"):
        subject.platform.executions.resume(failed.id, subject.events.append)


def measures() -> dict[str, Any]:
    file = {"PropertyFileName": "Report", "OutputName": "report", "FilePath": "report.json"}
    return processing("measures", MEASURES, outputs=("report",), PropertyFiles=[file])


def test_the_same_branches_are_taken_everywhere(subject: Subject) -> None:
    worse = {"Type": "GreaterThan", "LeftValue": json_get("measures", "Report", "rmse"), "RightValue": 0.6}
    old = equals(json_get("measures", "Report", "$.new"), right=False)
    inner = condition(
        "inner", equals(get("Steps.gate.Outcome"), "True"), then=(writes("good"),), otherwise=(fail("never", "x"),)
    )
    either = {"Type": "Not", "Condition": {"Type": "Or", "Conditions": [worse, old]}}
    gate = condition("gate", either, then=(inner,), otherwise=(writes("bad"),))
    ended = subject.run(measures(), gate)
    assert ended.status is Status.SUCCEEDED
    assert {step.name: step.status for step in ended.steps} == {
        **dict.fromkeys(("measures", "gate", "inner", "good"), Status.SUCCEEDED),
        **dict.fromkeys(("never", "bad"), Status.NOT_RUN),
    }


@pytest.mark.parametrize("path", ["none", "nothing", "rmse.deep", "[0]"])
def test_a_condition_on_what_is_not_there_fails_everywhere(subject: Subject, path: str) -> None:
    decided = equals(1, 2)  # is false whatever the other one is
    gate = condition("gate", decided, equals(json_get("measures", "Report", path), 0.5), otherwise=(writes("bad"),))
    ended = subject.run(measures(), gate)
    assert {step.name: step.status for step in ended.steps} == {
        "measures": Status.SUCCEEDED,
        "gate": Status.FAILED,
        "bad": Status.NOT_RUN,
    }
    assert ended.status is Status.FAILED


def test_a_fail_step_says_why_everywhere(subject: Subject) -> None:
    stop = fail("stop", join("not with ", get("Parameters.ImageUri")))
    ended = subject.run(condition("gate", equals(1, 2), otherwise=(stop,)), writes("last", DependsOn=["gate"]))
    stopped = next(step for step in ended.steps if step.name == "stop")
    assert (ended.status, stopped.status) == (Status.FAILED, Status.FAILED)
    assert stopped.reason == f"not with {subject.image}"


def test_a_run_that_nobody_follows_is_stopped_on_request(subject: Subject) -> None:
    begun = subject.begin(processing("endless", ENDLESS))
    subject.platform.executions.detach(begun.id, resume=False)
    _until(lambda: subject.platform.executions.describe(begun.id).steps[0].status is Status.EXECUTING)
    subject.platform.executions.stop(begun.id)
    _until(lambda: subject.platform.executions.describe(begun.id).status is Status.STOPPED)
    with pytest.raises(Invalid, match="not running"):
        subject.platform.executions.stop(begun.id)


def test_an_execution_that_does_not_exist(subject: Subject) -> None:
    with pytest.raises(Invalid, match="nobodys"):
        subject.platform.executions.describe("nobodys")


def test_a_missing_parameter_is_told_before_anything_starts(subject: Subject) -> None:
    subject.platform.pipelines.make_ready(subject.name, subject.define(writes()), mark=subject.mark)
    with pytest.raises(Invalid, match="ImageUri"):
        subject.platform.executions.begin(subject.name, given={}, image="")


# Models


def test_a_model_is_registered_approved_and_rejected(subject: Subject) -> None:
    subject.registry.create_group(subject.project, mark=subject.mark)
    assert subject.platform.models.model_packages(subject.project) == []
    data = f"s3://{subject.platform.sources.bucket}/model.tar.gz"
    ended = subject.run(register("Register", data, group=subject.project))
    registered = subject.platform.models.registered_by(ended, subject.project)
    assert registered is not None
    assert (registered.version, registered.status) == (1, "PendingManualApproval")
    approved = subject.platform.models.set_approval(subject.project, 1, "Approved", "good")
    assert (approved.status, approved.document["ApprovalDescription"]) == ("Approved", "good")
    # A backfill asks for it: SageMaker keeps no moment of approval.
    before, properties = (one.document.get("CustomerMetadataProperties", {}) for one in (registered, approved))
    assert properties.keys() - before.keys() == {"approved_at"}
    assert abs(datetime.now(UTC) - datetime.fromisoformat(properties["approved_at"])) < timedelta(minutes=10)
    subject.platform.models.set_approval(subject.project, 1, "Rejected", "not good")
    again = subject.run(register("Register", data, group=subject.project))
    models = subject.platform.models
    assert models.registered_by(again, subject.project) == models.model_package(subject.project, 2)
    listed = subject.platform.models.model_packages(subject.project)
    assert [(one.version, one.status) for one in listed] == [(2, "PendingManualApproval"), (1, "Rejected")]
    assert listed[0].document["InferenceSpecification"]["Containers"][0]["ModelDataUrl"] == data
    with pytest.raises(Invalid, match="no model version 3"):
        subject.platform.models.model_package(subject.project, 3)


# Taking down


def test_what_remains_is_told_and_purged(subject: Subject, tmp_path: Path) -> None:
    file = tmp_path / "table.csv"
    file.write_text("1\n", encoding="utf-8")
    uri = subject.platform.objects.upload(file, project=subject.project)
    subject.registry.create_group(subject.project, mark=subject.mark)
    subject.run(writes(), register("Register", uri, group=subject.project))
    for step in subject.removal.remains(subject.project, [subject.name], purge=True).steps:
        subject.removal.perform(step)
        subject.removal.perform(step)  # a command that was killed in between does it again
    subject.registry.unregister(subject.name, mark=subject.mark)
    assert subject.removal.remains(subject.project, [subject.name], purge=True).steps == ()
    assert subject.platform.models.model_packages(subject.project) == []
    assert not subject.platform.objects.exists(uri)


def test_a_running_execution_is_named_before_anything_is_taken_down(subject: Subject) -> None:
    begun = subject.begin(processing("endless", ENDLESS))
    subject.platform.executions.detach(begun.id, resume=False)
    assert subject.removal.remains(subject.project, [subject.name], purge=False).running == (
        f"{subject.name}/{begun.id}",
    )
    subject.platform.executions.stop(begun.id)
    _until(lambda: subject.removal.remains(subject.project, [subject.name], purge=False).running == ())


def _until(told: Callable[[], bool]) -> None:
    patience = time.monotonic() + 300
    while not told():
        assert time.monotonic() < patience
        time.sleep(0.05)
