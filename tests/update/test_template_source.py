"""What a template is: what plain `copier copy` of the commit reads, file by file, and nothing else."""

import importlib
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from types import ModuleType

import pytest

from mlops_new.names import TEMPLATE_SLUG
from mlops_new.template.packaged import packaged_files
from mlops_new.template.source import committed, standing
from tests.e2e.program import mlops_new
from tests.update import fork
from tests.update.conftest import Here
from tests.update.fork import git

TOP = Path(__file__).parents[2]
SECRET = "TOKEN=do-not-publish"  # noqa: S105


@pytest.fixture
def whole(small: Path, tmp_path: Path) -> Path:
    """A template with something of every kind beside its template folders, in a Git repository."""
    git(tmp_path, "config", "--global", "protocol.file.allow", "always")  # the submodule is a folder here
    build = small / "templates" / "build"
    questions = (small / "copier.yml").read_text("utf-8")
    (small / "questions").mkdir()
    (small / "questions" / "more.yml").write_text("tier: {type: str, default: gold}\n", "utf-8")
    (small / "copier.yml").write_text(f"{questions}\n---\n!include questions/*.yml\n", "utf-8")
    (small / "parts" / "deep").mkdir(parents=True)
    (small / "parts" / "head.txt").write_text("head of {{ project_name }}\n", "utf-8")
    (small / "parts" / "deep" / "macros.jinja").write_text("{% macro loud(x) %}{{ x | upper }}!{% endmacro %}", "utf-8")
    (small / "parts" / "base.jinja").write_text("[{% block body %}{% endblock %}]", "utf-8")
    text = "{% include 'parts/head.txt' %}{% from 'parts/deep/macros.jinja' import loud %}{{ loud(tier) }}\n"
    (build / "all.txt.jinja").write_text(text, "utf-8")
    (build / "child.txt.jinja").write_text(
        "{% extends 'parts/base.jinja' %}{% block body %}{{ size }}{% endblock %}", "utf-8"
    )
    (build / "tool.sh").write_text("#!/bin/sh\n", "utf-8")
    (build / "tool.sh").chmod(0o755)
    (build / "file-link").symlink_to("tool.sh")
    (small / "common").mkdir()
    (small / "common" / "shared.txt").write_text("shared\n", "utf-8")
    (build / "folder-link").symlink_to("../../common")
    (build / "ö ü.txt").write_bytes(b"\xff\x00\r\n")
    (small / ".gitignore").write_text(".env\n*.log\n", "utf-8")
    for place in (small, small / "templates", build):
        (place / ".env").write_text(SECRET, "utf-8")
    (build / "run.log").write_text(SECRET, "utf-8")
    library = tmp_path / "library"
    library.mkdir()
    (library / "lib.txt.jinja").write_text("lib {{ size }}\n", "utf-8")
    git(library, "init", "--quiet")
    fork.release(library, "v1", "Library")
    git(small, "init", "--quiet")
    git(small, "submodule", "--quiet", "add", library, "templates/build/library")
    fork.release(small, "v1.0.0", "Everything")
    return small


def rendered(source: Path, version: str, place: Path) -> dict[str, tuple[str, bytes, bool]]:
    """What plain `copier copy` makes of a version, by file: its kind, its content, whether it is a program."""
    command: list[str | Path] = [
        sys.executable,
        "-m",
        "copier",
        "copy",
        "--defaults",
        "--quiet",
        "--vcs-ref",
        version,
        source,
        place,
    ]
    subprocess.run(command, check=True, capture_output=True)
    found = {}
    for path in sorted(place.rglob("*")):
        name = path.relative_to(place).as_posix()
        if path.is_file() and ".git" not in path.parts and name != ".copier-answers.yml":
            found[name] = ("link" if path.is_symlink() else "file", path.read_bytes(), path.stat().st_mode & 0o100 > 0)
    return found


@pytest.mark.slow
def test_what_is_published_renders_as_plain_copier_copy_of_the_commit(whole: Path, home: Path, tmp_path: Path) -> None:
    (whole / "templates" / "build" / "later.txt").write_text("not committed\n", "utf-8")
    done = mlops_new("template", "publish", whole, "--version", "2.0.0", "--yes")
    assert done.code == 0, done.err
    assert "not committed, and so not published: templates/build/later.txt" in done.err
    hosted = home / "git" / f"{TEMPLATE_SLUG}.git"
    (whole / "templates" / "build" / "later.txt").unlink()
    ours, theirs = rendered(hosted, "v2.0.0", tmp_path / "ours"), rendered(whole, "v1.0.0", tmp_path / "theirs")
    assert ours == theirs
    assert {"all.txt", "child.txt", "file-link", "folder-link/shared.txt", "library/lib.txt", "ö ü.txt"} <= ours.keys()
    assert ours["all.txt"][1] == b"head of x\nGOLD!\n"
    assert ours["tool.sh"][2]
    # Links as links, nothing that Git ignores, and nothing that it does not track: in no commit.
    listed = git(hosted, "ls-tree", "-r", "v2.0.0").splitlines()
    modes = {line.split("\t")[1]: line.split()[0] for line in listed}
    assert modes["templates/build/file-link"] == modes["templates/build/folder-link"] == "120000"
    tracked = set(git(whole, "-c", "core.quotePath=true", "ls-files", "--recurse-submodules").splitlines())
    assert set(modes) == tracked - {".gitmodules"}
    assert not [name for name in modes if name.endswith((".env", ".log"))]


def test_the_same_list_is_checked_published_and_shown(whole: Path, here: Here) -> None:
    names = [one.name for one in committed(whole)]
    assert sorted(names) == sorted(one.name for one in standing(whole))
    shown = here("template", "publish", whole, "--version", "2.0.0", "--dry-run", "--json")
    assert shown.document["files"] == names
    assert {(one.name, one.mode, one.content) for one in committed(whole)} == {
        (one.name, one.mode, one.content) for one in standing(whole)
    }


@pytest.mark.slow
def test_a_change_that_is_not_committed_is_not_passed_over(whole: Path, here: Here) -> None:
    fork.change(whole / "templates" / "build" / "tool.sh", "#!", "# x\n#!")
    refused = here("template", "publish", whole, "--version", "2.0.0", "--yes", "--json")
    assert refused.code == 1
    assert "not committed" in refused.document["error"]["message"]
    assert "templates/build/tool.sh" in refused.document["error"]["message"]


@pytest.mark.slow
def test_a_template_with_a_fault_is_not_published(whole: Path, home: Path) -> None:
    (whole / "parts" / "head.txt").unlink()
    fork.release(whole, "v1.1.0", "Less")
    refused = mlops_new("template", "publish", whole, "--version", "2.0.0", "--yes", "--json")
    assert refused.code == 1
    message = refused.document["error"]["message"]
    assert "templates/build/all.txt.jinja:1: there is no file parts/head.txt, which it includes" in message
    assert not (home / "git" / f"{TEMPLATE_SLUG}.git").exists()
    done = mlops_new("template", "publish", whole, "--version", "2.0.0", "--no-check", "--yes")
    assert done.code == 0, done.err
    assert "not checked" in done.err
    made = mlops_new("project", "some", "--yes", "--json")
    assert made.code == 1
    assert "there is no file parts/head.txt" in made.document["error"]["message"]
    assert "None" not in made.err


@pytest.mark.quick_cases(1)
@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{% import 'parts/nope.jinja' as nope %}", "bad.txt.jinja:1: there is no file parts/nope.jinja"),
        ("\n{% from 'nope' import a %}", "bad.txt.jinja:2: there is no file nope"),
        ("{% include ['one', 'two'] %}", "there is none of the files one, two"),
        ("\n\n{{ nope }}", "bad.txt.jinja:3: 'nope' is undefined"),
        ("{% if %}", "bad.txt.jinja:1: "),
    ],
)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_what_is_missing_is_told_with_the_file_that_wants_it(small: Path, here: Here, text: str, told: str) -> None:
    questions = small / "copier.yml"
    questions.write_text(f"_envops: {{undefined: jinja2.StrictUndefined}}\n{questions.read_text('utf-8')}", "utf-8")
    (small / "templates" / "build" / "bad.txt.jinja").write_text(text, "utf-8")
    checked = here("template", "check", small, "--json")
    assert checked.code == 6
    assert told in checked.out


def test_a_folder_without_git_is_all_but_what_is_ignored(small: Path, here: Here) -> None:
    (small / ".gitignore").write_text("*.log\n", "utf-8")
    for name in (".env", "a.log", ".env.local", "templates/build/.env"):
        (small / name).write_text(SECRET, "utf-8")
    (small / "parts.txt").symlink_to("copier.yml")
    names = {one.name: one.mode for one in standing(small)}
    assert names["parts.txt"] == "120000"
    assert not [name for name in names if ".env" in name or name.endswith(".log")]


@pytest.mark.slow
def test_the_wheel_has_what_the_checkout_publishes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The templates of this checkout, with a file that Git ignores and a link beside them."""
    copy = tmp_path / "checkout"
    git(tmp_path, "clone", "--quiet", TOP, copy)
    for name, file in packaged_files():
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(file, copy / name)
    (copy / ".git" / "info" / "exclude").write_text(".env\n", "utf-8")
    (copy / "templates" / "build" / ".env").write_text(SECRET, "utf-8")
    (copy / "templates" / "build" / "link.py").symlink_to("paths.py")
    monkeypatch.syspath_prepend(str(TOP / "tools"))
    hooks = ModuleType("hatchling.builders.hooks.plugin.interface")
    hooks.BuildHookInterface = dict  # type: ignore[attr-defined]  # what builds wheels need not be installed here
    monkeypatch.setitem(sys.modules, hooks.__name__, hooks)
    package_templates = importlib.import_module("package_templates")
    package_templates.pack(copy / "templates", tmp_path / "templates.tar.gz")
    with tarfile.open(tmp_path / "templates.tar.gz") as tar:
        packed = {member.name: member.issym() for member in tar.getmembers()}
    assert packed["templates/build/link.py"]
    assert {*packed, "copier.yml"} == {one.name for one in standing(copy, ("copier.yml", "templates"))}
