"""What maintainers of templates type: publish, check, switch."""

import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from mlops_new.names import TEMPLATE_SLUG
from mlops_new.template.check.combinations import combined, covering, finite
from mlops_new.template.packaged import PACKAGED_VERSION, packaged_files
from tests.update import fork
from tests.update.conftest import KINDS, NAME, QUESTIONS, Here, Project
from tests.update.fork import MIDDLE, OLDEST, git

# --- publish ---


@pytest.fixture
def hosted(somewhere: Path, home: Path, here: Here) -> Path:
    """The template repository with the program's version."""
    done = here("template", "publish", "--yes", "--json")
    assert done.document == {
        "template": {"source": str(home / "git" / f"{TEMPLATE_SLUG}.git"), "version": PACKAGED_VERSION},
        "changed": True,
    }
    return home / "git" / f"{TEMPLATE_SLUG}.git"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A later state of the templates."""
    for name, file in packaged_files():
        (tmp_path / "later" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(file, tmp_path / "later" / name)
    fork.second(tmp_path / "later")
    return tmp_path / "later"


def edit(hosted: Path, place: Path, file: str, old: str, new: str) -> None:
    """An organisation's own commit."""
    git(place, "clone", "--quiet", hosted, "theirs")
    fork.change(place / "theirs" / file, old, new)
    git(place / "theirs", "commit", "--quiet", "--all", "--message", "ours")
    git(place / "theirs", "push", "--quiet", "origin", "HEAD:main")


def test_a_version_is_published_once_and_only_forward(hosted: Path, folder: Path, here: Here) -> None:
    refs = git(hosted, "for-each-ref")
    assert here("template", "publish", "--yes", "--json").document["changed"] is False
    assert git(hosted, "for-each-ref") == refs

    moved = here("template", "publish", folder, "--yes", "--json")
    assert moved.code == 3
    assert "a tag is never moved" in moved.document["error"]["message"]
    older = here("template", "publish", folder, "--version", "0.0.1", "--yes", "--json")
    assert older.code == 3
    assert "versions only go forward" in older.document["error"]["message"]
    assert here("template", "publish", folder, "--version", "next", "--yes").code == 2
    assert here("template", "publish", folder, "--version", "0.2.0").code == 2
    assert here("template", "publish", folder, "--version", "0.2.0", "--dry-run").code == 0
    assert git(hosted, "for-each-ref") == refs

    assert here("template", "publish", folder, "--version", "0.2.0", "--no-check", "--yes").code == 0
    assert git(hosted, "rev-parse", "main") == git(hosted, "rev-parse", "v0.2.0")
    assert git(hosted, "rev-parse", "v0.2.0^") == git(hosted, "rev-parse", PACKAGED_VERSION)


@pytest.mark.slow
def test_an_organisations_edits_are_not_passed_over_but_merged(
    hosted: Path, folder: Path, tmp_path: Path, here: Here
) -> None:
    edit(hosted, tmp_path, "templates/build/Makefile", "PYTHON ?= python3", "PYTHON ?= python3.12")
    refused = here("template", "publish", folder, "--version", "0.2.0", "--no-check", "--yes", "--json")
    assert refused.code == 3
    assert "edits of your organisation" in refused.document["error"]["message"]
    assert "--merge" in refused.document["error"]["hint"]
    merged = here("template", "publish", folder, "--version", "0.2.0", "--merge", "--no-check", "--yes", "--json")
    assert merged.code == 0, merged.err
    assert "python3.12" in git(hosted, "show", "v0.2.0:templates/build/Makefile")
    assert "By acme." in git(hosted, "show", "v0.2.0:templates/build/steps/evaluate.py")
    assert git(hosted, "rev-parse", "main") == git(hosted, "rev-parse", "v0.2.0")
    again = here("template", "publish", folder, "--version", "0.2.0", "--no-check", "--yes", "--json")
    assert again.document["changed"] is False


@pytest.mark.slow
def test_edits_that_conflict_are_left_to_a_person(hosted: Path, folder: Path, tmp_path: Path, here: Here) -> None:
    edit(hosted, tmp_path, "templates/build/steps/evaluate.py", '"""', '"""Ours. ')
    main = git(hosted, "rev-parse", "main")
    refused = here("template", "publish", folder, "--version", "0.2.0", "--merge", "--no-check", "--yes", "--json")
    assert refused.code == 1
    assert "templates/build/steps/evaluate.py" in refused.document["error"]["message"]
    assert "git merge origin/mlops-new" in refused.document["error"]["hint"]
    assert git(hosted, "rev-parse", "main") == main
    assert git(hosted, "tag") == PACKAGED_VERSION


@pytest.mark.slow
def test_a_project_of_the_programs_version_is_brought_to_what_is_published(
    hosted: Path, folder: Path, somewhere: Path, here: Here
) -> None:
    assert here("project", NAME, "--yes").code == 0
    assert here("template", "publish", folder, "--version", "0.2.0", "--no-check", "--yes").code == 0
    told = here("update", NAME, "--yes", "--json")
    assert told.code == 0, told.err
    assert (told.document["build"]["from"], told.document["build"]["to"]) == (PACKAGED_VERSION, "v0.2.0")


# --- switch ---


@pytest.mark.slow
def test_a_project_is_brought_under_a_fork(project: Project, tmp_path: Path, here: Here) -> None:
    other = tmp_path / "fork.git"
    git(tmp_path, "clone", "--quiet", project.template, other)
    fork.change(other / "templates/build/README.md.jinja", "## Commands", "## What to type")
    fork.release(other, "v3.0.0", "Ours")
    switched = here("template", "switch", other, NAME, "--yes", "--json")
    assert switched.code == 0, switched.err
    assert switched.document["template"] == {"source": str(other), "version": "v3.0.0"}
    for kind in KINDS:
        answers = yaml.safe_load(project.read(kind, ".copier-answers.yml", "mlops-new/template-v3.0.0"))
        assert (answers["_src_path"], answers["_commit"]) == (str(other), "v3.0.0")
        git(project.copy(kind), "merge", "--quiet", "origin/mlops-new/template-v3.0.0")
        git(project.copy(kind), "push", "--quiet", "origin", "main")
    assert "## What to type" in project.read("build", "README.md", "main")
    assert project.update().document["changed"] is False
    refused = here("project", NAME, "--yes", "--template", project.template, "--json")
    assert refused.code == 3
    assert "template switch" in refused.document["error"]["hint"]
    assert here("project", NAME, "--yes").code == 0


@pytest.mark.slow
def test_a_fork_takes_the_place_of_a_template_that_is_gone(project: Project, tmp_path: Path, here: Here) -> None:
    other = tmp_path / "fork.git"
    git(tmp_path, "clone", "--quiet", project.template, other)
    for kind in KINDS:
        project.edit(kind, {".copier-answers.yml": lambda text: text.replace(str(project.template), "/gone.git")})
    switched = here("template", "switch", f"{other}@{MIDDLE}", NAME, "--yes", "--json")
    assert switched.code == 0, switched.err
    assert MIDDLE in project.read("build", ".copier-answers.yml", f"mlops-new/template-{MIDDLE}")


@pytest.mark.quick_cases(1)
@pytest.mark.parametrize(
    ("source", "why"),
    [("/nowhere", "there is no template repository"), ("", "names no template repository"), ("@v1", "")],
)
def test_what_is_no_template(project: Project, here: Here, source: str, why: str) -> None:
    refused = here("template", "switch", source, NAME, "--yes", "--json")
    assert refused.code == 2
    assert why in refused.document["error"]["message"]


@pytest.mark.slow
def test_a_version_that_is_not_there(project: Project, somewhere: Path, here: Here) -> None:
    refused = here("project", "other", "--yes", "--json", "--template", f"{project.template}@v9")
    assert refused.code == 2
    assert "has no version v9" in refused.document["error"]["message"]
    assert OLDEST in refused.document["error"]["hint"]


# --- check ---


def check(here: Here, *arguments: str | Path) -> dict[str, dict[str, Any]]:
    ended = here("template", "check", *arguments, "--json")
    assert ended.code in {0, 6}, ended.err
    checks = {one["check"]: one for one in ended.document["checks"]}
    assert (ended.code == 0) == all(one["ok"] for one in checks.values())
    return checks


@pytest.mark.slow
def test_every_combination_that_the_questions_allow_is_rendered_once(small: Path, somewhere: Path, here: Here) -> None:
    checks = check(here, small, "--python", sys.executable)
    assert {name: (one["repositories"], one["refused"]) for name, one in checks.items()} == {
        "render": (6, 2),
        "tests": (4, 0),
    }
    known = here("template", "check", small, "--python", sys.executable).out
    assert [line.split()[-1] for line in known.splitlines()] == ["seconds", "known", "known"]


# Copier leaves the files of what it cannot render to the garbage collector.
@pytest.mark.quick_cases(1)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(
    ("file", "text", "told"),
    [
        ("settings.toml.jinja", "size = {{ size }}\n", "settings.toml"),
        ("settings.toml.jinja", "size = {{ sise.x }}\n", "cannot be rendered"),
        ("other.py", "def\n", "other.py"),
        ("pipeline.json", "{}\n", "pipeline.json"),
    ],
)
def test_a_fault_is_told_with_the_answers(
    small: Path, somewhere: Path, here: Here, file: str, text: str, told: str
) -> None:
    (small / "templates" / "build" / file).write_text(text, "utf-8")
    (fault, *_) = check(here, small)["render"]["faults"]
    assert fault["repository"] == "build"
    assert told in fault["faults"][0]


def test_a_fault_of_one_combination_is_told_with_its_own_answers(small: Path, somewhere: Path, here: Here) -> None:
    """What went well beside it, now or in an earlier check, hides nothing."""
    text = "size = {{ '1' if size == 'small' else '' }}\n"
    (small / "templates" / "deploy" / "settings.toml.jinja").write_text(text, "utf-8")
    for _ in range(2):
        faults = check(here, small)["render"]["faults"]
        assert {(one["repository"], one["answers"]["size"]) for one in faults} == {("deploy", "large")}


@pytest.mark.slow
def test_a_test_that_fails_is_told(small: Path, somewhere: Path, here: Here) -> None:
    test = small / "templates" / "deploy" / "test_it.py"
    test.write_text("def test_it() -> None:\n    assert not True\n", "utf-8")
    (fault, *_) = check(here, small, "--python", sys.executable)["tests"]["faults"]
    assert "pytest fails" in fault["faults"]


@pytest.mark.slow
def test_an_update_that_comes_to_something_else_than_a_fresh_render_is_told(
    small: Path, tmp_path: Path, here: Here
) -> None:
    """`copier update` leaves a file alone that the template gives only to those who do not have it."""
    released = tmp_path / "released.git"
    shutil.copytree(small, released)
    git(released, "init", "--quiet")
    fork.release(released, "v1.0.0", "x")
    assert check(here, small, "--released", released)["update from v1.0.0"]["ok"] is True
    (small / "copier.yml").write_text(f"_skip_if_exists: [settings.toml]\n{QUESTIONS}", "utf-8")
    (small / "templates" / "build" / "settings.toml.jinja").write_text("size = 1\n", "utf-8")
    faults = check(here, small, "--released", released)["update from v1.0.0"]["faults"]
    assert {(one["repository"], *one["faults"]) for one in faults} == {
        ("build", "settings.toml is not what a fresh render has")
    }


# Copier leaves a folder that it was reading to the garbage collector.
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_update_that_copier_cannot_make_is_told(small: Path, here: Here) -> None:
    git(small, "init", "--quiet")
    fork.release(small, "v1.0.0", "x")
    (small / "templates" / "build" / "test_it.py").unlink()
    (small / "templates" / "build" / "test_it.py").mkdir()
    (small / "templates" / "build" / "test_it.py" / "new.txt").touch()
    (fault, *_) = check(here, small)["update from v1.0.0"]["faults"]
    assert fault["faults"] == ["`copier update` fails at test_it.py: file exists"]


@pytest.mark.slow
def test_an_answer_that_is_new_is_not_tried_with_versions_that_refuse_it(small: Path, here: Here) -> None:
    git(small, "init", "--quiet")
    fork.release(small, "v1.0.0", "x")
    fork.change(small / "copier.yml", "[small, large]", "[small, huge]")
    update = check(here, small)["update from v1.0.0"]
    assert update["ok"]
    assert update["refused"] > 0
    assert update["repositories"] > 0


@pytest.mark.slow
def test_a_repository_has_its_own_released_versions(small: Path, here: Here, request: pytest.FixtureRequest) -> None:
    """Maintainers stand in the template repository, and name nothing else; their CI is nobody to Git."""
    git(small, "init", "--quiet")
    fork.release(small, "v1.0.0", "x")
    (small / "templates" / "build" / "new.txt").write_text("new\n", "utf-8")
    request.getfixturevalue("unknown_to_git")
    assert check(here, small)["update from v1.0.0"]["ok"] is True


def test_a_folder_without_templates(somewhere: Path, here: Here) -> None:
    assert here("template", "check", somewhere).code == 2
    assert here("template", "publish", somewhere, "--yes").code == 2


def test_many_combinations_are_tried_in_pairs() -> None:
    questions = {f"q{number}": {"type": "bool"} for number in range(8)} | {"text": {"type": "str"}}
    choices = finite({**questions, "_subdirectory": "x"})
    assert set(choices) == {f"q{number}" for number in range(8)}
    tried = combined(choices)
    assert len(tried) < 16
    for one in range(8):
        for other in range(one):
            assert len({(answers[f"q{one}"], answers[f"q{other}"]) for answers in tried}) == 4
    assert {answers["q0"] for answers in covering(tried)} == {True, False}
