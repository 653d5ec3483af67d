"""`mlops-new status`: what should exist, what does, and what differs."""

from pathlib import Path
from typing import Any

from mlops_new import git
from mlops_new.commands.repository import standing_in
from mlops_new.console import Console
from mlops_new.drift import differences
from mlops_new.errors import DRIFT
from mlops_new.local_work import local_work
from mlops_new.observe import Observed, observe
from mlops_new.plan import choose_template
from mlops_new.settings import Settings
from mlops_new.spec import valid_name
from mlops_new.wiring import Connect, connect


def run(name: str | None, directory: Path, settings: Settings, console: Console, connect: Connect = connect) -> int:
    """Compare and tell; nothing is changed.

    Args:
        name: The project; None: that of the repository that `directory` is in.
        directory: Where the working copies are.
        settings: In force.
        console: Where to tell it.
        connect: Makes the outside world.

    Returns:
        The exit code: 0, or 6 where something differs.
    """
    world = connect(settings, console.say)
    git.check_version()
    if name is None:
        repository = standing_in(directory)
        name, directory = repository.project, repository.path.parent
    valid_name(name)
    seen = observe(name, directory, world.host, world.registry, world.setup)
    found = differences(name, seen, local_work(seen.copies, seen.hosted))
    document = _document(name, seen, found)
    console.result(_text(document), document)
    return DRIFT if found else 0


def _document(name: str, seen: Observed, found: list[str]) -> dict[str, Any]:
    recorded = seen.recorded_answers().get("_commit")
    latest = None if seen.template.problem else choose_template(seen.template).version
    template = {"version": recorded, "latest": latest}
    return {"project": name, "in_sync": not found, "differences": found, "template": template}


def _text(document: dict[str, Any]) -> str:
    version, latest = document["template"]["version"], document["template"]["latest"]
    current = f"template {version}, the latest"
    template = current if version == latest else f"template {version or 'unknown'}; the latest is {latest}"
    if document["in_sync"]:
        return f"{document['project']} is as it should be ({template})."
    lines = [f"{document['project']} differs from what it should be ({template}):"]
    return "\n".join([*lines, *(f"  - {text}" for text in document["differences"])])
