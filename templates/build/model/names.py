"""Names of our own in tables that also hold columns of yours: none of ours is ever one of yours.

In files that others read, your names stay and ours give way: `prediction` becomes `prediction_` where an id is called
`prediction`. In tables that only this code reads, ids give way (`keys`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

ROW_NUMBER = "row_number"  # identifies a row of a table without ids, in files that others read
STORED_ROW_NUMBER = "(row number)"  # the same beside features, one of which may be called `row_number`
ACTUAL, PREDICTION, LABEL, PROBABILITY = "actual", "prediction", "label", "probability"
BENCHMARKS = ("same_weekday_last_week", "four_week_mean")
BATCH, EXECUTION, PACKAGE = "batch", "execution", "model_package"
BROKEN = "_broken"  # what was broken about the data that a row was predicted from
_OURS = frozenset(
    (ACTUAL, PREDICTION, LABEL, PROBABILITY, *BENCHMARKS, BATCH, EXECUTION, PACKAGE, "_merge", "_row", BROKEN)
)


def free(name: str, taken: Collection[str]) -> str:
    """A name that is not taken: the same, or with as many underscores behind it as it needs."""
    while name in taken:
        name += "_"
    return name


def keys(ids: Sequence[str]) -> tuple[str, ...]:
    """What ids are called beside what was predicted and what really happened, in tables that only this code reads."""
    return tuple(free(f"{name} (id)", ids) if name in _OURS else name for name in ids)


def benchmarks(ids: Sequence[str], target: str) -> tuple[str, ...]:
    """What the benchmarks' columns are called beside ids and target."""
    return tuple(free(name, (*ids, target)) for name in BENCHMARKS)


def answers(ids: Sequence[str]) -> tuple[str, str]:
    """What `prediction` and `probability` are called in `predictions.csv`, where ids come with them."""
    return free(PREDICTION, ids), free(PROBABILITY, ids)
