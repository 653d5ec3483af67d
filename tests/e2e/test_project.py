"""`mlops-new project` as a user runs it."""

import json
import os
import pty
import select
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
import yaml

from mlops_new.platforms.local.engine import Engine
from mlops_new.ports.templates import Template
from mlops_new.template import packaged, publish
from mlops_new.template.copier import Copier
from tests.e2e.acme import make_here, render_once
from tests.e2e.killed import killed_at
from tests.e2e.program import mlops_new

NAME = "fresh-sales"
RUN = "runpy.run_module('mlops_new', run_name='__main__')"
PIPELINES = ["fresh-sales-build", "fresh-sales-inference", "fresh-sales-model-quality"]


def git(path: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=path, check=True, capture_output=True, text=True).stdout.strip()


def state(folder: Path, home: Path) -> dict[str, object]:
    """What a project is: its files, what is hosted, what is registered; and nothing half made beside it."""
    hosted = sorted(path.name for path in (home / "git").iterdir())
    found: dict[str, object] = {"hosted": hosted, "folder": sorted(path.name for path in folder.iterdir())}
    for kind in ("build", "deploy"):
        copy = folder / f"{NAME}-{kind}"
        assert git(copy, "status", "--porcelain") == ""
        assert git(copy, "rev-parse", "HEAD") == git(home / "git" / f"{NAME}-{kind}.git", "rev-parse", "main")
        found[kind] = git(copy, "rev-parse", "HEAD^{tree}")
        found[f"{kind} commits"] = git(copy, "rev-list", "--count", "HEAD")
    found["template"] = git(home / "git" / "mlops-templates.git", "for-each-ref")
    platform = Engine(home)
    found["pipelines"] = [pipeline.digest for name in PIPELINES if (pipeline := platform.stores.pipelines.find(name))]
    return found


def test_one_command_makes_everything_and_the_second_run_changes_nothing(somewhere: Path, home: Path) -> None:
    first = mlops_new("project", NAME, "--yes", "--json")
    assert first.code == 0, first.err
    document = first.document
    assert document["changed"] is True
    assert document["build"]["pipelines"] == ["fresh-sales-build"]
    assert document["deploy"]["pipelines"] == PIPELINES[1:]
    made = state(somewhere, home)
    assert len(made["pipelines"]) == 3  # type: ignore[arg-type]

    second = mlops_new("project", NAME, "--yes", "--json")
    assert second.document == {**document, "changed": False}
    assert state(somewhere, home) == made
    assert "nothing to do" in mlops_new("project", NAME, "--yes").out


@pytest.mark.slow
def test_both_repositories_can_be_updated_by_whoever_reads_the_template_repository(somewhere: Path, home: Path) -> None:
    mlops_new("project", NAME, "--yes")
    for kind in ("build", "deploy"):
        answers = yaml.safe_load((somewhere / f"{NAME}-{kind}" / ".copier-answers.yml").read_text(encoding="utf-8"))
        assert answers["_src_path"] == str(home / "git" / "mlops-templates.git")
        assert answers["repository_kind"] == kind
        assert git(home / "git" / "mlops-templates.git", "tag", "--list", answers["_commit"]) == answers["_commit"]


def test_a_dry_run_touches_nothing(somewhere: Path, home: Path) -> None:
    shown = mlops_new("project", NAME, "--dry-run", "--json")
    assert shown.code == 0
    actions = [step["action"] for step in shown.document["steps"]]
    assert actions[:2] == ["publish template", "render"]
    assert actions.count("register pipeline") == len(PIPELINES)
    assert list(somewhere.iterdir()) == []
    assert not home.exists()


def test_without_a_terminal_nothing_happens_without_yes(somewhere: Path, home: Path) -> None:
    refused = mlops_new("project", NAME)
    assert refused.code == 2
    assert "--yes" in refused.err
    assert list(somewhere.iterdir()) == []
    assert not (home / "git").exists()


@pytest.mark.slow
def test_a_lost_working_copy_is_cloned_back(somewhere: Path, home: Path) -> None:
    mlops_new("project", NAME, "--yes")
    made = state(somewhere, home)
    (somewhere / f"{NAME}-build").rename(somewhere / "elsewhere")
    assert mlops_new("project", NAME, "--yes").code == 0
    (somewhere / "elsewhere").rename(home / "elsewhere")
    assert state(somewhere, home) == made


PERSONAL = """
[core]
    autocrlf = true
    attributesFile = {folder}/attributes
    excludesFile = {folder}/ignored
    hooksPath = {folder}/hooks
[color]
    ui = always
[init]
    defaultBranch = trunk
    defaultObjectFormat = sha256
[status]
    showUntrackedFiles = no
[safe]
    bareRepository = explicit
"""


@pytest.mark.slow
def test_a_persons_own_git_configuration_changes_no_file(somewhere: Path, home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "personal"
    (folder / "hooks").mkdir(parents=True)
    for hook in ("pre-commit", "pre-push"):
        (folder / "hooks" / hook).write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
        (folder / "hooks" / hook).chmod(0o755)
    (folder / "attributes").write_text("*.toml eol=crlf\n", encoding="utf-8")
    (folder / "ignored").write_text(".DS_Store\n*.json\n", encoding="utf-8")
    config = Path(os.environ["GIT_CONFIG_GLOBAL"])
    config.write_text(config.read_text(encoding="utf-8") + PERSONAL.format(folder=folder), encoding="utf-8")

    assert mlops_new("project", NAME, "--yes").code == 0
    for kind in ("build", "deploy"):
        copy = somewhere / f"{NAME}-{kind}"
        files = {path.relative_to(copy).as_posix(): path for path in copy.rglob("*") if path.is_file()}
        files = {name: path for name, path in files.items() if not name.startswith(".git/")}
        assert set(git(copy, "ls-tree", "-r", "--name-only", "origin/main").split("\n")) == set(files)
        assert [name for name, path in files.items() if b"\r" in path.read_bytes()] == []
    assert mlops_new("status", NAME).code == 0

    git(somewhere, "clone", "--quiet", str(home / "git" / f"{NAME}-build.git"), "again")
    assert b"\r" not in (somewhere / "again" / "container" / "bin" / "serve").read_bytes()
    (somewhere / f"{NAME}-build" / ".DS_Store").touch()
    assert mlops_new("update", NAME, "--yes").code == 0


@pytest.mark.quick_cases(3)
@pytest.mark.parametrize(
    ("arguments", "code", "why"),
    [
        (["Fresh Sales"], 2, "cannot be a project's name"),
        (["x" * 60], 2, "cannot be a project's name"),
        ([NAME, "--data", "colour=red"], 2, "no question 'colour'"),
        ([NAME, "--data", "history=perhaps"], 2, "history"),
        ([NAME, "--data", "problem_type=clustering"], 2, "problem_type"),
        ([NAME, "--data", "target"], 2, "is not NAME=VALUE"),
        ([NAME, "--data", "project_name=other"], 2, "not answers"),
        ([NAME, "--answers", "none.yml"], 2, "cannot be read"),
        ([NAME, "--git", "sourceforge"], 2, "sourceforge"),
        ([NAME, "--config", "none.toml"], 2, "no settings file"),
    ],
)  # fmt: skip
def test_input_that_is_refused(somewhere: Path, home: Path, arguments: list[str], code: int, why: str) -> None:
    refused = mlops_new("project", *arguments, "--yes", "--json")
    assert refused.code == code
    error = refused.document["error"]
    assert why in error["message"]
    assert error["code"] == code
    assert "\n" not in error["message"]
    assert "Traceback" not in refused.err
    assert list(somewhere.iterdir()) == []
    assert not (home / "git").exists()


def test_a_destination_that_is_not_empty(somewhere: Path, home: Path) -> None:
    taken = somewhere / f"{NAME}-deploy"
    taken.mkdir()
    (taken / "thesis.txt").write_text("mine", encoding="utf-8")
    refused = mlops_new("project", NAME, "--yes")
    assert refused.code == 3
    assert "not empty" in refused.err
    assert [path.name for path in somewhere.iterdir()] == [taken.name]
    assert [path.name for path in taken.iterdir()] == ["thesis.txt"]
    assert not (home / "git").exists()


@pytest.mark.slow
def test_an_empty_destination_is_used(somewhere: Path) -> None:
    (somewhere / f"{NAME}-build").mkdir()
    assert mlops_new("project", NAME, "--yes").code == 0


@pytest.mark.slow
def test_a_repository_of_that_name_that_is_not_ours(somewhere: Path, home: Path) -> None:
    foreign = home / "git" / f"{NAME}-build.git"
    foreign.mkdir(parents=True)
    git(foreign, "init", "--quiet", "--bare")
    refused = mlops_new("project", NAME, "--yes")
    assert refused.code == 3
    assert list(somewhere.iterdir()) == []


def test_without_git(somewhere: Path, tmp_path: Path) -> None:
    refused = mlops_new("project", NAME, "--yes", env={"PATH": str(tmp_path)})
    assert (refused.code, refused.err.splitlines()[0]) == (1, "error: git is not installed")


def test_without_an_identity(somewhere: Path) -> None:
    refused = mlops_new("project", NAME, "--yes", env={"GIT_CONFIG_GLOBAL": os.devnull})
    assert refused.code == 1
    assert "who you are" in refused.err
    assert list(somewhere.iterdir()) == []


def test_a_home_that_is_a_file(somewhere: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    home = tmp_path_factory.mktemp("x") / "home"
    home.write_text("not a folder", encoding="utf-8")
    refused = mlops_new("project", NAME, "--yes", env={"MLOPS_NEW_HOME": str(home)})
    assert refused.code == 2
    assert f"{home} is a file" in refused.err
    assert "MLOPS_NEW_HOME" in refused.err
    assert list(somewhere.iterdir()) == []


@pytest.mark.slow
def test_another_users_repository_is_told_from_none_at_all(somewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mlops_new("project", NAME, "--yes")
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    refused = mlops_new("models", "list", "--json", "-C", somewhere / f"{NAME}-build")
    assert refused.code == 1
    assert "dubious ownership" in refused.document["error"]["message"]
    assert "safe.directory" in refused.document["error"]["hint"]


@pytest.mark.slow
def test_a_full_disk_leaves_nothing_half_made(somewhere: Path, home: Path) -> None:
    limited = f"import resource, runpy; resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000)); {RUN}"
    done = subprocess.run(
        [sys.executable, "-c", limited, "project", NAME, "--yes"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert list(somewhere.iterdir()) == []
    assert mlops_new("project", NAME, "--yes").code == 0
    state(somewhere, home)


@pytest.mark.slow
def test_two_at_once_make_one_project(somewhere: Path, home: Path) -> None:
    command = [sys.executable, "-m", "mlops_new", "project", NAME, "--yes", "--json"]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(2)]
    ends = [process.communicate() for process in both]
    assert [process.returncode for process in both] == [0, 0], ends
    made = state(somewhere, home)
    assert (made["build commits"], made["deploy commits"]) == ("1", "1")


@pytest.mark.slow
def test_questions_are_asked_on_a_terminal_and_no_is_taken_for_an_answer(somewhere: Path, home: Path) -> None:
    parent, child = pty.openpty()
    command = [sys.executable, "-m", "mlops_new", "project", NAME, *_all_answers()]
    with subprocess.Popen(
        command, stdin=child, stdout=subprocess.PIPE, stderr=child, start_new_session=True
    ) as process:
        os.close(child)
        shown = _until(parent, b"Go ahead?")
        os.write(parent, b"n\n")
        assert process.wait(timeout=300) == 130
    assert b"Publish template" in shown
    assert list(somewhere.iterdir()) == []
    os.close(parent)


def _all_answers() -> list[str]:
    answers = Copier().resolve(None, {"project_name": NAME}, ask=False)
    asked = {name: answer for name, answer in answers.items() if name not in {"project_name", "repository_kind"}}
    words = {name: answer if isinstance(answer, str) else json.dumps(answer) for name, answer in asked.items()}
    return [word for name, answer in words.items() for word in ("--data", f"{name}={answer}")]


def _until(terminal: int, words: bytes) -> bytes:
    """What a terminal shows up to some words; a minute of silence is a failure."""
    shown = b""
    while words not in shown:
        assert select.select([terminal], [], [], 60)[0], shown.decode()
        shown += os.read(terminal, 4096)
    return shown


# Every second effect, or every one with MLOPS_NEW_TEST_EVERY_FAULT=1, until the one to be killed at is beyond the last.
@pytest.mark.slow
@pytest.mark.parametrize("share", range(4 if os.environ.get("MLOPS_NEW_TEST_EVERY_FAULT") else 2))
def test_killed_at_any_effect_the_same_command_finishes(somewhere: Path, share: int) -> None:
    said, clean_home = somewhere / "said", somewhere / "home"
    git(somewhere, "init", "--quiet", "--bare", "template.git")
    template = Template(str(somewhere / "template.git"), packaged.PACKAGED_VERSION)
    publish.publish(template.url, template.version, {}, {}, somewhere)
    rendered = render_once(somewhere / "rendered", template)
    make_here(somewhere / "clean", clean_home, rendered)
    clean = state(somewhere / "clean", clean_home)
    effect, code = share - 3, -signal.SIGKILL.value
    while code:
        effect += 4
        assert code == -signal.SIGKILL, said.read_text(encoding="utf-8")
        place, fresh = somewhere / f"place-{effect}", somewhere / f"home-{effect}"
        code = killed_at(effect, partial(make_here, place, fresh, rendered), said)
        again = killed_at(0, partial(make_here, place, fresh, rendered), said)
        assert again == 0, said.read_text(encoding="utf-8")
        assert state(place, fresh) == clean, f"killed at effect {effect}"
    assert effect > 30
