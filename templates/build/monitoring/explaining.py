"""Explaining predictions: SHAP values of rows against a background, and their aggregates as Clarify writes them."""

import tempfile
from collections.abc import Sequence
from os import cpu_count
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import threadpoolctl
from numpy.typing import NDArray

from model import estimator, features
from model import names as naming
from model.errors import InputError
from model.estimator import Model
from monitoring import kernel
from monitoring.coding import Coder
from monitoring.deadline import Deadline
from monitoring.kernel import Explanation
from monitoring.settings import Attribution
from unpacking import unpack

FOLDER = "explanations_shap"
LOCAL = "out.csv"

PREDICTIONS = 1_200_000
"""Predictions of synthetic rows for one analysis, about: with many samples, fewer rows are explained."""
FEWEST_ROWS = 10

Floats = NDArray[np.float64]
Json = dict[str, Any]


def load_model(folder: Path) -> Model:
    """The model of a folder with `model.tar.gz`, or with what it holds.

    Raises:
        InputError: There is none.
    """
    archives = sorted(folder.rglob("*.tar.gz")) if folder.is_dir() else []
    if not archives:
        return estimator.load(folder)
    with tempfile.TemporaryDirectory() as place:
        try:
            unpack(archives[0], Path(place))
        except InputError as error:
            raise InputError(f"{archives[0]} is no readable model.tar.gz: {error}") from error
        return estimator.load(Path(place))


def model_columns(data: pd.DataFrame, model: Model) -> pd.DataFrame:
    """The model's columns of a table, as numbers and texts.

    Raises:
        InputError: Some are missing, a number is infinite, or there is no row.
    """
    names = [column.name for column in model.signature.columns]
    if missing := [name for name in names if name not in data.columns]:
        raise InputError(f"the table lacks columns of the model: {', '.join(missing)}")
    if data.empty:
        raise InputError("the table has no rows: nothing can be explained")
    columns = estimator.as_trained(data, model.signature)
    for name in columns.select_dtypes("number").columns:
        features.check_finite(columns[name])
    return columns


def sample(rows: pd.DataFrame, most: int) -> pd.DataFrame:
    """At most so many rows, chosen by a hash of their content: always the same, in whatever order they come."""
    return rows.iloc[chosen_rows(rows, most)].reset_index(drop=True)


def chosen_rows(rows: pd.DataFrame, most: int) -> NDArray[np.int64]:
    """The places of those rows."""
    hashes = pd.util.hash_pandas_object(rows, index=False).to_numpy()
    return np.asarray(np.argsort(hashes, kind="stable")[:most], np.int64)


def explain(
    rows: pd.DataFrame, typical: pd.DataFrame, model: Model, output: Path, config: Attribution
) -> tuple[Explanation, Json]:
    """Explain rows, write local values and the background, and make the document of the global ones."""
    coder = Coder.of(rows, typical)
    deadline = Deadline(config.seconds)
    encoded = coder.encode(rows)

    def predict(matrix: Floats) -> Floats:
        return model.scores(coder.decode(matrix))

    with threadpoolctl.threadpool_limits(max(1, (cpu_count() or 1) // 2)):  # many small predictions: threads wait a lot
        explained = kernel.explain(
            encoded,
            coder.encode(typical),
            deadline.guarded(predict),
            samples=config.samples,
            seed=config.seed,
            budget=deadline.affordable(predict, encoded, PREDICTIONS),
            fewest=FEWEST_ROWS if config.seconds else 100,
        )
    place = output / FOLDER
    place.mkdir(parents=True, exist_ok=True)
    _local(explained, coder.names).to_csv(place / LOCAL, index=False)
    typical.to_csv(place / "baseline.csv", index=False)
    labels = {
        f"label{label}": {
            "global_shap_values": dict(
                zip(coder.names, _aggregate(explained.shapley[:, :, label], config.aggregate), strict=True)
            ),
            "expected_value": float(explained.expected[label]),
        }
        for label in range(explained.shapley.shape[2])
    }
    return explained, {"version": "1.0", "explanations": {"kernel_shap": labels}}


def _aggregate(values: Floats, how: str) -> list[float]:
    match how:
        case "mean_abs":
            means = np.abs(values).mean(axis=0)
        case "mean_sq":
            means = np.square(values).mean(axis=0)
        case _:
            means = np.median(values, axis=0)
    return [float(value) for value in means]


def _local(explained: Explanation, names: Sequence[str]) -> pd.DataFrame:
    """A SHAP value for each feature and output, and the predictions."""
    outputs = explained.shapley.shape[2]
    columns = {
        f"{name}_label{label}" if outputs > 1 else name: explained.shapley[:, place, label]
        for label in range(outputs)
        for place, name in enumerate(names)
    }
    predicted = {
        naming.free(f"predicted_label{label}", columns): explained.predictions[:, label] for label in range(outputs)
    }
    return pd.DataFrame(columns | predicted)
