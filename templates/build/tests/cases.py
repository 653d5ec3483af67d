"""A small configuration to start a test from."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

DOCUMENT: dict[str, dict[str, Any]] = {
    "project": {"name": "a-project", "problem_type": "regression"},
    "data": {"target": "y", "evaluation": 0.25},
    "evaluation": {"metric": "mae", "threshold": 1e9},
}
DAILY: dict[str, dict[str, Any]] = {
    "data": {
        "target": "sold",
        "time": "day",
        "ids": ["day", "shop"],
        "features": ["price"],
        "evaluation": 14,
        "censored": "cut",
    },
    "history": {"series": ["shop"], "lead_days": 7, "lags_days": [7, 14], "window_days": [7]},
    "evaluation": {"metric": "wape", "threshold": 1.0},
}


def document(**tables: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """A small configuration, with keys of some tables replaced."""
    whole = copy.deepcopy(DOCUMENT)
    for table, content in tables.items():
        whole.setdefault(table, {}).update(content)
    return whole
