"""The merge of one repository, with trees of a few files."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from mlops_new.names import ANSWERS_FILE, Kind
from mlops_new.system import git
from mlops_new.system.git_trees import listing, tree_of
from mlops_new.update.merge import BOTH_ADDED, BOTH_CHANGED, MOVED, Renders, merge
from mlops_new.update.merge_result import Change, Merged

Files = Mapping[str, str]
THEN: Files = {"Makefile": "test:\n", "model.py": "a = 1\nb = 2\nc = 3\n", ".gitignore": "*.log\n"}


def merged(place: Path, then: Files, now: Files, ours: Files) -> Merged:
    """What a template was and is, and what people made of it: all of it merged."""
    git.init_scratch(place)
    base, theirs, main = (tree(place, name, files) for name, files in (("then", then), ("now", now), ("ours", ours)))
    commit = git.run("commit-tree", main, "-m", "ours", cwd=place).strip()
    return merge(place, commit, Kind.BUILD, Renders(base, theirs, {}, lambda _: False), "Update")


def tree(place: Path, name: str, files: Files) -> str:
    folder = place.parent / name
    for path, text in {ANSWERS_FILE: f"_commit: {name}\n", **files}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    return tree_of(place, folder)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "scratch"


@pytest.mark.parametrize(
    "name", ["Makefile", "README.md", "Added", "Deleted", "Tests", "Unmerged", "sp ace.py", "ö.txt"]
)
def test_a_conflict_is_told_whatever_the_file_is_called(place: Path, name: str) -> None:
    then = {**THEN, name: "one\n"}
    found = merged(place, then, {**then, name: "two\n", "new.py": "d = 4\n"}, {**then, name: "three\n"})
    assert [(clash.path, clash.why) for clash in found.clashes] == [(name, BOTH_CHANGED)]
    assert found.changes == (Change("new.py", "added", 1, 0),)
    assert found.tree is None


def test_a_file_that_both_added_is_a_conflict(place: Path) -> None:
    found = merged(place, THEN, {**THEN, "notes.txt": "theirs\n"}, {**THEN, "notes.txt": "ours\n"})
    assert [(clash.path, clash.why) for clash in found.clashes] == [("notes.txt", BOTH_ADDED)]
    same = merged(
        place.parent / "same" / "scratch", THEN, {**THEN, "notes.txt": "ours\n"}, {**THEN, "notes.txt": "ours\n"}
    )
    assert (same.clashes, same.changes) == ((), ())


def test_an_edited_file_whose_place_a_folder_takes_is_a_conflict(place: Path) -> None:
    """Git puts it aside under another name, which nobody has asked for."""
    found = merged(place, {"model.py": "a = 1\n"}, {"model.py/__init__.py": "# new\n"}, {"model.py": "a = 2\n"})
    assert [clash.why for clash in found.clashes] == [MOVED]
    assert found.clashes[0].path.startswith("model.py~")
    assert found.kept == found.both == ()


def test_an_edit_follows_a_file_that_the_template_renames(place: Path) -> None:
    now = {name: text for name, text in THEN.items() if name != "model.py"} | {
        "models.py": f"{THEN['model.py']}d = 4\n"
    }
    found = merged(place, THEN, now, {**THEN, "model.py": f"z = 0\n{THEN['model.py']}"})
    assert found.changes == (Change("models.py", "renamed", 1, 0, was="model.py"),)
    assert found.tree is not None
    assert git.read(place, found.tree, "models.py") == "z = 0\na = 1\nb = 2\nc = 3\nd = 4\n"


def test_a_template_that_ignores_what_it_renders_takes_it_from_nobody(place: Path) -> None:
    found = merged(place, THEN, {**THEN, ".gitignore": "*.log\n*.py\nMakefile\n", "more.py": "e = 5\n"}, THEN)
    assert {change.path: change.what for change in found.changes} == {".gitignore": "changed", "more.py": "added"}
    assert found.tree is not None
    assert {"Makefile", "model.py", "more.py"} < listing(place, found.tree).keys()
