"""A template repository of an organisation: the real templates, and two later versions with changes of every kind."""

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from mlops_new.template.packaged import packaged_files

OLDEST, MIDDLE, NEWEST = "v1.0.0", "v1.1.0", "v2.0.0"


def make(folder: Path) -> Path:
    """The repository, with three versions.

    The second changes a default, files of every kind, and adds one. The third renames an answer, changes a question's
    type, and removes files.
    """
    for name, file in packaged_files():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(file, target)
    git(folder, "init", "--quiet", "--initial-branch=main")
    release(folder, OLDEST, "Our templates")
    second(folder)
    release(folder, MIDDLE, "Learn more slowly; say who answers")
    third(folder)
    release(folder, NEWEST, "Call machines machines")
    return folder


def second(folder: Path) -> None:
    """What the second version has otherwise."""
    change(folder / "copier.yml", "default: ml.m5.xlarge", "default: ml.m6i.xlarge")
    config = folder / "templates/build/config.toml.jinja"
    change(config, "learning_rate = {{ '0.2' if sample else '0.1' }}", "learning_rate = 0.05")
    change(folder / "templates/build/steps/evaluate.py", '"""', '"""By acme. ')
    change(folder / "templates/deploy/steps/decide.py", '"""', '"""By acme. ')
    change(folder / "templates/build/README.md.jinja", "## The container", "Ask acme first.\n\n## The container")
    change(folder / "templates/shared/jobs.py", '"unknown"', '"not known"')
    for kind in ("build", "deploy"):
        change(folder / f"templates/{kind}/bitbucket-pipelines.yml.jinja", "What CI does", "At acme, what CI does")
        for definition in (folder / "templates" / kind).rglob("*.json.jinja"):
            _edit(definition, lambda text: text.replace('"DefaultValue": "unknown"', '"DefaultValue": "not known"'))
        owners = "# Who answers for {{ project_name }}\n\nacme\n"
        (folder / f"templates/{kind}/OWNERS.md.jinja").write_text(owners, "utf-8")


def third(folder: Path) -> None:
    """What the third version has otherwise."""
    questions = folder / "copier.yml"
    for file in [questions, *folder.rglob("*.jinja")]:
        _edit(file, lambda text: re.sub(r"\binstance_type\b", "machine", text))
    change(questions, "default: ml.m6i.xlarge", "default: \"{{ instance_type | default('ml.m6i.xlarge') }}\"")
    start = questions.read_text("utf-8").index("history:\n")
    _edit(questions, lambda text: text[:start] + _HISTORY + text[text.index("\nmetric:\n", start) :])
    change(folder / "templates/build/config.toml.jinja", "{%- if history %}", "{%- if history == 'yes' %}")
    (folder / "templates/build/data/README.md").unlink()
    (folder / "templates/build/OWNERS.md.jinja").unlink()


_HISTORY = """history:
  type: str
  help: Make features of the target's own past per series
  choices: ["no", "yes"]
  default: "{{ 'yes' if problem_type == 'regression' and time_column != '' else 'no' }}"
"""


def change(file: Path, old: str, new: str) -> None:
    """Replace a text that is there, once."""

    def replaced(text: str) -> str:
        assert old in text, f"{file} has no {old!r}"
        return text.replace(old, new, 1)

    _edit(file, replaced)


def release(folder: Path, version: str, message: str) -> None:
    """Commit everything and tag it."""
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", message)
    git(folder, "tag", version)


def git(path: Path, *arguments: str | Path) -> str:
    """A git command, which has to succeed."""
    return subprocess.run(["git", *arguments], cwd=path, check=True, capture_output=True, text=True).stdout.strip()


def _edit(file: Path, edit: Callable[[str], str]) -> None:
    file.write_text(edit(file.read_text("utf-8")), "utf-8")
