from __future__ import annotations

import datetime as dt
from itertools import islice
from typing import TYPE_CHECKING

import pytest
import simulate
import swedish_holidays

if TYPE_CHECKING:
    from pathlib import Path

SIZE = len(simulate.STORES) * len(simulate.ITEMS)


def test_a_longer_run_begins_with_a_shorter_one() -> None:
    shorter = list(simulate.simulate(1, 10))
    assert shorter == list(islice(simulate.simulate(1, 20), len(shorter)))
    assert len(shorter) == 10 * SIZE
    assert shorter == sorted(shorter, key=lambda row: row.date)


def test_another_seed_makes_other_sales() -> None:
    one, other = ([row.units_sold for row in simulate.simulate(seed, 2)] for seed in (1, 2))
    assert one != other


@pytest.mark.parametrize(
    ("year", "month", "day"), [(2023, 4, 9), (2024, 3, 31), (2025, 4, 20), (2026, 4, 5), (2038, 4, 25)]
)
def test_easter(year: int, month: int, day: int) -> None:
    assert swedish_holidays.easter(year) == dt.date(year, month, day)


def test_holidays_that_move() -> None:
    holidays = swedish_holidays.holidays(2026)
    assert holidays[dt.date(2026, 6, 19)] == "midsummer_eve"
    assert holidays[dt.date(2026, 5, 14)] == "ascension_day"
    assert holidays[dt.date(2026, 10, 31)] == "all_saints_day"


def test_campaigns_run_from_thursday_to_wednesday() -> None:
    apples = [row.campaign for row in simulate.simulate(1, 70) if (row.store, row.item) == ("S01", "apple")]
    weeks = [apples[day : day + 7] for day in range(0, 70, 7)]
    assert {len(set(week)) for week in weeks} == {1}
    assert {week[0] for week in weeks} == {0, 1}
    assert simulate.FIRST_DAY.strftime("%A") == "Thursday"


def test_a_failure_leaves_no_half_file(tmp_path: Path) -> None:
    out = tmp_path / "sample.csv"
    out.write_text("before", encoding="utf-8")

    def rows() -> object:
        yield next(simulate.simulate(1, 1))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulate.write(out, rows())  # type: ignore[arg-type]
    assert [path.name for path in tmp_path.iterdir()] == ["sample.csv"]
    assert out.read_text(encoding="utf-8") == "before"
