"""Whatever call fails, however: one line, a way out, the right exit code, and the same command finishes later."""

import time
from collections.abc import Callable
from contextlib import suppress
from itertools import cycle
from pathlib import Path

import pytest

from mlops_new.errors import Denied, Error, Unreachable
from mlops_new.platforms.sagemaker.account import Account
from mlops_new.platforms.sagemaker.aws_errors import Call
from mlops_new.platforms.sagemaker.execution_reader import Reader
from mlops_new.platforms.sagemaker.following import follow
from mlops_new.ports.executions import Execution, Status
from mlops_new.system import git
from tests.doubles.aws import AwsServer, Fault, Kind
from tests.doubles.aws.faults import CALLER
from tests.doubles.aws.server import Moto
from tests.platforms.sagemaker.conftest import NAME, Life

_READS = ("Get", "List", "Describe", "Head")


def is_write(operation: str) -> bool:
    return not operation.partition(":")[2].startswith(_READS)


def struck(part: Callable[[], object], aws: AwsServer, operation: str, kind: Kind, times: int = 1) -> Error | None:
    """What a person is told when the next call of an operation goes wrong."""
    fault = Fault(operation, kind, times)
    aws.faults = [fault]
    told: Error | None = None
    try:
        part()
    except Error as error:
        told = error
    aws.faults = []
    assert fault.times == 0, f"{operation} was not asked"
    assert told is None or (told.hint and "\n" not in told.message)
    return told


@pytest.fixture(scope="module")
def operations(moto: Moto, repository: Path) -> dict[str, list[str]]:
    """What each part of a clean life asks of AWS, in the order of the first time."""
    server = AwsServer(moto)
    server.bootstrap()
    server.push_image(f"{NAME}-{git.head(repository)}")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in server.environ.items():
            patch.setenv(name, value)
        found = {part.__name__: asked(part, server) for part in Life(repository).parts}
    server.close()
    return found


def asked(part: Callable[[], object], server: AwsServer) -> list[str]:
    server.calls.clear()
    part()
    return list(dict.fromkeys(server.calls))


def test_a_clean_life_asks_what_it_must_and_nothing_else(operations: dict[str, list[str]]) -> None:
    writes = {part: [name for name in names if is_write(name)] for part, names in operations.items()}
    assert writes == {
        "make": ["sagemaker:CreateModelPackageGroup", "sagemaker:CreatePipeline", "sagemaker:UpdatePipeline"],
        "run": ["s3:PutObject", "sagemaker:StartPipelineExecution"],
        "decide": ["sagemaker:UpdateModelPackage"],
        "stop_and_resume": [
            "sagemaker:StartPipelineExecution",
            "sagemaker:StopPipelineExecution",
            "sagemaker:RetryPipelineExecution",
        ],
        "destroy": [
            "sagemaker:DeleteModel",
            "ecr:BatchDeleteImage",
            "s3:DeleteObjects",
            "sagemaker:DeleteModelPackage",
            "sagemaker:DeleteModelPackageGroup",
            "sagemaker:DeletePipeline",
        ],
    }


@pytest.mark.slow
def test_access_denied_names_the_action_and_who_asked_and_later_it_is_finished(
    life: Life, aws: AwsServer, operations: dict[str, list[str]]
) -> None:
    for part in life.parts:
        for operation in operations[part.__name__]:
            error = struck(part, aws, operation, Kind.DENIED)
            assert isinstance(error, Denied), operation
            service, _, name = operation.partition(":")
            # An answer to HEAD has no body, and so nobody's name.
            action = Call(service, name).action if name == "HeadObject" else operation
            assert error.message.startswith(f"AWS does not allow {action} on ")
            assert name == "HeadObject" or error.message.endswith(f" to {CALLER}")
        part()


@pytest.mark.slow
def test_without_a_clear_answer_it_is_finished_later(
    life: Life, aws: AwsServer, operations: dict[str, list[str]]
) -> None:
    kinds = cycle([Kind.DROPPED_BEFORE, Kind.THROTTLED, Kind.BROKEN])
    for part in life.parts:
        for operation in operations[part.__name__]:
            error = struck(part, aws, operation, next(kinds))
            assert error is None or isinstance(error, Unreachable), operation
        part()


def test_what_was_done_without_an_answer_is_not_done_twice(
    life: Life, aws: AwsServer, operations: dict[str, list[str]]
) -> None:
    writes = {name for names in operations.values() for name in names if is_write(name)}
    aws.faults = [Fault(name, Kind.DROPPED_AFTER, times=1) for name in sorted(writes)]
    started: dict[str, int] = {}
    for part in life.parts:
        repeated(part)
        started[part.__name__] = len(aws.executions.runs)
    assert [fault.operation for fault in aws.faults if fault.times] == []
    assert started["run"] == 1


def repeated(part: Callable[[], object]) -> None:
    """The same command again, until it is done."""
    for _ in range(10):
        with suppress(Unreachable):
            part()
            return
    pytest.fail("it is never finished")


def test_a_start_that_is_never_answered_says_how_to_look(life: Life, aws: AwsServer) -> None:
    life.make()
    error = struck(life.run, aws, "sagemaker:StartPipelineExecution", Kind.DROPPED_AFTER, times=2)
    assert isinstance(error, Unreachable)
    assert "list-pipeline-executions --pipeline-name fresh-sales-build" in error.hint
    assert len(aws.executions.runs) == 1


def test_who_cannot_look_any_more_is_told_that_it_goes_on(life: Life, aws: AwsServer) -> None:
    life.make()
    error = struck(life.run, aws, "sagemaker:ListPipelineExecutionSteps", Kind.EXPIRED)
    (arn,) = aws.executions.runs
    assert isinstance(error, Denied)
    assert f"--resume {arn.rpartition('/')[2]}" in error.hint


def test_who_leaves_before_the_first_look_is_told_what_was_started(life: Life) -> None:
    class Left(Reader):
        def read(self) -> Execution:
            raise KeyboardInterrupt

    life.make()
    begun = life.begin()
    left = follow(Left(Account(), begun.arn), lambda event: life.log.append(str(event)), sleep=time.sleep)
    assert (left.id, left.pipeline, left.status) == (begun.id, life.pipeline, Status.EXECUTING)


def test_expired_credentials_say_how_to_log_in(life: Life, aws: AwsServer, operations: dict[str, list[str]]) -> None:
    error = struck(life.make, aws, "sts:GetCallerIdentity", Kind.EXPIRED)
    assert isinstance(error, Denied)
    assert "aws sso login" in error.hint
    error = struck(life.make, aws, "sagemaker:CreatePipeline", Kind.EXPIRED)
    assert isinstance(error, Denied)
    life.make()
    life.destroy()
