"""What in a definition the runner cannot run, named before anything starts. Pure."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from mlops_new.definition import Definition
from mlops_new.platforms.local.jobs import check_jobs
from mlops_new.platforms.local.runner.expressions import CONDITIONS, references
from mlops_new.platforms.local.runner.step_graph import Node, nodes

STEP_TYPES = check_jobs.TYPES | {"Processing", "Training", "Model", "RegisterModel", "Transform", "Condition", "Fail"}

_READABLE = ("Parameters.", "Execution.", "Steps.")

_Faults = Iterator[str]


def unsupported(definition: Definition) -> list[str]:
    """Everything the runner cannot do as the definition asks; empty when all of it can run.

    Args:
        definition: One that `validate` finds no fault with.
    """
    return [f"step {node.name}: {fault}" for node in nodes(definition) for fault in _faults(node)]


def _faults(node: Node) -> _Faults:
    if node.type not in STEP_TYPES:
        yield f"steps of type {node.type} do not run on this machine"
        return
    if any(not isinstance(entry, str) for entry in node.body.get("DependsOn", ())):
        yield "a step that runs when another one fails or stops (DependsOn with a trigger) cannot be run"
    for path in sorted({path for path in references([node.arguments, node.members]) if not path.startswith(_READABLE)}):
        yield f"{path} has no value on this machine"
    yield from argument_faults(node.type, node.arguments, node.members)


def argument_faults(kind: str, arguments: Mapping[str, Any], members: Mapping[str, Any]) -> Iterator[str]:
    """What in the arguments of a step of this type cannot be done; what is still an expression is not judged."""
    if kind in check_jobs.TYPES:
        yield from _data(arguments)
        yield from check_jobs.faults(members, arguments)
        return
    yield from _BY_TYPE[kind](arguments)


def _processing(arguments: Mapping[str, Any]) -> _Faults:
    if not arguments.get("AppSpecification", {}).get("ContainerEntrypoint"):
        yield "there is no ContainerEntrypoint, and an image of this machine has none of its own"
    yield from _data(arguments)


def _data(arguments: Mapping[str, Any]) -> _Faults:
    for given in arguments.get("ProcessingInputs", []):
        name = given.get("InputName")
        if "S3Input" not in given:
            yield f"input {name}: only S3 inputs are read, no DatasetDefinition"
            continue
        yield from _source(f"input {name}", given["S3Input"], mode=given["S3Input"].get("S3InputMode"))
        yield from _place(f"input {name}", given["S3Input"])
    for output in arguments.get("ProcessingOutputConfig", {}).get("Outputs", []):
        if "S3Output" not in output:
            yield f"output {output.get('OutputName')}: only S3 outputs are written, no feature store"
            continue
        yield from _place(f"output {output.get('OutputName')}", output["S3Output"])


def _training(arguments: Mapping[str, Any]) -> _Faults:
    algorithm = arguments.get("AlgorithmSpecification", {})
    if "AlgorithmName" in algorithm:
        yield "an algorithm of the marketplace (AlgorithmName) cannot be run, only an image"
    elif "TrainingImage" not in algorithm:
        yield "there is no TrainingImage"
    if "OutputDataConfig" not in arguments:
        yield "there is no OutputDataConfig: the model has to go somewhere"
    for channel in arguments.get("InputDataConfig", []):
        name, source = f"channel {channel.get('ChannelName')}", channel.get("DataSource", {})
        if "S3DataSource" not in source:
            yield f"{name}: only S3 data is read, no file system"
            continue
        mode = channel.get("InputMode", algorithm.get("TrainingInputMode"))
        yield from _source(name, source["S3DataSource"], mode=mode)
        if _literal(channel.get("RecordWrapperType"), "None") != "None":
            yield f"{name}: records are not wrapped as {channel['RecordWrapperType']}"


def _transform(arguments: Mapping[str, Any]) -> _Faults:
    given = arguments.get("TransformInput", {})
    yield from _source("input", given.get("DataSource", {}).get("S3DataSource", {}), mode="File")
    if _literal(given.get("SplitType"), "None") not in {"None", "Line"}:
        yield f"input is split by Line or None, not by {given['SplitType']}"
    if "DataCaptureConfig" in arguments:
        yield "DataCaptureConfig: requests are not captured"


def _model(arguments: Mapping[str, Any]) -> _Faults:
    containers = arguments.get("Containers") or [arguments.get("PrimaryContainer", {})]
    if len(containers) > 1:
        yield "a model of several containers (a serial inference pipeline) cannot be served"
    for container in containers:
        if _literal(container.get("Mode"), "SingleModel") == "MultiModel":
            yield "a multi-model container cannot be served"
        if not {"Image", "ModelPackageName"} & container.keys():
            yield "the container has no Image"


def _register(arguments: Mapping[str, Any]) -> _Faults:
    if "ModelPackageGroupName" not in arguments:
        yield "a model package needs a ModelPackageGroupName: only versions of a group are kept"
    if "InferenceSpecification" not in arguments:
        yield "a model package needs an InferenceSpecification"


def _condition(arguments: Mapping[str, Any]) -> _Faults:
    for condition in arguments.get("Conditions", []):
        yield from _kinds(condition)


def _kinds(condition: Mapping[str, Any]) -> _Faults:
    if condition.get("Type") not in CONDITIONS:
        yield f"conditions of type {condition.get('Type')} are not known"
    inside = [condition["Condition"]] if condition.get("Type") == "Not" else condition.get("Conditions", [])
    for inner in inside:
        yield from _kinds(inner)


def _source(name: str, source: Mapping[str, Any], *, mode: Any) -> _Faults:
    kind = _literal(source.get("S3DataType"), "S3Prefix")
    if kind != "S3Prefix":
        yield f"{name}: S3DataType {kind} is not read, only S3Prefix"
    if mode == "Pipe":
        yield f"{name}: data is not streamed (Pipe), only copied (File)"


def _place(name: str, described: Mapping[str, Any]) -> _Faults:
    if "LocalPath" not in described:
        yield f"{name}: there is no LocalPath"


def _literal(value: Any, default: str) -> str:
    return value if isinstance(value, str) else default


def _nothing(_: Mapping[str, Any]) -> _Faults:
    yield from ()


_BY_TYPE: dict[str, Callable[[Mapping[str, Any]], _Faults]] = {
    "Processing": _processing,
    "Training": _training,
    "Transform": _transform,
    "Model": _model,
    "RegisterModel": _register,
    "Condition": _condition,
    "Fail": _nothing,
}
