"""Metrics, their limits, and truth that is compared once."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from model import names, schema
from model.errors import InputError
from monitoring import matching, metrics, model_quality, settings, truth
from monitoring.provenance import Broken
from tests.cases import document

if TYPE_CHECKING:
    from pathlib import Path

    from model.schema import Schema
    from monitoring.findings import Result

PLAIN = schema.parse(document(data={"ids": ["id"]}))
DAILY = schema.parse(document(data={"ids": ["day", "id"], "time": "day", "evaluation": 56}))
BINARY = schema.parse(
    document(
        project={"problem_type": "binary_classification"},
        data={"ids": ["id"]},
        evaluation={"metric": "auc", "threshold": 0.5},
    )
)
SEVERAL = schema.parse(
    document(
        project={"problem_type": "multiclass_classification"},
        data={"ids": ["id"]},
        evaluation={"metric": "accuracy", "threshold": 0.5},
    )
)
CONFIG = settings.Settings()


def rows(count: int, seed: int = 0, error: float = 1.0, first: int = 0) -> pd.DataFrame:
    draws = np.random.default_rng(seed)
    actual = draws.gamma(3, 10, count)
    frame = pd.DataFrame({"id": np.arange(first, first + count), "y": actual})
    return frame.assign(prediction=actual + error * draws.normal(size=count))


def transformed(frame: pd.DataFrame, folder: Path, answers: list[str]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    frame.assign(feature=1.0)[["id", "feature", *answers]].to_csv(folder / "t.csv.out", index=False, header=False)
    return folder


def write(frame: pd.DataFrame, file: Path) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    frame.to_csv(file, index=False)
    return file.parent


def baseline(frame: pd.DataFrame, tmp_path: Path, known: Schema = PLAIN) -> Path:
    answers = ["prediction"] if known.problem_type == "regression" else ["prediction", "probability"]
    told = transformed(frame, tmp_path / "transform", answers)
    truths = write(frame[["id", "y"]], tmp_path / "truth" / "truth.csv")
    model_quality.make_baseline(told, truths, tmp_path / "baseline", known, CONFIG)
    return tmp_path / "baseline"


def check(frame: pd.DataFrame, tmp_path: Path, known: Schema = PLAIN) -> Result:
    columns = ["id", "prediction"] + (["probability"] if "probability" in frame.columns else [])
    predictions = write(frame[columns], tmp_path / "runs" / "a" / "predictions.csv")
    truths = write(frame[["id", "y"]], tmp_path / "later" / "truth.csv")
    found = matching.compare(predictions, truths, tmp_path / "nothing", known)
    return model_quality.check(found.rows, found.prints, tmp_path / "baseline", tmp_path / "out", known)


def test_metrics_have_model_monitors_form(tmp_path: Path) -> None:
    frame = rows(1000)
    place = baseline(frame, tmp_path)
    told = json.loads((place / "statistics.json").read_text(encoding="utf-8"))
    error = frame["prediction"] - frame["y"]
    found = told["regression_metrics"]
    assert told["dataset"] == {"item_count": 1000}
    assert found["mae"]["value"] == pytest.approx(error.abs().mean())
    assert found["mse"]["value"] == pytest.approx((error**2).mean())
    assert found["rmse"]["value"] == pytest.approx((error**2).mean() ** 0.5)
    assert 0 < found["mae"]["standard_deviation"] < 0.1
    limits = json.loads((place / "constraints.json").read_text(encoding="utf-8"))["regression_constraints"]
    assert limits["mae"]["comparison_operator"] == "GreaterThanThreshold"
    assert limits["r2"]["comparison_operator"] == "LessThanThreshold"
    assert limits["mae"]["threshold"] > found["mae"]["value"]
    assert limits["r2"]["threshold"] < found["r2"]["value"]


def test_with_few_rows_there_is_no_deviation(tmp_path: Path) -> None:
    place = baseline(rows(199), tmp_path)
    told = json.loads((place / "statistics.json").read_text(encoding="utf-8"))
    assert told["regression_metrics"]["mae"]["standard_deviation"] == "NaN"


def test_the_order_of_rows_does_not_matter() -> None:
    frame = rows(500).rename(columns={"y": "actual"})[["actual", "prediction"]]
    shuffled = frame.sample(frac=1, random_state=1)
    assert metrics.statistics("regression", frame, None) == metrics.statistics("regression", shuffled, None)


@pytest.mark.parametrize("count", [100, 300, 2000])
def test_predictions_as_good_as_before_pass(tmp_path: Path, count: int) -> None:
    baseline(rows(2000), tmp_path)
    for seed in range(1, 8):
        assert not check(rows(count, seed), tmp_path).findings, seed


def test_worse_predictions_are_found(tmp_path: Path) -> None:
    baseline(rows(2000), tmp_path)
    result = check(rows(500, 3, error=2.0), tmp_path)
    assert {finding.feature for finding in result.findings} == {"mae", "mse", "rmse", "r2", "wape"}
    document = json.loads((tmp_path / "out" / "constraint_violations.json").read_text(encoding="utf-8"))
    first = document["violations"][0]
    assert set(first) == {"constraint_check_type", "description", "metric_name"}
    assert first["constraint_check_type"] == "GreaterThanThreshold"
    assert first["description"].startswith("Metric mae with ")


def test_errors_may_grow_with_what_is_predicted(tmp_path: Path) -> None:
    baseline(rows(2000), tmp_path)
    larger = rows(2000, 1)
    assert not check(larger.assign(y=3 * larger["y"], prediction=3 * larger["prediction"]), tmp_path).findings


def test_with_a_time_limits_follow_from_weeks(tmp_path: Path) -> None:
    frame = rows(5600)
    weeks = np.arange(5600) // 700
    days = pd.Timestamp("2026-01-01") + pd.to_timedelta(np.arange(5600) // 100, unit="D")
    error = (frame["prediction"] - frame["y"]) * (1 + 0.3 * (weeks % 2))  # every other week is worse
    frame = frame.assign(day=days.strftime("%Y-%m-%d"), prediction=frame["y"] + error)
    told = tmp_path / "transform"
    told.mkdir()
    frame.assign(f=1)[["day", "id", "f", "prediction"]].to_csv(told / "t.out", index=False, header=False)
    truths = write(frame[["day", "id", "y"]], tmp_path / "truth" / "t.csv")
    model_quality.make_baseline(told, truths, tmp_path / "baseline", DAILY, CONFIG)
    limits = json.loads((tmp_path / "baseline" / "constraints.json").read_text(encoding="utf-8"))
    worst = (frame["prediction"] - frame["y"]).abs().groupby(weeks).mean().max()
    assert limits["regression_constraints"]["mae"]["threshold"] > worst


def classes(count: int, seed: int = 0, right: float = 0.9, names: str = "ab") -> pd.DataFrame:
    draws = np.random.default_rng(seed)
    actual = draws.choice(list(names), count)
    other = draws.choice(list(names), count)
    label = np.where(draws.random(count) < right, actual, other)
    probability = np.where(label == names[-1], 0.8, 0.2) + draws.uniform(-0.1, 0.1, count)
    return pd.DataFrame({"id": np.arange(count), "y": actual, "prediction": label, "probability": probability})


@pytest.mark.parametrize(("known", "names"), [(BINARY, "ab"), (SEVERAL, "abc")])
def test_classes_have_all_of_their_metrics(tmp_path: Path, known: Schema, names: str) -> None:
    frame = classes(800, names=names)
    place = baseline(frame, tmp_path, known)
    told = json.loads((place / "statistics.json").read_text(encoding="utf-8"))[f"{known.problem_type}_metrics"]
    hits = int(((frame["y"] == "a") & (frame["prediction"] == "a")).sum())
    assert told["confusion_matrix"]["a"]["a"] == hits
    assert told["accuracy"]["value"] == pytest.approx((frame["y"] == frame["prediction"]).mean())
    assert told["accuracy_best_constant_classifier"]["value"] == pytest.approx(
        frame["y"].value_counts(normalize=True).max()
    )
    if known is BINARY:
        assert told["true_positive_rate"] == told["recall"]
        assert told["false_negative_rate"]["value"] == pytest.approx(1 - told["recall"]["value"])
        curve = told["receiver_operating_characteristic_curve"]
        assert (curve["false_positive_rates"][0], curve["true_positive_rates"][-1]) == (0.0, 1.0)
    assert not check(classes(600, 1, names=names), tmp_path, known).findings
    worse = check(classes(600, 1, right=0.4, names=names), tmp_path, known)
    assert "accuracy" in {finding.feature for finding in worse.findings}


def test_a_metric_that_is_not_defined_is_told(tmp_path: Path) -> None:
    baseline(classes(800), tmp_path, BINARY)
    result = check(classes(300, 1).assign(y="a"), tmp_path, BINARY)
    assert "auc" in {item.feature for item in result.skipped}


# What has been compared is known from the outputs themselves.


def test_truth_is_compared_once(tmp_path: Path) -> None:
    baseline(rows(500), tmp_path)
    check(rows(300, 1), tmp_path)
    places = tmp_path / "runs", tmp_path / "later", tmp_path
    again = matching.compare(*places, PLAIN, limit=0.5)
    assert (len(again.rows), again.before, again.problem) == (0, 300, "")
    more = rows(10, 2, first=300)
    write(pd.concat([rows(300, 1), more]).sample(frac=1, random_state=1)[["id", "y"]], tmp_path / "later" / "truth.csv")
    write(more[["id", "prediction"]], tmp_path / "runs" / "b" / "predictions.csv")
    found = matching.compare(*places, PLAIN)
    assert sorted(found.rows["id"]) == [str(number) for number in range(300, 310)]
    assert found.before == 300


def test_a_corrected_truth_is_new(tmp_path: Path) -> None:
    frame = rows(5).assign(id=list("abcde"))
    predictions = write(frame[["id", "prediction"]], tmp_path / "runs" / "a" / "predictions.csv")
    truths = write(frame[["id", "y"]], tmp_path / "later" / "truth.csv")
    prints = matching.compare(predictions, truths, tmp_path / "history", PLAIN).prints
    (tmp_path / "history").mkdir()
    truth.save_prints(prints, tmp_path / "history")
    write(frame.assign(y=frame["y"].where(frame["id"] != "c", 0.0))[["id", "y"]], tmp_path / "later" / "truth.csv")
    found = matching.compare(predictions, truths, tmp_path / "history", PLAIN)
    assert found.rows["id"].tolist() == ["c"]
    assert truth.content_hash(prints) == truth.content_hash(prints[::-1])


def test_bad_input_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there are no predictions"):
        truth.read_predictions(tmp_path, PLAIN)
    with pytest.raises(InputError, match="lacks the column prediction"):
        truth.read_predictions(write(pd.DataFrame({"id": [1]}), tmp_path / "a" / "predictions.csv"), PLAIN)
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "compared.npy").write_bytes(b"damaged")
    with pytest.raises(InputError, match=r"compared\.npy is damaged"):
        truth.compared_before(tmp_path / "c")
    baseline(rows(300), tmp_path)
    (tmp_path / "baseline" / "constraints.json").write_text(
        '{"binary_classification_constraints": {}}', encoding="utf-8"
    )
    with pytest.raises(InputError, match="holds no regression_constraints"):
        check(rows(300, 1), tmp_path)
    worded = rows(3).astype(object).assign(prediction="high")
    with pytest.raises(InputError, match="column 'prediction' holds 'high' where a number belongs"):
        check(worded, tmp_path)


def test_truth_with_timestamps_of_parquet_joins_predictions_of_csv(tmp_path: Path) -> None:
    days = pd.date_range("2026-06-01", periods=6)
    told = tmp_path / "predictions"
    told.mkdir()
    texts = days.strftime("%Y-%m-%d")
    pd.DataFrame({"day": texts, "id": "007", "prediction": 1.0}).to_csv(told / "predictions.csv", index=False)
    forms = {
        "ns": days.astype("datetime64[ns]"),
        "ms": days.astype("datetime64[ms]"),
        "zone": days.tz_localize("Europe/Stockholm"),
        "date": days.date,
        "text": days.strftime("%Y-%m-%d 00:00:00"),
    }
    for name, values in forms.items():
        frame = pd.DataFrame({"day": values, "id": "007", "sold": 2.0, "y": 2.0})
        (tmp_path / name).mkdir()
        frame.to_parquet(tmp_path / name / "truth.parquet")
        found = matching.compare(told, tmp_path / name, tmp_path / "nothing", DAILY)
        assert (len(found.rows), found.problem) == (len(days), ""), name
        assert found.rows[names.keys(DAILY.id_columns)[0]].tolist() == list(texts)


# The limits of a period follow from its rows, its days and its series.


def test_few_rows_may_be_further_off_than_many(tmp_path: Path) -> None:
    baseline(rows(2000), tmp_path)
    told = {count: check(rows(count, 1), tmp_path).facts["metrics"]["mae"]["threshold"] for count in (50, 500, 5000)}
    assert told[50] > told[500] > told[5000]
    assert told[5000] == pytest.approx(1.1 * baseline_mae(tmp_path), rel=0.02)  # what matters, when chance is small


def baseline_mae(tmp_path: Path) -> float:
    told = json.loads((tmp_path / "baseline" / "statistics.json").read_text(encoding="utf-8"))
    value: float = told["regression_metrics"]["mae"]["value"]
    return value


def test_a_day_that_is_worse_is_one_day(tmp_path: Path) -> None:
    """Rows of a day err together: with as many rows, a day may be further off than a month."""
    draws = np.random.default_rng(5)
    effect = np.exp(draws.normal(0, 0.3, 56)).repeat(50)
    day = (pd.Timestamp("2026-01-01") + pd.to_timedelta(np.arange(2800) // 50, unit="D")).strftime("%Y-%m-%d")
    frame = rows(2800).assign(day=day)
    frame = frame.assign(prediction=frame["y"] + effect * (frame["prediction"] - frame["y"]))
    told = tmp_path / "transform"
    told.mkdir()
    frame.assign(f=1)[["day", "id", "f", "prediction"]].to_csv(told / "t.out", index=False, header=False)
    truths = write(frame[["day", "id", "y"]], tmp_path / "truth" / "t.csv")
    model_quality.make_baseline(told, truths, tmp_path / "baseline", DAILY, CONFIG)
    matched = frame.rename(columns={"y": "actual"}).astype({"id": "str"})[["day", "id", "actual", "prediction"]]
    limit = {}
    for name, some in (("a day", matched.head(50).assign(day="2026-04-01")), ("a month", matched.iloc[::56])):
        result = model_quality.check(
            some.reset_index(drop=True), truth.fingerprints(some), tmp_path / "baseline", tmp_path / "out", DAILY
        )
        limit[name] = result.facts["metrics"]["mae"]["threshold"]
    assert limit["a day"] > 1.3 * limit["a month"]


def test_a_period_without_a_positive_says_nothing(tmp_path: Path) -> None:
    baseline(classes(800), tmp_path, BINARY)
    result = check(classes(300, 1).assign(y="a", prediction="a"), tmp_path, BINARY)
    undefined = {item.feature for item in result.skipped if "not defined" in item.reason}
    assert {"auc", "precision", "recall", "f1", "f2", "f0_5"} <= undefined
    assert result.facts["metrics"]["recall"]["value"] is None
    told = json.loads((tmp_path / "out" / "statistics.json").read_text(encoding="utf-8"))
    assert told["binary_classification_metrics"]["recall"]["value"] == "NaN"
    assert not result.findings


def test_too_few_rows_for_any_limit_are_told(tmp_path: Path) -> None:
    baseline(classes(800), tmp_path, BINARY)
    result = check(classes(4, 1), tmp_path, BINARY)
    assert any("too few" in item.reason for item in result.skipped)
    assert not result.findings


def test_a_worse_metric_is_a_sentence(tmp_path: Path) -> None:
    baseline(rows(2000), tmp_path)
    found = {finding.feature: finding for finding in check(rows(500, 3, error=2.0), tmp_path).findings}
    assert found["mae"].sentence.startswith("mae is worse than at registration: 0.")
    assert "with 500 rows" in found["mae"].sentence
    assert found["mae"].sentence.endswith("This metric decides about retraining.")
    assert found["wape"].sentence.endswith("mae decides, not this.")


def test_a_baseline_of_an_earlier_version_is_compared_by_its_thresholds(tmp_path: Path) -> None:
    baseline(rows(2000), tmp_path)
    (tmp_path / "baseline" / "reference.csv").unlink()
    assert not check(rows(500, 1), tmp_path).findings
    assert "mae" in {finding.feature for finding in check(rows(500, 3, error=2.0), tmp_path).findings}


# Predictions of broken data say nothing about the model.


def broken(frame: pd.DataFrame, tmp_path: Path, created: str, *, told: bool) -> None:
    place = write(frame[["id", "prediction"]], tmp_path / "runs" / created / "predictions.csv")
    document = {"created": created, "broken": ["price is 0 everywhere."] if told else []}
    (place / "manifest.json").write_text(json.dumps(document), encoding="utf-8")


def test_predictions_of_broken_data_are_not_judged(tmp_path: Path) -> None:
    baseline(rows(2000), tmp_path)
    bad, good = rows(300, 1).assign(prediction=0.0), rows(300, 2, first=300)
    broken(bad, tmp_path, "2026-06-01", told=True)
    broken(good, tmp_path, "2026-06-08", told=False)
    both = pd.concat([bad, good], ignore_index=True)
    truths = write(both[["id", "y"]], tmp_path / "later" / "truth.csv")
    found = matching.compare(tmp_path / "runs", truths, tmp_path / "nothing", PLAIN)
    assert found.broken is not None
    assert int(found.broken.rows.sum()) == 300
    matched, prints, known, output = found.rows, found.prints, tmp_path / "baseline", tmp_path / "out"
    assert model_quality.check(matched, prints, known, output, PLAIN).findings
    result = model_quality.judge(found, known, output, PLAIN)
    assert not result.findings
    assert result.facts["broken_rows"] == 300
    assert "price is 0 everywhere." in next(item.reason for item in result.skipped)
    only = matched[found.broken.rows].reset_index(drop=True)
    alone = Broken(np.ones(300, np.bool_), ("price is 0 everywhere.",))
    assert not model_quality.check(only, prints, known, output, PLAIN, broken=alone).findings


def test_a_forecast_made_anew_from_mended_data_counts(tmp_path: Path) -> None:
    days = rows(30).assign(id=pd.date_range("2026-06-01", periods=30).strftime("%Y-%m-%d"))
    known = schema.parse(document(data={"ids": ["id"], "time": "id", "evaluation": 14}))
    broken(days, tmp_path, "2026-06-01", told=True)
    broken(days, tmp_path, "2026-06-02", told=False)
    truths = write(days[["id", "y"]], tmp_path / "later" / "truth.csv")
    found = matching.compare(tmp_path / "runs", truths, tmp_path / "nothing", known)
    assert found.broken is not None
    assert len(found.rows) == 30
    assert not found.broken.rows.any()


def week(factors: np.ndarray, tmp_path: Path) -> Result:
    """The check of seven days of one row, where errors are like those of 56 days before, times factors."""
    known = schema.parse(document(data={"ids": ["day"], "time": "day", "evaluation": 56}))
    draws = np.random.default_rng(7)
    day = (pd.Timestamp("2026-01-01") + pd.to_timedelta(np.arange(63), unit="D")).strftime("%Y-%m-%d")
    frame = pd.DataFrame({"day": day, "actual": 25 + draws.normal(0, 3, 63), "prediction": 25.0})
    model_quality.write_baseline(frame[:56], tmp_path / "baseline", known, CONFIG)
    batch = frame[56:].reset_index(drop=True).assign(actual=lambda table: table["actual"] * factors)
    prints = truth.fingerprints(batch)
    return model_quality.check(batch, prints, tmp_path / "baseline", tmp_path / "out", known)


def test_a_week_of_enormous_errors_is_no_chance(tmp_path: Path) -> None:
    result = week(np.array([1.9, 1.9, 0.4, 1.9, 0.4, 0.4, 1.9]), tmp_path)
    assert "mae" in {finding.feature for finding in result.findings}


def test_one_enormous_error_in_a_week_is_possible(tmp_path: Path) -> None:
    assert not week(np.array([1.0, 1.0, 1.0, 4.0, 1.0, 1.0, 1.0]), tmp_path).findings
