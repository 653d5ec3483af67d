"""`mlops-new status`: what should exist, what does, and what differs."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mlops_new.cli.adapters import Connect, activities, connect
from mlops_new.cli.commands import status_fleet
from mlops_new.cli.console import Console
from mlops_new.errors import DRIFT
from mlops_new.names import ANSWERS_FILE, Kind, Mark, valid_name
from mlops_new.project.context import Context
from mlops_new.project.drift import differences
from mlops_new.project.fleet import by_hand
from mlops_new.project.here import standing_in
from mlops_new.project.observe import CopyState, Observed, observe
from mlops_new.project.unpushed import local_work
from mlops_new.settings.load import Settings
from mlops_new.system import git
from mlops_new.template.answers import edited_by_hand
from mlops_new.template.repository import choose_template
from mlops_new.update.adoption import configured


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
    context = connect(settings, console.say)
    git.check_version()
    if name is None:
        repository = standing_in(directory)
        name, directory = repository.project, repository.path.parent
    valid_name(name)
    seen = observe(name, directory, context.host, context.registry, context.setup)
    found = differences(name, seen, local_work(seen.copies, seen.hosted))
    # What `status --all` says of the project is said here, too.
    found = list(dict.fromkeys([*found, *_at_a_glance(name, seen, context, settings), *_by_hand(name, seen)]))
    document = _document(name, seen, found)
    if notes := list(_notes(name, seen)):
        document["notes"] = notes
    console.result(_text(document), document)
    return DRIFT if found else 0


def _at_a_glance(name: str, seen: Observed, context: Context, settings: Settings) -> list[str]:
    """What the Git host and the platform show of both repositories; where one is missing, that has been said."""
    marks = {kind: Mark(name, kind.value) for kind in Kind}
    if not all(one and one.head and one.mark == marks[kind] for kind, one in seen.hosted.items()):
        return []
    projects = status_fleet.look(context.host.repositories.overview(name), context, activities(settings))
    return [text for one in projects if one.name == name for text in one.drift]


def _by_hand(name: str, seen: Observed) -> Iterator[str]:
    """Answers files that were edited in the working copies and are not pushed."""
    for kind, copy in seen.copies.items():
        file = copy.path / ANSWERS_FILE
        if copy.state is CopyState.OURS and edited_by_hand(file.read_text(encoding="utf-8")):
            yield by_hand(name, kind)


def _notes(name: str, seen: Observed) -> Iterator[str]:
    """Where `config.toml`, which is there to be edited, says otherwise than the answers that updates go by."""
    copy = seen.copies[Kind.BUILD]
    if copy.state is not CopyState.OURS:
        return
    said = dict(configured(git.read(copy.path, "HEAD", "config.toml") or ""))
    differ = [question for question, value in said.items() if copy.answers.get(question, value) != value]
    for question in differ:
        yield (
            f"config.toml says {question} = {said[question]!r}, and it was answered {copy.answers[question]!r}; "
            f"`mlops-new update {name} --data {question}=…` records it for later updates"
        )


def _document(name: str, seen: Observed, found: list[str]) -> dict[str, Any]:
    recorded = seen.recorded_answers().get("_commit")
    latest = None if seen.template.problem else choose_template(seen.template).version
    template = {"version": recorded, "latest": latest}
    return {"project": name, "in_sync": not found, "differences": found, "template": template}


def _text(document: dict[str, Any]) -> str:
    version, latest = document["template"]["version"], document["template"]["latest"]
    current = f"template {version}, the latest"
    template = current if version == latest else f"template {version or 'unknown'}; the latest is {latest}"
    notes = [f"  note: {text}" for text in document.get("notes", [])]
    if document["in_sync"]:
        return "\n".join([f"{document['project']} is as it should be ({template}).", *notes])
    lines = [f"{document['project']} differs from what it should be ({template}):"]
    return "\n".join([*lines, *(f"  - {text}" for text in document["differences"]), *notes])
