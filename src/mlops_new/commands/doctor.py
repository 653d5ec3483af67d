"""`mlops-new doctor`: is everything there that the other commands need? What is missing, exactly?"""

from typing import Any

from mlops_new.console import Console, table
from mlops_new.errors import Error
from mlops_new.ports import Check
from mlops_new.preflight import local_checks
from mlops_new.settings import Settings
from mlops_new.spec import valid_name
from mlops_new.wiring import Connect, connect


def run(project: str | None, settings: Settings, console: Console, connect: Connect = connect) -> int:
    """Look and tell; nothing is changed.

    Returns:
        The exit code: 0, or 1 where something is not ok.
    """
    if project is not None:
        valid_name(project)
    of_host = _of_host(project, settings, console, connect)  # first: then no child process is given a secret
    checks = [*local_checks(settings.home), *of_host]
    document: list[dict[str, Any]] = [
        {"check": check.name, "ok": check.ok, "detail": check.detail, "hint": "" if check.ok else check.hint}
        for check in checks
    ]
    console.result(_text(document), document)
    return 0 if all(check.ok for check in checks) else 1


def _of_host(project: str | None, settings: Settings, console: Console, connect: Connect) -> list[Check]:
    try:
        return connect(settings, console.say).setup.examine(project)
    except Error as error:
        return [Check(f"settings for {settings.git}", ok=False, detail=error.message, hint=error.hint)]


def _text(document: list[dict[str, Any]]) -> str:
    lines = table([["✓" if row["ok"] else "✗", row["check"], row["detail"]] for row in document]).splitlines()
    hints = [f"  → {row['hint']}" if row["hint"] else "" for row in document]
    return "\n".join(line for pair in zip(lines, hints, strict=True) for line in pair if line)
