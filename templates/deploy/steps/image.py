"""All that this repository takes from the model's image, where its scripts run: importable there, and nowhere else.

Which rows to forecast and what their features are is said by the same code, with the same settings, that the model
was trained with. So training and inference cannot differ, whichever model is approved.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import paths
from model import features
from model.errors import InputError
from model.schema import Schema, load
from monitoring import analyzers, decision, settings
from steps.tables import read

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray

    from preprocess import Rows

__all__ = ["InputError", "build", "decide", "read", "schema", "to_predict"]


@cache
def schema() -> Schema:
    """What the model's own `config.toml` says about the table."""
    return load(paths.CONFIG)


def build(table: pd.DataFrame) -> Rows:
    """The ids and the model's columns of each row of a table."""
    rows: Rows = features.build(table, schema())
    return rows


def to_predict(table: pd.DataFrame) -> NDArray[Any]:
    """Which rows of a table want a forecast: those whose target is empty or absent."""
    which: NDArray[Any] = features.to_predict(table, schema())
    return which


def decide(found: Mapping[str, Path], rules: Mapping[str, Any], trained: str) -> dict[str, Any]:
    """Apply rules to what the checks found, as `decide.Decide` describes it."""
    checks = {name: told for name, folder in found.items() if (told := analyzers.details(folder, name))}
    age = decision.age_in_days(trained) if trained else None
    wanted: dict[str, Any] = decision.decide(checks, settings.parse({"retrain": rules}).retrain, age)
    return wanted
