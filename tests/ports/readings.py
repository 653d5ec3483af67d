"""A definition carried out on paper, once by each of its readers: by mlops-new's, and by that of SageMaker's double.

Nothing runs. A step succeeds and can then be read as if its job had answered with its own request; a step of `failing`
fails. Both readers get the same files, the same names of the execution and the same texts for the parameters.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from mlops_new.definition import parse
from mlops_new.definition.parameters import resolve
from mlops_new.platforms.local.runner.attempt import _file_uri, readable
from mlops_new.platforms.local.runner.expressions import ExpressionError, Scope, evaluate, hold
from mlops_new.platforms.local.runner.schedule import Schedule
from mlops_new.platforms.local.runner.step_graph import Node, nodes
from mlops_new.ports.executions import Status
from tests.doubles.aws import definition, jobs, variables
from tests.doubles.aws.progress import Progress

Branch: TypeAlias = tuple[str, bool] | None
Order: TypeAlias = dict[str, tuple[AbstractSet[str], Branch]]
"""What each step waits for, and the Condition step's outcome that leads to it."""

EXECUTION = {
    "PipelineName": "sales-build",
    "PipelineArn": "arn:aws:sagemaker:eu-north-1:123456789012:pipeline/sales-build",
    "PipelineExecutionId": "abc123",
    "PipelineExecutionArn": "arn:aws:sagemaker:eu-north-1:123456789012:pipeline/sales-build/execution/abc123",
    "StartDateTime": "2026-11-27T00:00:00Z",
    "CurrentDateTime": "2026-11-27T00:00:01Z",
    "TrainingJobName": "job",
    "ProcessingJobName": "job",
}


@dataclass(frozen=True)
class Case:
    """What is carried out.

    Args:
        document: The definition.
        given: Parameters, as text.
        content: What every JSON file holds whose name is not `missing.json`.
        failing: Steps whose jobs fail.
    """

    document: Mapping[str, Any]
    given: Mapping[str, str]
    content: Any
    failing: AbstractSet[str] = frozenset()

    def read(self, uri: str) -> Any:
        """The content of a file."""
        if uri.endswith("/missing.json"):
            raise FileNotFoundError(uri)
        return self.content


@dataclass(frozen=True)
class Ended:
    """How a step ended: its status, and its request with every variable replaced, or a Condition's outcome."""

    status: str
    request: Any = None


class Reader(Protocol):
    """One reading of a definition."""

    def order(self) -> Order: ...

    def carried_out(self) -> dict[str, Ended]:
        """The steps that began, by name."""
        ...


def described(name: str, request: Mapping[str, Any]) -> dict[str, Any]:
    """What the Describe call says of a step that has succeeded."""
    made = {"ModelName": name, "ModelPackageArn": name, "ModelArtifacts": {"S3ModelArtifacts": f"s3://made/{name}"}}
    of = ("CalculatedBaseline", "BaselineUsedForDriftCheck")
    baselines = [f"{whose}{what}" for whose in of for what in ("Statistics", "Constraints")]
    return {**made, **dict.fromkeys(baselines, f"s3://made/{name}/baseline.json"), **request}


class Product:
    """The reading of `platforms.local`."""

    def __init__(self, case: Case, text: str) -> None:
        parsed = parse(text)
        self._case = case
        self._values = resolve(parsed.document.get("Parameters", []), case.given)
        self._nodes = {node.name: node for node in nodes(parsed)}
        self._schedule = Schedule(list(self._nodes.values()), dict.fromkeys(self._nodes, Status.WAITING))
        self._properties: dict[str, dict[str, Any]] = {}
        self._ended: dict[str, Ended] = {}

    def order(self) -> Order:
        return {name: (node.needs, node.branch) for name, node in self._nodes.items()}

    def carried_out(self) -> dict[str, Ended]:
        while not self._terminated():
            while hopeless := self._schedule.hopeless():
                self._schedule.statuses |= dict.fromkeys(hopeless, Status.NOT_RUN)
            ready = self._schedule.ready()
            if not ready:
                break
            for node in ready:
                self._schedule.statuses[node.name] = Status.EXECUTING
            for node in ready:
                self._ended[node.name] = self._tried(node)
                self._schedule.statuses[node.name] = Status(self._ended[node.name].status)
        return self._ended

    def _terminated(self) -> bool:
        return any(self._nodes[name].type == "Fail" and one.status == "Failed" for name, one in self._ended.items())

    def _tried(self, node: Node) -> Ended:
        scope = Scope(self._values, EXECUTION, self._readable(), self._property_file, self._read)
        try:
            if node.type == "Condition":
                return self._decided(node, scope)
            request = evaluate(node.arguments, scope)
        except ExpressionError:
            return Ended("Failed")
        if node.type == "Fail" or node.name in self._case.failing:
            return Ended("Failed", request)
        self._properties[node.name] = described(node.name, request)
        return Ended("Succeeded", request)

    def _decided(self, node: Node, scope: Scope) -> Ended:
        outcome = hold(node.arguments["Conditions"], scope)
        self._schedule.outcomes[node.name] = outcome
        self._properties[node.name] = {"Outcome": outcome}
        return Ended("Succeeded", outcome)

    def _readable(self) -> dict[str, Mapping[str, Any]]:
        return {name: readable(members) for name, members in self._properties.items()}

    def _property_file(self, step: str, name: str) -> Any:
        files = self._nodes[step].body.get("PropertyFiles", []) if step in self._properties else []
        for file in files:
            if file["PropertyFileName"] == name:
                return self._read(_file_uri(self._properties[step], file))
        raise ExpressionError(name)

    def _read(self, uri: str) -> Any:
        try:
            return self._case.read(uri)
        except FileNotFoundError as error:
            raise ExpressionError(uri) from error


class Double:
    """The reading of `tests.doubles.aws`."""

    def __init__(self, case: Case) -> None:
        document = dict(case.document)
        self._case = case
        self._progress = Progress(definition.steps(document), most=1_000)
        given = [{"Name": name, "Value": value} for name, value in case.given.items()]
        self._known = variables.Known(
            definition.parameters(document, given),
            EXECUTION,
            self._progress.properties,
            self._property_file,
            self._read,
        )
        self._ended: dict[str, Ended] = {}

    def order(self) -> Order:
        return {
            step.name: (step.waits_for, (step.holder, step.outcome) if step.holder else None)
            for step in self._progress.steps
        }

    def carried_out(self) -> dict[str, Ended]:
        while ready := self._progress.ready():
            for step in ready:
                self._progress.begin(step)
            for step in ready:
                self._ended[step.name] = self._tried(step)
                self._progress.end(step, self._ended[step.name].status)
        return self._ended

    def _tried(self, step: definition.Step) -> Ended:
        try:
            request = self._known.value(step.arguments)
            if step.type == "Condition":
                request = self._progress.outcomes[step.name] = variables.holds(request["Conditions"])
        except variables.Undefined:
            return Ended("Failed")
        if step.type == "Condition":
            self._progress.properties[step.name] = {"Outcome": str(request)}
        elif step.type == "Fail" or step.name in self._case.failing:
            return Ended("Failed", request)
        else:
            self._progress.properties[step.name] = described(step.name, request)
        return Ended("Succeeded", request)

    def _property_file(self, name: str, file: str) -> Any:
        if name not in self._progress.properties:
            raise variables.Undefined(name)
        step = next(one for one in self._progress.steps if one.name == name)
        return self._read(jobs.property_file(step, file, self._progress.properties[name]))

    def _read(self, uri: str) -> Any:
        try:
            return self._case.read(uri)
        except FileNotFoundError as error:
            raise variables.Undefined(uri) from error
