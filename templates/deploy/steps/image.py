"""All that this repository takes from the model's image, where its scripts run: importable there, and nowhere else.

Which rows to forecast and what their features are is said by the same code, with the same settings, that the model
was trained with. So training and inference cannot differ, whichever model is approved.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

import job
import paths
from model import features, screening
from model.errors import InputError
from model.estimator import read_signature
from model.schema import Schema, load
from monitoring import analyzers, decision, forecasts, past, settings
from steps.tables import read as read_table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray

    from model.estimator import Signature
    from preprocess import Rows, Screened

__all__ = ["InputError", "build", "day_before", "decide", "read", "schema", "screen", "to_predict", "trained", "watch"]


@cache
def schema() -> Schema:
    """What the model's own `config.toml` says about the table."""
    return load(paths.CONFIG)


@cache
def signature() -> Signature:
    """What the model in use has learnt from, by the job's input `model`."""
    found: Signature = read_signature(job.input_folder("model"))
    return found


@cache
def trained() -> Schema:
    """The same with the features that the model in use was trained with, in their order.

    They are read from the model, the job's input of that name. With `features = []`, a table with one column more or
    less would else shift the others, which a model knows by position; and which features of a date there are, the
    table that taught the model has decided.
    """
    return features.as_trained(schema(), [column.name for column in signature().columns])


def read(path: Path) -> pd.DataFrame:
    """The table in a file or a folder, written as the model's `config.toml` says."""
    form = getattr(schema(), "form", None)  # a model in use may be older than this setting
    table: pd.DataFrame = read_table(path) if form is None else read_table(path, form)
    return table


def build(table: pd.DataFrame) -> Rows:
    """The ids and the model's columns of each row of a table."""
    rows: Rows = features.build(table, trained())
    return rows


def to_predict(table: pd.DataFrame) -> NDArray[Any]:
    """Which rows of a table want a forecast: those whose target is empty or absent."""
    which: NDArray[Any] = features.to_predict(table, schema())
    return which


def day_before(table: pd.DataFrame, wanted: NDArray[Any]) -> NDArray[Any]:
    """Which rows of a table are of the day before the first that wants a forecast; none where rows have no time."""
    if not schema().time:
        none: NDArray[Any] = np.zeros(len(table), np.bool_)
        return none
    days = features.read_dates(table, schema()).dt.normalize().to_numpy()
    which: NDArray[Any] = ~wanted & (days == days[wanted].min() - np.timedelta64(1, "D"))
    return which


def screen(table: pd.DataFrame, wanted: NDArray[Any], stale_days: float) -> Screened:
    """Which rows of a table can be used, and what is wrong with the others."""
    model = signature() if job.input_folder("model").is_dir() else None
    found: Screened = screening.screen(table, schema(), model, wanted, stale_days)
    return found


def watch(predictions: pd.DataFrame, ids: pd.DataFrame, origin: Mapping[str, str]) -> list[str]:
    """Compare forecasts with those before, and leave what was found; what is broken, of them or of their inputs."""
    time = schema().time
    if time in ids.columns and time not in predictions.columns:
        predictions = predictions.assign(**{time: ids[time]})
    told = analyzers.details(job.input_folder("data_quality"), "data_quality")
    broken = _sentences({"data_quality": told} if told else {})
    known = forecasts.read(job.input_folder("known"), job.input_folder("history"), origin["execution"])
    made = forecasts.Origin(origin["execution"], origin["created"], broken)
    result = forecasts.check(predictions, known, job.output_folder("forecasts"), schema(), made)
    return [*broken, *(finding.sentence for finding in result.findings)]


def _sentences(checks: Mapping[str, Any]) -> list[str]:
    found = decision.broken_inputs(checks)
    return [item["sentence"] or f"{item['feature']}: {item['check'].replace('_', ' ')}." for item in found]


def decide(
    found: Mapping[str, Path], rules: Mapping[str, Any], trained: str, told: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Apply rules to what the checks found, as `decide.Decide` describes it; `told` is what `decide.told` gives."""
    checks = {name: known for name, folder in found.items() if (known := analyzers.details(folder, name))}
    age = decision.age_in_days(trained) if trained else None
    before = past.read(job.input_folder("history"), checks, {"trained": trained, **(told or {})})
    wanted: dict[str, Any] = decision.decide(checks, settings.parse({"retrain": rules}).retrain, age, before)
    return wanted
