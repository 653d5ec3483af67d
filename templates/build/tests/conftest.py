from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest

from model import schema
from tests.cases import DAILY, document

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from model.schema import Schema


@pytest.fixture(scope="session")
def schema_of() -> Callable[..., Schema]:
    """Make a schema from replaced keys."""
    return lambda **tables: schema.parse(document(**tables))


@pytest.fixture
def daily() -> Schema:
    """A schema of daily sales in shops, with a past."""
    return schema.parse(document(**DAILY))


@pytest.fixture
def sales() -> pd.DataFrame:
    """Sixty days of two shops, as text, as they come from a CSV file."""
    days = pd.date_range("2026-01-01", periods=60).strftime("%Y-%m-%d")
    rows = [
        (day, shop, f"{10 + number % 3}.5", str(100 * place + number), str(int(number % 10 == 9)))
        for number, day in enumerate(days)
        for place, shop in enumerate(("a", "b"), start=1)
    ]
    return pd.DataFrame(rows, columns=["day", "shop", "price", "sold", "cut"], dtype="str")


@pytest.fixture
def opt_ml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tree like SageMaker's, empty."""
    root = tmp_path / "opt-ml"
    monkeypatch.setenv("OPT_ML_ROOT", str(root))
    return root
