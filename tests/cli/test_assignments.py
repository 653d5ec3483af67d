from pathlib import Path

import pytest

from mlops_new.cli.assignments import gather, pairs
from mlops_new.errors import Invalid


def test_data_overrides_the_file(tmp_path: Path) -> None:
    file = tmp_path / "answers.yml"
    file.write_text("target: units\nids: [store, day]\n", encoding="utf-8")
    assert gather(file, ["target=price=net"]) == {"target": "price=net", "ids": ["store", "day"]}


@pytest.mark.parametrize("word", ["target", "=x", ""])
def test_a_word_that_is_no_pair(word: str) -> None:
    with pytest.raises(Invalid, match="is not NAME=VALUE"):
        pairs("--data", [word])


def test_the_same_answer_twice() -> None:
    with pytest.raises(Invalid, match="target twice"):
        pairs("--data", ["target=a", "target=b"])


@pytest.mark.parametrize(
    ("text", "why"), [("- a\n- b\n", "not a mapping"), ("a: [", "not YAML"), ("1: x\n", "not a mapping")]
)
def test_a_file_that_answers_nothing(tmp_path: Path, text: str, why: str) -> None:
    file = tmp_path / "answers.yml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(Invalid, match=why) as refused:
        gather(file, [])
    assert "\n" not in refused.value.message


def test_a_file_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="cannot be read"):
        gather(tmp_path / "none.yml", [])


def test_an_empty_file_answers_nothing(tmp_path: Path) -> None:
    file = tmp_path / "answers.yml"
    file.write_text("", encoding="utf-8")
    assert gather(file, []) == {}
