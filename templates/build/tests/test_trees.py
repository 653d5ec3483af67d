"""How many trees, several fits averaged, and a model fitted again on all rows."""

from __future__ import annotations

import tarfile
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.metrics import accuracy_score, roc_auc_score

import paths
from model import bagging, boosting, estimator, features, rounds, train
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


def test_more_trees_are_grown_only_where_the_last_ones_were_worth_it() -> None:
    rising = 1 - np.exp(-np.arange(101) / 40)[None, :]
    assert rounds.worth_more(rising, 20)
    flat = 1 - np.exp(-np.arange(101) / 8)[None, :]
    assert not rounds.worth_more(flat, 20)
    assert not rounds.worth_more(-rising, 20)  # each tree makes it worse
    assert not rounds.worth_more(np.zeros((3, 101)), 20)


def test_spans_of_time_are_held_back_and_never_split_a_day() -> None:
    days = pd.Series(pd.to_datetime(np.repeat(pd.date_range("2026-01-01", periods=100), 3)))
    parts = list(rounds.spans(days, 0.1, 10))
    assert len(parts) == rounds.MOST_SPANS
    assert (np.sum(parts, axis=0) <= 1).all()
    assert [len(set(days[part])) for part in parts] == [10] * 5
    assert parts[-1][-1]  # the latest is one of them
    (latest,) = rounds.spans(days, 0.1, 1)
    assert latest.sum() == 30
    assert latest[-30:].all()
    assert not list(rounds.spans(pd.Series([days[0]] * 9), 0.1, 5))  # one moment only


def test_each_row_is_held_back_once_and_every_fit_knows_every_class() -> None:
    wanted = np.array([0.0] * 98 + [1.0] + [2.0])
    parts = list(rounds.random_parts(wanted, 0.1, 10, classes=True))
    assert len(parts) == 10
    assert (np.sum(parts, axis=0) <= 1).all()
    assert np.sum(parts) == 97  # but for the first of each class
    assert all(set(wanted[~part]) == {0.0, 1.0, 2.0} for part in parts)
    again = list(rounds.random_parts(wanted, 0.1, 10, classes=True))
    np.testing.assert_array_equal(parts, again)
    assert len(list(rounds.random_parts(wanted, 0.3, 10, classes=False))) == 10  # more than there are shares


def test_answers_of_several_fits_are_averaged() -> None:
    table = pd.DataFrame({"a": np.arange(300.0), "rare": [1.0] + [np.nan] * 299})
    signature = estimator.Signature("regression", "y", (), estimator.describe(table))
    model = estimator.fit(table, table["a"] * 2, None, signature, replace(PLAIN, max_iter=30), metric="mae")
    assert isinstance(model.trees, bagging.Bags)
    assert len(model.trees.fits) == 10
    each = [fitted.predict(estimator.encode(table, signature)) for fitted in model.trees.fits]
    answers = model.predict(table)["prediction"]
    np.testing.assert_allclose(answers, np.mean(each, axis=0))
    alone = [model.predict(table.iloc[[row]])["prediction"][0] for row in range(5)]
    assert alone == list(answers[:5])  # to the last digit, whatever comes with a row


@pytest.mark.parametrize("classes", [0, 2, 3])
def test_a_model_cut_after_some_trees_is_the_one_grown_to_that_length(classes: int) -> None:
    task = random_task(400, classes)
    learner = plain_trees(classes, max_iter=30).fit(task.coded, task.wanted)
    short = boosting.shortened(learner, 12)
    if classes:
        staged = list(learner.staged_predict_proba(task.coded))[11]
        np.testing.assert_array_equal(short.predict_proba(task.coded), staged)
    else:
        staged = list(learner.staged_predict(task.coded))[11]
        np.testing.assert_array_equal(short.predict(task.coded), staged)
    assert (short.n_iter_, learner.n_iter_) == (12, 30)


def random_task(rows: int, classes: int, columns: int = 4, share: float = 0.5) -> boosting.Task:
    """Half noise; of two classes, the second has that share."""
    draw = np.random.default_rng(7)
    coded = draw.normal(size=(rows, columns))
    wanted = coded[:, 0] + coded[:, 1] * coded[:, 2] + draw.normal(size=rows)
    if classes == 2:
        wanted = (wanted > np.quantile(wanted, 1 - share)).astype(float)
    elif classes:
        wanted = np.searchsorted(np.quantile(wanted, np.arange(1, classes) / classes), wanted).astype(float)
    return boosting.Task(coded, wanted, None, [False] * columns, classes)


def table_of(task: boosting.Task) -> tuple[pd.DataFrame, pd.Series, estimator.Signature]:
    table = pd.DataFrame(task.coded, columns=list("abcd")[: task.coded.shape[1]])
    kind = {0: "regression", 2: "binary_classification"}.get(task.classes, "multiclass_classification")
    names = tuple(f"c{number}" for number in range(task.classes))
    target = pd.Series(task.wanted if not task.classes else [names[int(number)] for number in task.wanted])
    return table, target, estimator.Signature(kind, "y", (), estimator.describe(table), names)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rows", "classes", "share", "metric", "fits"),
    [
        (100, 0, 0.5, "rmse", 10),
        (100, 2, 0.5, "auc", 10),
        (1_000, 0, 0.5, "mae", 10),
        (1_000, 8, 0.5, "accuracy", 5),
        (4_000, 2, 0.01, "auc", 5),
        (20_000, 0, 0.5, "rmse", 2),
        (51_000, 0, 0.5, "mae", 1),
    ],
)
def test_the_number_of_trees_is_sensible_and_the_model_better_than_a_single_one(
    rows: int, classes: int, share: float, metric: str, fits: int
) -> None:
    task = random_task(rows + 5_000, classes, share=share)
    table, target, signature = table_of(task)
    judged = np.arange(len(table)) >= rows
    model = estimator.fit(table[~judged], target[~judged], None, signature, PLAIN, metric=metric)
    learnt = model.signature.learnt
    assert learnt
    assert rounds.FEWEST_TREES <= learnt.trees <= 250
    if rows < rounds.FEWEST_ROWS:
        assert learnt.trees == 100
    assert fits == (len(model.trees.fits) if isinstance(model.trees, bagging.Bags) else 1)
    plain = plain_trees(classes).fit(task.coded[~judged], task.wanted[~judged])
    away = [distance(trees, task, judged, metric) for trees in (model.trees, plain)]
    assert away[0] <= away[1] * 1.01


def plain_trees(classes: int, **more: Any) -> Any:
    kind = HistGradientBoostingClassifier if classes else HistGradientBoostingRegressor
    return kind(early_stopping=False, random_state=1, **more)


def distance(trees: Any, task: boosting.Task, judged: np.ndarray, metric: str) -> float:
    """From a perfect metric."""
    coded, truth = task.coded[judged], task.wanted[judged]
    if metric == "auc":
        return 1 - float(roc_auc_score(truth, trees.predict_proba(coded)[:, 1]))
    if metric == "accuracy":
        return 1 - float(accuracy_score(truth, trees.predict_proba(coded).argmax(axis=1)))
    errors = np.abs(trees.predict(coded) - truth)
    return float(np.sqrt((errors**2).mean()) if metric == "rmse" else errors.mean())


def test_fewer_trees_are_not_taken_where_the_metric_is_worse_with_them() -> None:
    """The loss of a classifier grows while it still orders classes better: the project's metric decides."""
    task = random_task(600, 2)
    asked: list[int] = []

    def measure(places: np.ndarray, output: np.ndarray) -> float:
        asked.append(len(places))
        return float(np.var(output))  # better, the surer the model is: more with each tree

    by_loss, _ = boosting.search(task, replace(PLAIN, loss="log_loss"), lambda *_: 0.0)
    assert by_loss < 100
    trees, model = boosting.search(task, replace(PLAIN, loss="log_loss"), measure)
    assert trees == 100
    assert {fitted.n_iter_ for fitted in model.fits} == {100}
    assert asked[0] == asked[1] > 500


def test_two_trainings_are_the_same_and_the_hyperparameters_say_how_many_fits() -> None:
    table, target, signature = table_of(random_task(300, 3))
    first, second = (
        estimator.fit(table, target, None, signature, PLAIN, metric="accuracy").scores(table) for _ in range(2)
    )
    np.testing.assert_array_equal(first, second)
    one = estimator.fit(table, target, None, signature, replace(PLAIN, bags=1), metric="accuracy")
    assert not isinstance(one.trees, bagging.Bags)
    again = estimator.fit(table, target, None, signature, PLAIN, metric="accuracy", trees=33)
    assert {fitted.n_iter_ for fitted in again.trees.fits} == {33}


def test_leaves_are_large_where_a_class_is_rare() -> None:
    assert random_task(10_000, 2, share=0.01).fewest_in_leaf == 100
    assert random_task(10_000, 2).fewest_in_leaf == 2
    assert random_task(1_000, 2, share=0.01).fewest_in_leaf == 20
    assert random_task(1_000, 3).fewest_in_leaf == 1
    table, target, signature = table_of(random_task(10_000, 2, share=0.01))
    model = estimator.fit(table, target, None, signature, replace(PLAIN, max_iter=20), metric="auc")
    assert {fitted.min_samples_leaf for fitted in model.trees.fits} == {100}


def test_many_classes_are_fitted_less_often() -> None:
    assert [bagging.fits(1_000, classes) for classes in (0, 2, 8, 50)] == [10, 10, 5, 5]
    assert [bagging.fits(rows, 0) for rows in (2_000, 5_000, 50_000, 50_001)] == [10, 5, 2, 1]


def test_the_fit_that_lacks_the_latest_rows_is_not_averaged() -> None:
    table, target, signature = table_of(random_task(300, 0))
    days = pd.Series(pd.date_range("2026-01-01", periods=300))
    target = target * 0.01 + np.where(np.arange(300) >= 280, 10.0, 0.0)
    table["late"] = (np.arange(300) >= 280).astype(float)
    signature = replace(signature, columns=estimator.describe(table))
    model = estimator.fit(table, target, days, signature, replace(PLAIN, min_samples_leaf=5), metric="rmse")
    assert len(model.trees.fits) == 10
    coded = estimator.encode(table, signature)[-10:]
    assert all(fitted.predict(coded).mean() > 8 for fitted in model.trees.fits)


def test_a_time_with_one_moment_or_a_class_of_one_span_is_no_obstacle() -> None:
    table, target, signature = table_of(random_task(400, 2))
    moment = pd.Series(pd.Timestamp("2026-01-01"), index=table.index)
    trees = estimator.fit(table, target, moment, signature, PLAIN, metric="auc").signature.learnt
    assert trees
    assert trees.trees == 100
    days = pd.Series(pd.date_range("2026-01-01", periods=400))
    late = pd.Series(np.where(np.arange(400) >= 370, "c1", "c0"))
    model = estimator.fit(table, late, days, signature, PLAIN, metric="auc")
    assert model.predict(table)["label"].isin(["c0", "c1"]).all()


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
