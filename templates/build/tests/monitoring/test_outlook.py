"""What is expected of a window, and how wrong that usually is."""

from __future__ import annotations

import numpy as np
import pytest

from monitoring import outlook

STARTS = 7 * np.arange(156)


def expect(series: np.ndarray, ahead: int = 5) -> outlook.Expected:
    found = outlook.expect(series[: len(STARTS), None], STARTS, 7, 7 * (len(STARTS) - 1 + ahead))
    assert found is not None
    return found


def test_values_without_a_pattern_are_expected_at_their_mean() -> None:
    series = np.random.default_rng(1).normal(10, 2, 156)
    found = expect(series)
    assert found.value[0] == pytest.approx(series.mean())
    assert np.sqrt(found.squared[0]) == pytest.approx(2, rel=0.15)


def test_a_walk_is_expected_where_it_is_and_its_limits_grow_with_time() -> None:
    series = np.cumsum(np.random.default_rng(2).normal(size=156))
    near, far = expect(series, 1), expect(series, 16)
    assert abs(near.value[0] - series[-1]) < 2
    assert far.squared[0] > 2 * near.squared[0]


def test_a_season_leaves_the_deviations_from_it() -> None:
    draws = np.random.default_rng(3)
    season = 10 * np.cos(2 * np.pi * 7 * np.arange(170) / 365.25)
    found = expect(season[:156] + draws.normal(0, 1, 156))
    assert found.value[0] == pytest.approx(season[160], abs=1)
    assert np.sqrt(found.squared[0]) == pytest.approx(1, rel=0.3)


def test_a_line_goes_on() -> None:
    series = 0.5 * np.arange(156) + np.random.default_rng(4).normal(0, 1, 156)
    assert expect(series).value[0] == pytest.approx(0.5 * 160, abs=1.5)


def test_too_few_windows_expect_nothing() -> None:
    assert outlook.expect(np.zeros((8, 1)), STARTS[:8], 7, 60) is None


def test_rare_spikes_leave_few_degrees_of_freedom() -> None:
    series = np.zeros(156)
    series[[60, 130]] = 1.0
    assert expect(series).freedom[0] <= outlook.HEAVIEST
