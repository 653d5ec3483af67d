"""What a new project's owner types first, `make test`, in both repositories of every problem type."""

import os
import subprocess
from pathlib import Path

import pytest

from mlops_new.names import Kind
from mlops_new.ports.templates import Template
from mlops_new.template.copier import Copier
from mlops_new.template.packaged import packaged_files

pytestmark = pytest.mark.slow

SOMEBODY = ("-c", "user.name=Test", "-c", "user.email=test@localhost")  # whoever runs the tests may be nobody to git
PROBLEM_TYPES = ("regression", "binary_classification", "multiclass_classification")
# Either shape is tried, but not with each problem type.
PROCESSING = {"regression": "pipeline", "binary_classification": "pipeline", "multiclass_classification": "airflow"}
CHECKS = (["ruff", "check", "."], ["ruff", "format", "--check", "."], ["mypy"], ["pytest", "-q"])
# What can differ with the answers: style and types of plain Python, and the tests of the monitoring, cannot.
OF_ANSWERS = {
    Kind.BUILD: (["pytest", "-q", "--ignore", "tests/monitoring"],),
    Kind.DEPLOY: (["ruff", "format", "--check", "."], ["pytest", "-q"]),
}


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The templates as they stand, in a repository of their own with one tag."""
    folder = tmp_path_factory.mktemp("template.git")
    for name, file in packaged_files():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(file.read_bytes())
        (folder / name).chmod(file.stat().st_mode)
    commit = [*SOMEBODY, "commit", "--quiet", "--message", "x"]
    for command in (["init", "--quiet"], ["add", "--all"], commit, ["tag", "v1"]):
        subprocess.run(["git", *command], cwd=folder, check=True)
    return folder


# A model of several classes is trained by test_life.py, and the build's own tests try every problem type.
REPOSITORIES = [(kind, problem) for kind in Kind for problem in PROBLEM_TYPES[: 2 if kind is Kind.BUILD else 3]]


@pytest.mark.parametrize(("kind", "problem_type"), REPOSITORIES)
def test_make_test_passes_in_a_new_repository(
    template: Path, tmp_path: Path, linting_python: Path, kind: Kind, problem_type: str
) -> None:
    copier = Copier()
    given = {"project_name": "fresh-sales", "problem_type": problem_type, "processing": PROCESSING[problem_type]}
    answers = copier.resolve(None, given, ask=False)
    folder = tmp_path / kind
    copier.render(Template(str(template), "v1"), kind, answers, folder, env={})
    makefile = (folder / "Makefile").read_text(encoding="utf-8")
    checks = CHECKS if problem_type == PROBLEM_TYPES[0] else OF_ANSWERS[kind]
    for program, *arguments in checks:
        assert f"\t$(BIN)/{program}" in makefile, "the Makefile checks something else than this test"
        done = subprocess.run(
            [linting_python.parent / program, *arguments],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": ""},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{program} in {kind}, {problem_type}:\n{done.stdout}{done.stderr}"
