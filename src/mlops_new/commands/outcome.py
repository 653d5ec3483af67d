"""How an execution ended, told to people and to programs."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlops_new.commands.models import model_summary
from mlops_new.commands.repository import Repository
from mlops_new.console import Console
from mlops_new.errors import INTERRUPTED, Error
from mlops_new.files import read_json
from mlops_new.platforms.local.platform import LocalPlatform
from mlops_new.records import Execution, ModelPackage, Status, Step
from mlops_new.spec import Kind

_LOG_TAIL = 15


class RunFailed(Error):
    """An execution did not succeed; `document` is what `run --json` prints all the same."""

    def __init__(self, message: str, *, hint: str, document: dict[str, Any]) -> None:
        super().__init__(message, hint=hint)
        self.document = document


class RunStopped(RunFailed):
    """A person stopped it."""

    code = INTERRUPTED


@dataclass(frozen=True)
class Outcome:
    """What came of a command: for people, and for programs."""

    text: str
    document: dict[str, Any]


def conclude(execution: Execution, platform: LocalPlatform, repository: Repository, console: Console) -> Outcome:
    """How an execution ended and what came of it.

    Raises:
        RunFailed: it failed; the last line is the cause.
        RunStopped: it was stopped.
    """
    registered = _registered(execution, platform, repository)
    document = _document(execution, platform, registered)
    match execution.status:
        case Status.SUCCEEDED:
            return Outcome(_success(execution, document, platform, repository, registered), document)
        case Status.STOPPED:
            hint = f"mlops-new run --resume {execution.id} goes on from here"
            raise RunStopped(f"{execution.pipeline} was stopped", hint=hint, document=document)
        case _:
            raise _failure(execution, document, console)


def _registered(execution: Execution, platform: LocalPlatform, repository: Repository) -> ModelPackage | None:
    packages = platform.model_packages(repository.project)
    return next((package for package in packages if package.execution == execution.id), None)


def _document(execution: Execution, platform: LocalPlatform, registered: ModelPackage | None) -> dict[str, Any]:
    outputs = {name: str(platform.local_path(uri)) for name, uri in platform.outputs(execution.id).items()}
    return {
        "pipeline": execution.pipeline,
        "execution": execution.id,
        "status": str(execution.status),
        "steps": [
            {
                "name": s.name,
                "type": s.type,
                "status": str(s.status),
                "seconds": round(s.seconds, 3),
                "reason": s.reason,
            }
            for s in execution.steps
        ],
        "outputs": outputs,
        "model_package": registered.version if registered else None,
        "decision": _decision(outputs),
        "report": _first(outputs, "report.html"),
    }


def _decision(outputs: dict[str, str]) -> dict[str, Any] | None:
    """What the pipeline decided; a file of that name that says something else is the pipeline's own affair."""
    match read_json(Path(_first(outputs, "decision.json") or "")):
        case {"retrain": bool(retrain), "reasons": list(reasons)}:
            return {"retrain": retrain, "reasons": reasons}
        case _:
            return None


def _first(outputs: dict[str, str], file: str) -> str | None:
    return next((str(Path(folder) / file) for folder in outputs.values() if (Path(folder) / file).is_file()), None)


def _success(
    execution: Execution,
    document: dict[str, Any],
    platform: LocalPlatform,
    repository: Repository,
    registered: ModelPackage | None,
) -> str:
    seconds = sum(step.seconds for step in execution.steps)
    lines = [f"{execution.pipeline} succeeded ({len(execution.steps)} steps, {seconds:.0f} s of work)."]
    if registered:
        lines += _model(f"version {registered.version}, {registered.status}", registered, platform)
    elif repository.kind is Kind.DEPLOY:
        lines += _predictions(document["outputs"].get("predictions"))
        lines += _model_in_use(execution, platform, repository)
        lines += _decided(document["decision"])
    if document["report"]:
        lines.append(f"  report        {document['report']}")
    if registered:
        lines.append(f"Next: mlops-new models approve {registered.version}")
    return "\n".join(lines)


def _model(what: str, package: ModelPackage, platform: LocalPlatform) -> list[str]:
    return [f"  model         {what}", *(f"                {line}" for line in model_summary(package, platform))]


def _model_in_use(execution: Execution, platform: LocalPlatform, repository: Repository) -> list[str]:
    version = str(execution.parameters.get("ModelPackageArn", "")).rpartition("/")[2]
    if not version.isdigit():
        return []
    return _model(f"version {version}", platform.model_package(repository.project, int(version)), platform)


def _decided(decision: dict[str, Any] | None) -> list[str]:
    if decision is None:
        return []
    first, *others = decision["reasons"] or ["no rule asks for it"]
    return [
        f"  retrain       {'yes' if decision['retrain'] else 'no'}: {first}",
        *(f"                {line}" for line in others),
    ]


def _predictions(folder: str | None) -> list[str]:
    if folder is None:
        return []
    rows = read_json(Path(folder) / "manifest.json").get("rows")
    file = Path(folder) / "predictions.csv"
    count = f" ({rows:,} rows)" if isinstance(rows, int) else ""
    return [f"  predictions   {file if file.is_file() else folder}{count}"]


def _failure(execution: Execution, document: dict[str, Any], console: Console) -> RunFailed:
    failed = next((step for step in execution.steps if step.status is Status.FAILED), None)
    if failed is None or failed.log is None:
        return RunFailed(f"{execution.pipeline} failed: {execution.reason}", hint="", document=document)
    _show_log(failed, console)
    hint = f"the whole log: {failed.log}\n      when it is mended: mlops-new run --resume {execution.id}"
    return RunFailed(f"step {failed.name} failed: {failed.reason}", hint=hint, document=document)


def _show_log(step: Step, console: Console) -> None:
    try:
        lines = step.log.read_text(encoding="utf-8", errors="replace").splitlines() if step.log else []
    except OSError:
        return
    for line in lines[-_LOG_TAIL:]:
        console.say(f"  {step.name} | {line}")
