"""Forecasts against those before: like them, unlike all of them, and kept for later."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from model import schema
from monitoring import forecasts
from monitoring.findings import Finding, Skipped
from monitoring.forecasts import Origin
from tests.cases import document

if TYPE_CHECKING:
    from pathlib import Path

    from model.schema import Schema

DAILY = schema.parse(document(data={"ids": ["day", "id"], "time": "day", "evaluation": 56}))
PLAIN = schema.parse(document(data={"ids": ["id"]}))
SEVERAL = schema.parse(
    document(
        project={"problem_type": "multiclass_classification"},
        data={"ids": ["id"]},
        evaluation={"metric": "accuracy", "threshold": 0.5},
    )
)
START = pd.Timestamp("2024-01-01")


class Echo:
    """A model that answers the column `answer`."""

    def __init__(self, kind: str = "prediction") -> None:
        self.kind = kind

    def predict(self, columns: pd.DataFrame) -> pd.DataFrame:
        return pd.DataFrame({self.kind: columns["answer"].to_numpy()})


def year(first: int, days: int, seed: int, per_day: int = 40) -> pd.DataFrame:
    """Sales with a season: three times as many at its height."""
    draws = np.random.default_rng(seed)
    day = np.repeat(np.arange(first, first + days), per_day)
    level = 20 * (1.5 - np.cos(2 * np.pi * day / 364))
    when = (START + pd.to_timedelta(day, unit="D")).strftime("%Y-%m-%d")
    return pd.DataFrame({"day": when, "id": np.arange(len(day)), "answer": level * draws.gamma(4, 0.25, len(day))})


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("baseline")
    data = year(0, 728, 0)
    forecasts.make_baseline(data, data[["answer"]], Echo(), folder, DAILY, days=7)  # type: ignore[arg-type]
    return folder


def batch(day: int, seed: int, times: float = 1.0) -> pd.DataFrame:
    made = year(day, 7, seed)
    return made.assign(prediction=times * made["answer"])


def check(rows: pd.DataFrame, known: Path, tmp_path: Path, run: str = "a", schema: Schema = DAILY) -> list[Finding]:
    before = forecasts.read(known, tmp_path / "history", run)
    place = tmp_path / "history" / "inference" / run / "forecasts"
    return list(forecasts.check(rows, before, place, schema, Origin(run, f"2026-01-{len(run):02}")).findings)


def test_weeks_of_any_season_are_as_before(known: Path, tmp_path: Path) -> None:
    for place, day in enumerate(range(728, 1092, 13)):
        assert not check(batch(day, place + 1), known, tmp_path, "a" * (place + 1)), day


@pytest.mark.parametrize("times", [0.0, 0.15, 10.0])
def test_a_dead_or_mistaken_feed_shows_in_the_forecasts(known: Path, tmp_path: Path, times: float) -> None:
    assert not check(batch(900, 5), known, tmp_path)
    (found,) = check(batch(907, 6, times), known, tmp_path, "ab")
    assert found.sentence.startswith("The forecasts are unlike any before: a mean of ")
    assert "in the last run" in found.sentence
    assert found.severity == "high"


def test_broken_forecasts_are_no_measure_for_the_next(known: Path, tmp_path: Path) -> None:
    for run in ("a", "ab", "abc"):
        assert check(batch(900 + 7 * len(run), len(run), 0.1), known, tmp_path, run)


def test_forecasts_that_grow_slowly_are_like_the_last_run(known: Path, tmp_path: Path) -> None:
    for place, times in enumerate((1.0, 1.2, 1.5, 1.9, 2.4, 3.0, 3.7)):
        assert not check(batch(1000 + 7 * place, place, times), known, tmp_path, "a" * (place + 1)), times


def test_the_curve_knows_the_week_and_the_year_before(known: Path, tmp_path: Path) -> None:
    check(batch(728, 1), known, tmp_path)
    check(batch(735, 2), known, tmp_path, "ab")
    told = json.loads((tmp_path / "history/inference/ab/forecasts/check.json").read_text(encoding="utf-8"))
    assert len(told["days"]) == 7
    assert set(told["before"]) == {"a week before", "a year before", "two years before", "the weeks before"}
    day = f"{START + pd.Timedelta(days=735):%Y-%m-%d}"
    assert told["before"]["a year before"][day] == pytest.approx(told["days"][day][1], rel=0.5)
    assert len(told["before"]["the weeks before"]) == 28


def test_without_a_time_the_training_data_is_the_measure(tmp_path: Path) -> None:
    draws = np.random.default_rng(1)
    data = pd.DataFrame({"id": range(3000), "answer": draws.gamma(2, 10, 3000)})
    forecasts.make_baseline(data, data[["answer"]], Echo(), tmp_path / "known", PLAIN, days=7)  # type: ignore[arg-type]
    for seed, rows in ((2, 14), (3, 50), (4, 5000)):
        like = pd.DataFrame({"id": range(rows), "prediction": np.random.default_rng(seed).gamma(2, 10, rows)})
        assert not check(like, tmp_path / "known", tmp_path, "a" * seed, PLAIN)
    dead = pd.DataFrame({"id": range(50), "prediction": 0.5})
    assert check(dead, tmp_path / "known", tmp_path, "dead", PLAIN)


def test_classes_are_compared_by_their_shares(tmp_path: Path) -> None:
    draws = np.random.default_rng(1)
    data = pd.DataFrame({"id": range(2000), "answer": draws.choice(["a", "b", "c"], 2000, p=[0.6, 0.3, 0.1])})
    forecasts.make_baseline(data, data[["answer"]], Echo("label"), tmp_path / "known", SEVERAL, days=0)  # type: ignore[arg-type]
    like = pd.DataFrame({"id": range(300), "prediction": draws.choice(["a", "b", "c"], 300, p=[0.6, 0.3, 0.1])})
    assert not check(like, tmp_path / "known", tmp_path, "a", SEVERAL)
    (found,) = check(like.assign(prediction="c"), tmp_path / "known", tmp_path, "ab", SEVERAL)
    assert "c 100 %" in found.sentence


def test_without_anything_before_it_says_that_nothing_was_compared(tmp_path: Path) -> None:
    before = forecasts.read(tmp_path / "nothing", tmp_path / "nothing")
    result = forecasts.check(batch(1, 1), before, tmp_path / "out", DAILY, Origin())
    assert isinstance(result.skipped[0], Skipped)
    assert "to compare with" in result.message
