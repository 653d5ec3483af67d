"""Executions that take their time: Executing, Succeeded, Failed, Stopped, with the jobs and files of their steps.

Time goes by looks: each time that somebody lists the steps, those that run end and those that can run start.
"""

import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError, ParamValidationError

from tests.doubles.aws import definition, jobs
from tests.doubles.aws.definition import Step
from tests.doubles.aws.packages import Document, Packages, Refused, absent
from tests.doubles.aws.progress import Progress
from tests.doubles.aws.variables import Known, Undefined, as_text, holds

_SPOKEN = frozenset({"Processing", "Training", "Transform", "Model", "RegisterModel", "Condition", "Fail"})
_UNLIMITED = 1_000


@dataclass
class Script:
    """What a test wants to happen.

    Args:
        failures: Why a step fails, by its name.
        endless: Steps that run until they are stopped.
        files: What outputs hold: by the output's name, then the file's.
    """

    failures: dict[str, str] = field(default_factory=dict)
    endless: set[str] = field(default_factory=set)
    files: dict[str, dict[str, bytes]] = field(default_factory=dict)


@dataclass
class Run:
    """One execution; `described` is what its steps made, which can be read once they have succeeded."""

    arn: str
    pipeline: Document
    parameters: dict[str, Any]
    progress: Progress
    created: float = field(default_factory=time.time)
    changed: float = field(default_factory=time.time)
    status: str = "Executing"
    described: dict[str, Document] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The last part of its ARN."""
        return self.arn.rpartition("/")[2]

    @property
    def name(self) -> str:
        """The pipeline's."""
        return str(self.pipeline["PipelineName"])


class Executions:
    """All of them.

    Args:
        client: Makes a boto client of moto.
        packages: Where RegisterModel steps register.
    """

    def __init__(self, client: Callable[[str], Any], packages: Packages) -> None:
        self._client, self._jobs = client, jobs.Jobs(client, packages)
        self.script = Script()
        self.runs: dict[str, Run] = {}
        self._tokens: dict[str, str] = {}

    def start(self, request: Document) -> Document:
        token = request["ClientRequestToken"]
        if token not in self._tokens:
            self._tokens[token] = self._start(request)
        return {"PipelineExecutionArn": self._tokens[token]}

    def describe(self, request: Document) -> Document:
        run = self._run(request)
        self._settle(run)
        failed = run.progress.failed()
        told = {
            "PipelineArn": run.pipeline["PipelineArn"],
            "PipelineExecutionArn": run.arn,
            "PipelineExecutionStatus": run.status,
            "CreationTime": run.created,
            "LastModifiedTime": run.changed,
        }
        reason = f"Step failure: One or multiple steps failed. {failed[0]}" if failed else ""
        return told | ({"FailureReason": reason} if reason else {})

    def listed(self, request: Document) -> Document:
        self._described(request["PipelineName"])
        found = [run for run in self.runs.values() if run.name == request["PipelineName"]]
        for run in found:
            self._settle(run)
        return {
            "PipelineExecutionSummaries": [
                {"PipelineExecutionArn": run.arn, "StartTime": run.created, "PipelineExecutionStatus": run.status}
                for run in reversed(found)
            ]
        }

    def steps(self, request: Document) -> Document:
        run = self._run(request)
        self._advance(run)
        return {"PipelineExecutionSteps": list(run.progress.listed.values())}

    def parameters(self, request: Document) -> Document:
        given = self._run(request).parameters
        return {"PipelineParameters": [{"Name": name, "Value": as_text(value)} for name, value in given.items()]}

    def definition(self, request: Document) -> Document:
        run = self._run(request)
        return {"PipelineDefinition": run.pipeline["PipelineDefinition"], "CreationTime": run.created}

    def stop(self, request: Document) -> Document:
        run = self._run(request)
        if run.status != "Executing":
            raise Refused("ConflictException", f"Only executions in status Executing can be stopped: {run.status}")
        run.status = "Stopping"
        return {"PipelineExecutionArn": run.arn}

    def retry(self, request: Document) -> Document:
        run = self._run(request)
        if run.status not in {"Failed", "Stopped"}:
            raise Refused("ConflictException", f"Only Failed or Stopped executions can be retried: {run.status}")
        run.progress.again()
        run.status = "Executing"
        return {"PipelineExecutionArn": run.arn}

    def forget(self, pipeline: str) -> None:
        """A pipeline was deleted: its executions are not shown any more."""
        self.runs = {arn: run for arn, run in self.runs.items() if run.name != pipeline}

    def _start(self, request: Document) -> str:
        if "SelectiveExecutionConfig" in request:
            raise NotImplementedError("this double runs whole pipelines")
        pipeline = self._described(request["PipelineName"])
        document = json.loads(pipeline["PipelineDefinition"])
        values = definition.parameters(document, request.get("PipelineParameters", []))
        most = request.get("ParallelismConfiguration", {}).get("MaxParallelExecutionSteps", _UNLIMITED)
        steps = definition.steps(document)
        if unspoken := {step.type for step in steps} - _SPOKEN:
            raise NotImplementedError(f"steps that this double does not speak: {sorted(unspoken)}")
        arn = f"{pipeline['PipelineArn']}/execution/{secrets.token_hex(6)}"
        self.runs[arn] = Run(arn, pipeline, values, Progress(steps, most))
        return arn

    def _described(self, name: str) -> Document:
        try:
            described: Document = self._client("sagemaker").describe_pipeline(PipelineName=name)
        except ClientError as error:
            raise Refused("ResourceNotFound", f"Pipeline '{name}' does not exist.") from error
        return described

    def _run(self, request: Document) -> Run:
        arn = request["PipelineExecutionArn"]
        if arn not in self.runs:
            raise absent(f"Pipeline execution {arn}")
        return self.runs[arn]

    # Time

    def _settle(self, run: Run) -> None:
        if run.status == "Stopping":
            self._end_all(run, "Stopped")

    def _advance(self, run: Run) -> None:
        self._settle(run)
        if run.status != "Executing":
            return
        for step in run.progress.running():
            if step.name not in self.script.endless:
                self._end(run, step)
        while ready := run.progress.ready():
            for step in ready:
                self._begin(run, step)
        if run.progress.terminated or not run.progress.running():
            self._end_all(run, "Failed" if run.progress.failed() else "Succeeded")

    def _begin(self, run: Run, step: Step) -> None:
        run.progress.begin(step)
        name = jobs.job_name(run.id, step.name)
        try:
            arguments = self._known(run, name).value(step.arguments)
            run.described[step.name] = self._made(run, step, name, arguments)
            run.progress.listed[step.name]["Metadata"] = jobs.metadata(step, run.described[step.name])
        except (Undefined, Refused, ClientError, ParamValidationError) as error:
            run.progress.end(step, "Failed", str(error))

    def _end(self, run: Run, step: Step) -> None:
        described = run.described[step.name]
        reason = self.script.failures.get(step.name, described["ErrorMessage"] if step.type == "Fail" else None)
        if reason is None:
            try:
                self._jobs.write(described, self.script.files)
            except ClientError as error:
                reason = f"ClientError: Failed to upload outputs: {error}"
        if reason is not None:
            run.progress.end(step, "Failed", reason)
            return
        run.progress.end(step, "Succeeded")
        run.progress.properties[step.name] = described

    def _end_all(self, run: Run, status: str) -> None:
        for step in run.progress.running():
            run.progress.end(step, "Stopped")
        run.status, run.changed = status, time.time()

    # What steps do

    def _made(self, run: Run, step: Step, name: str, arguments: Document) -> Document:
        if step.type == "Condition":
            run.progress.outcomes[step.name] = holds(arguments["Conditions"])
            return {"Outcome": str(run.progress.outcomes[step.name])}  # the API reference: a string, True or False
        return self._jobs.make(step, name, arguments, run.pipeline["RoleArn"])

    def _known(self, run: Run, job: str) -> Known:
        started = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(run.created))
        execution = {
            "PipelineExecutionId": run.id,
            "PipelineExecutionArn": run.arn,
            "PipelineName": run.name,
            "PipelineArn": run.pipeline["PipelineArn"],
            "StartDateTime": started,
            "CurrentDateTime": started,
            **dict.fromkeys(("ProcessingJobName", "TrainingJobName"), job),
        }
        return Known(
            run.parameters,
            execution,
            run.progress.properties,
            lambda name, file: self._property_file(run, name, file),
            self._jobs.read,
        )

    def _property_file(self, run: Run, name: str, file: str) -> Any:
        if name not in run.progress.properties:
            raise Undefined(f"step {name} has not succeeded")
        step = next(one for one in run.progress.steps if one.name == name)
        return self._jobs.read(jobs.property_file(step, file, run.progress.properties[name]))
