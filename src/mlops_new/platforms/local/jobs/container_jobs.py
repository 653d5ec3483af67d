"""Processing and training jobs: SageMaker's files around one process."""

import json
import re
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mlops_new.errors import Error
from mlops_new.platforms import uploads
from mlops_new.platforms.local.database.records import job_arn, now
from mlops_new.platforms.local.jobs.task import CAPACITY_ERROR, INTERNAL_ERROR, StepFailed, StepStopped, Task
from mlops_new.platforms.local.processes.supervised import Ending, Supervised
from mlops_new.platforms.local.store import model_archive
from mlops_new.ports.platform import Image

_HOST = "algo-1"
_LOG_TAIL = 64 * 1024


def process(task: Task) -> dict[str, Any]:
    """Run a processing job.

    Args:
        task: Its arguments are CreateProcessingJob's.

    Returns:
        DescribeProcessingJob's answer.

    Raises:
        StepFailed: The job failed.
        StepStopped: The run was stopped meanwhile.
    """
    request, place = dict(task.arguments), task.workspace
    application = request["AppSpecification"]
    image = task.image(application["ImageUri"])
    task.one_instance(request.get("ProcessingResources", {}).get("ClusterConfig", {}))
    place.prepare(image)
    described = {
        "ProcessingJobArn": job_arn("processing-job", task.job_name),
        "ProcessingJobName": task.job_name,
        **request,
    }
    write_json(place.root / "config" / "processingjobconfig.json", described)
    write_json(place.root / "config" / "resourceconfig.json", _resources(request))
    for given in request.get("ProcessingInputs", []):
        _fetch(task, given["S3Input"]["S3Uri"], place.path(given["S3Input"]["LocalPath"]))
    outputs = _outputs(task, request)
    for folder, _ in outputs:
        folder.mkdir(parents=True, exist_ok=True)
    command = [*application["ContainerEntrypoint"], *application.get("ContainerArguments", [])]
    started, ended = run(task, image, command, request, said=place.root / "output" / "message")
    _store(task, outputs)
    message = _read(place.root / "output" / "message")
    return {
        **described,
        "ProcessingJobStatus": "Completed",
        "ProcessingStartTime": started,
        "ProcessingEndTime": ended,
        **({"ExitMessage": message} if message else {}),
    }


def train(task: Task) -> dict[str, Any]:
    """Run a training job.

    Args:
        task: Its arguments are CreateTrainingJob's.

    Returns:
        DescribeTrainingJob's answer.

    Raises:
        StepFailed: The job failed.
        StepStopped: The run was stopped meanwhile.
    """
    request, place = dict(task.arguments), task.workspace
    algorithm = request["AlgorithmSpecification"]
    image = task.image(algorithm["TrainingImage"])
    task.one_instance(request.get("ResourceConfig", {}))
    place.prepare(image)
    _training_files(task, request)
    command = [*algorithm.get("ContainerEntrypoint", ["train"]), *algorithm.get("ContainerArguments", [])]
    named = {"TRAINING_JOB_NAME": task.job_name, "TRAINING_JOB_ARN": job_arn("training-job", task.job_name)}
    request_environment = named | request.get("Environment", {})
    asked = {**request, "Environment": request_environment}
    started, ended = run(task, image, command, asked, said=place.root / "output" / "failure")
    return {
        "TrainingJobName": task.job_name,
        "TrainingJobArn": named["TRAINING_JOB_ARN"],
        **request,
        "TrainingJobStatus": "Completed",
        "TrainingStartTime": started,
        "TrainingEndTime": ended,
        "ModelArtifacts": {"S3ModelArtifacts": _store_model(task, request["OutputDataConfig"])},
        "FinalMetricDataList": _metrics(place.log, algorithm.get("MetricDefinitions", [])),
    }


def run(task: Task, image: Image, command: list[Any], request: Mapping[str, Any], *, said: Path) -> tuple[str, str]:
    """Run a job's process to its end.

    Args:
        task: The attempt.
        image: What it runs in.
        command: Entrypoint and arguments, as the request has them.
        request: Its `Environment` and `StoppingCondition` count.
        said: The file in which the job says why it failed.

    Returns:
        When the process began and ended.

    Raises:
        StepFailed: It did not end with 0.
        StepStopped: The run was stopped meanwhile.
    """
    place, limit = task.workspace, request.get("StoppingCondition", {}).get("MaxRuntimeInSeconds")
    environment = place.environment(image, request.get("Environment", {}))
    words = [place.relocate(word) for word in command]
    started = now()
    with Supervised(words, environment=environment, folder=place.program, log=place.log) as running:
        ending = running.wait(task.stop, limit)
    if ending.stopped:
        raise StepStopped
    if ending.timed_out:
        raise StepFailed(f"the job ran longer than MaxRuntimeInSeconds = {limit} and was ended")
    if ending.code != 0:
        raise failure(ending, _read(said) or last_line(place.log))
    return started, now()


def failure(ending: Ending, why: str) -> StepFailed:
    """A process's bad end, with the kind of retry that may help: none when the program itself gave up."""
    if ending.code is None:
        return StepFailed(
            str(ending), kind=CAPACITY_ERROR if "memory" in ending.error or "temporarily" in ending.error else ""
        )
    killed = INTERNAL_ERROR if ending.code < 0 else ""
    return StepFailed(f"{why} ({ending})" if why else str(ending), kind=killed)


def last_line(log: Path) -> str:
    """The last line of a log that is not empty."""
    with log.open("rb") as reader:
        reader.seek(max(0, log.stat().st_size - _LOG_TAIL))
        lines = reader.read().decode(errors="replace").splitlines()
    return next((line.strip() for line in reversed(lines) if line.strip()), "")


def write_json(path: Path, document: Any) -> None:
    """Write one of the files that SageMaker gives to a job."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=1), encoding="utf-8")


def _training_files(task: Task, request: Mapping[str, Any]) -> None:
    place = task.workspace
    config, channels = place.root / "input" / "config", request.get("InputDataConfig", [])
    parameters = {name: place.relocate(value) for name, value in request.get("HyperParameters", {}).items()}
    write_json(config / "hyperparameters.json", parameters)
    write_json(config / "inputdataconfig.json", {channel["ChannelName"]: _channel(channel) for channel in channels})
    write_json(config / "resourceconfig.json", _resources(request))
    for channel in channels:
        folder = place.root / "input" / "data" / channel["ChannelName"]
        _fetch(task, channel["DataSource"]["S3DataSource"]["S3Uri"], folder)
    for name in ("model", "output/data", "checkpoints", "code"):
        (place.root / name).mkdir(parents=True, exist_ok=True)
    if "CheckpointConfig" in request:
        task.notify(f"{task.name}: checkpoints stay in the job's folder, they are not kept between runs")


def _channel(channel: Mapping[str, Any]) -> dict[str, str]:
    source = channel["DataSource"]["S3DataSource"]
    described = {
        "TrainingInputMode": "File",
        "S3DistributionType": source.get("S3DataDistributionType", "FullyReplicated"),
        "RecordWrapperType": "None",
    }
    return described | ({"ContentType": channel["ContentType"]} if "ContentType" in channel else {})


def _resources(request: Mapping[str, Any]) -> dict[str, Any]:
    asked = request.get("ResourceConfig") or request.get("ProcessingResources", {}).get("ClusterConfig", {})
    kind = asked.get("InstanceType", "local")
    group = {"instance_group_name": "homogeneousCluster", "instance_type": kind, "hosts": [_HOST]}
    return {
        "current_host": _HOST,
        "current_instance_type": kind,
        "current_group_name": group["instance_group_name"],
        "hosts": [_HOST],
        "instance_groups": [group],
        "network_interface_name": socket.if_nameindex()[0][1],
    }


def _fetch(task: Task, uri: str, folder: Path) -> None:
    try:
        copies = task.objects.fetch(uri, folder)
    except Error as error:
        raise StepFailed(error.message) from error
    for copy in copies:
        task.workspace.relocate_script(copy)


def _outputs(task: Task, request: Mapping[str, Any]) -> list[tuple[Path, str]]:
    wanted = [output["S3Output"] for output in request.get("ProcessingOutputConfig", {}).get("Outputs", [])]
    return [(task.workspace.path(output["LocalPath"]), str(output["S3Uri"])) for output in wanted]


def _store(task: Task, outputs: list[tuple[Path, str]]) -> None:
    for folder, uri in sorted(outputs, key=lambda output: len(output[0].parts)):
        nested = any(other != folder and folder in other.parents for other, _ in outputs)
        twice = [other for other, _ in outputs].count(folder) > 1
        for file in uploads.walk(folder):
            # What belongs to two outputs has to stay for the second one.
            store = task.objects.put if nested or twice else task.objects.take
            store(file, f"{uri.rstrip('/')}/{file.relative_to(folder).as_posix()}")


def _store_model(task: Task, config: Mapping[str, Any]) -> str:
    place, prefix = task.workspace, f"{config['S3OutputPath'].rstrip('/')}/{task.job_name}/output"
    extra = place.root / "output" / "data"
    if uploads.walk(extra):
        _store_archive(task, extra, f"{prefix}/output.tar.gz")
    if config.get("CompressionType") == "NONE":
        task.objects.take_folder(place.root / "model", f"{prefix}/model")
        return f"{prefix}/model/"
    _store_archive(task, place.root / "model", f"{prefix}/model.tar.gz")
    return f"{prefix}/model.tar.gz"


def _store_archive(task: Task, folder: Path, uri: str) -> None:
    archive = task.workspace.folder / "archive.tar.gz"
    model_archive.pack(folder, archive)
    task.objects.take(archive, uri)


def _metrics(log: Path, definitions: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The last value of each metric that the training log shows, by the job's own regular expressions."""
    written = log.read_text(encoding="utf-8", errors="replace") if definitions else ""
    found = []
    for definition in definitions:
        try:
            values = re.findall(definition["Regex"], written)
            last = values[-1][0] if isinstance(values[-1], tuple) else values[-1]
            found.append({"MetricName": definition["Name"], "Value": float(last)})
        except (re.error, IndexError, ValueError):
            continue  # a metric that the log does not show is no failure of the job
    return found


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
