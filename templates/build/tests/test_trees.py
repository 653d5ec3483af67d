"""How many trees, several fits averaged, and a model fitted again on all rows."""

from __future__ import annotations

import tarfile
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

import paths
from model import bagging, estimator, features, rounds, train
from model.errors import InputError
from model.schema import Hyperparameters
from steps import preprocess

if TYPE_CHECKING:
    from collections.abc import Callable

    from model.schema import Schema

PLAIN = Hyperparameters()


def scores(*best: int, height: float = 1.0, length: int = 200) -> np.ndarray:
    return np.stack([-height * np.abs(np.arange(length) - place) / length for place in best])


def test_fewer_trees_than_usual_need_parts_that_agree() -> None:
    assert rounds.choose(scores(30, 32, 28, 31, 29), 100) == 30
    assert rounds.choose(scores(30), 100) == 100  # one part may be one odd week
    noisy = np.stack([scores(5)[0], *(scores(95)[0] * 0.9 for _ in range(4))])
    noisy[0, 5] = 1.0
    assert rounds.choose(noisy, 100) >= 90


def test_more_trees_than_usual_are_taken_and_never_a_handful() -> None:
    assert rounds.choose(scores(150, 152, 148), 100) == 150
    assert rounds.choose(scores(1, 1, 1), 100) == rounds.FEWEST_TREES
    assert rounds.usual(replace(PLAIN, learning_rate=0.05)) == 200
    assert rounds.usual(replace(PLAIN, max_iter=7)) == 7


def test_spans_of_time_are_held_back_and_never_split_a_day() -> None:
    days = pd.Series(pd.to_datetime(np.repeat(pd.date_range("2026-01-01", periods=100), 3)))
    parts = list(rounds.held_back(np.zeros(300), days, 0.2, classes=False))
    assert len(parts) == 5
    assert (np.sum(parts, axis=0) == 1).all()
    assert sum(len(set(days[part])) for part in parts) == 100


def test_every_class_is_in_every_bag_and_answers_are_averaged() -> None:
    wanted = np.array([0.0] * 99 + [1.0])
    for rows in bagging.draws(wanted, 5, 1, classes=True):
        assert set(wanted[rows]) == {0.0, 1.0}
        assert 80 <= len(rows) <= 82
    table = pd.DataFrame({"a": np.arange(300.0), "rare": [1.0] + [np.nan] * 299})
    signature = estimator.Signature("regression", "y", (), estimator.describe(table))
    model = estimator.fit(table, table["a"] * 2, None, signature, replace(PLAIN, max_iter=30))
    assert isinstance(model.trees, bagging.Bags)
    each = [fitted.predict(estimator.encode(table, signature)) for fitted in model.trees.fits]
    np.testing.assert_allclose(model.predict(table)["prediction"], np.mean(each, axis=0))


@pytest.fixture
def trend(schema_of: Callable[..., Schema]) -> tuple[pd.DataFrame, Schema]:
    """A level that jumps in the last days: who has not seen them is wrong by ten."""
    days = pd.date_range("2026-01-01", periods=120)
    table = pd.DataFrame({"day": days.strftime("%Y-%m-%d"), "late": [float(n >= 80) for n in range(120)]})
    table["y"] = np.where(table["late"] > 0, 20.0, 10.0)
    return table, schema_of(data={"time": "day", "evaluation": 40, "ids": ["day"], "calendar": False})


@pytest.mark.usefixtures("opt_ml")
def test_the_model_that_is_registered_has_learnt_from_all_rows(
    trend: tuple[pd.DataFrame, Schema], monkeypatch: pytest.MonkeyPatch
) -> None:
    table, settings = trend
    split = preprocess.preprocess(table, settings)
    assert (len(split.train), len(split.taught)) == (80, 120)
    monkeypatch.setattr("model.schema.load", lambda _: settings)
    models = []
    for channel, rows in (("train", split.train), ("train", split.taught)):
        folder = paths.channel(channel)
        folder.mkdir(parents=True, exist_ok=True)
        rows.to_parquet(folder / "rows.parquet", index=False)
        train.main()
        model = estimator.load(paths.model())
        (paths.channel("learnt")).mkdir(exist_ok=True)
        with tarfile.open(paths.channel("learnt") / "model.tar.gz", "w:gz") as archive:
            for file in paths.model().iterdir():
                archive.add(file, file.name)
        models.append(model)
    first, model = models
    assert first.predict(pd.DataFrame({"late": [1.0]}))["prediction"][0] == pytest.approx(10.0)
    assert model.predict(pd.DataFrame({"late": [1.0]}))["prediction"][0] > 15
    assert first.signature.learnt
    assert model.signature.learnt
    assert (first.signature.learnt.rows, model.signature.learnt.rows) == (80, 120)
    assert first.signature.learnt.trees == model.signature.learnt.trees
    monkeypatch.setattr("model.schema.load", lambda _: replace(settings, refit=False))
    train.main()
    assert estimator.load(paths.model()).signature.learnt == model.signature.learnt


def test_without_refit_nothing_else_teaches(trend: tuple[pd.DataFrame, Schema]) -> None:
    table, settings = trend
    split = preprocess.preprocess(table, replace(settings, refit=False))
    pd.testing.assert_frame_equal(split.train, split.taught)


def test_a_refit_with_other_columns_is_refused(trend: tuple[pd.DataFrame, Schema]) -> None:
    table, settings = trend
    split = preprocess.preprocess(table, settings)
    model = train.train(split.train, settings, PLAIN)
    with pytest.raises(InputError, match="judged with other columns"):
        train.refit(split.taught.assign(more=1.0), settings, model.signature)


@pytest.mark.parametrize(
    ("calendar", "days", "made"),
    [
        (True, 800, ["day_weekday", "day_day_of_month", "day_day_of_year"]),
        (True, 365, ["day_weekday", "day_day_of_month"]),
        (False, 800, []),
        (["weekday"], 800, ["day_weekday"]),
    ],
)
def test_features_of_a_date_can_be_chosen(
    calendar: object, days: int, made: list[str], schema_of: Callable[..., Schema]
) -> None:
    dates = pd.date_range("2023-01-01", periods=days).strftime("%Y-%m-%d")
    table = pd.DataFrame({"day": dates, "a": range(days), "y": range(days)})
    settings = schema_of(data={"time": "day", "evaluation": 14, "calendar": calendar})
    columns = list(features.build(table, settings).features.columns)
    assert columns == ["a", *made]
    later = features.build(table.tail(7), features.as_trained(settings, columns))
    assert list(later.features.columns) == columns  # a week shows no period twice: the model decides
