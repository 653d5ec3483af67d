"""What is said of a column that was compared: how sure, how large, and where most."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from monitoring import evidence
from monitoring.windows import FEWEST, Windows

LEVEL, SPREAD, SHAPE = 0.5, 0.2, 0.3
"""How much of a column's chance of a false alarm goes to each kind of statistic of numbers."""


@dataclass(frozen=True)
class When:
    """The days of a batch, and what part of the whole it is.

    Attributes:
        day: Its first day since 1970.
        days: How many it covers; 0: not known.
        series: How many series it has, where that is fewer than usual; else 0. Rows of a series are alike, so that such
        a
            batch tells no more than one row for each. All series together are the same as ever, and their rows count.
    """

    day: int = 0
    days: int = 0
    series: int = 0


@dataclass(frozen=True)
class Comparison:
    """How a column differs from the baseline.

    Attributes:
        p_value: Chance of such a difference without any change, corrected for the column's statistics.
        effect: The largest difference of cumulative shares, or of a category's shares, from what was expected.
        against: What was expected: `all rows`, or so many windows.
        what: The statistic that differs most: `level`, `spread`, `shape` or `mix`.
        where: The category, or the value below which the share differs most.
        seen: The batch's share there.
        expected: The share that was expected there.
        least: The smallest p-value that any batch of this size could have.
        missing: The p-value of the share of missing values.
        missing_expected: The share of missing values that was expected.
        middle: The median that was expected of numbers, where windows tell it.
        usual: The largest effect that a good window had: a smaller one does not matter.
    """

    p_value: float
    effect: float
    against: str
    what: str = ""
    where: str = ""
    seen: float = 0.0
    expected: float = 0.0
    least: float = 0.0
    missing: float = 1.0
    missing_expected: float = 0.0
    middle: float | None = None
    usual: float = 0.0


def alike(windows: Windows | None, when: When) -> Windows | None:
    """The baseline's windows, put together to the batch's length; None where there are too few."""
    if windows is None:
        return None
    length = max(1, round(when.days / windows.days)) if windows.days and when.days else 1
    found = windows.joined(length) if length > 1 else windows
    found = found.chosen(found.present > 0) if len(found.counts) else found
    return found if len(found.counts) >= FEWEST else None


def best(told: Sequence[tuple[str, float, float]], found: Comparison) -> Comparison:
    """The statistic that differs most, each with its share of the column's chance of a false alarm."""
    what, chance, share = min(told, key=lambda item: item[1] / item[2])
    return replace(found, p_value=evidence.corrected(chance, share), what=what)
