"""That all of a table arrived, once, and that its columns belong together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from model import schema
from monitoring import baseline, data_quality, findings
from monitoring.settings import DataQuality
from tests.cases import document

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from monitoring.findings import Result

DAILY = schema.parse(document(data={"time": "day", "ids": ["day", "shop", "item"], "evaluation": 7}))
PLAIN = schema.parse(document(data={"evaluation": 0.2}))
FIRST = pd.Timestamp("2024-01-01")


def days(first: int, count: int) -> pd.DataFrame:
    """Ten shops with three items; weather is one for a shop and day, prices one for an item and week."""
    rows = []
    for day in range(first, first + count):
        draws = np.random.default_rng([7, day])
        weather = 15 + 8 * np.sin(2 * np.pi * day / 365) + draws.normal(0, 2, 10)
        for shop in range(10):
            for item in range(3):
                price = (10, 20, 40)[item] * (1 + 0.1 * np.random.default_rng([8, day // 7, item]).normal())
                rows.append((FIRST + pd.Timedelta(days=day), f"s{shop}", f"i{item}", weather[shop], price))
    frame = pd.DataFrame(rows, columns=["day", "shop", "item", "weather", "price"])
    lags = np.random.default_rng([9, first]).gamma(4, 5, len(frame)) * (1 + frame["item"].str[1].astype(int))
    mean = lags * np.random.default_rng([10, first]).lognormal(0, 0.1, len(frame))
    return frame.assign(day=frame["day"].dt.strftime("%Y-%m-%d"), lag=lags, mean=mean, kind=frame["item"], y=1.0)


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("known")
    return made(days(0, 364), folder, DAILY)


def made(frame: pd.DataFrame, folder: Path, of: schema.Schema) -> Path:
    (folder / "train").mkdir(parents=True)
    frame.to_csv(folder / "train" / "t.csv", index=False)
    data_quality.make_baseline(folder / "train", folder / "baseline", of, DataQuality())
    return folder / "baseline"


def checked(batch: pd.DataFrame, known: Path, folder: Path, of: schema.Schema = DAILY, **given: Any) -> Result:
    (folder / "batch").mkdir(exist_ok=True)
    batch.to_csv(folder / "batch" / "t.csv", index=False)
    return data_quality.check(folder / "batch", known, folder / "out", of, DataQuality(), **given)


def mixed(column: str) -> Callable[[pd.DataFrame], pd.DataFrame]:
    return lambda t: t.assign(**{column: t[column].sample(frac=1, random_state=1).to_numpy()})


def test_a_good_week_and_a_good_day_raise_nothing(known: Path, tmp_path: Path) -> None:
    for batch in (days(371, 7), days(371, 1), days(371, 14), days(371, 7).sample(frac=1, random_state=2)):
        assert not checked(batch, known, tmp_path).findings


FAULTS: dict[str, tuple[Callable[[pd.DataFrame], pd.DataFrame], str, str]] = {
    "lost": (lambda t: t.sample(frac=0.1, random_state=1), "the table", "row_count_check"),
    "doubled": (lambda t: pd.concat([t, t]), "the table", "duplicates_check"),
    "a few twice": (lambda t: pd.concat([t, t.head(8)]), "the table", "duplicates_check"),
    "a shop less": (lambda t: t[t["shop"] != "s4"], "the table", "series_check"),
    "dead": (lambda t: t.assign(lag=0.0), "lag", "constant_check"),
    "stuck": (lambda t: t.assign(weather=t["weather"].iloc[0]), "weather", "constant_check"),
    "nearly dead": (lambda t: t.assign(lag=t["lag"].where(t.index % 4 == 0, 0.0)), "lag", "constant_check"),
    "weather in other rows": (mixed("weather"), "weather", "dependence_check"),
    "prices in other rows": (mixed("price"), "price", "dependence_check"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_is_found_and_says_what_to_do(known: Path, tmp_path: Path, name: str) -> None:
    strike, feature, check = FAULTS[name]
    result = checked(strike(days(371, 7).reset_index(drop=True)), known, tmp_path)
    found = [item for item in result.findings if (item.feature, item.check) == (feature, check)]
    assert found, result.findings
    assert ". " in found[0].sentence
    broken = {(item["feature"], item["check"]) for item in result.facts["broken"]}
    assert ((feature, check) in broken) == (check in findings.BROKEN and found[0].severity != "low")


def test_columns_that_went_together_are_missed_where_they_do_not(known: Path, tmp_path: Path) -> None:
    result = checked(mixed("mean")(days(371, 7)), known, tmp_path)
    assert {item.check for item in result.findings} == {"dependence_check"}
    assert {item.feature for item in result.findings} <= {"mean", "lag"}


def test_two_of_ten_shops_are_a_part_and_no_fault_but_are_told(known: Path, tmp_path: Path) -> None:
    week = days(371, 7)
    result = checked(week[week["shop"].isin(["s0", "s1"])], known, tmp_path)
    assert not [item for item in result.findings if item.check in ("row_count_check", "series_check")]
    assert any("2 of 10 values of shop" in item.reason for item in result.skipped)


def test_rows_without_ids_that_are_there_twice_are_found(tmp_path: Path) -> None:
    draws = np.random.default_rng(1)
    frame = pd.DataFrame({"a": draws.normal(size=3000), "b": draws.integers(0, 5, 3000), "y": 1.0})
    known = made(frame.head(2500), tmp_path, PLAIN)
    assert not checked(frame.tail(400), known, tmp_path, PLAIN).findings
    found = checked(pd.concat([frame.tail(400)] * 2), known, tmp_path, PLAIN).findings
    assert {item.check for item in found} == {"duplicates_check"}


def test_equal_rows_are_usual_where_columns_have_few_values(tmp_path: Path) -> None:
    draws = np.random.default_rng(1)
    frame = pd.DataFrame({"a": draws.integers(0, 3, 3000), "b": draws.integers(0, 5, 3000), "y": 1.0})
    known = made(frame.head(2500), tmp_path, PLAIN)
    assert not checked(frame.tail(400), known, tmp_path, PLAIN).findings


def test_old_dates_are_told(known: Path, tmp_path: Path) -> None:
    last = (FIRST - pd.Timestamp("1970-01-01")).days + 377
    assert not checked(days(371, 7), known, tmp_path, run_day=last + 2).findings
    found = checked(days(371, 7), known, tmp_path, run_day=last + 40).findings
    assert [item.check for item in found] == ["freshness_check"]
    assert "40 days before the run" in found[0].sentence
    skipped = checked(days(100, 7), known, tmp_path).skipped
    assert any("rows that the model was trained with" in item.reason for item in skipped)


def test_a_column_that_only_grows_is_proposed_for_ignore(tmp_path: Path) -> None:
    frame = days(0, 200).assign(number=lambda t: np.arange(len(t)))
    known = made(frame, tmp_path, DAILY)
    batch = days(207, 7).assign(number=lambda t: 7000 + np.arange(len(t)))
    result = checked(batch, known, tmp_path)
    assert not result.findings
    assert any('ignore = ["number"]' in item.reason for item in result.skipped if item.feature == "number")


def test_a_check_that_could_check_nothing_is_not_green(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": np.random.default_rng(0).normal(size=500), "y": 1.0})
    known = made(frame.assign(a=np.nan), tmp_path, PLAIN)
    result = checked(frame.head(50), known, tmp_path, PLAIN)
    assert not result.findings
    assert result.message.startswith("CompletedWithoutChecks: ")
    assert "nothing was checked" in result.message


def test_what_a_baseline_keeps_is_read_back(known: Path) -> None:
    told = baseline.to_json(data_quality.read_baseline(known)[0])
    assert told == baseline.to_json(baseline.from_json(told))
    assert told["table"]["volume"]["steady"]["shop"] == [f"s{number}" for number in range(10)]
    assert {"column": "weather", "by": "shop"} in told["table"]["rules"]


def test_a_baseline_of_an_older_version_is_still_read(known: Path, tmp_path: Path) -> None:
    """It has windows without their dates, thresholds of windows, and nothing of the table."""
    old = tmp_path / "old"
    old.mkdir()
    statistics = findings.read(known / "statistics.json")
    statistics.pop("table")
    for feature in statistics["features"]:
        for name in ("starts", "days", "sums", "daily", "lens", "stuck"):
            feature.get("windows", {}).pop(name, None)
    findings.save(statistics, old / "statistics.json")
    constraints = findings.read(known / "constraints.json")
    for feature in constraints["features"]:
        feature["monitoringConfigOverrides"] = {"distribution_constraints": {"window_threshold": 0.3}}
    findings.save(constraints, old / "constraints.json")
    assert not checked(days(371, 7), old, tmp_path).findings
    found = checked(days(371, 7).assign(price=lambda t: t["price"] * 3), old, tmp_path).findings
    assert ("price", "baseline_drift_check") in {(item.feature, item.check) for item in found}
