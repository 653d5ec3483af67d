"""The tables that Model Monitor and Clarify are given, and their way back through this project's own checks."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import paths
from model import schema as schemas
from model.errors import InputError
from model.schema import Schema
from monitoring import managed, model_quality, settings, truth

ROWS = 300


@pytest.fixture
def schema(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Schema:
    """A table with ids, a time and a target, and a job's folders below `tmp_path`."""
    monkeypatch.setenv("OPT_ML_ROOT", str(tmp_path))
    known = schemas.load(paths.CONFIG)
    return dataclasses.replace(
        known,
        problem_type="regression",
        target="sold",
        time="day",
        ids=("day", "store"),
        features=("store", "price"),
        categorical=("store",),
        censored="",
        history=None,
    )


def given(name: str, table: pd.DataFrame, file: str = "table.csv", *, header: bool = True) -> None:
    paths.step_input(name).mkdir(parents=True, exist_ok=True)
    table.to_csv(paths.step_input(name) / file, index=False, header=header)


def sales() -> pd.DataFrame:
    random = np.random.default_rng(1)
    return pd.DataFrame(
        {
            "day": [f"2026-01-{1 + row % 28:02}" for row in range(ROWS)],
            "store": [f"s{row // 28}" for row in range(ROWS)],
            "price": random.uniform(1, 9, ROWS).round(2),
            "sold": random.integers(1, 50, ROWS),
        }
    )


def predicted() -> pd.DataFrame:
    return sales().assign(prediction=lambda table: table["sold"] + 1.5)


def test_analyzers_get_the_features_alone(schema: Schema) -> None:
    given("data", sales())
    managed.prepare_tables(schema, settings.Attribution(rows=40))
    checked = pd.read_csv(paths.step_output("checked") / "checked.csv")
    explained = pd.read_csv(paths.step_output("explained") / "explained.csv")
    assert list(checked.columns) == list(explained.columns) == ["store", "price"]
    assert (len(checked), len(explained)) == (ROWS, 40)


def test_a_table_without_features_is_refused(schema: Schema) -> None:
    given("data", sales()[["day", "sold"]])
    with pytest.raises(InputError, match="nothing to check"):
        managed.prepare_tables(schema, settings.Attribution())


def test_the_configuration_of_the_analysis(schema: Schema) -> None:
    found = managed.analysis_config(schema, settings.Attribution(samples=80, clusters=3))
    assert found["methods"]["shap"]["num_samples"] == 80
    assert found["methods"]["shap"]["num_clusters"] == 3
    assert "label" not in found["predictor"]
    binary = dataclasses.replace(schema, problem_type="binary_classification")
    assert managed.analysis_config(binary, settings.Attribution())["predictor"]["label"] == 1


def test_answers_make_the_same_baseline_as_predictions_and_truth(schema: Schema, tmp_path: Path) -> None:
    given("predictions", predicted()[["day", "store", "price", "prediction"]], "rows.csv.out", header=False)
    given("ground_truth", sales()[["day", "store", "sold"]])
    config = settings.Settings()
    places = paths.step_input("predictions"), paths.step_input("ground_truth")
    direct = model_quality.make_baseline(*places, tmp_path / "direct", schema, config)
    managed.prepare_answers(schema)
    rows = truth.read_answers(paths.step_output("answers"), schema)
    assert model_quality.write_baseline(rows, tmp_path / "managed", schema, config) == direct
    assert direct["regression_metrics"]["mae"]["value"] == pytest.approx(1.5)


def test_answers_are_compared_once_and_only_when_they_were(schema: Schema) -> None:
    given("predictions", predicted()[["day", "store", "prediction"]], "predictions.csv")
    given("ground_truth", sales()[["day", "store", "sold"]])
    for _ in range(2):  # the first check failed: nothing was remembered
        managed.prepare_new_answers(schema, "")
        news = json.loads((paths.step_output("compared") / managed.NEWS).read_text(encoding="utf-8"))
        assert news == {"new": True, "rows": ROWS}
    paths.step_output("compared").rename(paths.step_input("compared"))
    managed.remember()
    (paths.step_input("compared") / truth.COMPARED).unlink()
    paths.step_output("remembered").rename(paths.step_input("compared") / "earlier")
    assert managed.prepare_new_answers(schema, "").startswith("NothingNew")


def test_classes_and_probabilities_survive(schema: Schema) -> None:
    classes = dataclasses.replace(schema, problem_type="binary_classification")
    rows = sales()[["day", "store"]].assign(
        actual=["no", "yes"] * (ROWS // 2), label=["no"] * ROWS, probability=np.linspace(0, 1, ROWS)
    )
    managed.save(rows)
    table = pd.read_csv(paths.step_output("answers") / managed.ANSWERS)
    assert list(table.columns) == ["day", "store", "actual", "prediction", "probability"]
    back = truth.read_answers(paths.step_output("answers"), classes)
    pd.testing.assert_frame_equal(back, rows, check_dtype=False)


def test_no_answers_are_an_error(schema: Schema) -> None:
    managed.save(sales()[["day", "store"]].head(0).assign(actual=[], prediction=[]))
    with pytest.raises(InputError, match="no rows"):
        truth.read_answers(paths.step_output("answers"), schema)
