"""The sample: the same bytes again, as large and as often sold out as it says, and what deploy carries of it."""

from __future__ import annotations

import csv
import hashlib
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"
SIMULATE = TEMPLATES / "build" / "data" / "simulate.py"


def simulate(out: Path, *arguments: str) -> Path:
    subprocess.run([sys.executable, str(SIMULATE), str(out), *arguments], check=True)
    return out


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulate(tmp_path_factory.mktemp("sample") / "sample.csv")


def rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def test_the_same_seed_gives_the_same_bytes(sample: Path) -> None:
    """On every machine and Python: the digest was taken with 3.11, 3.12 and 3.13."""
    assert hashlib.sha256(sample.read_bytes()).hexdigest() == (
        "89d92a72537940eca16b0f501f3804592b513c39bf24b44f16260f00917a287c"
    )


def test_size_and_stockouts(sample: Path) -> None:
    stockouts = [row["stockout"] == "1" for row in rows(sample)]
    assert len(stockouts) == 12 * 18 * 156 * 7 >= 200_000
    assert 0.03 <= sum(stockouts) / len(stockouts) <= 0.05
    assert sample.stat().st_size < 20_000_000


def test_every_store_sells_every_item_every_day(sample: Path) -> None:
    keys = [(row["date"], row["store"]) for row in rows(sample)]
    assert keys == sorted(keys)
    assert len({(row["date"], row["store"], row["item"]) for row in rows(sample)}) == len(keys)


@pytest.mark.parametrize(("option", "name"), [("--next-week", "next_week.csv"), ("--truth", "next_week_truth.csv")])
def test_deploy_carries_what_the_simulator_writes(tmp_path: Path, option: str, name: str) -> None:
    made = simulate(tmp_path / name, option)
    assert made.read_bytes() == (TEMPLATES / "deploy" / "data" / name).read_bytes()


def test_next_week_continues_the_training_data(sample: Path, tmp_path: Path) -> None:
    """The last day of training, seen from a week later, is the same; the seven days that follow have no sales yet."""
    later = list(rows(simulate(tmp_path / "later.csv", "--next-week", "--weeks-later", "1")))
    last = [row for row in rows(sample) if row["date"] == "2026-04-29"]
    assert [row for row in later if row["date"] == "2026-04-29"] == last
    asked = [row for row in later if not row["units_sold"]]
    assert sorted({row["date"] for row in asked}) == [f"2026-05-{day:02}" for day in range(7, 14)]
    assert all(row["price"] and not row["stockout"] and not row["sales_level"] for row in asked)


def test_five_weeks_of_history_and_seven_days_to_forecast() -> None:
    table = list(rows(TEMPLATES / "deploy" / "data" / "next_week.csv"))
    asked = {row["date"] for row in table if not row["units_sold"]}
    known = {row["date"] for row in table if row["units_sold"]}
    assert (len(known), len(asked)) == (35, 7)
    assert min(asked) > max(known) > min(known) > "2026-04-29"
    truth = list(rows(TEMPLATES / "deploy" / "data" / "next_week_truth.csv"))
    assert [(row["date"], row["store"], row["item"]) for row in truth] == [
        (row["date"], row["store"], row["item"]) for row in table if row["date"] in asked
    ]
    assert all(row["units_sold"] for row in truth)


def test_a_smaller_sample_has_the_same_rows(sample: Path, tmp_path: Path) -> None:
    small = list(rows(simulate(tmp_path / "small.csv", "--stores", "5", "--days", "30")))
    assert {row["store"] for row in small} == {"S01", "S02", "S04", "S07", "S10"}
    assert {row["region"] for row in small} == {"north", "west", "east", "south"}
    wanted = [
        row
        for row in rows(sample)
        if row["date"] >= "2026-03-31" and row["store"] in {"S01", "S02", "S04", "S07", "S10"}
    ]
    assert len(small) == 5 * 18 * 30
    assert small == wanted


@pytest.mark.parametrize(("option", "name"), [("--next-week", "next_week.csv"), ("--truth", "next_week_truth.csv")])
def test_fewer_stores_in_later_weeks(tmp_path: Path, option: str, name: str) -> None:
    small = list(rows(simulate(tmp_path / name, option, "--stores", "1")))
    assert small == [row for row in rows(TEMPLATES / "deploy" / "data" / name) if row["store"] == "S01"] != []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--stores", "0"], "1 to 12"),
        (["--stores", "13"], "1 to 12"),
        (["--days", "0"], "1 to 1092"),
        (["--days", "1093"], "1 to 1092"),
        (["--days", "7", "--truth"], "--days is about the training data"),
    ],
)
def test_a_sample_that_cannot_be_made(tmp_path: Path, arguments: list[str], said: str) -> None:
    command = [sys.executable, str(SIMULATE), str(tmp_path / "x.csv"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert said in done.stderr
    assert list(tmp_path.iterdir()) == []
