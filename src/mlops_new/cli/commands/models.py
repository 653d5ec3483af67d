"""`mlops-new models`: the model versions of a project, and a person's word on them."""

from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from pathlib import Path
from typing import Any

from mlops_new.cli import suggested_commands
from mlops_new.cli.adapters import platform as connect
from mlops_new.cli.commands import models_evaluation
from mlops_new.cli.console import Console, table
from mlops_new.names import Kind
from mlops_new.ports.executions import ModelPackage
from mlops_new.ports.platform import Objects, Platform
from mlops_new.project.here import Repository, standing_in
from mlops_new.settings.load import Settings
from mlops_new.system.files import parse_json

_SHOWN_METRICS = 3


def list_versions(directory: Path, settings: Settings, console: Console) -> None:
    """The newest first."""
    repository, platform = _connect(directory, settings)
    packages = platform.models.model_packages(repository.project)
    with ThreadPoolExecutor() as pool:  # each has its evaluation to read, maybe from far away
        document = list(pool.map(_row, packages, repeat(platform.objects)))
    if not document:
        start = f"{_cd(repository, Kind.BUILD)}mlops-new run{platform.option}"
        console.say(f"no model of {repository.project} is registered yet: {start}")
    console.result(_table(document) if document else "", document)


def show(directory: Path, version: int, settings: Settings, console: Console) -> None:
    """One version, with what it was made from and how good it is."""
    repository, platform = _connect(directory, settings)
    package = platform.models.model_package(repository.project, version)
    document = _row(package, platform.objects) | {
        "arn": package.arn,
        "note": package.document.get("ApprovalDescription", ""),
        "data": _metadata(package, "data"),
        "evaluation": _evaluation(package, platform.objects),
        "image": _container(package).get("Image", ""),
        "model_data": _container(package).get("ModelDataUrl", ""),
    }
    console.result(_description(document), document)


def decide(directory: Path, version: int, status: str, note: str, settings: Settings, console: Console) -> None:
    """Approve or reject one version."""
    repository, platform = _connect(directory, settings)
    package = platform.models.set_approval(repository.project, version, status, note)
    document = _row(package, platform.objects)
    text = f"{repository.project} version {version} is {status.lower()}."
    if status == "Approved":
        text += f"\nNext: {_cd(repository, Kind.DEPLOY)}mlops-new run{platform.option}"
    console.result(text, document)


def model_summary(package: ModelPackage, objects: Objects) -> list[str]:
    """How good a version is, in lines for people."""
    return models_evaluation.summary(_evaluation(package, objects))


def model_metrics(package: ModelPackage, objects: Objects) -> dict[str, float]:
    """The metrics of a version at registration, the one that decided first."""
    return models_evaluation.metrics(_evaluation(package, objects))


def _connect(directory: Path, settings: Settings) -> tuple[Repository, Platform]:
    repository = standing_in(directory)
    return repository, connect(settings, repository.project)


def _cd(repository: Repository, kind: Kind) -> str:
    """What brings a person into a repository of the project, in front of a command; nothing where she stands in it."""
    if repository.kind is kind and not suggested_commands.at(repository.path):
        return ""
    return suggested_commands.sibling(repository.path, repository.project, kind)


def _row(package: ModelPackage, objects: Objects) -> dict[str, Any]:
    return {
        "version": package.version,
        "status": package.status,
        "metrics": models_evaluation.metrics(_evaluation(package, objects)),
        "created": package.created,
        "commit": _metadata(package, "commit"),
        "execution": _metadata(package, "execution") or package.execution,
    }


def _evaluation(package: ModelPackage, objects: Objects) -> dict[str, Any]:
    quality = package.document.get("ModelMetrics", {}).get("ModelQuality", {})
    uri = quality.get("Statistics", {}).get("S3Uri", "")
    return parse_json(objects.read(uri)) if uri else {}


def _metadata(package: ModelPackage, name: str) -> str:
    return str(package.document.get("CustomerMetadataProperties", {}).get(name, ""))


def _container(package: ModelPackage) -> dict[str, Any]:
    containers = package.document.get("InferenceSpecification", {}).get("Containers", [{}])
    return dict(containers[0]) if containers else {}


def _table(rows: list[dict[str, Any]]) -> str:
    head = ["VERSION", "STATUS", "METRICS", "CREATED", "COMMIT", "EXECUTION"]
    body = [
        [
            str(row["version"]),
            row["status"],
            ", ".join(f"{name} {value:.3f}" for name, value in list(row["metrics"].items())[:_SHOWN_METRICS]) or "-",
            str(row["created"])[:19].replace("T", " "),
            row["commit"][:12] or "-",
            row["execution"],
        ]
        for row in rows
    ]
    return table([head, *body])


def _description(document: dict[str, Any]) -> str:
    facts = {
        "status": document["status"] + (f" ({document['note']})" if document["note"] else ""),
        "created": document["created"],
        "commit": document["commit"],
        "data": document["data"],
        "execution": document["execution"],
        "image": document["image"],
        "model": document["model_data"],
    }
    lines = [f"version {document['version']}", *(f"  {name:<10}{value}" for name, value in facts.items())]
    lines += [
        f"  {'metrics' if not index else '':<10}{line}"
        for index, line in enumerate(models_evaluation.summary(document["evaluation"]))
    ]
    return "\n".join(lines)
