"""Executions that take their time: Executing, Succeeded, Failed, Stopped, with the jobs and files of their steps.

Time goes by looks: each time that somebody lists the steps, those that run end and those that can run start.
"""

import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from mlops_new.definition import Definition, parse
from mlops_new.platforms.local.runner.expressions import Scope, evaluate, holds
from mlops_new.platforms.local.runner.schedule import Schedule
from mlops_new.platforms.local.runner.step_graph import Node, nodes
from mlops_new.ports.executions import Status
from tests.doubles.aws.packages import Document, Packages, Refused, absent

_ENDED = {Status.SUCCEEDED, Status.FAILED, Status.STOPPED}


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
    """One execution."""

    arn: str
    pipeline: str
    definition: Definition
    text: str
    parameters: dict[str, Any]
    schedule: Schedule
    created: float = field(default_factory=time.time)
    changed: float = field(default_factory=time.time)
    status: str = "Executing"
    reason: str = ""
    listed: dict[str, Document] = field(default_factory=dict)
    properties: dict[str, Document] = field(default_factory=dict)


class Executions:
    """All of them.

    Args:
        client: Makes a boto client of moto.
        packages: Where RegisterModel steps register.
    """

    def __init__(self, client: Callable[[str], Any], packages: Packages) -> None:
        self._client, self._packages = client, packages
        self.script = Script()
        self.runs: dict[str, Run] = {}
        self._tokens: dict[str, str] = {}

    def start(self, request: Document) -> Document:
        token, name = request["ClientRequestToken"], request["PipelineName"]
        if token not in self._tokens:
            self._tokens[token] = self._start(name, request.get("PipelineParameters", []))
        return {"PipelineExecutionArn": self._tokens[token]}

    def describe(self, request: Document) -> Document:
        run = self._run(request)
        self._settle(run)
        told = {
            "PipelineArn": run.arn.partition("/execution/")[0],
            "PipelineExecutionArn": run.arn,
            "PipelineExecutionStatus": run.status,
            "CreationTime": run.created,
            "LastModifiedTime": run.changed,
        }
        return told | ({"FailureReason": run.reason} if run.reason else {})

    def listed(self, request: Document) -> Document:
        self._described(request["PipelineName"])
        found = [run for run in self.runs.values() if run.pipeline == request["PipelineName"]]
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
        return {"PipelineExecutionSteps": list(run.listed.values())}

    def parameters(self, request: Document) -> Document:
        given = self._run(request).parameters
        return {"PipelineParameters": [{"Name": name, "Value": str(value)} for name, value in given.items()]}

    def definition(self, request: Document) -> Document:
        run = self._run(request)
        return {"PipelineDefinition": run.text, "CreationTime": run.created}

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
        for name in [name for name, step in run.listed.items() if step["StepStatus"] != "Succeeded"]:
            del run.listed[name]
        for name, status in run.schedule.statuses.items():
            run.schedule.statuses[name] = status if status is Status.SUCCEEDED else Status.WAITING
        run.status, run.reason = "Executing", ""
        return {"PipelineExecutionArn": run.arn}

    def forget(self, pipeline: str) -> None:
        """A pipeline was deleted: its executions are not shown any more."""
        self.runs = {arn: run for arn, run in self.runs.items() if run.pipeline != pipeline}

    def _start(self, name: str, given: list[Document]) -> str:
        described = self._described(name)
        definition = parse(described["PipelineDefinition"], source=name)
        values = {one.name: one.default for one in definition.parameters.values()}
        values |= {one["Name"]: one["Value"] for one in given}
        graph = nodes(definition)
        arn = f"{described['PipelineArn']}/execution/{secrets.token_hex(6)}"
        schedule = Schedule(graph, dict.fromkeys((node.name for node in graph), Status.WAITING))
        self.runs[arn] = Run(arn, name, definition, described["PipelineDefinition"], values, schedule)
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
        for step in [step for step in run.listed.values() if step["StepStatus"] == "Executing"]:
            self._end(run, step)
        while ruled_out := run.schedule.hopeless():
            run.schedule.statuses |= dict.fromkeys(ruled_out, Status.NOT_RUN)
        for node in run.schedule.ready():
            self._begin(run, node)
        if not any(step["StepStatus"] == "Executing" for step in run.listed.values()):
            self._end_all(run, "Failed" if run.reason else "Succeeded")

    def _begin(self, run: Run, node: Node) -> None:
        run.schedule.statuses[node.name] = Status.EXECUTING
        run.listed[node.name] = {"StepName": node.name, "StartTime": time.time(), "StepStatus": "Executing"}

    def _end(self, run: Run, step: Document) -> None:
        name = step["StepName"]
        node = next(node for node in run.schedule.nodes if node.name == name)
        if name in self.script.endless:
            return
        failure = self.script.failures.get(name)
        if failure is None and node.type == "Fail":
            failure = str(evaluate(node.arguments["ErrorMessage"], self._scope(run)))
        step |= {"EndTime": time.time(), "StepStatus": "Failed" if failure else "Succeeded"}
        run.schedule.statuses[name] = Status(step["StepStatus"])
        step["Metadata"] = self._metadata(run, node)
        if failure:
            step["FailureReason"] = failure
            run.reason = run.reason or f"Step failure: One or multiple steps failed. {name}"

    def _end_all(self, run: Run, status: str) -> None:
        for step in run.listed.values():
            if step["StepStatus"] == "Executing":
                step |= {"StepStatus": status, "EndTime": time.time()}
                run.schedule.statuses[step["StepName"]] = Status(status)
        run.status, run.changed = status, time.time()

    # What steps do

    def _metadata(self, run: Run, node: Node) -> Document:
        if node.type == "Condition":
            outcome = all(holds(one, self._scope(run)) for one in node.arguments["Conditions"])
            run.schedule.outcomes[node.name] = outcome
            return {"Condition": {"Outcome": "True" if outcome else "False"}}
        arguments = evaluate(node.arguments, self._scope(run))
        job = f"pipelines-{run.arn.rpartition('/')[2]}-{node.name}-{secrets.token_hex(3)}"
        match node.type:
            case "Processing":
                return {"ProcessingJob": {"Arn": self._job(run, node, "processing", "ProcessingJob", job, arguments)}}
            case "Training":
                return {"TrainingJob": {"Arn": self._job(run, node, "training", "TrainingJob", job, arguments)}}
            case "Transform":
                return {"TransformJob": {"Arn": self._job(run, node, "transform", "TransformJob", job, arguments)}}
            case "Model":
                answer = self._client("sagemaker").create_model(ModelName=job, **arguments)
                run.properties[node.name] = {"ModelName": job}
                return {"Model": {"Arn": answer["ModelArn"]}}
            case "RegisterModel":
                return {"RegisterModel": {"Arn": self._packages.create(arguments)["ModelPackageArn"]}}
            case "Fail":
                return {"Fail": {"ErrorMessage": str(arguments["ErrorMessage"])}}
            case _:
                raise NotImplementedError(node.type)

    def _job(self, run: Run, node: Node, word: str, member: str, job: str, arguments: Document) -> str:
        client = self._client("sagemaker")
        named = {f"{member}Name": job}
        getattr(client, f"create_{word}_job")(**arguments, **named)
        described = getattr(client, f"describe_{word}_job")(**named)
        run.properties[node.name] = described
        if run.schedule.statuses[node.name] is Status.SUCCEEDED:
            self._write(described)
        return str(described[f"{member}Arn"])

    def _write(self, described: Document) -> None:
        for output in described.get("ProcessingOutputConfig", {}).get("Outputs", []):
            bucket, _, key = output["S3Output"]["S3Uri"].removeprefix("s3://").partition("/")
            for file, content in self.script.files.get(output["OutputName"], {}).items():
                self._client("s3").put_object(Bucket=bucket, Key=f"{key.rstrip('/')}/{file}", Body=content)

    def _scope(self, run: Run) -> Scope:
        identity = run.arn.rpartition("/")[2]
        variables = {
            "PipelineExecutionId": identity,
            "PipelineExecutionArn": run.arn,
            "PipelineName": run.pipeline,
            "StartDateTime": "2026-11-27T00:00:00Z",
        }

        def property_file(step: str, name: str) -> Any:
            body = next(node.body for node in run.schedule.nodes if node.name == step)
            file = next(one for one in body["PropertyFiles"] if one["PropertyFileName"] == name)
            outputs = run.properties[step]["ProcessingOutputConfig"]["Outputs"]
            uri = next(one["S3Output"]["S3Uri"] for one in outputs if one["OutputName"] == file["OutputName"])
            return self._json(f"{uri.rstrip('/')}/{file['FilePath']}")

        return Scope(run.parameters, variables, run.properties, property_file, self._json)

    def _json(self, uri: str) -> Any:
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        return json.loads(self._client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())
