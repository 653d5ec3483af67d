"""Postprocessing of small answers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

import job
import postprocess

if TYPE_CHECKING:
    from pathlib import Path

ARGUMENTS = [
    *("--model-package", "arn:…/3", "--execution", "e1", "--input", "s3://data/week.csv", "--commit", "abc"),
    *("--created", "2026-07-01T04:00:00Z", "--trained", "2026-06-01"),
]


@dataclass(frozen=True)
class Schema:
    """Two ids."""

    problem_type: str
    id_columns: tuple[str, ...] = ("shop", "item")


BATCH = pd.DataFrame({"shop": ["007", "007"], "item": ["apple", "pear"], "price": ["10.0", ""]})


def answers(*lines: str) -> pd.DataFrame:
    return pd.DataFrame([line.split(",") for line in lines])


def test_predictions_and_manifest_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPT_ML_ROOT", str(tmp_path))
    inputs = tmp_path / "processing" / "input"
    (inputs / "batch").mkdir(parents=True)
    BATCH.to_csv(inputs / "batch" / "batch.csv", index=False)
    (inputs / "transformed" / "part").mkdir(parents=True)
    (inputs / "transformed" / "part" / "a.csv.out").write_text("007,apple,10.0,120.25\n")
    (inputs / "transformed" / "part" / "b.csv.out").write_text("007,pear,,1.5e2\n")
    origin = postprocess.origin_of(ARGUMENTS)
    assert origin.pop("trained") == "2026-06-01"
    postprocess.main(Schema("regression"), origin)
    output = tmp_path / "processing" / "output" / "predictions"
    assert (output / "predictions.csv").read_text() == "shop,item,prediction\n007,apple,120.25\n007,pear,150.0\n"
    assert not (output / "quarantine.csv").exists()
    assert json.loads((output / "manifest.json").read_text()) == {
        "model_package": "arn:…/3",
        "execution": "e1",
        "input": "s3://data/week.csv",
        "commit": "abc",
        "created": "2026-07-01T04:00:00Z",
        "rows": 2,
    }


SENTENCE = "price is 0 in all rows: the feed is dead."


def processed(root: Path, broken: list[str], rules: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPT_ML_ROOT", str(root))
    config = root / "config.toml"
    config.write_text(f"[postprocess]\n{rules}\n")
    monkeypatch.setattr(job.rules, "__defaults__", (config,))
    inputs = root / "processing" / "input"
    (inputs / "batch").mkdir(parents=True)
    BATCH.to_csv(inputs / "batch" / "batch.csv", index=False)
    (inputs / "transformed").mkdir()
    (inputs / "transformed" / "a.out").write_text("007,apple,10.0,120.25\n007,pear,,1.5e2\n")
    origin = postprocess.origin_of(ARGUMENTS)
    postprocess.main(Schema("regression"), origin, lambda predictions, ids, told: broken)  # noqa: ARG005


def test_predictions_of_broken_data_are_published_and_marked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    processed(tmp_path, [SENTENCE], "", monkeypatch)
    output = tmp_path / "processing" / "output"
    told = json.loads((output / "predictions" / "manifest.json").read_text(encoding="utf-8"))
    assert (told["broken"], told["published"]) == ([SENTENCE], True)
    assert (output / "predictions" / "predictions.csv").is_file()
    assert SENTENCE in (tmp_path / "output" / "message").read_text(encoding="utf-8")


def test_predictions_of_broken_data_can_be_kept_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    processed(tmp_path, [SENTENCE], "publish_when_broken = false", monkeypatch)
    output = tmp_path / "processing" / "output"
    assert list((output / "predictions").iterdir()) == []
    assert (output / "withheld" / "predictions.csv").is_file()
    told = json.loads((output / "withheld" / "manifest.json").read_text(encoding="utf-8"))
    assert (told["broken"], told["published"]) == ([SENTENCE], False)
    assert "KEPT BACK" in (tmp_path / "output" / "message").read_text(encoding="utf-8")


def test_predictions_of_sound_data_are_published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    processed(tmp_path, [], "publish_when_broken = false", monkeypatch)
    output = tmp_path / "processing" / "output"
    assert "broken" not in json.loads((output / "predictions" / "manifest.json").read_text(encoding="utf-8"))
    assert list((output / "withheld").iterdir()) == []


def test_a_rule_of_another_type_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(job.UnusableError, match=r"publish_when_broken = 'no'.* a true or false was expected"):
        processed(tmp_path, [], 'publish_when_broken = "no"', monkeypatch)


def put_aside(tmp_path: Path, **counts: Any) -> Path:
    place = tmp_path / "processing" / "input" / "quarantine"
    place.mkdir(parents=True)
    (place / "quarantine.csv").write_text("shop,row\nx,9\n")
    (place / "counts.json").write_text(json.dumps(counts))
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


def test_the_quarantine_comes_along_and_no_row_vanishes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPT_ML_ROOT", str(tmp_path))
    counts: dict[str, Any] = {
        "rows_to_predict": 4,
        "skipped": 1,
        "quarantined": 1,
        "quarantined_past": 0,
        "batch": "f00",
    }
    output = put_aside(tmp_path, **counts)
    assert postprocess.put_aside(output, 2) == counts
    assert (output / "quarantine.csv").read_text() == "shop,row\nx,9\n"
    with pytest.raises(job.UnusableError, match="4 rows were to be predicted: 1 were, and 2 were put aside"):
        postprocess.put_aside(output, 1)


def test_a_class_comes_with_its_probability() -> None:
    ids, found = postprocess.answers_to(
        BATCH, answers("007,apple,10.0,yes,0.75", "007,pear,,no,0.25"), Schema("binary_classification")
    )
    assert postprocess.with_ids(ids, found).to_dict("list") == {
        "shop": ["007", "007"],
        "item": ["apple", "pear"],
        "prediction": ["yes", "no"],
        "probability": [0.75, 0.25],
    }


def test_an_id_keeps_its_name_and_ours_gives_way() -> None:
    ids = pd.DataFrame({"prediction": ["a"], "prediction_": ["b"]})
    found = postprocess.with_ids(ids, pd.DataFrame({"prediction": [1.0], "probability": [0.5]}))
    assert list(found.columns) == ["prediction", "prediction_", "prediction__", "probability"]


def test_a_prediction_below_the_lowest_is_raised_to_it() -> None:
    predictions = pd.DataFrame({"prediction": [-3.5, 0.5]})
    assert list(postprocess.apply_rules(predictions, {"lowest": 0.0})["prediction"]) == [0.0, 0.5]
    assert list(postprocess.apply_rules(predictions, {})["prediction"]) == [-3.5, 0.5]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["007,apple,10.0,1"], "2 rows were sent to the model and 1 answers came back"),
        (["007,pear,,1", "007,apple,10.0,2"], "from row 1 on, the answers are not to the rows"),
        (["007,apple,10.0,1", "007,pear,,many"], "answered 'many' where a prediction belongs, in 1 rows"),
    ],
)
def test_answers_that_cannot_be_used_are_refused(lines: list[str], message: str) -> None:
    with pytest.raises(job.UnusableError, match=message):
        postprocess.answers_to(BATCH, answers(*lines), Schema("regression"))


def test_no_answers_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(job.UnusableError, match="left no answers"):
        postprocess.read_answers(tmp_path)
