"""A step from the day before: found where it is none of the baseline's, and not where weather moves."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from model import schema
from monitoring import data_quality, findings
from monitoring.findings import Finding, Result
from monitoring.settings import DataQuality

FIRST = dt.date(2022, 1, 6)
WEEKS, ROWS = 150, 40
SCHEMA = schema.parse(
    {
        "project": {"name": "p", "problem_type": "regression"},
        "data": {"target": "y", "evaluation": 7, "time": "day", "ids": ["day", "shop"]},
        "evaluation": {"metric": "mae", "threshold": 1.0},
    }
)


def drawn(seed: int, keep: float = 0.8) -> pd.DataFrame:
    """Days of shops whose weather is the season, what is left of yesterday's, and news; and a price by week."""
    draws = np.random.default_rng(seed)
    days = 7 * (WEEKS + 12)
    weather = np.empty(days)
    last = 0.0
    for day, news in enumerate(draws.normal(0, 1.2, days)):
        last = weather[day] = keep * last + news
    season = 8 + 10 * np.cos(2 * np.pi * (np.arange(days) - 200) / 365.25)
    price = np.repeat(draws.normal(20, 2, days // 7), 7)
    when = np.repeat(np.arange(days), ROWS)
    return pd.DataFrame(
        {
            "day": (np.datetime64(FIRST) + when).astype(str),
            "shop": np.tile([f"s{number:02}" for number in range(ROWS)], days),
            "warmth": ((season + weather)[when] + draws.normal(0, 0.5, len(when))).round(2),
            "price": (price[when] + draws.normal(0, 0.5, len(when))).round(2),
        }
    )


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return drawn(1)


@pytest.fixture(scope="module")
def known(table: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("known")
    (place / "train").mkdir()
    table[: 7 * WEEKS * ROWS].to_csv(place / "train" / "t.csv", index=False)
    data_quality.make_baseline(place / "train", place / "baseline", SCHEMA, DataQuality())
    return place / "baseline"


@pytest.fixture
def checked(known: Path, tmp_path: Path) -> Callable[..., list[Finding]]:
    def check(batch: pd.DataFrame, before: pd.DataFrame | None) -> list[Finding]:
        place = tmp_path / "batch"
        place.mkdir(exist_ok=True)
        batch.to_csv(place / "batch.csv", index=False)
        if before is not None:
            before.to_csv(place / data_quality.BEFORE, index=False)
        result: Result = data_quality.check(place, known, tmp_path / "out", SCHEMA, DataQuality())
        return list(result.findings)

    return check


def week(table: pd.DataFrame, number: int, days: int = 7) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A week after the baseline, and the day before it."""
    first = 7 * (WEEKS + number) * ROWS
    return table[first : first + days * ROWS], table[first - ROWS : first]


def test_a_week_that_is_warmer_than_the_day_before_by_too_much_is_found(
    table: pd.DataFrame, checked: Callable[..., list[Finding]]
) -> None:
    batch, before = week(table, 5)
    struck = batch.assign(warmth=batch["warmth"] + 5)
    assert [item.feature for item in checked(struck, before)] == ["warmth"]


def test_the_sentence_says_from_what_to_what(table: pd.DataFrame, checked: Callable[..., list[Finding]]) -> None:
    batch, before = week(table, 3, days=1)
    (found,) = checked(batch.assign(warmth=batch["warmth"] - 7), before)
    was, now = (part["warmth"].mean() for part in (before, batch))
    told = found.sentence.split()
    assert found.sentence.startswith("warmth jumped from about ")
    assert float(told[4]) == pytest.approx(was, abs=0.05)
    assert float(told[10].rstrip(",")) == pytest.approx(now - 7, abs=0.05)


def test_good_weeks_and_single_days_raise_nothing(table: pd.DataFrame, checked: Callable[..., list[Finding]]) -> None:
    for number in range(10):
        assert checked(*week(table, number)) == []
        assert checked(*week(table, number, days=1)) == []


def test_without_the_day_before_nothing_is_said_about_a_step(
    table: pd.DataFrame, checked: Callable[..., list[Finding]]
) -> None:
    batch, _ = week(table, 5)
    assert not any("jumped" in item.sentence for item in checked(batch.assign(warmth=batch["warmth"] + 5), None))


def test_another_day_than_the_one_before_is_not_taken_for_it(
    table: pd.DataFrame, checked: Callable[..., list[Finding]]
) -> None:
    batch, _ = week(table, 5)
    _, before = week(table, 4)
    assert not any("jumped" in item.sentence for item in checked(batch.assign(warmth=batch["warmth"] + 5), before))


def test_what_changes_every_week_may_change(table: pd.DataFrame, checked: Callable[..., list[Finding]]) -> None:
    batch, before = week(table, 2)
    level = before["price"].mean()
    assert checked(batch.assign(price=batch["price"] - batch["price"].mean() + level + 4), before) == []


def test_a_part_of_the_shops_is_not_compared_with_all_of_them(
    table: pd.DataFrame, checked: Callable[..., list[Finding]]
) -> None:
    batch, before = (part[part["shop"] < "s10"] for part in week(table, 5))
    found = checked(batch.assign(warmth=batch["warmth"] + 5), before)
    assert not any("jumped" in item.sentence for item in found)


def test_the_course_of_the_days_is_kept_and_read_again(known: Path) -> None:
    statistics, _ = data_quality.read_baseline(known)
    windows = statistics.features["warmth"].windows
    assert windows is not None
    assert windows.course is not None
    assert len(windows.course.levels) == 7 * WEEKS
    told = findings.read(known / data_quality.STATISTICS)
    (item,) = [item for item in told["features"] if item["name"] == "warmth"]
    assert item["windows"]["course"]["first"] == (FIRST - dt.date(1970, 1, 1)).days
