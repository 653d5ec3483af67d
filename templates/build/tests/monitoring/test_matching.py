"""Which prediction ground truth belongs to, and what is said where it belongs to none."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from model import schema
from model.errors import InputError
from monitoring import decision, findings, matching, model_quality, truth
from monitoring.settings import Retrain
from tests.cases import document

if TYPE_CHECKING:
    from pathlib import Path

    from model.schema import Schema
    from monitoring.matching import Comparison

CUSTOMERS = schema.parse(document(data={"ids": ["id"]}))
NUMBERED = schema.parse(document())
DAILY = schema.parse(document(data={"ids": ["day", "id"], "time": "day", "evaluation": 56}))


def write(file: Path, **columns: list[Any]) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(columns).to_csv(file, index=False)
    return file.parent


def predicted(folder: Path, run: str, *, batch: str = "", package: str = "p/1", **columns: list[Any]) -> None:
    place = write(folder / "runs" / run / "predictions.csv", **columns)
    manifest = {"created": run, "execution": run, "model_package": package, "batch": batch or run}
    (place / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


def compare(folder: Path, known: Schema = CUSTOMERS, package: str = "p/1", **columns: list[Any]) -> Comparison:
    """Compare, and remember it as the pipeline does."""
    places = folder / "runs", write(folder / "later" / "truth.csv", **columns), folder / "history"
    found = matching.compare(*places, known, package=package, limit=0.5)
    place = folder / "history" / f"{len(list((folder / 'history').glob('*')))}"
    place.mkdir(parents=True)
    truth.save_prints(found.prints, place)
    return found


def test_truth_that_matches_nothing_shows_an_id_of_either_side(tmp_path: Path) -> None:
    predicted(tmp_path, "a", id=["x1", "x2"], prediction=[1, 2])
    found = compare(tmp_path, id=["y1", "y2"], y=[1, 2])
    assert found.problem.startswith("nothing was compared: none of 2 rows of ground truth has a prediction")
    assert "ground truth alone has id 'y1', predictions alone have id 'x2'" in found.problem
    assert model_quality.news(found) == {"new": True, "rows": 0}


@pytest.mark.parametrize(
    ("one", "other"),
    [("001", "1"), ("A-17", "a17"), ("x 1", "x1"), ("item-007", "item-7"), ("2026-06-01 00:00:00", "2026-06-01")],
)
def test_ids_that_are_spelled_in_two_ways_are_told(tmp_path: Path, one: str, other: str) -> None:
    predicted(tmp_path, "a", id=[one, "z"], prediction=[1, 2])
    found = compare(tmp_path, id=[other], y=[1])
    if found.matched:  # the reader spells them alike
        assert not found.problem
        return
    assert f"{other!r} and {one!r} are different ids: write them alike" in found.problem


def test_a_share_that_matches_is_told_and_has_a_limit(tmp_path: Path) -> None:
    predicted(tmp_path, "a", id=list("abcd"), prediction=[1, 2, 3, 4])
    most = compare(tmp_path, id=list("abcx"), y=[1, 2, 3, 4])
    assert (most.problem, len(most.rows), most.share) == ("", 3, 0.75)
    assert most.said == "3 of 4 rows of ground truth compared; 1 without a prediction"
    few = compare(tmp_path, id=list("dxyz"), y=[1, 2, 3, 4])
    assert len(few.rows) == 1
    assert few.problem.startswith("only 1 of 4 rows of ground truth (25%) have a prediction, and match_limit is 50%")
    again = compare(tmp_path, id=list("dxyz"), y=[1, 2, 3, 4])
    assert (len(again.rows), again.before) == (0, 1)
    assert again.problem, "three rows were never compared"


def test_truth_of_days_that_were_not_predicted_is_no_mismatch(tmp_path: Path) -> None:
    predicted(tmp_path, "a", day=["2026-06-01"] * 2, id=["a", "b"], prediction=[1, 2])
    days = [f"2026-05-{day:02}" for day in range(1, 30)] + ["2026-06-01"] * 2
    found = compare(tmp_path, DAILY, day=days, id=["a"] * 30 + ["b"], y=list(range(31)))
    assert (found.problem, len(found.rows), found.asked) == ("", 2, 2)


def test_only_what_was_compared_before_is_nothing_new(tmp_path: Path) -> None:
    predicted(tmp_path, "a", id=["a", "b"], prediction=[1, 2])
    told: Any = {"id": ["a", "b"], "y": [1, 3]}
    assert len(compare(tmp_path, **told).rows) == 2
    again = compare(tmp_path, **told)
    assert model_quality.news(again) == {"new": False, "rows": 0}
    assert model_quality.nothing_new(again).startswith("NothingNew: all 2 rows")


def test_predictions_of_another_model_alone_are_told(tmp_path: Path) -> None:
    predicted(tmp_path, "a", id=["a", "b"], prediction=[1, 2])
    found = compare(tmp_path, package="p/2", id=["a", "b"], y=[1, 2])
    assert found.problem == (
        "nothing was compared: 2 rows of ground truth were predicted by another model (p/1), not by p/2"
    )
    compare(tmp_path, package="p/1", id=["a", "b"], y=[1, 2])
    later = compare(tmp_path, package="p/2", id=["a", "b"], y=[1, 2])
    assert (later.problem, later.before) == ("", 2)


def test_truth_without_a_target_is_told(tmp_path: Path) -> None:
    predicted(tmp_path, "a", id=["a", "b"], prediction=[1, 2])
    found = compare(tmp_path, id=["a", "b"], y=["", "NA"])
    assert found.problem == "nothing was compared: the target 'y' is empty in all 2 rows of ground truth"


def test_of_a_row_that_truth_tells_twice_the_last_counts(tmp_path: Path) -> None:
    predicted(tmp_path, "a", id=["a", "b"], prediction=[1, 2])
    found = compare(tmp_path, id=["a", "b", "a", "b"], y=[1, 2, 5, 2])
    assert found.rows.set_index("id")["actual"].to_dict() == {"a": 5.0, "b": 2.0}
    assert (found.given, found.asked, found.problem) == (4, 2, "")


def test_truth_that_is_no_table_of_truth_is_refused(tmp_path: Path) -> None:
    predicted(tmp_path, "a", id=["a"], prediction=[1])
    with pytest.raises(InputError, match=r"ground truth lacks the column y; did you mean 'yy'\?"):
        compare(tmp_path, id=["a"], yy=[1])
    with pytest.raises(InputError, match="no rows"):
        compare(tmp_path, id=[], y=[])


# Row numbers, and ids without a date, say nothing beyond their batch.


def test_row_numbers_are_of_one_batch(tmp_path: Path) -> None:
    predicted(tmp_path, "a", row_number=[1, 2], prediction=[10, 20])
    told: Any = {"row_number": [1, 2], "y": [10, 21]}
    assert compare(tmp_path, NUMBERED, **told).rows["prediction"].tolist() == [10, 20]
    predicted(tmp_path, "b", row_number=[1, 2], prediction=[90, 80])
    again = compare(tmp_path, NUMBERED, **told)
    assert (len(again.rows), again.before, again.problem) == (0, 2, "")
    with pytest.raises(InputError, match=r"row numbers come again in each.*executions a, b.*Add a column execution"):
        compare(tmp_path, NUMBERED, row_number=[1, 2], y=[91, 81])
    told = {"execution": ["b", "b"], "row_number": [1, 2], "y": [91, 81]}
    assert compare(tmp_path, NUMBERED, **told).rows["prediction"].tolist() == [90, 80]
    assert not model_quality.news(compare(tmp_path, NUMBERED, **told))["new"]


def test_the_same_batch_predicted_again_is_the_same(tmp_path: Path) -> None:
    for run in ("a", "b"):
        predicted(tmp_path, run, batch="same", row_number=[1, 2], prediction=[10, 20])
    found = compare(tmp_path, NUMBERED, row_number=[1, 2], y=[10, 21])
    assert len(found.rows) == 2


def test_ids_that_come_again_in_each_batch_need_a_date_or_a_run(tmp_path: Path) -> None:
    predicted(tmp_path, "a", id=["c1", "c2"], prediction=[1, 2])
    predicted(tmp_path, "b", id=["c2", "c3"], prediction=[5, 6])
    assert len(compare(tmp_path, id=["c1", "c3"], y=[1, 6]).rows) == 2
    with pytest.raises(InputError, match=r"ids \(id\) come again in each, and id 'c2'"):
        compare(tmp_path, id=["c1", "c2"], y=[1, 2])
    predicted(tmp_path, "c", day=["2026-06-01"], id=["c2"], prediction=[7])
    dated = replace(DAILY, ids=("id", "day"))
    (tmp_path / "dated").mkdir()
    for run, value in (("a", 1), ("b", 2)):
        predicted(tmp_path / "dated", run, day=["2026-06-01"], id=["c2"], prediction=[value])
    latest = compare(tmp_path / "dated", dated, day=["2026-06-01"], id=["c2"], y=[3])
    assert latest.rows["prediction"].tolist() == [2.0]


def test_a_column_execution_that_is_a_feature_is_left_alone(tmp_path: Path) -> None:
    predicted(tmp_path, "a", id=["a", "b"], prediction=[1, 2])
    assert len(compare(tmp_path, id=["a", "b"], y=[1, 2], execution=["fast", "slow"]).rows) == 2


def test_what_matches_nothing_reaches_the_decision(tmp_path: Path) -> None:
    predicted(tmp_path, "a", id=["x"], prediction=[1])
    output = tmp_path / "model_quality"
    result = model_quality.judge(compare(tmp_path, id=["y"], y=[1]), tmp_path, output, CUSTOMERS)
    assert "NothingCompared" in result.message
    told = findings.read(output / findings.DETAILS)
    assert told["violations"][0]["check"] == "ground_truth_match_check"
    assert told["ground_truth"]["matched"] == 0
    plain = findings.read(output / findings.VIOLATIONS)["violations"]
    assert plain[0]["constraint_check_type"] == "ground_truth_match_check"
    decided = decision.decide({"model_quality": told}, Retrain())
    assert not decided["retrain"]
    assert decided["reasons"][0].startswith("Nothing asks for it, because nothing was compared: none of 1 rows")
