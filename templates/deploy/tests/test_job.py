"""How a job ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import job
import postprocess
import preprocess

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OPT_ML_ROOT", str(tmp_path))
    return tmp_path


def refuse() -> None:
    raise job.UnusableError("the table\nis empty")


def break_down() -> None:
    raise KeyError("price")


def test_a_job_that_is_done_says_nothing(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert job.run(lambda: None) == 0
    assert capsys.readouterr() == ("", "")
    assert not (tree / "output").exists()


def test_what_a_person_has_to_put_right_is_one_line(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert job.run(refuse) == 1
    assert capsys.readouterr().err == "the table is empty\n"
    assert (tree / "output" / "message").read_text() == "the table is empty\n"


def test_a_fault_of_the_code_shows_where_it_is(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert job.run(break_down) == 1
    error = capsys.readouterr().err
    assert "in break_down" in error
    assert error.splitlines()[-1] == (tree / "output" / "message").read_text().strip() == "KeyError: 'price'"


def test_rules_are_a_table_of_the_configuration(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text("[postprocess]\nlowest = 1.5\n")
    assert job.rules("postprocess", {"lowest": "number"}, config) == {"lowest": 1.5}
    assert job.rules("preprocess", {"skip": "table"}, config) == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[step\n", r"config\.toml is not valid TOML"),
        ("[step]\nlowst = 1.5\n", r"\[step\] in config\.toml has no rule 'lowst': there is lowest"),
        ("[step]\nlowest = true\n", r"lowest = True in config\.toml: a number was expected"),
        ("[step]\nlowest = '1'\n", r"\[step\] lowest = '1' in config\.toml: a number was expected"),
    ],
)
def test_rules_that_cannot_be_meant_are_named(tmp_path: Path, text: str, message: str) -> None:
    config = tmp_path / "config.toml"
    config.write_text(text)
    with pytest.raises(job.UnusableError, match=message):
        job.rules("step", {"lowest": "number"}, config)


def test_the_rules_of_this_repository_are_known() -> None:
    job.rules("preprocess", preprocess.RULES)
    project = job.table("project")
    of_numbers = postprocess.OF_NUMBERS if project["problem_type"] == "regression" else {}
    job.rules("postprocess", {**postprocess.RULES, **of_numbers})
