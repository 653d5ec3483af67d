"""Runs that are stopped, killed, resumed, started twice at once, or out of disk: nothing is lost, doubled or left."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mlops_new.errors import Conflict, Invalid
from mlops_new.platforms.local.database.execution_table import KILLED
from mlops_new.platforms.local.database.records import Execution
from mlops_new.platforms.local.processes.process_identity import Process
from tests.platforms.local.conftest import Local, appears, gone, statuses, step
from tests.platforms.local.definitions import (
    condition,
    definition,
    equals,
    get,
    model,
    processing,
    register,
    training,
    transform,
)

DRIVER = Path(__file__).with_name("driver.py")

# Does its work at once, unless there is a file that says otherwise: then it tells its process id and waits for ever.
CODE = """
import os, pathlib, sys, time
signs = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(os.environ["SIGNS"])
name = sys.argv[2] if len(sys.argv) > 2 else "Train"
with (signs / "ran").open("a") as ran:
    ran.write(name + "\\n")
if (signs / f"hang-{name}").exists():
    partial = signs / "partial"
    partial.write_text(str(os.getpid()))
    partial.rename(signs / f"pid-{name}")
    time.sleep(600)
"""


def life(signs: Path, **environment: str) -> str:
    train = training("Train", CODE, request={"Environment": {"CODE": CODE, "SIGNS": str(signs)}})
    train["DependsOn"] = ["Prepare"]
    archive = get("Steps.Train.ModelArtifacts.S3ModelArtifacts")
    return definition(
        processing("Prepare", CODE, str(signs), "Prepare"),
        train,
        model("Create", archive, **environment),
        transform("Predict", "Create", "s3://mlops-new/in/data.csv"),
        condition("Gate", equals(1, 1), then=(register("Register", archive),)),
    )


def drive(local: Local, execution: Execution, *more: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, str(DRIVER), str(local.platform.stores.home.root), execution.id, *more]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
    )
    local.platform.stores.executions.hand_over(execution.id, Process.of(process.pid))
    assert process.stdin is not None
    process.stdin.write(b"go\n")
    process.stdin.flush()
    return process


@pytest.mark.parametrize("hung", ["Prepare", "Train"])
def test_killed_while_a_job_runs(own: Local, tmp_path: Path, hung: str) -> None:
    own.put("s3://mlops-new/in/data.csv", "1\n")
    (tmp_path / f"hang-{hung}").touch()
    execution = own.start(life(tmp_path))
    runner = drive(own, execution)
    job = int(appears(tmp_path / f"pid-{hung}"))
    with pytest.raises(Conflict, match=f"process {runner.pid}"):
        own.resume(execution)
    runner.kill()
    runner.communicate()
    gone(job)
    found = own.platform.stores.executions.describe(execution.id)
    assert (found.status, found.reason) == ("Stopped", KILLED)
    assert step(found, hung).status == "Stopped"
    assert step(found, "Register").status == "NotRun"
    (tmp_path / f"hang-{hung}").unlink()
    resumed = own.resume(execution)
    assert resumed.status == "Succeeded", resumed.reason
    ran = (tmp_path / "ran").read_text().split()
    assert ran == (["Prepare", "Prepare", "Train"] if hung == "Prepare" else ["Prepare", "Train", "Train"])
    assert [package.version for package in own.platform.stores.models.model_packages("tests")] == [1]


def test_killed_while_a_server_answers(own: Local, tmp_path: Path) -> None:
    own.put("s3://mlops-new/in/data.csv", "1\n")
    execution = own.start(life(tmp_path, MODE="slow", NOTES=str(tmp_path / "asked")))
    runner = drive(own, execution)
    appears(tmp_path / "asked")
    servers = children(runner.pid)
    runner.kill()
    runner.communicate()
    assert servers
    for server in servers:
        gone(server)
    assert statuses(own.platform.stores.executions.describe(execution.id))["Predict"] == "Stopped"


def children(pid: int) -> list[int]:
    """Process ids of everything below a process."""
    answer = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True)
    pairs = [tuple(map(int, line.split())) for line in answer.stdout.splitlines()]
    below = [child for child, parent in pairs if parent == pid]
    return below + [deeper for child in below for deeper in children(child)]


def test_killed_after_any_transaction(own: Local, tmp_path: Path) -> None:
    text = definition(
        processing("Prepare", CODE, str(tmp_path), "Prepare"),
        model("Create", "s3://mlops-new/in/model.tar.gz"),
        condition("Gate", equals(1, 1), then=(register("Register", "s3://mlops-new/in/model.tar.gz"),)),
    )
    survived = False
    for number in range(1, 40):
        execution = own.start(text)
        runner = drive(own, execution, "dies-after", str(number))
        runner.communicate()
        survived = runner.returncode == 0
        if survived:
            break
        assert runner.returncode == -signal.SIGKILL
        found = own.platform.stores.executions.describe(execution.id)
        if found.status != "Succeeded":
            assert (found.status, found.reason) == ("Stopped", KILLED)
            assert "Executing" not in statuses(found).values()
            done = [name for name, status in statuses(found).items() if status == "Succeeded"]
            resumed = own.resume(execution)
            assert resumed.status == "Succeeded", resumed.reason
            again = {event_name(event) for event in own.events}
            assert not again & set(done)
        packages = own.platform.stores.models.model_packages("tests")
        assert [package.version for package in packages] == list(range(number, 0, -1))
        assert packages[0].execution == execution.id
    assert survived


def event_name(event: Any) -> str:
    return str(event.step.name) if hasattr(event, "step") else ""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_on_request(own: Local, tmp_path: Path, number: signal.Signals) -> None:
    own.put("s3://mlops-new/in/data.csv", "1\n")
    (tmp_path / "hang-Train").touch()
    execution = own.start(life(tmp_path))
    runner = drive(own, execution)
    job = int(appears(tmp_path / "pid-Train"))
    runner.send_signal(number)
    runner.communicate()
    gone(job)
    found = own.platform.stores.executions.describe(execution.id)
    assert (runner.returncode, found.status, found.reason) == (1, "Stopped", "it was stopped on request")
    assert [step(found, name).status for name in ("Prepare", "Train", "Create", "Predict")] == [
        "Succeeded",
        "Stopped",
        "NotRun",
        "NotRun",
    ]


def test_apart_from_its_command(own: Local, tmp_path: Path) -> None:
    own.put("s3://mlops-new/in/data.csv", "1\n")
    (tmp_path / "hang-Train").touch()
    execution = own.start(life(tmp_path))
    own.platform.run_detached(execution.id)
    job = int(appears(tmp_path / "pid-Train"))
    assert own.platform.stores.executions.describe(execution.id).status == "Executing"
    runner = own.platform.stores.executions.owner(execution.id)
    assert runner.pid != os.getpid()
    own.platform.stop(execution.id)
    gone(job)
    gone(runner.pid)
    assert own.platform.stores.executions.describe(execution.id).status == "Stopped"
    with pytest.raises(Invalid, match="not running"):
        own.platform.stop(execution.id)
    (tmp_path / "hang-Train").unlink()
    assert own.resume(execution).status == "Succeeded"
    with pytest.raises(Invalid, match="only a Stopped or Failed one"):
        own.resume(execution)


def test_a_failed_run_is_resumed_from_where_it_failed(own: Local, tmp_path: Path) -> None:
    code = f"import pathlib\npathlib.Path('{tmp_path}/ran').open('a').write('x')"
    second = f"import pathlib\nassert pathlib.Path('{tmp_path}/ready').exists(), 'not ready'"
    execution = own.run(definition(processing("One", code), processing("Two", second, DependsOn=["One"])))
    assert execution.status == "Failed"
    (tmp_path / "ready").touch()
    resumed = own.resume(execution)
    assert (resumed.status, step(resumed, "Two").attempt) == ("Succeeded", 2)
    assert (tmp_path / "ran").read_text() == "x"


def test_two_runs_at_once_on_one_home(own: Local, tmp_path: Path) -> None:
    own.put("s3://mlops-new/in/data.csv", "1\n")
    runs = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        execution = own.start(life(tmp_path / name))
        runs.append((execution, drive(own, execution)))
    for execution, runner in runs:
        _, said = runner.communicate()
        assert runner.returncode == 0, said
        assert own.platform.stores.executions.describe(execution.id).status == "Succeeded"
    assert sorted(package.version for package in own.platform.stores.models.model_packages("tests")) == [1, 2]


def test_a_disk_that_fills_up(own: Local) -> None:
    own.put("s3://mlops-new/in/large.csv", "x" * (6 << 20))
    execution = own.start(definition(processing("P", "", inputs={"raw": "s3://mlops-new/in/large.csv"})))
    runner = drive(own, execution, "small-disk", str(5 << 20))
    runner.communicate()
    found = own.platform.stores.executions.describe(execution.id)
    assert (runner.returncode, found.status) == (1, "Failed")
    assert found.reason.startswith("step P failed: the disk is full")
    assert own.resume(execution).status == "Succeeded"


def test_a_registry_that_cannot_grow(own: Local, tmp_path: Path) -> None:
    command = [sys.executable, str(DRIVER), str(tmp_path / "other"), "x", "small-disk", "100"]
    said = subprocess.run(command, input="go\n", capture_output=True, text=True, check=False)
    assert said.returncode == 1
    assert "the disk is full or failing" in said.stderr
    assert "Traceback" not in said.stderr
    assert own.platform.stores.executions.all() == []
