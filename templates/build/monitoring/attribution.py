"""Which features predictions rest on: global and local SHAP values, and whether their ranking drifts.

    python3 -m monitoring.attribution --baseline
        inputs data, model → output attribution: analysis.json, explanations_shap/{out,baseline}.csv
    python3 -m monitoring.attribution --check
        inputs data, model, baseline → the same, and constraint_violations.json, check.json

The input model is the folder with model.tar.gz. A check explains with the background of the baseline, so that both say
the same thing.
"""

import math
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from os import cpu_count
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import threadpoolctl
from numpy.typing import NDArray

import paths
from model import estimator, features
from model import names as naming
from model import schema as schemas
from model.errors import InputError
from model.estimator import Model
from monitoring import background, findings, job, kernel, ranking, settings
from monitoring.findings import Finding, Result, Skipped
from monitoring.kernel import Explanation
from monitoring.settings import Attribution
from steps import tables
from unpacking import unpack

ANALYSIS = "analysis.json"
FOLDER = "explanations_shap"
VIOLATION = "feature_attribution_drift_check"

PREDICTIONS = 1_200_000
"""Predictions of synthetic rows for one analysis, about: with many samples, fewer rows are explained."""
FEWEST_ROWS = 10

Floats = NDArray[np.float64]
Json = dict[str, Any]


@dataclass(frozen=True)
class Coder:
    """Turns the model's columns into a matrix and back: categories by their place in a list, missing values NaN."""

    names: Sequence[str]
    texts: Mapping[str, pd.Index]

    @classmethod
    def of(cls, *frames: pd.DataFrame) -> "Coder":
        """For frames of the same columns; text columns are categories."""
        names = list(frames[0].columns)
        textual = [name for name in names if not all(pd.api.types.is_numeric_dtype(frame[name]) for frame in frames)]
        return cls(
            names, {name: pd.Index(sorted({*pd.concat([f[name] for f in frames]).dropna()})) for name in textual}
        )

    @property
    def categorical(self) -> NDArray[np.bool_]:
        """Which columns are categories."""
        return np.array([name in self.texts for name in self.names])

    def encode(self, frame: pd.DataFrame) -> Floats:
        """A frame as a matrix."""
        return np.column_stack([self._encode(frame[name]) for name in self.names]).astype(np.float64)

    def _encode(self, values: pd.Series) -> Floats:
        if values.name not in self.texts:
            return np.asarray(values.to_numpy(np.float64))
        codes = self.texts[values.name].get_indexer(values).astype(np.float64)
        return np.where(codes < 0, np.nan, codes)

    def decode(self, matrix: Floats) -> pd.DataFrame:
        """A matrix as a frame."""
        return pd.DataFrame({name: self._decode(name, matrix[:, place]) for place, name in enumerate(self.names)})

    def _decode(self, name: str, values: Floats) -> Any:
        if name not in self.texts:
            return values
        return pd.Categorical.from_codes(np.nan_to_num(values, nan=-1.0).astype(np.int64), categories=self.texts[name])


def main() -> None:
    """Make a baseline or check against one, as the command line says."""
    given = job.arguments("Attributions of the model's features")
    schema, config = schemas.load(paths.CONFIG), settings.load(paths.CONFIG)
    data = tables.read(job.folder(given.data_folder, lambda: paths.step_input("data")))
    output = job.folder(given.output_folder, lambda: paths.step_output("attribution"))
    model = load_model(paths.step_input("model"))
    if given.baseline:
        make_baseline(data, model, output, config.attribution)
        job.say("Completed: Job completed successfully. The baseline is made.")
        return
    known = job.folder(given.baseline_folder, lambda: paths.step_input("baseline"))
    result = check(data, model, known, output, config.attribution)
    job.finish(result, config, schema.name, {f"ndcg_{label}": value for label, value in result.facts["ndcg"].items()})


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


def make_baseline(data: pd.DataFrame, model: Model, output: Path, config: Attribution) -> Json:
    """Explain rows of a table against a background of its own, and write both.

    Raises:
        InputError: The table lacks columns of the model or has no rows.
    """
    columns = model_columns(data, model)
    coder = Coder.of(columns)
    typical = background.typical_rows(
        coder.encode(sample(columns, background.MOST_ROWS)), coder.categorical, config.clusters, config.seed
    )
    document = explain(sample(columns, config.rows), coder.decode(typical), model, output, config)[1]
    findings.save(document, output / ANALYSIS)
    return document


def check(data: pd.DataFrame, model: Model, known: Path, output: Path, config: Attribution) -> Result:
    """Explain a batch against the baseline's background and compare the ranking of the features.

    Raises:
        InputError: The baseline is missing, damaged or of another model.
    """
    before = _global_values(job.baseline_file(known, ANALYSIS))
    columns = model_columns(data, model)
    typical = _read_background(job.baseline_file(known, "baseline.csv"), model)
    explained, document = explain(sample(columns, config.rows), typical, model, output, config)
    findings.save(document, output / ANALYSIS)
    now = {label: told["global_shap_values"] for label, told in document["explanations"]["kernel_shap"].items()}
    if before.keys() != now.keys():
        raise InputError(
            f"the baseline explains {', '.join(before)}, the model has {', '.join(now)}: they do not belong together"
        )
    scores = {label: ranking.ndcg(before[label], now[label]) for label in before}
    low = [
        Finding("(all)", VIOLATION, _drifted(score, config), score, config.threshold)
        for score in scores.values()
        if score < config.threshold
    ]
    facts = {
        "rows": len(data),
        "explained_rows": len(explained.predictions),
        "samples": explained.samples,
        "estimated_error": explained.error if math.isfinite(explained.error) else None,
        "ndcg": scores,
        "threshold": config.threshold,
        "ranks": {label: [asdict(rank) for rank in ranking.ranks(before[label], now[label])] for label in before},
    }
    result = Result("attribution", low, _too_few(len(columns)), facts)
    violations = [
        {
            "label": label,
            "metric_name": "shap",
            "constraint_check_type": VIOLATION,
            "description": _drifted(score, config),
        }
        for label, score in scores.items()
        if score < config.threshold
    ]
    findings.write(result, output, violations)
    return result


def _drifted(score: float, config: Attribution) -> str:
    return f"Feature attribution drift {score} exceeds threshold {config.threshold}"


def _too_few(rows: int) -> list[Skipped]:
    if rows >= FEWEST_ROWS:
        return []
    return [Skipped("(all)", VIOLATION, f"{rows} rows are few to rank features by: the score varies by chance")]


def explain(
    rows: pd.DataFrame, typical: pd.DataFrame, model: Model, output: Path, config: Attribution
) -> tuple[Explanation, Json]:
    """Explain rows, write local values and the background, and make the document of the global ones."""
    coder = Coder.of(rows, typical)
    with threadpoolctl.threadpool_limits(max(1, (cpu_count() or 1) // 2)):  # many small predictions: threads wait a lot
        explained = kernel.explain(
            coder.encode(rows),
            coder.encode(typical),
            lambda matrix: model.scores(coder.decode(matrix)),
            samples=config.samples,
            seed=config.seed,
            budget=PREDICTIONS,
        )
    place = output / FOLDER
    place.mkdir(parents=True, exist_ok=True)
    _local(explained, coder.names).to_csv(place / "out.csv", index=False)
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
    hashes = pd.util.hash_pandas_object(rows, index=False).to_numpy()
    chosen = np.argsort(hashes, kind="stable")[:most]
    return rows.iloc[chosen].reset_index(drop=True)


def _global_values(file: Path) -> dict[str, dict[str, float]]:
    document = findings.read(file)
    try:
        labels = document["explanations"]["kernel_shap"]
        return {
            label: {name: float(value) for name, value in told["global_shap_values"].items()}
            for label, told in labels.items()
        }
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"{file} is not as Clarify writes it: {error!r}") from None


def _read_background(file: Path, model: Model) -> pd.DataFrame:
    table = tables.read(file)
    if missing := [column.name for column in model.signature.columns if column.name not in table.columns]:
        raise InputError(f"{file} lacks columns of the model: {', '.join(missing)}")
    return estimator.as_trained(table, model.signature)


if __name__ == "__main__":
    job.run(main)
