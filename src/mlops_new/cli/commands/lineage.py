"""`mlops-new lineage`: from a file of predictions or a model version back to data, code and template."""

import re
from pathlib import Path
from typing import Any

from mlops_new.cli.adapters import platform as connect
from mlops_new.cli.console import Console
from mlops_new.errors import Invalid
from mlops_new.names import ANSWERS_FILE, Kind, slug
from mlops_new.ports.executions import ModelPackage
from mlops_new.ports.platform import Models, Objects, Platform
from mlops_new.project.here import Repository, standing_in
from mlops_new.settings.load import Settings
from mlops_new.system import git
from mlops_new.system.files import parse_json, read_json
from mlops_new.template.answers import read_answers

_MANIFEST = "manifest.json"
_HASH = re.compile(r"/([0-9a-f]{64})(/|$)")


def run(directory: Path, subject: str, settings: Settings, console: Console) -> None:
    """Tell where something comes from.

    Args:
        directory: Where the command stands.
        subject: A file or folder of predictions, by its path or its URI, or a model version.
        settings: In force.
        console: Where to tell it.

    Raises:
        Invalid: it is neither.
    """
    repository = standing_in(directory)
    platform = connect(settings, repository.project)
    found = _of_version(int(subject), repository, platform.models) if subject.isdigit() else None
    document = found or _of_file(subject, repository, platform)
    console.result(_text(document), document)


def _of_file(subject: str, repository: Repository, platform: Platform) -> dict[str, Any]:
    manifest = _manifest(subject, platform.objects)
    if "model_package" not in manifest:
        raise Invalid(
            f"{subject} is no file of predictions: there is no {_MANIFEST} beside it",
            hint="name a predictions.csv that `mlops-new run` wrote, or a model version",
        )
    inference = {
        "execution": manifest["execution"],
        "commit": manifest["commit"],
        "template": _template(manifest["commit"], Kind.DEPLOY, repository),
        "data": _data(manifest["input"]),
    }
    version = int(str(manifest["model_package"]).rpartition("/")[2])
    return {"predictions": subject, "inference": inference, **_of_version(version, repository, platform.models)}


def _manifest(subject: str, objects: Objects) -> dict[str, Any]:
    """What stands in the manifest beside the predictions, or in their folder; empty where there is neither."""
    if subject.startswith("s3://"):
        if not objects.exists(subject):
            return {}
        folders = [subject.rstrip("/"), subject.rstrip("/").rpartition("/")[0]]
        return next((found for folder in folders if (found := parse_json(objects.read(f"{folder}/{_MANIFEST}")))), {})
    path = Path(subject).expanduser()
    return read_json((path if path.is_dir() else path.parent) / _MANIFEST) if path.exists() else {}


def _of_version(version: int, repository: Repository, models: Models) -> dict[str, Any]:
    package = models.model_package(repository.project, version)
    known = package.document.get("CustomerMetadataProperties", {})
    build = {
        "execution": known.get("execution", package.execution),
        "commit": known.get("commit", "unknown"),
        "template": _template(known.get("commit", ""), Kind.BUILD, repository),
        "data": _data(known.get("data", "unknown")),
    }
    return {"model": _model(package), "build": build}


def _model(package: ModelPackage) -> dict[str, Any]:
    containers = package.document.get("InferenceSpecification", {}).get("Containers") or [{}]
    return {
        "version": package.version,
        "arn": package.arn,
        "status": package.status,
        "image": containers[0].get("Image", "unknown"),
        "model_data": containers[0].get("ModelDataUrl", "unknown"),
    }


def _data(uri: str) -> dict[str, str | None]:
    """Uploads are kept by content, so the address says the hash."""
    found = _HASH.search(uri)
    return {"uri": uri, "sha256": found[1] if found else None}


def _template(commit: str, kind: Kind, repository: Repository) -> str | None:
    """The template version a commit was on, as its answers file says; None where no working copy has the commit."""
    sha = commit.removesuffix("-dirty")
    sibling = repository.path.parent / slug(repository.project, kind)
    place = repository.path if kind is repository.kind else sibling
    text = git.read(place, sha, ANSWERS_FILE) if sha and place.is_dir() else None
    return read_answers(text).get("_commit") if text else None


def _text(document: dict[str, Any]) -> str:
    lines = []
    if "predictions" in document:
        lines += [f"predictions {document['predictions']}", *_stage("inference", document["inference"])]
    model = document["model"]
    lines += [f"model       version {model['version']} ({model['status']})", f"  image     {model['image']}"]
    return "\n".join([*lines, *_stage("build", document["build"])])


def _stage(name: str, stage: dict[str, Any]) -> list[str]:
    return [
        f"{name:<12}execution {stage['execution']}",
        f"  commit    {stage['commit']}" + (f" (template {stage['template']})" if stage["template"] else ""),
        f"  data      {stage['data']['uri']}",
    ]
