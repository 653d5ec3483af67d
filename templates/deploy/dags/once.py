"""Operators that start what has not been started yet: what runs, or has succeeded, under the same name is gone on with.

A task can be killed after its call has reached SageMaker and before it has remembered that. What SageMaker itself knows
decides, so nothing is computed twice and nothing is lost. What has failed or was stopped is started anew.
"""

from __future__ import annotations

import hashlib
from typing import Any

from airflow.providers.amazon.aws.hooks.sagemaker import SageMakerHook
from airflow.providers.amazon.aws.operators.sagemaker import SageMakerProcessingOperator, SageMakerStartPipelineOperator

CREATED = {"ResponseMetadata": {"HTTPStatusCode": 200}}  # what the operator asks of an answer


class OnceHook(SageMakerHook):
    """The provider's hook, which looks before it starts."""

    def start_pipeline(
        self, pipeline_name: str, display_name: str = "", pipeline_params: dict[str, str] | None = None
    ) -> str:
        """The ARN of the pipeline's execution of that display name."""
        earlier = executions(self.conn, pipeline_name, display_name)
        for known in earlier:
            if known["PipelineExecutionStatus"] in {"Executing", "Succeeded"}:
                self.log.info("going on with %s", known["PipelineExecutionArn"])
                return str(known["PipelineExecutionArn"])
        started = self.conn.start_pipeline_execution(
            PipelineName=pipeline_name,
            PipelineExecutionDisplayName=display_name,
            PipelineParameters=[{"Name": name, "Value": value} for name, value in (pipeline_params or {}).items()],
            # Two that look at the same moment start the same one.
            ClientRequestToken=digest(pipeline_name, display_name, str(len(earlier))),
        )
        return str(started["PipelineExecutionArn"])

    def create_processing_job(
        self,
        config: dict[str, Any],
        wait_for_completion: bool = True,  # noqa: FBT001, FBT002 (the operator passes it so)
        check_interval: int = 30,
        max_ingestion_time: int | None = None,
    ) -> dict[str, Any]:
        """Create a job, its name with a number behind it. The operator goes on with the name that is in `config`."""
        earlier = self.jobs(config["ProcessingJobName"])
        going = [name for name, status in earlier.items() if status in {"InProgress", "Completed"}]
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

    def jobs(self, name: str) -> dict[str, str]:
        """The status of each processing job that was created under a name."""
        found = self.list_processing_jobs(NameContains=f"{name}-")
        statuses = {job["ProcessingJobName"]: job["ProcessingJobStatus"] for job in found}
        return {known: status for known, status in statuses.items() if known.startswith(f"{name}-")}


class StartPipelineOnce(SageMakerStartPipelineOperator):
    """Starts a pipeline, or goes on with its execution of the same display name."""

    aws_hook_class = OnceHook


class ProcessOnce(SageMakerProcessingOperator):
    """Starts a processing job, or goes on with the one of the same name."""

    aws_hook_class = OnceHook


def executions(sagemaker: Any, pipeline: str, name: str) -> list[dict[str, Any]]:
    """A pipeline's executions of a display name, the latest first."""
    pages = sagemaker.get_paginator("list_pipeline_executions").paginate(PipelineName=pipeline)
    found = [known for page in pages for known in page["PipelineExecutionSummaries"]]
    named = [known for known in found if known.get("PipelineExecutionDisplayName") == name]
    return sorted(named, key=lambda known: known["StartTime"], reverse=True)


def failures(sagemaker: Any, arn: str) -> list[str]:
    """Which steps of an execution failed, and why."""
    pages = sagemaker.get_paginator("list_pipeline_execution_steps").paginate(PipelineExecutionArn=arn)
    steps = [step for page in pages for step in page["PipelineExecutionSteps"] if step["StepStatus"] == "Failed"]
    return [f"step {step['StepName']} failed: {step.get('FailureReason', 'no reason given')}" for step in steps]


def digest(*parts: str) -> str:
    """A short name for some texts."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:40]
