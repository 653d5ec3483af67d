"""Swedish holidays, and what they do to the demand for fruit and vegetables."""

import datetime as dt
import math
from dataclasses import dataclass

# Log demand that a great feast draws into the days before it, by group of items
FEASTS = {
    "easter_eve": {"berries": 0.10, "citrus": 0.20, "salad": 0.20, "roots": 0.30, "orchard": 0.10, "tropical": 0.15},
    "midsummer_eve": {"berries": 0.70, "citrus": 0.15, "salad": 0.35, "roots": 0.60, "orchard": 0.0, "tropical": 0.05},
    "christmas_eve": {"berries": 0.10, "citrus": 0.55, "salad": 0.10, "roots": 0.45, "orchard": 0.25, "tropical": 0.05},
}
# Log demand on the day itself: short hours, or a day off
HOLIDAYS = {
    "new_years_day": -0.70,
    "epiphany": -0.15,
    "good_friday": -0.30,
    "easter_eve": 0.05,
    "easter_day": -0.65,
    "easter_monday": -0.25,
    "walpurgis_night": 0.20,
    "may_day": -0.20,
    "ascension_day": -0.15,
    "national_day": -0.15,
    "midsummer_eve": -0.25,
    "midsummer_day": -0.80,
    "all_saints_day": -0.05,
    "christmas_eve": -0.45,
    "christmas_day": -1.00,
    "boxing_day": -0.40,
    "new_years_eve": 0.10,
}
FEAST_HORIZON = 14  # days


def easter(year: int) -> dt.date:
    """Easter Sunday of the Gregorian calendar (the anonymous algorithm, Nature 1876)."""
    century, rest = divmod(year, 100)
    golden = year % 19
    epact = (19 * golden + century - century // 4 - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    to_sunday = (32 + 2 * (century % 4) + 2 * (rest // 4) - epact - rest % 4) % 7
    late = (golden + 11 * epact + 22 * to_sunday) // 451
    month, day = divmod(epact + to_sunday - 7 * late + 114, 31)
    return dt.date(year, month, day + 1)


def holidays(year: int) -> dict[dt.date, str]:
    """The Swedish holidays of a year, and the eves on which shops trade like on a holiday."""
    sunday = easter(year)
    midsummer = _first(dt.date(year, 6, 19), weekday=4)
    fixed = {
        (1, 1): "new_years_day",
        (1, 6): "epiphany",
        (4, 30): "walpurgis_night",
        (5, 1): "may_day",
        (6, 6): "national_day",
        (12, 24): "christmas_eve",
        (12, 25): "christmas_day",
        (12, 26): "boxing_day",
        (12, 31): "new_years_eve",
    }
    named = {dt.date(year, month, day): name for (month, day), name in fixed.items()}
    moving = {-2: "good_friday", -1: "easter_eve", 0: "easter_day", 1: "easter_monday", 39: "ascension_day"}
    named |= {sunday + dt.timedelta(days): name for days, name in moving.items()}
    named |= {midsummer: "midsummer_eve", midsummer + dt.timedelta(1): "midsummer_day"}
    return named | {_first(dt.date(year, 10, 31), weekday=5): "all_saints_day"}


def _first(day: dt.date, *, weekday: int) -> dt.date:
    return day + dt.timedelta((weekday - day.weekday()) % 7)


@dataclass(frozen=True)
class Calendar:
    """All holidays of the simulated years, looked up by day."""

    names: dict[dt.date, str]

    @classmethod
    def of(cls, first_day: dt.date, days: int) -> "Calendar":
        """The holidays from the first day to beyond the last."""
        last = first_day + dt.timedelta(days + FEAST_HORIZON)
        years = range(first_day.year, last.year + 1)
        return cls({day: name for year in years for day, name in holidays(year).items()})

    def next_feast(self, day: dt.date) -> tuple[str, int]:
        """The next of the three great feasts and the days to it; no name and the horizon when none is near."""
        for ahead in range(FEAST_HORIZON):
            name = self.names.get(day + dt.timedelta(ahead), "")
            if name in FEASTS:
                return name, ahead
        return "", FEAST_HORIZON

    def log_effect(self, day: dt.date, group: str) -> float:
        """What holidays do to log demand: people stock up in the days before a feast and stay away on the day."""
        feast, ahead = self.next_feast(day)
        run_up = FEASTS[feast][group] * math.exp(-0.35 * abs(ahead - 1)) if feast else 0.0
        return run_up + HOLIDAYS.get(self.names.get(day, ""), 0.0)
