"""Predictions and the ground truth that arrived for them: which are compared, and whether they were already."""

import hashlib
from pathlib import Path

from mlops_new.errors import Error
from mlops_new.files import read_json
from mlops_new.platforms.local.platform import LocalPlatform
from mlops_new.platforms.local.records import Execution, Status
from mlops_new.spec import pipeline_name

_LENGTH = 32


def latest_predictions(project: str, platform: LocalPlatform) -> str:
    """The folder with the predictions of the last inference run that succeeded.

    Raises:
        Error: there is none.
    """
    for execution in platform.executions(pipeline_name(project, "inference")):
        if execution.status is Status.SUCCEEDED and "predictions" in (outputs := platform.outputs(execution.id)):
            return outputs["predictions"]
    raise Error(
        f"{project} has made no predictions yet, so there is nothing to compare with ground truth",
        hint="run `mlops-new run inference` first, or name them: --parameter PredictionsUri=s3://…",
    )


def maker(platform: LocalPlatform, predictions: str) -> str | None:
    """The model package that made predictions, as their manifest says."""
    package = read_json(platform.local_path(predictions) / "manifest.json").get("model_package")
    return str(package) if package else None


def identity(platform: LocalPlatform, predictions: str, truth: str) -> str:
    """A name for comparing two tables: the same content has the same name, wherever it lies."""
    digests = [_digest(platform.local_path(uri)) for uri in (predictions, truth)]
    return hashlib.sha256("".join(digests).encode()).hexdigest()[:_LENGTH]


def earlier(platform: LocalPlatform, pipeline: str, comparison: str | None) -> Execution | None:
    """The execution that made this comparison, if one succeeded and what it found is still there."""
    for execution in platform.executions(pipeline):
        same = comparison is not None and execution.parameters.get("ComparisonId") == comparison
        if same and execution.status is Status.SUCCEEDED and _kept(platform, execution):
            return platform.execution(execution.id)
    return None


def _kept(platform: LocalPlatform, execution: Execution) -> bool:
    return all(platform.local_path(uri).exists() for uri in platform.outputs(execution.id).values())


def _digest(path: Path) -> str:
    """Of a file's or folder's tables; what says how they came about does not count."""
    files = [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.suffix != ".json")
    found = hashlib.sha256()
    for file in files:
        if file.is_file():
            with file.open("rb") as content:
                found.update(hashlib.file_digest(content, "sha256").digest())
    return found.hexdigest()
