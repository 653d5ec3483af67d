"""How a job ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import job

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


def test_the_configuration_is_toml() -> None:
    assert job.config()["project"]["name"]


def test_a_configuration_that_is_no_toml_is_named(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("[project\n")
    with pytest.raises(job.UnusableError, match=r"config\.toml is not valid TOML"):
        job.config(path)
