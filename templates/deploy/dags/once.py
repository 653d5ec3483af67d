"""Operators that start what has not been started yet: what runs, or has succeeded, under the same name is gone on with.

A task can be killed after its call has reached SageMaker and before it has remembered that. What SageMaker itself knows
decides, so nothing is computed twice and nothing is lost. What has failed or was stopped is started anew, when a person
asks for it. Waiting is repeated as long as the pipeline may take: it looks, and starts nothing twice.
"""

from __future__ import annotations

import hashlib
import re
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.providers.amazon.aws.hooks.sagemaker import SageMakerHook
from airflow.providers.amazon.aws.operators.sagemaker import SageMakerProcessingOperator, SageMakerStartPipelineOperator
from airflow.providers.amazon.aws.sensors.s3 import S3KeySensor
from airflow.providers.amazon.aws.triggers.sagemaker import SageMakerPipelineTrigger
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

try:
    from airflow.sdk.exceptions import (
        AirflowException,
        AirflowFailException,
        AirflowSensorTimeout,
        TaskDeferralError,
    )
except ImportError:  # Airflow 2.11, and the first versions of Airflow 3
    from airflow.exceptions import AirflowException, AirflowFailException, AirflowSensorTimeout, TaskDeferralError

if TYPE_CHECKING:
    from collections.abc import Iterator

CREATED = {"ResponseMetadata": {"HTTPStatusCode": 200}}  # what the operator asks of an answer
GOING = {"Executing", "Stopping"}
# The answers that would be the same at the next try.
REFUSALS = {"ValidationException", "ResourceNotFound", "AccessDeniedException", "AccessDenied", "NoSuchBucket"}
ATTEMPT = "AIRFLOW_ATTEMPT"  # the variable by which a job knows who has started it


@dataclass(frozen=True)
class Attempt:
    """Which attempt of which run has started an execution, as the execution's description tells.

    Args:
        run: The DAG and its run.
        number: Of the attempt: the same for all tries that Airflow makes by itself.
        content: What the input was then.
    """

    run: str
    number: str
    content: str

    @classmethod
    def of(cls, context: Any, begun: str, content: str = "") -> Attempt:
        """The attempt that is made now.

        Args:
            context: Of the task. The last try that Airflow makes by itself grows when a person clears the task.
            begun: What the run's first task has thought of: another for each time that it ran.
            content: What the input is now.
        """
        task = context["ti"]
        return cls(f"{task.dag_id} {task.run_id}", f"{begun}-{task.max_tries}", content)

    def __str__(self) -> str:
        return f"Airflow {self.run}, attempt {self.number}, input {self.content}"

    def has_started(self, execution: dict[str, Any]) -> bool:
        """Whether an execution is this attempt's own."""
        return description(execution).startswith(f"Airflow {self.run}, attempt {self.number}, ")

    def has_other_input(self, execution: dict[str, Any]) -> bool:
        """Whether an execution had another input than the one that lies there now."""
        known = re.search(r", input ([0-9a-f]+)$", description(execution))
        return known is not None and known[1] != self.content


class StartPipelineOnce(SageMakerStartPipelineOperator):
    """Starts a pipeline, or goes on with its execution of the same display name, and waits for its end.

    Args:
        begun: Tells one attempt of a run from another.
        input_uri: The table whose correction is noticed.
        hours: How long an execution may take.
        options: The provider's own.
    """

    template_fields = (*SageMakerStartPipelineOperator.template_fields, "begun", "input_uri")

    def __init__(self, *, begun: Any, input_uri: Any, hours: float, **options: Any) -> None:
        super().__init__(**options)
        self.begun = begun
        self.input_uri = input_uri
        self.hours = hours

    def execute(self, context: Any) -> str:
        """Start, or go on; returns the ARN of the execution that has succeeded."""
        return self._go_on(context)

    def look_again(self, context: Any, event: Any = None) -> str:
        """What is waited for has ended: SageMaker says how."""
        self.log.info("the triggerer tells: %s", event)
        return self._go_on(context)

    def _go_on(self, context: Any) -> str:
        with _refusals():
            found = content(S3Hook(self.aws_conn_id).get_conn(), self.input_uri)
            attempt = Attempt.of(context, self.begun, found)
            while True:
                known = of_pipeline(self.hook.conn, self.pipeline_name)
                waited_for = self._current(known, attempt) or self._before(known) or self._start(known, attempt)
                if waited_for["PipelineExecutionStatus"] == "Succeeded":
                    return str(waited_for["PipelineExecutionArn"])
                self._wait(waited_for["PipelineExecutionArn"])

    def _current(self, known: list[dict[str, Any]], attempt: Attempt) -> dict[str, Any] | None:
        """The execution of that display name that runs or has succeeded."""
        mine = [each for each in known if each.get("PipelineExecutionDisplayName") == self.display_name]
        for each in mine:
            if each["PipelineExecutionStatus"] == "Succeeded":
                self._refuse_other_input(each, attempt)
                return each
            if each["PipelineExecutionStatus"] in GOING:
                self._refuse_overdue(each)
                self.log.info("going on with %s", each["PipelineExecutionArn"])
                return each
        if mine and attempt.has_started(mine[0]):
            raise AirflowFailException(ended(self.hook.conn, mine[0]))
        return None

    def _refuse_other_input(self, execution: dict[str, Any], attempt: Attempt) -> None:
        if attempt.has_other_input(execution) and not attempt.has_started(execution):
            raise AirflowFailException(
                f"the input {self.input_uri} has changed since {self.display_name} was done: "
                "a run with a higher number in its parameter again (1, 2, …) repeats it"
            )

    def _refuse_overdue(self, execution: dict[str, Any]) -> None:
        if execution["StartTime"] + timedelta(hours=self.hours) < datetime.now(UTC):
            raise AirflowFailException(
                f"{execution['PipelineExecutionArn']} has taken longer than the {self.hours} hours of pipeline_hours"
            )

    def _before(self, known: list[dict[str, Any]]) -> dict[str, Any] | None:
        """Another execution of the pipeline: each looks back on what the one before has left, so they take turns."""
        for each in known:
            if each["PipelineExecutionStatus"] in GOING:
                self.log.info("waiting for its turn after %s", each["PipelineExecutionArn"])
                return each
        return None

    def _start(self, known: list[dict[str, Any]], attempt: Attempt) -> dict[str, Any]:
        mine = [each for each in known if each.get("PipelineExecutionDisplayName") == self.display_name]
        started = self.hook.conn.start_pipeline_execution(
            PipelineName=self.pipeline_name,
            PipelineExecutionDisplayName=self.display_name,
            PipelineExecutionDescription=str(attempt),
            PipelineParameters=[{"Name": name, "Value": value} for name, value in self.pipeline_params.items()],
            # Two that look at the same moment start the same one.
            ClientRequestToken=digest(self.pipeline_name, self.display_name, str(len(mine))),
        )
        self.log.info("started %s", started["PipelineExecutionArn"])
        return {**started, "PipelineExecutionStatus": "Executing"}

    def _wait(self, arn: str) -> None:
        """Leave the waiting to the triggerer, or look from time to time."""
        if self.deferrable:
            self.defer(
                trigger=SageMakerPipelineTrigger(
                    waiter_type=SageMakerPipelineTrigger.Type.COMPLETE,
                    pipeline_execution_arn=arn,
                    waiter_delay=self.check_interval,
                    waiter_max_attempts=self.waiter_max_attempts,
                    aws_conn_id=self.aws_conn_id,
                    region_name=self.region_name,
                    verify=self.verify,
                    botocore_config=self.botocore_config,
                ),
                method_name="look_again",
            )
        asked = self.hook.conn.describe_pipeline_execution
        while asked(PipelineExecutionArn=arn)["PipelineExecutionStatus"] in GOING:
            time.sleep(self.check_interval)


class JobHook(SageMakerHook):
    """The provider's hook, which looks before it creates a processing job."""

    def create_processing_job(
        self,
        config: dict[str, Any],
        wait_for_completion: bool = True,  # noqa: FBT001, FBT002 (the operator passes it so)
        check_interval: int = 30,
        max_ingestion_time: int | None = None,
    ) -> dict[str, Any]:
        """Create a job, its name with a number behind it. The operator goes on with the name that is in `config`."""
        name, attempt = config["ProcessingJobName"], str(config.get("Environment", {}).get(ATTEMPT, ""))
        earlier = jobs(self.conn, name)
        going = [known for known, status in earlier.items() if status in {"InProgress", "Stopping", "Completed"}]
        if not going and earlier:
            self._refuse_own(max(earlier, key=lambda known: int(known.rpartition("-")[2])), attempt)
        if not going:
            # Two that create it at the same moment: the second is refused, as SageMaker takes a name once.
            config["ProcessingJobName"] += f"-{len(earlier)}"
            created: dict[str, Any] = super().create_processing_job(
                config, wait_for_completion, check_interval, max_ingestion_time
            )
            return created
        config["ProcessingJobName"] = going[0]
        self.log.info("going on with %s", going[0])
        if wait_for_completion:
            self.check_status(going[0], "ProcessingJobStatus", self.describe_processing_job, check_interval)
        return CREATED

    def _refuse_own(self, latest: str, attempt: str) -> None:
        """A job that this very attempt has started, and that failed, is not started again by itself."""
        found = self.conn.describe_processing_job(ProcessingJobName=latest)
        if attempt and found.get("Environment", {}).get(ATTEMPT) == attempt:
            reason = found.get("FailureReason", "no reason given")
            raise AirflowFailException(f"{latest}: {found['ProcessingJobStatus']}: {reason}")


class ProcessOnce(SageMakerProcessingOperator):
    """Starts a processing job, or goes on with the one of the same name.

    Args:
        begun: Tells one attempt of a run from another.
        options: The provider's own.
    """

    aws_hook_class = JobHook
    template_fields = (*SageMakerProcessingOperator.template_fields, "begun")

    def __init__(self, *, begun: Any, **options: Any) -> None:
        super().__init__(**options)
        self.begun = begun

    def execute(self, context: Any) -> dict[str, Any]:
        """Start, or go on; returns what SageMaker says of the job."""
        attempt = Attempt.of(context, self.begun)
        self.config.setdefault("Environment", {})[ATTEMPT] = digest(attempt.run, attempt.number)
        with _refusals():
            done: dict[str, Any] = super().execute(context)
            return done


class WaitForTable(S3KeySensor):
    """Waits for a table, and says which one has not come."""

    def execute(self, context: Any) -> Any:
        """Look, and leave the waiting to the triggerer where there is one."""
        with self._named():
            return super().execute(context)

    def resume_execution(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Any) -> Any:
        """Go on when the triggerer has told."""
        with self._named():
            return super().resume_execution(next_method, next_kwargs, context)

    @contextmanager
    def _named(self) -> Iterator[None]:
        try:
            yield
        except (AirflowSensorTimeout, TaskDeferralError) as error:
            if isinstance(error, TaskDeferralError) and "timeout" not in str(error).lower():
                raise
            hours = self.timeout / 3600
            raise AirflowFailException(f"{self.bucket_key} has not arrived within {hours:g} hours") from error


@contextmanager
def _refusals() -> Iterator[None]:
    """Only what may pass, like a lost connection, is worth another try: what AWS refuses is not, nor a mistake."""
    try:
        yield
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in REFUSALS:
            raise AirflowFailException(f"AWS refuses it: {error}") from error
        raise
    except ParamValidationError as error:
        raise AirflowFailException(f"AWS would refuse it: {error}") from error
    except (BotoCoreError, OSError, AirflowException):
        raise
    except Exception as error:  # whatever it is, it would be the same hundreds of tries later
        raise AirflowFailException(f"{type(error).__name__}: {error}") from error


def of_pipeline(sagemaker: Any, pipeline: str) -> list[dict[str, Any]]:
    """A pipeline's executions, the latest first."""
    pages = sagemaker.get_paginator("list_pipeline_executions").paginate(PipelineName=pipeline)
    found = [known for page in pages for known in page["PipelineExecutionSummaries"]]
    return sorted(found, key=lambda known: known["StartTime"], reverse=True)


def executions(sagemaker: Any, pipeline: str, name: str) -> list[dict[str, Any]]:
    """A pipeline's executions of a display name, the latest first."""
    found = of_pipeline(sagemaker, pipeline)
    return [known for known in found if known.get("PipelineExecutionDisplayName") == name]


def jobs(sagemaker: Any, name: str) -> dict[str, str]:
    """The status of each processing job that was created under a name."""
    pages = sagemaker.get_paginator("list_processing_jobs").paginate(NameContains=f"{name}-")
    found = [job for page in pages for job in page["ProcessingJobSummaries"]]
    return {
        job["ProcessingJobName"]: job["ProcessingJobStatus"]
        for job in found
        if re.fullmatch(rf"{re.escape(name)}-\d+", job["ProcessingJobName"])
    }


def stop_execution(sagemaker: Any, execution: dict[str, Any]) -> str:
    """Stop an execution that nobody waits for any more; returns what is to be told."""
    arn = execution["PipelineExecutionArn"]
    if execution["PipelineExecutionStatus"] == "Executing":
        sagemaker.stop_pipeline_execution(PipelineExecutionArn=arn, ClientRequestToken=digest("stop", arn))
    return f"{arn} was still running when nobody waited for it any more: it is stopped"


def stop_job(sagemaker: Any, name: str) -> str:
    """Stop a processing job that nobody waits for any more; returns what is to be told."""
    sagemaker.stop_processing_job(ProcessingJobName=name)
    return f"{name} was still running when nobody waited for it any more: it is stopped"


def ended(sagemaker: Any, execution: dict[str, Any]) -> str:
    """How an execution ended, and which of its steps failed why."""
    arn = execution["PipelineExecutionArn"]
    return "; ".join([f"{arn}: {execution['PipelineExecutionStatus']}", *failures(sagemaker, arn)])


def failures(sagemaker: Any, arn: str) -> list[str]:
    """Which steps of an execution failed, and why."""
    pages = sagemaker.get_paginator("list_pipeline_execution_steps").paginate(PipelineExecutionArn=arn)
    steps = [step for page in pages for step in page["PipelineExecutionSteps"] if step["StepStatus"] == "Failed"]
    return [f"step {step['StepName']} failed: {step.get('FailureReason', 'no reason given')}" for step in steps]


def description(execution: dict[str, Any]) -> str:
    """What was said of an execution when it was started."""
    return str(execution.get("PipelineExecutionDescription") or "")


def content(s3: Any, uri: str) -> str:
    """A short name for what lies at a URI: of the keys, ETags and sizes there."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=key)
    found = [(each["Key"], each["ETag"], str(each["Size"])) for page in pages for each in page.get("Contents", [])]
    return digest(*sorted("\t".join(each) for each in found))


def digest(*parts: str) -> str:
    """A short name for some texts."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:40]
