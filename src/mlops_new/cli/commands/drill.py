"""`mlops-new drill`: put a fault into a copy of the data and see which check catches it, and what would be decided."""

import secrets
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlops_new.cli.adapters import local_platform
from mlops_new.cli.commands import run_inputs
from mlops_new.cli.commands.data import table_of
from mlops_new.cli.commands.run import Request as Run
from mlops_new.cli.commands.run import start
from mlops_new.cli.commands.run_outcome import CHECKS, DETAILS, RunFailed, sentences
from mlops_new.cli.console import Console
from mlops_new.errors import Error, Invalid
from mlops_new.names import Kind
from mlops_new.project.here import standing_in
from mlops_new.settings.load import PlatformName, Settings
from mlops_new.system.files import read_json

# Drills write to a bucket of their own: no forecast, history or comparison of theirs is taken for a real one.
BUCKET = "mlops-new-drill"
OF_GROUND_TRUTH = "concept_drift"
FAULTS = (
    "covariate_shift",
    OF_GROUND_TRUTH,
    "missing_column",
    "new_categories",
    "nulls",
    "changed_unit",
    "swapped_columns",
    "price_up",
    "offset",
    "dead_feed",
    "lost_rows",
    "doubled_rows",
    "missing_group",
    "mixed_column",
)  # fmt: skip


@dataclass(frozen=True)
class Request:
    """What was typed.

    Args:
        fault: One of `FAULTS`.
        directory: Where the command stands.
        input: The data to copy; None for the sample.
        truth: Ground truth to copy, for concept drift; None for the sample's.
    """

    fault: str
    directory: Path
    input: str | None
    truth: str | None


def run(request: Request, settings: Settings, console: Console) -> None:
    """Strike a copy, run the pipelines on it, tell what noticed."""
    if settings.platform is not PlatformName.LOCAL:
        raise Invalid("a drill is held on this machine", hint="add --platform local")
    repository = standing_in(request.directory)
    if repository.kind is not Kind.DEPLOY:
        raise Invalid("a drill is held in the deploy repository", hint=f"cd into {repository.project}-deploy")
    if request.fault not in FAULTS:
        raise Invalid(f"there is no fault {request.fault!r}", hint=f"there are: {', '.join(FAULTS)}")
    with tempfile.TemporaryDirectory(prefix="mlops-new-drill-") as folder:
        struck, what = _strike(request, Path(folder), settings, console)
        console.say(f"drill: {what}")
        document = {"fault": request.fault, "what": what, **_noticed(request, struck, settings, console)}
    console.result(_text(document), document)


def _strike(
    request: Request, folder: Path, settings: Settings, console: Console, execution: str | None = None
) -> tuple[Path, str]:
    """The copy with the fault, made by the monitoring of the model in use; ground truth says which run it is about."""
    with local_platform(settings) as platform:
        sources = run_inputs.Sources(standing_in(request.directory), platform, request.input, console.say)
        image = platform.machine.image(run_inputs.model_in_use(sources)["ImageUri"], notify=console.say)
        table = _truth(request, sources) if request.fault == OF_GROUND_TRUTH else table_of(sources, platform.machine)
    copy = folder / f"{request.fault}.csv"
    command = [str(image.python), "-m", "monitoring.drill", request.fault, str(table.absolute()), str(copy)]
    command += ["--execution", execution] if execution else []
    done = subprocess.run(command, cwd=image.code, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Error(f"the fault could not be made: {(done.stderr.strip().splitlines() or ['no reason given'])[-1]}")
    return copy, done.stdout.strip()


def _truth(request: Request, sources: run_inputs.Sources) -> Path:
    named = request.truth or run_inputs.config(sources.repository.path).get("sample", {}).get("truth")
    if not named:
        raise Invalid(
            "concept drift shows in ground truth", hint="give it with --truth, or [sample] truth in config.toml"
        )
    path = Path(named).expanduser() if request.truth else sources.repository.path / named
    if not path.exists():
        raise Invalid(f"there is no file {path}")
    return path


def _noticed(request: Request, struck: Path, settings: Settings, console: Console) -> dict[str, Any]:
    if request.fault != OF_GROUND_TRUTH:
        return _run("inference", str(struck), request, settings, console)
    forecast = _run("inference", request.input, request, settings, console)
    _strike(request, struck.parent, settings, console, forecast["execution"])
    compared = _run("model-quality", str(struck), request, settings, console)
    return {**compared, "checks": [*forecast["checks"], *compared["checks"]]}


def _run(pipeline: str, data: str | None, request: Request, settings: Settings, console: Console) -> dict[str, Any]:
    parameters = {"Bucket": BUCKET, "HistoryUri": _history(request, settings)}
    asked = Run(pipeline, request.directory, data, parameters, None, wait=True, retrain=False, dry_run=False)
    try:
        document = start(asked, settings, console).document
    except RunFailed as failure:
        step = next((step for step in failure.document["steps"] if step["status"] == "Failed"), None)
        caught = {"check": step["name"] if step else pipeline, "caught": True, "violations": [failure.message]}
        return {"execution": "", "checks": [caught], "decision": None, "report": None}
    checks = [_check(name, document["outputs"][name]) for name in CHECKS if name in document["outputs"]]
    found = {"checks": checks, "decision": document["decision"], "report": document["report"]}
    return {"execution": document["execution"], **found}


def _history(request: Request, settings: Settings) -> str:
    """A history of its own for each drill: what an earlier one compared is new to this one."""
    project = standing_in(request.directory).project
    place = f"s3://{BUCKET}/{project}/{request.fault}-{secrets.token_hex(4)}/history"
    with local_platform(settings) as platform:
        return platform.objects.folder(place, "The history of one drill.\n")


def _check(name: str, folder: str) -> dict[str, Any]:
    """What a check found: the sentences for a person, and where there are none what the file says."""
    found = read_json(Path(folder) / "constraint_violations.json").get("violations", [])
    told = [
        f"{item.get('feature_name') or item.get('metric_name') or item.get('label')}: {item['description']}"
        for item in found
    ]
    told_people = [text for _, text in sentences(read_json(Path(folder) / DETAILS))]
    return {"check": name, "caught": bool(found), "violations": told, "sentences": told_people}


def _text(document: dict[str, Any]) -> str:
    lines = [f"{document['fault']}: {document['what']}"]
    for check in document["checks"]:
        count = len(check["violations"])
        lines.append(
            f"  {'caught' if check['caught'] else 'missed'} by {check['check']}"
            + (f" ({count} found)" if count else "")
        )
        lines += [f"    {text}" for text in (check.get("sentences") or check["violations"])[:3]]
    decision = document["decision"]
    if decision is None:
        return "\n".join([*lines, "  the run stops there: no predictions, and nothing to decide"])
    lines.append(f"  retrain: {'yes' if decision['retrain'] else 'no'}. {' '.join(decision['reasons'])}")
    return "\n".join([*lines, f"  report: {document['report']}"] if document["report"] else lines)
