"""How an execution ended, told to people and to programs."""

import re
from dataclasses import dataclass
from typing import Any

from mlops_new.cli import suggested_commands
from mlops_new.cli.commands import models_evaluation, run_findings
from mlops_new.cli.commands.models import model_metrics, model_summary
from mlops_new.cli.console import Console
from mlops_new.errors import INTERRUPTED, Error
from mlops_new.names import Kind
from mlops_new.ports.executions import Execution, ModelPackage, Status, Step
from mlops_new.ports.platform import Objects, Platform
from mlops_new.project.here import Repository
from mlops_new.system.files import parse_json

_LOG_TAIL = 15
_MOST_SENTENCES = 5
CHECKS = ("data_quality", "attribution", "forecasts", "model_quality")
"""The outputs in which checks leave what they found."""
DETAILS = "check.json"


class RunFailed(Error):
    """An execution did not succeed; `document` is what `run --json` prints all the same."""

    def __init__(self, message: str, *, hint: str, document: dict[str, Any]) -> None:
        super().__init__(message, hint=hint)
        self.document = document


class RunStopped(RunFailed):
    """A person stopped it, or follows it no longer."""

    code = INTERRUPTED


@dataclass(frozen=True)
class Outcome:
    """What came of a command: for people, and for programs."""

    text: str
    document: dict[str, Any]


def conclude(
    execution: Execution, platform: Platform, repository: Repository, console: Console, *, resumable: bool = True
) -> Outcome:
    """How an execution ended and what came of it.

    Args:
        execution: At its end.
        platform: That ran it.
        repository: Whose pipeline it is.
        console: Shown the end of a failed step's log.
        resumable: Whether `run --resume` could go on with it.

    Raises:
        RunFailed: it failed; the last line is the cause.
        RunStopped: it was stopped.
    """
    registered = platform.models.registered_by(execution, repository.project)
    document = _document(execution, platform, registered)
    where = f"{platform.option}{suggested_commands.at(repository.path)}"
    match execution.status:
        case Status.SUCCEEDED:
            return Outcome(_success(execution, document, platform, repository, registered), document)
        case Status.STOPPED:
            resume = f"mlops-new run --resume {execution.id}{where} goes on from here"
            raise RunStopped(
                f"{execution.pipeline} was stopped", hint=resume if resumable else "run it again", document=document
            )
        case Status.EXECUTING:
            this = f"{execution.id}{where}"
            hint = f"mlops-new run --resume {this} follows it again, mlops-new stop {this} stops it"
            raise RunStopped(f"{execution.pipeline} goes on as {execution.id}", hint=hint, document=document)
        case _:
            resume = f"mlops-new run --resume {execution.id}{where}"
            again = "when data or code is mended: run the same command again"
            again += f"; where it was something else: {resume} goes on with the same code" if resumable else ""
            if (gate := document["gate"]) and not gate["passed"] and _failed_without_a_job(execution):
                raise _not_good_enough(execution, gate, document)
            raise _failure(execution, document, console, again)


def _document(execution: Execution, platform: Platform, registered: ModelPackage | None) -> dict[str, Any]:
    stored = execution.outputs()
    report = _first(stored, "report.html", platform.objects)
    judged = _evaluation(stored, platform.objects)
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
        "outputs": {name: platform.objects.place(uri) for name, uri in stored.items()},
        "model_package": registered.version if registered else None,
        "findings": _findings(stored, platform.objects),
        "withheld": _withheld(stored, platform.objects),
        "decision": _decision(stored, platform.objects),
        **run_findings.of_run(stored, platform.objects),
        "gate": models_evaluation.gate(judged),
        "warnings": models_evaluation.warnings(judged),
        "report": platform.objects.place(report) if report else None,
    }


def _findings(stored: dict[str, str], objects: Objects) -> list[dict[str, str]]:
    """What the checks found, in a sentence for a person each."""
    found = []
    for check in CHECKS:
        uri = f"{stored[check].rstrip('/')}/{DETAILS}" if check in stored else ""
        told = parse_json(objects.read(uri) if uri and objects.exists(uri) else None)
        found += [{"check": check, "feature": feature, "sentence": text} for feature, text in sentences(told)]
    return found


def sentences(details: dict[str, Any]) -> list[tuple[str, str]]:
    """The features and sentences of a check's details; a file that says something else has none."""
    match details:
        case {"violations": list(violations)}:
            pass
        case _:
            return []
    found = []
    for item in violations:
        match item:
            case {"feature": str(feature), "sentence": str(sentence)} if sentence:
                found.append((feature, sentence))
    return found


def _withheld(stored: dict[str, str], objects: Objects) -> str | None:
    """Where forecasts are that were kept back; None where they were published."""
    folder = stored.get("withheld", "").rstrip("/")
    return objects.place(folder) if folder and objects.exists(f"{folder}/manifest.json") else None


def _evaluation(stored: dict[str, str], objects: Objects) -> dict[str, Any]:
    """What a build found out about its model; nothing where it did not come so far."""
    uri = _first(stored, "evaluation.json", objects)
    document = parse_json(objects.read(uri) if uri else None)
    return document if isinstance(document, dict) else {}


def _decision(stored: dict[str, str], objects: Objects) -> dict[str, Any] | None:
    """What the pipeline decided; a file of that name that says something else is the pipeline's own affair."""
    uri = _first(stored, "decision.json", objects)
    match parse_json(objects.read(uri) if uri else None):
        case {"retrain": bool(retrain), "reasons": list(reasons)}:
            return {"retrain": retrain, "reasons": reasons}
        case _:
            return None


def _first(stored: dict[str, str], file: str, objects: Objects) -> str | None:
    """The URI of the first file of that name in what the steps stored."""
    return next((uri for folder in stored.values() if objects.exists(uri := f"{folder.rstrip('/')}/{file}")), None)


def _success(
    execution: Execution,
    document: dict[str, Any],
    platform: Platform,
    repository: Repository,
    registered: ModelPackage | None,
) -> str:
    seconds = sum(step.seconds for step in execution.steps)
    lines = [f"{execution.pipeline} succeeded ({len(execution.steps)} steps, {seconds:.0f} s of work)."]
    if registered:
        lines += _model(f"version {registered.version}, {registered.status}", registered, platform)
    elif repository.kind is Kind.DEPLOY:
        lines += _sentences(document["findings"])
        if document["withheld"]:
            lines.append(f"  predictions   KEPT BACK, as data or forecasts are broken: {document['withheld']}")
        else:
            lines += _predictions(execution.outputs().get("predictions"), platform.objects)
        lines += run_findings.rows_lines(document.get("rows"))
        lines += _model_in_use(execution, platform, repository)
        lines += run_findings.quality_lines(document.get("model_quality"), _deciding(execution, platform, repository))
        lines += _decided(document["decision"])
    lines += _report(document)
    if registered:
        where = f"{platform.option}{suggested_commands.at(repository.path)}"
        lines += [f"  WARNING       {warning}" for warning in document["warnings"]]
        lines.append(f"Next: mlops-new models approve {registered.version}{where}")
    return "\n".join(lines)


def _sentences(findings: list[dict[str, str]]) -> list[str]:
    """What to know before anything else; the report has the rest."""
    told = list(dict.fromkeys(finding["sentence"] for finding in findings))
    more = len(told) - _MOST_SENTENCES
    return [*(f"  ! {text}" for text in told[:_MOST_SENTENCES]), *([f"  ! … and {more} more"] if more > 0 else [])]


def _model(what: str, package: ModelPackage, platform: Platform) -> list[str]:
    return [
        f"  model         {what}",
        *(f"                {line}" for line in model_summary(package, platform.objects)),
    ]


def _model_in_use(execution: Execution, platform: Platform, repository: Repository) -> list[str]:
    package = _package(execution, platform, repository)
    if package is None:
        return []
    return _model(f"version {package.version}, at registration", package, platform)


def _package(execution: Execution, platform: Platform, repository: Repository) -> ModelPackage | None:
    version = str(execution.parameters.get("ModelPackageArn", "")).rpartition("/")[2]
    return platform.models.model_package(repository.project, int(version)) if version.isdigit() else None


def _deciding(execution: Execution, platform: Platform, repository: Repository) -> str:
    """The metric that decided about the model in use; empty where there is none."""
    package = _package(execution, platform, repository)
    return next(iter(model_metrics(package, platform.objects)), "") if package else ""


def _decided(decision: dict[str, Any] | None) -> list[str]:
    if decision is None:
        return []
    first, *others = decision["reasons"] or ["no rule asks for it"]
    return [
        f"  retrain       {'yes' if decision['retrain'] else 'no'}: {first}",
        *(f"                {line}" for line in others),
    ]


def _predictions(folder: str | None, objects: Objects) -> list[str]:
    if folder is None:
        return []
    rows = parse_json(objects.read(f"{folder}/manifest.json")).get("rows")
    file = f"{folder}/predictions.csv"
    count = f" ({rows:,} rows)" if isinstance(rows, int) else ""
    return [f"  predictions   {objects.place(file if objects.exists(file) else folder)}{count}"]


def _report(document: dict[str, Any]) -> list[str]:
    return [f"  report        {document['report']}"] if document["report"] else []


def _failed_without_a_job(execution: Execution) -> bool:
    """Whether no job went wrong: the pipeline itself ended the execution."""
    return not any(step.status is Status.FAILED and (step.log or step.link) for step in execution.steps)


def _not_good_enough(execution: Execution, gate: dict[str, Any], document: dict[str, Any]) -> RunFailed:
    """The metric, its threshold, what to try, and the report that shows the rest."""
    advice = "".join(f"try: {advice}\n      " for advice in gate["advice"])
    report = f"the report: {document['report']}" if document["report"] else "no report was made"
    message = f"{execution.pipeline}: the model is not good enough and was not registered: {gate['reason']}"
    return RunFailed(message, hint=f"{advice}{report}", document=document)


def _failure(execution: Execution, document: dict[str, Any], console: Console, again: str) -> RunFailed:
    failed = next((step for step in execution.steps if step.status is Status.FAILED), None)
    if failed is None or not (failed.log or failed.link):
        return RunFailed(f"{execution.pipeline} failed: {execution.reason}", hint="", document=document)
    _show_log(failed, console)
    for other in execution.steps:
        if other.status is Status.FAILED and other is not failed:
            console.say(f"✗ step {other.name} failed, too: {other.reason}", "red")
    report = f"the report: {document['report']}\n      " if document["report"] else ""
    hint = f"the whole log: {failed.log or failed.link}\n      {report}{again}"
    return RunFailed(f"step {failed.name} failed: {failed.reason}", hint=hint, document=document)


def _show_log(step: Step, console: Console) -> None:
    try:
        lines = step.log.read_text(encoding="utf-8", errors="replace").splitlines() if step.log else []
    except OSError:
        return
    for line in lines[-_LOG_TAIL:]:
        if not _is_told(line, step.reason):
            console.say(f"  {step.name} | {line}")


def _is_told(line: str, reason: str) -> bool:
    """Whether a line of a log says what is said at the end as the reason."""
    why = re.sub(r" \((exit code \d+|ended by SIG\w+)\)$", "", reason)
    return bool(line.strip()) and (line.strip() in why or (bool(why) and why in line))
