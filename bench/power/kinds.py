"""Tables that are drawn: clean ones of many kinds, and shifts. Each draw has a seed, so that it can be drawn again."""

# mypy: ignore-errors
# It runs in the environment of the build template, which that of the checks does not have.

from collections.abc import Callable, Mapping

import numpy as np

Table = dict[str, np.ndarray]
Draws = np.random.Generator

COLUMNS = 20


def normal(draws: Draws, rows: int) -> Table:
    return {f"n{place}": draws.normal(size=rows) for place in range(COLUMNS)}


def heavy(draws: Draws, rows: int) -> Table:
    kinds = (
        lambda: draws.standard_t(2, rows),
        lambda: draws.standard_cauchy(rows),
        lambda: draws.lognormal(0, 1.5, rows),
        lambda: draws.pareto(1.2, rows),
    )
    return {f"h{place}": kinds[place % 4]() for place in range(COLUMNS)}


def zero_inflated(draws: Draws, rows: int) -> Table:
    def column(share):
        return np.where(draws.random(rows) < share, 0.0, draws.gamma(2, 3, rows))

    return {f"z{place}": column((0.05, 0.5, 0.9, 0.99, 0.999)[place % 5]) for place in range(COLUMNS)}


def categories(draws: Draws, rows: int) -> Table:
    def column(count):
        weights = 1.0 / np.arange(1, count + 1) ** draws_once(count)
        return np.array([f"c{k}" for k in range(count)])[draws.choice(count, rows, p=weights / weights.sum())]

    def draws_once(count):
        return 0.8 if count % 2 else 1.1

    return {f"k{place}": column((3, 10, 101, 500, 2000)[place % 5]) for place in range(COLUMNS)}


def missing(draws: Draws, rows: int) -> Table:
    shares = (0.0002, 0.002, 0.02, 0.1, 0.4)
    return {
        f"m{place}": np.where(draws.random(rows) < shares[place % 5], np.nan, draws.normal(size=rows))
        for place in range(COLUMNS)
    }


def mixed(draws: Draws, rows: int) -> Table:
    """What shifts are put into: ten columns normal, five skewed, five of three categories."""
    found = {f"n{place}": draws.normal(size=rows) for place in range(10)}
    found |= {f"l{place}": draws.lognormal(0, 1, rows) for place in range(5)}
    return found | {f"c{place}": draws.choice(["a", "b", "c"], rows, p=[0.5, 0.3, 0.2]) for place in range(5)}


PLAIN: Mapping[str, Callable[[Draws, int], Table]] = {
    "iid": normal,
    "heavy tails": heavy,
    "zero-inflated": zero_inflated,
    "3 to 2,000 categories": categories,
    "missing 0.02 to 40 %": missing,
}


def mean(table: Table, _: Draws, size: float = 0.25) -> Table:
    return table | {"n0": table["n0"] + size}


def variance(table: Table, _: Draws) -> Table:
    return table | {"n0": table["n0"] * np.sqrt(2.0)}


def share(table: Table, draws: Draws) -> Table:
    """The last of three classes has ten points more, the others in proportion less."""
    return table | {"c0": draws.choice(["a", "b", "c"], len(table["c0"]), p=[0.4375, 0.2625, 0.3])}


SHIFTS: Mapping[str, Callable[[Table, Draws], Table]] = {
    "mean + 0.25 sd": mean,
    "variance x 2": variance,
    "one of three classes + 10 points": share,
}


def timed(kind: str, draws: Draws, days: int, groups: int) -> tuple[np.ndarray, Table]:
    """Days (a number for each row) and columns of groups that have a row each day."""
    when = np.arange(days)
    found = {}
    for place in range(6):
        common = _wander(draws, days, 0.8) * 1.5
        season = 10.0 * np.cos(2 * np.pi * (when - draws.integers(365)) / 365.25)
        walk = np.cumsum(draws.normal(0, 0.3, days))
        line = when * 0.02 * (1 + draws.random())
        level = {"seasonal": season, "trend": line, "random walk": walk}[kind] + common * (kind != "random walk")
        own = draws.normal(0, 2, groups)
        noise = draws.normal(0, 1 + place, (days, groups))
        found[f"x{place}"] = (level[:, None] + own + noise).ravel()
    campaign = draws.random((days // 7 + 1, groups)) < 1 / 6
    found["campaign"] = campaign[when // 7].astype(float).ravel()
    lift = 1 / (1 + np.exp(-found["x0"] / 8))
    found["state"] = np.where(draws.random(days * groups) < lift, "high", "low")
    return np.repeat(when, groups), found


TIMED = ("seasonal", "trend", "random walk")


def _wander(draws: Draws, days: int, keep: float) -> np.ndarray:
    steps = draws.normal(size=days) * np.sqrt(1 - keep**2)
    found = np.empty(days)
    last = draws.normal()
    for day in range(days):
        last = keep * last + steps[day]
        found[day] = last
    return found
