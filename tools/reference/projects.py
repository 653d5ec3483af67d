"""The pages of a project's own settings: `config.toml` as it is rendered, and the questions of the template."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from reference.settings import read, sections
from rendering import ROOT, render

_CONFIG = """\
# config.toml of the {kind} repository

{text} The page shows the file as a new project has it; it is made from the template when the site is built.
"""
_TEXTS = {
    "build": "What is yours to change without touching code: columns, metric, model, machines. `make test` checks the "
    "file, and an unknown key or value is refused. Settings of the checks are in "
    "[Monitoring](../explanation/monitoring.md#settings).",
    "deploy": "Which rows are predicted, what becomes of predictions, when to retrain, how Airflow runs the project.",
}


def config(kind: str) -> str:
    """The page of one repository's `config.toml`, in Markdown."""
    with TemporaryDirectory() as folder:
        text = (render(kind, Path(folder) / kind) / "config.toml").read_text(encoding="utf-8")
    tables = [table for table in read(text) if table.name]
    return f"{_CONFIG.format(kind=kind, text=_TEXTS[kind])}\n{sections(tables, '')}"


_QUESTIONS = """\
# Answers

`mlops-new project` asks these questions; Enter takes the default, `--yes` takes all defaults. Answers can also come
from `--data KEY=VALUE`, from a YAML file (`--answers FILE`), or from your table (`--like TABLE`). They are recorded in
`.copier-answers.yml` of both repositories. `mlops-new update --data KEY=VALUE` changes one later.

The page is made from the template's `copier.yml`.

| answer | kind | default | means |
|---|---|---|---|
"""


def answers() -> str:
    """The page of the template's questions, in Markdown."""
    questions: dict[str, Any] = yaml.safe_load((ROOT / "copier.yml").read_text(encoding="utf-8"))
    rows = [
        _row(name, question)
        for name, question in questions.items()
        if not name.startswith("_") and name not in {"repository_kind", "project_name"}
    ]
    return _QUESTIONS + "\n".join(rows) + "\n"


def _row(name: str, question: dict[str, Any]) -> str:
    help_text = " ".join(question.get("help", "").split()).replace("|", r"\|")
    asked = "" if question.get("ask", True) else " (not asked)"
    return f"| `{name}` | {question['type']} | {_default(question)} | {help_text}{asked} |"


def _default(question: dict[str, Any]) -> str:
    default = question.get("default", "")
    if isinstance(default, str) and "{" in default:
        return "follows from the others"
    text = ", ".join(map(str, default)) if isinstance(default, list) else str(default)
    return f"`{text}`" if text else "empty"
