"""`mlops-new doctor`: is everything there that the other commands need? What is missing, exactly?"""

from pathlib import Path
from typing import Any

from mlops_new.cli.adapters import Connect, connect
from mlops_new.cli.commands.run_inputs import config
from mlops_new.cli.console import Console, table
from mlops_new.cost.prices import Job
from mlops_new.errors import Error, Invalid
from mlops_new.names import valid_name
from mlops_new.ports.checks import Check, Purpose
from mlops_new.ports.git_host import Workspace
from mlops_new.project.context import Context
from mlops_new.project.here import standing_in
from mlops_new.project.preflight import local_checks
from mlops_new.settings.load import PlatformName, Settings

# The answer that copier.yml gives by default.
USUAL_INSTANCE = "ml.m5.xlarge"


def run(project: str | None, settings: Settings, console: Console, connect: Connect = connect) -> int:
    """Look and tell; nothing is changed.

    Returns:
        The exit code: 0, or 1 where something is not ok.
    """
    if project is not None:
        valid_name(project)
    outside = _outside(project, settings, console, connect)  # first: then no child process is given a secret
    checks = [*local_checks(settings.home), *outside]
    document: list[dict[str, Any]] = [
        {"check": check.name, "ok": check.ok, "detail": check.detail, "hint": "" if check.ok else check.hint}
        for check in checks
    ]
    console.result(_text(document), document)
    return 0 if all(check.ok for check in checks) else 1


def _outside(project: str | None, settings: Settings, console: Console, connect: Connect) -> list[Check]:
    try:
        context = connect(settings, console.say)
        return [*context.host_checks.examine(project), *context.platform_checks.examine(_purpose(settings, context))]
    except Error as error:
        lines = error.message.splitlines()  # where several settings are wrong, a line for each below the first
        name = "settings file" if lines[1:] else f"settings for {settings.git}"
        return [Check(name, ok=False, detail=line.strip(), hint=error.hint) for line in lines[1:] or lines]


def _purpose(settings: Settings, context: Context) -> Purpose:
    """What the repository that this is called in is for, or a project with the usual answers."""
    if settings.platform is PlatformName.LOCAL:
        return Purpose()
    try:
        tables = config(standing_in(Path.cwd()).path)
    except Invalid:
        tables = {}
    instances = tuple((job, str(tables.get("instances", {}).get(job, USUAL_INSTANCE))) for job in Job)
    managed = tables.get("project", {}).get("monitoring") == "managed"
    return Purpose(instances, managed=managed, workspace=_workspace(context))


def _workspace(context: Context) -> Workspace | None:
    try:
        return context.host.workspace()
    except Error:
        return None  # the Git host's own checks tell why


def _text(document: list[dict[str, Any]]) -> str:
    lines = table([["✓" if row["ok"] else "✗", row["check"], row["detail"]] for row in document]).splitlines()
    hints = [f"  → {row['hint']}" if row["hint"] else "" for row in document]
    return "\n".join(line for pair in zip(lines, hints, strict=True) for line in pair if line)
