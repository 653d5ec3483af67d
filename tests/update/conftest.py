"""A project of the oldest version of an organisation's templates, made once and copied for each test."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mlops_new.__main__ import _exit_code
from tests.e2e.acme import ONE_MOMENT, new_server
from tests.e2e.program import Ended
from tests.update import fork
from tests.update.fork import git
from tests.update.organisation import Acme
from tests.update.running import Updates

NAME = "fresh-sales"
KINDS = ("build", "deploy")
Here = Callable[..., Ended]
QUESTIONS = """
_subdirectory: "templates/{{ repository_kind }}"
repository_kind: {type: str, choices: [build, deploy], default: build, ask: false}
project_name: {type: str, default: x}
size: {type: str, choices: [small, large], default: small}
fast: {type: bool, default: true, validator: "{% if fast and size == 'large' %}no{% endif %}"}
"""


@pytest.fixture(scope="session")
def acme(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template repository, for reading."""
    return fork.make(tmp_path_factory.mktemp("template") / "acme.git")


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory, acme: Path) -> Path:
    """A home and the working copies of a project, for copying."""
    place = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLOPS_NEW_HOME", str(place / "home"))
        template = f"{acme}@{fork.OLDEST}"
        assert _exit_code(["project", NAME, "--yes", "-C", str(place / "here"), "--template", template]) == 0
    return place


@dataclass(frozen=True)
class Project:
    """A project of one test.

    Args:
        folder: Holds its working copies.
        home: Has its hosted repositories.
        template: The template repository.
        updates: Runs the command.
    """

    folder: Path
    home: Path
    template: Path
    updates: Updates

    def update(self, **flags: Any) -> Ended:
        """`mlops-new update NAME --yes --json`, and flags."""
        return self.updates(NAME, self.folder, self.home, **flags)

    def copy(self, kind: str) -> Path:
        """A working copy."""
        return self.folder / f"{NAME}-{kind}"

    def hosted(self, kind: str) -> Path:
        """The bare repository."""
        return self.home / "git" / f"{NAME}-{kind}.git"

    def edit(self, kind: str, edits: dict[str, Callable[[str], str] | None], message: str = "Edit") -> None:
        """Edit files (None: delete) in a working copy, commit and push."""
        for name, edit in edits.items():
            file = self.copy(kind) / name
            if edit is None:
                file.unlink()
            else:
                file.write_text(edit(file.read_text("utf-8") if file.exists() else ""), "utf-8")
        git(self.copy(kind), "add", "--all")
        git(self.copy(kind), "commit", "--quiet", "--message", message)
        git(self.copy(kind), "push", "--quiet", "origin", "main")

    def read(self, kind: str, file: str, branch: str = f"mlops-new/template-{fork.NEWEST}") -> str:
        """A file on a branch of the Git host."""
        return git(self.hosted(kind), "show", f"{branch}:{file}")

    def files(self, kind: str, branch: str) -> set[str]:
        """What a branch of the Git host holds."""
        return set(git(self.hosted(kind), "ls-tree", "-r", "--name-only", branch).split("\n"))

    def contract(self, kind: str) -> subprocess.CompletedProcess[str]:
        """`make check-contract`."""
        command = [sys.executable, "-m", "ci.contract", "--compare"]
        return subprocess.run(command, cwd=self.copy(kind), capture_output=True, text=True, check=False)

    def state(self) -> dict[str, str]:
        """Everything that a command could have touched."""
        found = {}
        for kind in KINDS:
            found[f"{kind} hosted"] = git(self.hosted(kind), "for-each-ref")
            found[f"{kind} files"] = git(self.copy(kind), "status", "--porcelain", "--branch")
            found[f"{kind} refs"] = git(self.copy(kind), "for-each-ref") + git(self.copy(kind), "rev-parse", "HEAD")
        return found


def instead(old: str, new: str) -> Callable[[str], str]:
    """An edit that replaces a text that is there."""

    def edit(text: str) -> str:
        assert old in text
        return text.replace(old, new)

    return edit


@pytest.fixture
def project(made: Path, acme: Path, renders: Path, somewhere: Path, home: Path) -> Project:
    """The project, for this test alone."""
    return copied(made, somewhere, home, acme, renders)


@pytest.fixture(scope="session")
def renders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What was rendered already."""
    return tmp_path_factory.mktemp("renders")


def copied(made: Path, folder: Path, home: Path, template: Path, renders: Path) -> Project:
    """A copy of the project whose origins are in the copied home."""
    shutil.copytree(made / "home", home, dirs_exist_ok=True)
    project = Project(folder, home, template, Updates(renders))
    for kind in KINDS:
        shutil.copytree(made / "here" / f"{NAME}-{kind}", project.copy(kind))
        git(project.copy(kind), "remote", "set-url", "origin", str(project.hosted(kind)))
    return project


@pytest.fixture
def here(capsys: pytest.CaptureFixture[str]) -> Here:
    """A command in this process, which has Copier loaded already."""

    def run(*arguments: str | Path) -> Ended:
        capsys.readouterr()
        code = _exit_code([str(one) for one in arguments])
        out, err = capsys.readouterr()
        return Ended(code, out, err)

    return run


@pytest.fixture
def organisation(
    acme: Path, renders: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Acme]:
    for name, value in {**ONE_MOMENT, "GIT_ALLOW_PROTOCOL": "file:http"}.items():
        monkeypatch.setenv(name, value)
    with new_server() as server:
        organisation = Acme(server, tmp_path, renders)
        organisation.make(acme)
        server.forget()
        yield organisation


@pytest.fixture
def small(tmp_path: Path, made: Path) -> Path:
    """A small template with the definitions of the real one."""
    root = tmp_path / "small"
    for kind, files in {"build": ["pipeline"], "deploy": ["pipelines/inference", "pipelines/model_quality"]}.items():
        home = root / "templates" / kind
        (home / "pipelines").mkdir(parents=True)
        for file in files:
            shutil.copy(made / "here" / f"{NAME}-{kind}" / f"{file}.json", home / f"{file}.json")
        (home / "{{ _copier_conf.answers_file }}.jinja").write_text("{{ _copier_answers | to_nice_yaml }}", "utf-8")
        (home / "settings.toml.jinja").write_text("size = '{{ size }}'\n", "utf-8")
        (home / "test_it.py").write_text("def test_it() -> None:\n    assert True\n", "utf-8")
        (home / "pyproject.toml").write_text('[tool.mypy]\nfiles = ["test_it.py"]\n', "utf-8")
    (root / "copier.yml").write_text(QUESTIONS, "utf-8")
    return root
