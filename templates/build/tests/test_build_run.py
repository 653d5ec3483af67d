"""The whole build, step by step as files, for each problem type on tables that scikit-learn brings along."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from sklearn import datasets

from model import estimator, features, rounds, serve, train
from model.errors import InputError
from model.schema import Hyperparameters
from steps import evaluate, preprocess

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from model.schema import Schema

QUICK = replace(Hyperparameters(), max_iter=40)


def flowers(schema_of: Callable[..., Schema]) -> tuple[pd.DataFrame, Schema]:
    """Classes are names, no ids."""
    bunch = datasets.load_iris(as_frame=True)
    table = bunch.data.assign(y=np.array(bunch.target_names)[bunch.target])
    gate = {"metric": "accuracy", "threshold": 0.85}
    return table, schema_of(project={"problem_type": "multiclass_classification"}, evaluation=gate)


def tumours(schema_of: Callable[..., Schema]) -> tuple[pd.DataFrame, Schema]:
    """Classes are 0 and 1; ids of its own."""
    bunch = datasets.load_breast_cancer(as_frame=True)
    table = bunch.data.assign(y=bunch.target, patient=[f"p{number}" for number in range(len(bunch.data))])
    gate = {"metric": "auc", "threshold": 0.95}
    problem = {"problem_type": "binary_classification"}
    return table, schema_of(project=problem, data={"ids": ["patient"]}, evaluation=gate)


def patients(schema_of: Callable[..., Schema]) -> tuple[pd.DataFrame, Schema]:
    """A quantity, and a code of numbers that is a category."""
    bunch = datasets.load_diabetes(as_frame=True, scaled=False)
    table = bunch.data.assign(y=bunch.target)
    return table, schema_of(data={"categorical": ["sex"]}, evaluation={"metric": "mae", "threshold": 60.0})


def as_transformed(answers: bytes, data: pd.DataFrame) -> str:
    """The lines of a transform job that joins each input line with its answer."""
    lines = data.to_csv(index=False, header=False).rstrip("\n").split("\n")
    return "".join(
        f"{line},{answer}\n" for line, answer in zip(lines, answers.decode().rstrip("\n").split("\n"), strict=True)
    )


def run(table: pd.DataFrame, settings: Schema, folder: Path) -> tuple[estimator.Model, dict[str, Any]]:
    """Preprocess, train, save, load, transform through the server's application, evaluate."""
    split = preprocess.preprocess(table, settings)
    train.train(split.train, settings, QUICK).save(folder / "model")
    model = estimator.load(folder / "model")
    body = split.evaluation_data.to_csv(index=False, header=False)
    response = serve.create_app(model).test_client().post("/invocations", data=body, content_type="text/csv")
    assert response.status_code == 200
    (folder / "out").mkdir()
    lines = as_transformed(response.get_data(), split.evaluation_data)
    (folder / "out" / "part.csv.out").write_text(lines, encoding="utf-8")
    predictions = evaluate.read_predictions(folder / "out", settings)
    return model, evaluate.evaluate(predictions, split.ground_truth, settings)


@pytest.mark.parametrize("case", [flowers, tumours, patients])
def test_a_table_trains_by_configuration_alone(
    case: Callable[..., tuple[pd.DataFrame, Schema]], schema_of: Callable[..., Schema], tmp_path: Path
) -> None:
    table, settings = case(schema_of)
    model, report = run(table, settings, tmp_path)
    assert report["gate"]["passed"], report["gate"]["reason"]
    assert report["dataset"]["item_count"] == round(len(table) / 4)
    assert len(model.signature.columns) == table.shape[1] - 1 - len(settings.ids)
    assert set(json.loads((tmp_path / "model" / "schema.json").read_text(encoding="utf-8"))) == {
        *("problem_type", "target", "ids", "columns", "classes", "learnt"),
    }
    assert {path.name for path in (tmp_path / "model").iterdir()} == {"model.joblib", "schema.json"}


def test_csv_and_parquet_of_one_table_make_the_same_model(schema_of: Callable[..., Schema]) -> None:
    table, settings = patients(schema_of)
    as_csv = table.astype("str")
    one, other = (preprocess.preprocess(rows, settings).train for rows in (table, as_csv))
    pd.testing.assert_frame_equal(one, other)


def test_a_day_by_day_forecast_is_judged_on_the_last_days(daily: Schema, sales: pd.DataFrame, tmp_path: Path) -> None:
    split = preprocess.preprocess(sales, daily)
    assert split.ground_truth["day"].nunique() == 14
    assert split.train["day"].max() < split.ground_truth["day"].min()
    _, report = run(sales, daily, tmp_path)
    cut = 2 * 2  # two shops, two tenth days among the last fourteen: they are judged, but taught nothing
    assert report["dataset"]["item_count"] == 28
    assert len(split.train) == 2 * 46 - 2 * 6 + cut
    benchmark = report["benchmarks"]["same_weekday_last_week"]
    assert benchmark["wape"] == pytest.approx(28 * 7 / split.ground_truth["sold"].sum())
    assert benchmark["rows"] == 28


def test_days_without_a_target_are_not_the_last_days(daily: Schema, sales: pd.DataFrame) -> None:
    open_days = sales["day"] > "2026-02-20"
    whole = preprocess.preprocess(sales[~open_days], daily)
    sales.loc[open_days, ["sold", "cut"]] = ""
    with_open_days = preprocess.preprocess(sales, daily)
    pd.testing.assert_frame_equal(whole.ground_truth, with_open_days.ground_truth)


def test_rows_without_a_target_are_dropped_and_counted(
    schema_of: Callable[..., Schema], caplog: pytest.LogCaptureFixture
) -> None:
    table = pd.DataFrame({"a": range(80), "y": [float(n) if n % 8 else None for n in range(80)]})
    with caplog.at_level(logging.INFO):
        split = preprocess.preprocess(table, schema_of())
    assert len(split.train) + len(split.ground_truth) == 70
    assert "10 rows without a target are left out" in caplog.text


BINARY = {"project": {"problem_type": "binary_classification"}, "evaluation": {"metric": "auc", "threshold": 0.5}}
SEVERAL = {
    "project": {"problem_type": "multiclass_classification"},
    "evaluation": {"metric": "accuracy", "threshold": 0.5},
}


@pytest.mark.parametrize(
    ("target", "tables", "message"),
    [
        (["1", "many"] * 40, {}, "target 'y': row 2 holds 'many'"),
        (["1", "inf"] * 40, {}, "column 'y': row 2 holds 'inf'"),
        (["", None] * 40, {}, "all 80 values are missing"),
        ([str(n) for n in range(80)], BINARY, "holds 80 classes .*but a binary_classification has two"),
        (["a"] * 80, BINARY, r"one class only \(a\)"),
        ([str(n) for n in range(200)], SEVERAL, "200 different values .*more than 100"),
        (["1"] * 20, {}, "too few rows: 5 of 20 are left to evaluate"),
        (["a"] * 79 + ["b"], BINARY, "all have the class 'a'"),
    ],
)
def test_a_target_that_does_not_fit(
    target: list[Any], tables: dict[str, Any], message: str, schema_of: Callable[..., Schema]
) -> None:
    table = pd.DataFrame({"a": range(len(target)), "y": target})
    with pytest.raises(InputError, match=message):
        preprocess.preprocess(table, schema_of(**tables))


def test_an_absent_target_shows_near_names(schema_of: Callable[..., Schema]) -> None:
    table = pd.DataFrame({"unit_sold": ["1"], "a": ["2"]})
    with pytest.raises(InputError, match=r"no column 'units_sold'.*did you mean 'unit_sold'"):
        preprocess.preprocess(table, schema_of(data={"target": "units_sold"}))


def test_all_columns_that_training_needs_are_named_at_once(daily: Schema, sales: pd.DataFrame) -> None:
    settings = replace(daily, exclude=("colour",))
    with pytest.raises(InputError, match="lacks the columns price, cut, colour that"):
        preprocess.preprocess(sales.drop(columns=["price", "cut"]), settings)


def test_predictions_of_other_rows_are_refused(schema_of: Callable[..., Schema]) -> None:
    settings = schema_of(data={"ids": ["id"]})
    truth = pd.DataFrame({"id": ["a", "b"], "y": [1.0, 2.0]})
    predictions = pd.DataFrame({"id": ["a", "c"], "prediction": ["1", "2"]})
    with pytest.raises(InputError, match="1 rows have no prediction"):
        evaluate.evaluate(predictions, truth, settings)


def test_the_positive_class_is_the_models_where_the_rows_show_one_only(schema_of: Callable[..., Schema]) -> None:
    """Else a model would be praised for what it says of the other class."""
    settings = schema_of(
        project={"problem_type": "binary_classification"}, data={"ids": ["id"]}, evaluation={"metric": "f1"}
    )
    truth = pd.DataFrame({"id": list("abcd"), "y": ["no"] * 4})
    answers = pd.DataFrame({"id": list("abcd"), "label": ["no", "no", "no", "yes"], "probability": ["0"] * 3 + ["1"]})
    report = evaluate.evaluate(answers, truth, settings)
    assert report["binary_classification_metrics"]["f1"]["value"] == 0.0
    assert report["binary_classification_metrics"]["accuracy"]["value"] == 0.75
    with pytest.raises(InputError, match="all 4 evaluation rows are 'no'"):
        evaluate.evaluate(answers.assign(label="no"), truth, settings)


def test_a_metric_that_misses_the_threshold_does_not_pass(schema_of: Callable[..., Schema]) -> None:
    settings = schema_of(data={"ids": ["id"]}, evaluation={"metric": "mae", "threshold": 0.4})
    truth = pd.DataFrame({"id": ["a", "b"], "y": [1.0, 2.0]})
    report = evaluate.evaluate(pd.DataFrame({"id": ["b", "a"], "prediction": ["2", "2"]}), truth, settings)
    naive = "mae is 0.5, and 0.5 for the mean, which needs no model, on the same 2 rows"
    assert (report["gate"]["metric"], report["gate"]["value"], report["gate"]["threshold"]) == ("mae", 0.5, 0.4)
    assert not report["gate"]["passed"]
    reason = f"mae is 0.5: at most 0.4 is wanted; the model must be better than a naive answer: {naive}"
    assert report["gate"]["reason"] == reason
    assert len(report["gate"]["advice"]) == 2
    assert report["regression_metrics"]["mae"] == {"value": 0.5, "standard_deviation": "NaN"}


def test_more_categories_than_the_trees_hold_are_grouped(schema_of: Callable[..., Schema]) -> None:
    names = [f"c{number % 300:03}" for number in range(900)] + ["c000"] * 100
    table = pd.DataFrame({"a": names, "y": [float(name == "c000") for name in names]})
    model = train.train(features.typed(table[["a"]], schema_of()).assign(y=table["y"]), schema_of(), QUICK)
    (column,) = model.signature.columns
    assert len(column.categories or ()) == 254
    coded = estimator.encode(pd.DataFrame({"a": ["c000", "c299", "never seen", None]}), model.signature)[:, 0]
    assert coded[1] == coded[2] == 254
    assert coded[0] < 254
    assert np.isnan(coded[3])


def test_a_category_never_seen_is_missing(schema_of: Callable[..., Schema]) -> None:
    table = pd.DataFrame({"a": ["x", "y"] * 50, "y": [1.0, 2.0] * 50})
    model = train.train(table.astype({"a": "str"}), schema_of(), QUICK)
    coded = estimator.encode(pd.DataFrame({"a": ["y", "z"]}), model.signature)[:, 0]
    assert coded[0] == 1
    assert np.isnan(coded[1])
    assert len(model.predict(pd.DataFrame({"a": ["z", None]}))) == 2


@pytest.mark.parametrize(
    ("loss", "message"), [("poison", r"\[model.hyperparameters\].*'poison'"), ("poisson", "goes down to -1: take")]
)
def test_a_loss_that_cannot_be_used_is_named(loss: str, message: str, schema_of: Callable[..., Schema]) -> None:
    table = pd.DataFrame({"a": [1.0, 2.0] * 50, "y": [-1.0, 2.0] * 50})
    with pytest.raises(InputError, match=message):
        train.train(table, schema_of(), replace(QUICK, loss=loss))


def test_the_number_of_trees_is_found_on_rows_held_back(schema_of: Callable[..., Schema]) -> None:
    """With enough rows some are held back: classes with and without a time."""
    draws = np.random.default_rng(1)
    days = np.repeat(pd.date_range("2026-01-01", periods=100).strftime("%Y-%m-%d"), 15)
    table = pd.DataFrame({"day": days, "a": draws.normal(size=1500), "(row number)": range(1500)})
    table["y"] = np.where(table["a"] + draws.normal(size=1500) > 0, "up", "down")
    for time, evaluation in (("day", 10), ("", 0.2)):
        settings = schema_of(
            project={"problem_type": "binary_classification"},
            data={"time": time, "evaluation": evaluation},
            evaluation={"metric": "auc"},
        )
        learned = table if time else table.drop(columns="day")
        learnt = train.train(learned, settings, QUICK).signature.learnt
        assert learnt
        assert rounds.FEWEST_TREES <= learnt.trees < 40
