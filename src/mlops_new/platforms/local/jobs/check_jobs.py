"""QualityCheck and ClarifyCheck steps, by the project's own monitoring: their analyzers are not on this machine."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from mlops_new.errors import Error
from mlops_new.platforms.local.jobs.container_jobs import process
from mlops_new.platforms.local.jobs.model_server import container_of
from mlops_new.platforms.local.jobs.task import StepFailed, Task

TYPES = frozenset({"QualityCheck", "ClarifyCheck"})

_INPUT = "/opt/ml/processing/input"
_OUTPUT = "/opt/ml/processing/output"
_CONFIGURATION = "analysis_config"
_VIOLATIONS = "constraint_violations.json"


@dataclass(frozen=True)
class Kind:
    """What one CheckType is here.

    Args:
        service: Who makes the check on SageMaker.
        module: Of the package `monitoring` in the image; its output has the same name.
        dataset: The module's name for what is checked.
        files: The files of a baseline, as the step's properties call them.
        registered: What of a model package's DriftCheckBaselines they are.
    """

    service: str
    module: str
    dataset: str
    files: Mapping[str, str]
    registered: str


_QUALITY = {"Statistics": "statistics.json", "Constraints": "constraints.json"}
KINDS: Mapping[str, Kind] = {
    "DATA_QUALITY": Kind("Model Monitor", "data_quality", "data", _QUALITY, "ModelDataQuality"),
    "MODEL_QUALITY": Kind("Model Monitor", "model_quality", "answers", _QUALITY, "ModelQuality"),
    "MODEL_EXPLAINABILITY": Kind("Clarify", "attribution", "data", {"Constraints": "analysis.json"}, "Explainability"),
}


def check(task: Task) -> dict[str, Any]:
    """Make a baseline, check against one, or both, as the step says.

    Args:
        task: Its arguments are CreateProcessingJob's, and its members those of the step.

    Returns:
        The step's properties: where the calculated baseline is, and the one that counts from now on.

    Raises:
        StepFailed: There is no baseline, the job failed, or there are violations and the step is to fail on them.
        StepStopped: The run was stopped meanwhile.
    """
    kind = KINDS[task.members["CheckType"]]
    skip, register = bool(task.members.get("SkipCheck")), bool(task.members.get("RegisterNewBaseline"))
    previous = {} if skip and register else _previous(task, kind)
    task.notify(
        f"{task.name}: {kind.service} is not on this machine; the project's own monitoring.{kind.module} does the work"
    )
    folder = str(task.arguments["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["S3Uri"]).rstrip("/")
    process(replace(task, arguments=_request(task, kind, {} if skip else previous, folder)))
    if not skip and task.members.get("FailOnViolation", True):
        _refuse_violations(task, f"{folder}/{_VIOLATIONS}")
    calculated = {name: f"{folder}/{file}" for name, file in kind.files.items()}
    used = calculated if register else previous
    return {
        **{f"CalculatedBaseline{name}": uri for name, uri in calculated.items()},
        **{f"BaselineUsedForDriftCheck{name}": uri for name, uri in used.items()},
    }


def _previous(task: Task, kind: Kind) -> dict[str, str]:
    """The baseline that the step is given, else that of the latest approved model package."""
    given = {name: task.members.get(f"SuppliedBaseline{name}") for name in kind.files}
    supplied = {name: str(uri) for name, uri in given.items() if uri}
    found = supplied or _registered(task, kind)
    for name in kind.files:
        if name not in found:
            raise StepFailed(
                f"there is no baseline to compare with: {name.lower()} come neither with the step "
                f"(SuppliedBaseline{name}) nor from an approved model package. "
                "Run the build pipeline and approve its model first"
            )
        if not task.objects.find(found[name]):
            raise StepFailed(f"there is no baseline to compare with: there is no object at {found[name]}")
    return found


def _registered(task: Task, kind: Kind) -> dict[str, str]:
    group = task.members.get("ModelPackageGroupName")
    packages = task.models.model_packages(str(group)) if group else []
    latest = next((package for package in packages if package.status == "Approved"), None)
    baselines = latest.document.get("DriftCheckBaselines", {}).get(kind.registered, {}) if latest else {}
    return {name: baselines[name]["S3Uri"] for name in kind.files if name in baselines}


def _request(task: Task, kind: Kind, baseline: Mapping[str, str], folder: str) -> dict[str, Any]:
    """The processing job that does here what the analyzer does on SageMaker."""
    request, (image, model) = task.arguments, _image(task, kind)
    inputs = {kind.dataset: _dataset(request), **model, **_inputs(kind, baseline)}
    return {
        **request,
        "AppSpecification": {"ImageUri": image, "ContainerEntrypoint": _command(kind, checking=bool(baseline))},
        "ProcessingInputs": [_place(f"{_INPUT}/{name}", uri) for name, uri in inputs.items()],
        "ProcessingOutputConfig": {
            "Outputs": [
                {
                    "OutputName": kind.module,
                    "S3Output": {"S3Uri": folder, "LocalPath": f"{_OUTPUT}/{kind.module}", "S3UploadMode": "EndOfJob"},
                }
            ]
        },
    }


def _image(task: Task, kind: Kind) -> tuple[str, dict[str, str]]:
    """Whose monitoring it is, and what that has to read of the model: Clarify is told the model, the others are not."""
    if kind.module == "attribution":
        container = container_of(task, str(task.members.get("ModelName")))
        return str(container["Image"]), {"model": str(container["ModelDataUrl"])}
    image = task.execution.parameters.get("ImageUri") or task.execution.image
    if not image:
        raise StepFailed(
            f"the project's own monitoring has to stand in for {kind.service}, and the run has no image of it: "
            "give it by the parameter ImageUri"
        )
    return str(image), {}


def _dataset(request: Mapping[str, Any]) -> str:
    inputs = [given for given in request["ProcessingInputs"] if given["InputName"] != _CONFIGURATION]
    return str(inputs[0]["S3Input"]["S3Uri"])


def _inputs(kind: Kind, baseline: Mapping[str, str]) -> dict[str, str]:
    """The files of the baseline; of attributions also what lies beside them: explanations need the same background."""
    if kind.module == "attribution":
        return {"baseline": baseline["Constraints"].rpartition("/")[0]} if baseline else {}
    return {f"baseline/{name.lower()}": uri for name, uri in baseline.items()}


def _command(kind: Kind, *, checking: bool) -> list[str]:
    """A check calculates a new baseline too. That of attributions is what the check writes anyway."""
    words = ["python3", "-m", f"monitoring.{kind.module}"]
    if not checking:
        return [*words, "--baseline"]
    if kind.module == "attribution":
        return [*words, "--check"]
    command = " ".join(words)
    return ["sh", "-c", f"{command} --baseline && {command} --check"]


def _place(folder: str, uri: str) -> dict[str, Any]:
    name = folder.removeprefix(f"{_INPUT}/").replace("/", "-")
    described = {"S3Uri": uri, "LocalPath": folder, "S3DataType": "S3Prefix", "S3InputMode": "File"}
    return {"InputName": name, "S3Input": described}


def _refuse_violations(task: Task, uri: str) -> None:
    try:
        found = json.loads(task.objects.path(uri).read_bytes())["violations"]
    except (Error, OSError, ValueError, KeyError, TypeError) as error:
        raise StepFailed(f"it is not known whether there are violations: {uri} cannot be read ({error})") from error
    if found:
        raise StepFailed(f"{len(found)} violations, the first: {found[0].get('description', found[0])}")


def faults(members: Mapping[str, Any], arguments: Mapping[str, Any]) -> Iterator[str]:
    """What a check step asks for that is not done here."""
    kind = members.get("CheckType")
    if kind not in KINDS:
        yield f"checks of the type {kind} are not made on this machine, only {', '.join(KINDS)}"
        return
    inputs = [given for given in arguments.get("ProcessingInputs", []) if given.get("InputName") != _CONFIGURATION]
    if len(inputs) != 1:
        yield f"{len(inputs)} inputs are to be checked; there must be one, besides {_CONFIGURATION}"
    if not arguments.get("ProcessingOutputConfig", {}).get("Outputs"):
        yield "there is no output"
    if KINDS[str(kind)].module == "attribution" and not members.get("ModelName"):
        yield "there is no ModelName: predictions of a model are to be explained"
