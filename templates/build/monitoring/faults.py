"""Faults to drill with: what goes wrong with data in production, done to a copy of a table on purpose.

Nothing is drawn from the clock or the order of rows' memory: the same table and seed give the same fault.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from model.errors import InputError, did_you_mean
from model.values import numbers, texts

SHARE = 0.3
"""Share of the rows that faults of single values strike."""
SHIFT = 1.5
"""Standard deviations by which covariates move."""
FACTOR = 100.0
RAISED = 1.2
OFFSET = 5.0
LOST = 0.9
FEWEST_VALUES = 5


@dataclass(frozen=True)
class Roles:
    """What the columns of a table are for. A column that is neither is a feature."""

    target: str
    others: frozenset[str]
    categorical: frozenset[str]
    groups: frozenset[str] = frozenset()
    """Ids besides the time: what rows belong to."""


@dataclass(frozen=True)
class Injected:
    """A table with a fault, what was done in one sentence, and the columns it was done to."""

    table: pd.DataFrame
    what: str
    columns: tuple[str, ...]


def inject(kind: str, table: pd.DataFrame, roles: Roles, seed: int = 1) -> Injected:
    """Do a fault to a copy of a table.

    Args:
        kind: One of `FAULTS`.
        table: Rows to be predicted; for `concept_drift`, ground truth, perhaps with features.
        roles: What its columns are for.
        seed: Of what is left to chance.

    Raises:
        InputError: There is no such fault, or the table has no column to do it to.
    """
    if kind not in FAULTS:
        raise InputError(f"there is no fault {kind!r}{did_you_mean(kind, FAULTS)}: there are {', '.join(FAULTS)}")
    return FAULTS[kind](table.copy(), roles, np.random.default_rng(seed))


def _features(table: pd.DataFrame, roles: Roles) -> list[str]:
    names = [str(name) for name in table.columns if name != roles.target and name not in roles.others]
    if not names:
        raise InputError("the table has no features: a fault needs a column to strike")
    return names


def _numeric(table: pd.DataFrame, roles: Roles) -> list[tuple[str, NDArray[np.float64]]]:
    """The columns of numbers with several values, most different ones first."""
    found = []
    for name in _features(table, roles):
        values, bad = numbers(table[name])
        if name not in roles.categorical and not bad.any() and values.nunique() >= FEWEST_VALUES:
            found.append((name, values.to_numpy(np.float64)))
    if not found:
        raise InputError("the table has no feature of numbers: this fault needs one")
    return sorted(found, key=lambda item: -len(np.unique(item[1])))


def covariate_shift(table: pd.DataFrame, roles: Roles, _: np.random.Generator) -> Injected:
    """Numbers move: another season, another kind of customer. What they mean stays the same."""
    moved = []
    for name, values in _numeric(table, roles):
        shifted = values + SHIFT * np.nanstd(values)
        table[name] = np.round(shifted) if np.array_equal(np.round(values), values, equal_nan=True) else shifted
        moved.append(name)
    return Injected(table, f"{', '.join(moved)} moved up by {SHIFT} standard deviations", tuple(moved))


def concept_drift(table: pd.DataFrame, roles: Roles, draws: np.random.Generator) -> Injected:
    """The same rows have other outcomes than before: what the model learnt is no longer so."""
    if roles.target not in table.columns:
        raise InputError(f"the table has no column {roles.target!r}: concept drift is a fault of ground truth")
    values, bad = numbers(table[roles.target])
    if bad.any() or values.nunique() < FEWEST_VALUES:
        classes = sorted({*table[roles.target].dropna()}, key=str)
        following = dict(zip(classes, classes[1:] + classes[:1], strict=True))
        struck = draws.random(len(table)) < 0.5  # noqa: PLR2004 (half of the rows)
        table.loc[struck, roles.target] = table.loc[struck, roles.target].map(following)
        return Injected(table, f"half of the rows have another {roles.target}", (roles.target,))
    factors = np.where(draws.random(len(table)) < 0.5, 0.4, 1.9)  # noqa: PLR2004 (half of the rows)
    table[roles.target] = (values * factors).round(6)
    return Injected(table, f"{roles.target} is 0.4 or 1.9 times what it was", (roles.target,))


def missing_column(table: pd.DataFrame, roles: Roles, _: np.random.Generator) -> Injected:
    """A column is no longer delivered."""
    numeric = _numeric(table, roles)
    return Injected(table.drop(columns=numeric[0][0]), f"{numeric[0][0]} is missing", (numeric[0][0],))


def new_categories(table: pd.DataFrame, roles: Roles, draws: np.random.Generator) -> Injected:
    """Codes appear that nobody told the model about."""
    textual = [name for name in _features(table, roles) if name in roles.categorical or numbers(table[name])[1].any()]
    filled = [name for name in textual if texts(table[name]).notna().mean() > 0.5]  # noqa: PLR2004 (most rows)
    if not filled:
        raise InputError("the table has no feature of categories: this fault needs one")
    struck = draws.random(len(table)) < SHARE
    table[filled[-1]] = table[filled[-1]].astype(object)
    table.loc[struck, filled[-1]] = [f"new_{place % 3}" for place in range(int(struck.sum()))]
    return Injected(table, f"{int(100 * SHARE)} % of {filled[-1]} are new categories", (filled[-1],))


def nulls(table: pd.DataFrame, roles: Roles, draws: np.random.Generator) -> Injected:
    """Values get lost on the way."""
    name = _numeric(table, roles)[0][0]
    table[name] = table[name].mask(draws.random(len(table)) < SHARE)
    return Injected(table, f"{int(100 * SHARE)} % of {name} are missing", (name,))


def changed_unit(table: pd.DataFrame, roles: Roles, _: np.random.Generator) -> Injected:
    """A number is delivered in another unit."""
    name, values = _numeric(table, roles)[0]
    table[name] = values * FACTOR
    return Injected(table, f"{name} is {FACTOR:.0f} times what it was", (name,))


def swapped_columns(table: pd.DataFrame, roles: Roles, _: np.random.Generator) -> Injected:
    """Two columns changed places: those whose values differ most."""
    numeric = _numeric(table, roles)
    if len(numeric) < 2:  # noqa: PLR2004
        raise InputError("the table has only one feature of numbers: this fault needs two")
    pairs = [
        (_apart(one[1], other[1]), one[0], other[0]) for place, one in enumerate(numeric) for other in numeric[:place]
    ]
    one, other = max(pairs)[1:]
    table[one], table[other] = table[other].copy(), table[one].copy()
    return Injected(table, f"{one} and {other} are swapped", (one, other))


def _apart(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    spread = float(np.nanstd(one) + np.nanstd(other)) or 1.0
    return abs(float(np.nanmean(one) - np.nanmean(other))) / spread


def price_up(table: pd.DataFrame, roles: Roles, _: np.random.Generator) -> Injected:
    """A number grows by a fifth: gentle enough to look ordinary row by row."""
    found = _numeric(table, roles)
    name, values = next(((n, v) for n, v in found if "price" in n.lower()), found[0])
    table[name] = values * RAISED
    return Injected(table, f"{name} is {100 * (RAISED - 1):.0f} % higher", (name,))


def offset(table: pd.DataFrame, roles: Roles, _: np.random.Generator) -> Injected:
    """A sensor or a forecast is off by five units."""
    found = _numeric(table, roles)
    name, values = next(((n, v) for n, v in found if "temperature" in n.lower()), found[0])
    table[name] = values + OFFSET
    return Injected(table, f"{name} is {OFFSET:g} higher", (name,))


def dead_feed(table: pd.DataFrame, roles: Roles, _: np.random.Generator) -> Injected:
    """A source delivers zeros: the target's past where there is one, else the column with the most values."""
    found = [name for name, _ in _numeric(table, roles)]
    past = [name for name in found if name.startswith(f"{roles.target}_")]
    struck = past or found[:1]
    table[struck] = 0.0
    return Injected(table, f"{', '.join(struck)} are 0 in every row", tuple(struck))


def lost_rows(table: pd.DataFrame, roles: Roles, draws: np.random.Generator) -> Injected:
    """A load broke off: nine rows of ten are gone."""
    kept = draws.random(len(table)) >= LOST
    kept[0] = True
    return Injected(table[kept].reset_index(drop=True), f"{100 * LOST:.0f} % of the rows are gone", _all(table, roles))


def doubled_rows(table: pd.DataFrame, roles: Roles, _: np.random.Generator) -> Injected:
    """A load ran twice."""
    return Injected(pd.concat([table, table], ignore_index=True), "every row is there twice", _all(table, roles))


def missing_group(table: pd.DataFrame, roles: Roles, _: np.random.Generator) -> Injected:
    """One store, or what else rows belong to, delivered nothing: of the id, or the category, with the fewest values."""
    textual = [
        str(name)
        for name in table.columns
        if name != roles.target and (name in roles.groups | roles.categorical or numbers(table[name])[1].any())
    ]
    counted = sorted((name not in roles.groups, texts(table[name]).nunique(), name) for name in textual)
    name = next((name for _, count, name in counted if count > 1), "")
    if not name:
        raise InputError("the table has no column of categories or ids: this fault needs one")
    gone = texts(table[name]).mode()[0]
    left = table[(texts(table[name]) != gone).to_numpy()].reset_index(drop=True)
    return Injected(left, f"{name} {gone} has no rows", (name,))


def mixed_column(table: pd.DataFrame, roles: Roles, draws: np.random.Generator) -> Injected:
    """A column's values stand in other rows, as after a join or a sort of one column: each by itself looks right."""
    found = _numeric(table, roles)
    name = next((n for n, _ in found if "price" in n.lower()), found[0][0])
    table[name] = table[name].to_numpy()[draws.permutation(len(table))]
    return Injected(table, f"the values of {name} stand in other rows", (name,))


def _all(table: pd.DataFrame, roles: Roles) -> tuple[str, ...]:
    return tuple(_features(table, roles))


FAULTS: Mapping[str, Callable[[pd.DataFrame, Roles, Any], Injected]] = {
    "covariate_shift": covariate_shift,
    "concept_drift": concept_drift,
    "missing_column": missing_column,
    "new_categories": new_categories,
    "nulls": nulls,
    "changed_unit": changed_unit,
    "swapped_columns": swapped_columns,
    "price_up": price_up,
    "offset": offset,
    "dead_feed": dead_feed,
    "lost_rows": lost_rows,
    "doubled_rows": doubled_rows,
    "missing_group": missing_group,
    "mixed_column": mixed_column,
}
