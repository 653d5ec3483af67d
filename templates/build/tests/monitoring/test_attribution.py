"""Explanations of a real model, as files and back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from model import schema, train
from model.errors import InputError
from monitoring import attribution, background, explaining
from monitoring.settings import Attribution
from tests.cases import document

if TYPE_CHECKING:
    from pathlib import Path

    from model.estimator import Model

QUICK = Attribution(rows=60, samples=120, clusters=3)


def table(rows: int = 400, seed: int = 0) -> pd.DataFrame:
    draws = np.random.default_rng(seed)
    frame = pd.DataFrame({
        "size": draws.normal(size=rows),
        "age": draws.normal(size=rows),
        "kind": draws.choice(["red", "green", "blue"], rows),
    })  # fmt: skip
    frame.loc[draws.random(rows) < 0.05, ["size", "kind"]] = None
    effect = 3 * frame["size"].fillna(0) + frame["age"] + 2 * (frame["kind"] == "red")
    return frame.assign(y=effect + draws.normal(0, 0.1, rows))


def fitted(problem: str, frame: pd.DataFrame) -> tuple[Model, pd.DataFrame]:
    metric = {"regression": "mae", "binary_classification": "auc"}.get(problem, "accuracy")
    known = schema.parse(document(project={"problem_type": problem}, evaluation={"metric": metric, "threshold": 0.5}))
    if problem != "regression":
        bins = 2 if problem == "binary_classification" else 3
        frame = frame.assign(y=pd.qcut(frame["y"], bins, labels=[f"c{place}" for place in range(bins)]).astype(str))
    return train.train(frame, known, known.hyperparameters), frame


@pytest.fixture(scope="module")
def regression() -> tuple[Model, pd.DataFrame]:
    return fitted("regression", table())


def baseline(made: tuple[Model, pd.DataFrame], folder: Path) -> dict[str, dict[str, object]]:
    model, frame = made
    made_document = attribution.make_baseline(frame, model, folder, QUICK)
    labels: dict[str, dict[str, object]] = made_document["explanations"]["kernel_shap"]
    return labels


def test_files_have_clarifys_form_and_values_add_up(regression: tuple[Model, pd.DataFrame], tmp_path: Path) -> None:
    labels = baseline(regression, tmp_path)
    assert json.loads((tmp_path / "analysis.json").read_text(encoding="utf-8")) == {
        "version": "1.0", "explanations": {"kernel_shap": labels},
    }  # fmt: skip
    told = labels["label0"]
    values = told["global_shap_values"]
    assert isinstance(values, dict)
    assert list(values) == ["size", "age", "kind"]
    assert max(values, key=values.__getitem__) == "size"
    local = pd.read_csv(tmp_path / "explanations_shap" / "out.csv")
    assert list(local) == ["size", "age", "kind", "predicted_label0"]
    assert len(local) == QUICK.rows
    added = local[["size", "age", "kind"]].sum(axis=1) + told["expected_value"]
    assert added.to_numpy() == pytest.approx(local["predicted_label0"].to_numpy(), abs=1e-9)
    assert local["size"].abs().mean() == pytest.approx(values["size"])


@pytest.mark.parametrize(("problem", "outputs"), [("binary_classification", 1), ("multiclass_classification", 3)])
def test_every_class_is_explained(problem: str, outputs: int, tmp_path: Path) -> None:
    labels = baseline(fitted(problem, table(150)), tmp_path)
    assert list(labels) == [f"label{place}" for place in range(outputs)]


def test_a_like_batch_does_not_drift(regression: tuple[Model, pd.DataFrame], tmp_path: Path) -> None:
    model, _ = regression
    baseline(regression, tmp_path / "baseline")
    batch = table(100, seed=1).drop(columns="y")
    result = attribution.check(batch, model, tmp_path / "baseline", tmp_path / "out", QUICK)
    assert not result.findings
    assert result.facts["ndcg"]["label0"] > 0.99
    assert json.loads((tmp_path / "out" / "constraint_violations.json").read_text(encoding="utf-8")) == {
        "violations": []
    }
    # Both are explained against the same background.
    files = [tmp_path / place / "explanations_shap" / "baseline.csv" for place in ("baseline", "out")]
    assert files[0].read_text(encoding="utf-8") == files[1].read_text(encoding="utf-8")


def test_a_batch_is_read_as_the_model_was_trained(tmp_path: Path) -> None:
    """Whatever its own values look like: codes that could be numbers are not, and nothing else than numbers is none."""
    frame = table().assign(kind=lambda t: t["kind"].map({"red": "007", "green": "8", "blue": "x"}))
    model, _ = made = fitted("regression", frame)
    baseline(made, tmp_path / "baseline")
    batch = frame[frame["kind"] != "x"].head(200)
    columns = explaining.model_columns(batch.assign(age="1.5"), model)
    assert set(columns["kind"].dropna()) == {"007", "8"}
    assert set(columns["age"]) == {1.5}
    assert set(explaining.model_columns(batch.assign(kind="inf"), model)["kind"]) == {"inf"}
    result = attribution.check(batch, model, tmp_path / "baseline", tmp_path / "out", QUICK)
    assert result.facts["ndcg"]["label0"] > 0.99
    with pytest.raises(InputError, match="column 'age': row 1 holds 'inf'"):
        explaining.model_columns(batch.assign(age=float("inf")), model)


def test_another_ranking_drifts(regression: tuple[Model, pd.DataFrame], tmp_path: Path) -> None:
    model, _ = regression
    baseline(regression, tmp_path / "baseline")
    analysis = tmp_path / "baseline" / "analysis.json"
    document = json.loads(analysis.read_text(encoding="utf-8"))
    values = document["explanations"]["kernel_shap"]["label0"]["global_shap_values"]
    values["size"], values["age"] = 0.01, 3.0
    analysis.write_text(json.dumps(document), encoding="utf-8")
    batch = table(100, seed=1)
    result = attribution.check(batch, model, tmp_path / "baseline", tmp_path / "out", QUICK)
    found = json.loads((tmp_path / "out" / "constraint_violations.json").read_text(encoding="utf-8"))["violations"]
    assert len(result.findings) == len(found) == 1
    assert found[0] == {
        "label": "label0",
        "metric_name": "shap",
        "constraint_check_type": "feature_attribution_drift_check",
        "description": f"Feature attribution drift {result.facts['ndcg']['label0']} exceeds threshold 0.9",
    }


def test_the_order_of_rows_does_not_matter(regression: tuple[Model, pd.DataFrame], tmp_path: Path) -> None:
    model, frame = regression
    one = baseline(regression, tmp_path / "one")
    other = baseline((model, frame.sample(frac=1, random_state=3)), tmp_path / "other")
    assert one == other


def test_one_row_is_explained_and_told_to_be_few(regression: tuple[Model, pd.DataFrame], tmp_path: Path) -> None:
    model, frame = regression
    baseline(regression, tmp_path / "baseline")
    result = attribution.check(frame.head(1), model, tmp_path / "baseline", tmp_path / "out", QUICK)
    assert "1 rows are few" in result.message


@pytest.mark.parametrize(
    ("content", "message"),
    [("{", "not valid JSON"), ("{}", "not as Clarify writes it"), ("[]", "not as Clarify writes it")],
)
def test_a_damaged_baseline_is_an_error(
    regression: tuple[Model, pd.DataFrame], tmp_path: Path, content: str, message: str
) -> None:
    model, frame = regression
    (tmp_path / "baseline").mkdir()
    (tmp_path / "baseline" / "analysis.json").write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        attribution.check(frame, model, tmp_path / "baseline", tmp_path / "out", QUICK)


def test_bad_input_is_named(regression: tuple[Model, pd.DataFrame], tmp_path: Path) -> None:
    model, frame = regression
    with pytest.raises(InputError, match="there is no baseline"):
        attribution.check(frame, model, tmp_path, tmp_path / "out", QUICK)
    with pytest.raises(InputError, match="lacks columns of the model: age"):
        attribution.make_baseline(frame.drop(columns="age"), model, tmp_path, QUICK)
    with pytest.raises(InputError, match="no rows"):
        attribution.make_baseline(frame.head(0), model, tmp_path, QUICK)
    (tmp_path / "model.tar.gz").write_bytes(b"no archive")
    with pytest.raises(InputError, match=r"no readable model\.tar\.gz"):
        explaining.load_model(tmp_path)


def test_typical_rows_are_values_of_the_table() -> None:
    draws = np.random.default_rng(1)
    matrix = np.column_stack(
        [np.repeat([1.0, 5.0], 100) + draws.normal(0, 0.1, 200), np.tile([0.0, 1.0, 2.0, 2.0], 50)]
    )
    for categorical in ([False, False], [False, True], [True, True]):
        found = background.typical_rows(matrix, np.array(categorical), 4)
        assert len(found) <= 4
        for place in (0, 1):
            assert np.isin(found[:, place], matrix[:, place]).all()


def test_typical_rows_of_a_constant_table_are_one() -> None:
    assert background.typical_rows(np.full((50, 3), 2.0), np.zeros(3, np.bool_), 10).tolist() == [[2.0, 2.0, 2.0]]
    assert np.isnan(background.typical_rows(np.full((50, 1), np.nan), np.zeros(1, np.bool_), 3)).all()
