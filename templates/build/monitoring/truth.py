"""Predictions and the truth that arrived for them: matched by ids, and only what has not been compared before.

What has been compared is known from the outputs of earlier runs: each leaves a fingerprint of every row that it
compared.
"""

import hashlib
import json
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from model.errors import InputError
from model.schema import Schema
from model.values import numbers, texts
from steps import tables

Prints = NDArray[np.uint64]

COMPARED = "compared.npy"


def read_predictions(folder: Path, schema: Schema, package: str = "") -> pd.DataFrame:
    """The predictions of one or many inference runs; of rows predicted several times, the latest.

    Which are the latest says `created` in the `manifest.json` beside them, else the order of the folders' names.

    Args:
        folder: Holds `predictions.csv` files, each perhaps with its `manifest.json`.
        schema: Names the ids.
        package: Only predictions of this model package, where not empty.

    Raises:
        InputError: There are none, or they lack columns.
    """
    files = [
        file
        for file in sorted(folder.rglob("predictions.csv"))
        if not package or _manifest(file).get("model_package") == package
    ]
    if not files:
        of = f" of {package}" if package else ""
        raise InputError(
            f"there are no predictions{of} in {folder}: a predictions.csv of the inference pipeline is needed"
        )
    files.sort(key=lambda file: str(_manifest(file).get("created", "")))
    wanted = [*schema.id_columns, "prediction"]
    parts = [_with_columns(tables.read(file), wanted, file) for file in files]
    rows = pd.concat(parts, ignore_index=True)
    return spelled(rows, schema).drop_duplicates(list(schema.id_columns), keep="last", ignore_index=True)


def _manifest(file: Path) -> dict[str, object]:
    place = file.with_name("manifest.json")
    try:
        found = json.loads(place.read_text(encoding="utf-8")) if place.exists() else {}
    except ValueError as error:
        raise InputError(f"{place} is not valid JSON: {error}") from None
    return found if isinstance(found, dict) else {}


def _with_columns(table: pd.DataFrame, wanted: list[str], file: Path) -> pd.DataFrame:
    if missing := [name for name in wanted if name not in table.columns]:
        raise InputError(
            f"{file.name} lacks the columns {', '.join(missing)}: it has {', '.join(map(str, table.columns[:10]))}"
        )
    return table


def read_truth(folder: Path, schema: Schema) -> pd.DataFrame:
    """Ids and target of the rows whose target is known.

    Raises:
        InputError: Columns are missing, or a row occurs several times.
    """
    ids = list(schema.id_columns)
    table = spelled(_with_columns(tables.read(folder, schema.form), [*ids, schema.target], folder), schema)[
        [*ids, schema.target]
    ]
    table = table[texts(table[schema.target]).notna()]
    twice = table.duplicated(ids)
    if twice.any():
        first = ", ".join(str(value) for value in table.loc[twice, ids].iloc[0])
        raise InputError(
            f"ground truth has several rows for {first} (and {int(twice.sum()) - 1} more): ids must tell rows apart"
        )
    return table.reset_index(drop=True)


def spelled(table: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    """The same with ids as text, spelled alike whatever file they come from."""
    return table.assign(**{name: texts(table[name]).fillna("") for name in schema.id_columns})


def match(predictions: pd.DataFrame, truth: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    """Ids, `actual`, and `prediction` or `label` and `probability`, of the rows that have both.

    Raises:
        InputError: A prediction or a target is no number where numbers are due.
    """
    joined = predictions.merge(truth, on=list(schema.id_columns), how="inner", suffixes=("", " of the truth"))
    found = joined[list(schema.id_columns)].copy()
    target = joined[schema.target if schema.target not in predictions.columns else f"{schema.target} of the truth"]
    if schema.problem_type == "regression":
        return found.assign(
            actual=_numbers(target, schema.target), prediction=_numbers(joined["prediction"], "prediction")
        )
    if "probability" not in joined.columns:
        raise InputError("predictions lack the column probability")
    return found.assign(
        actual=texts(target),
        label=texts(joined["prediction"]),
        probability=_numbers(joined["probability"], "probability"),
    )


def _numbers(values: pd.Series, name: str) -> pd.Series:
    parsed, bad = numbers(values)
    wrong = bad | ~np.isfinite(parsed.to_numpy(np.float64))
    if wrong.any():
        raise InputError(
            f"column {name!r} holds {values[wrong].iloc[0]!r} where a number belongs, in {int(wrong.sum())} rows"
        )
    return parsed


def read_answers(folder: Path, schema: Schema) -> pd.DataFrame:
    """Rows as `match` gives them, from the table that `monitoring.managed` made of them.

    Raises:
        InputError: It has no row, lacks columns, or holds something else than numbers where numbers are due.
    """
    wanted = [*schema.id_columns, "actual", "prediction"]
    table = spelled(_with_columns(tables.read(folder), wanted, folder), schema)
    if schema.problem_type == "regression":
        return table[wanted].assign(**{name: _numbers(table[name], name) for name in ("actual", "prediction")})
    if "probability" not in table.columns:
        raise InputError("answers lack the column probability")
    return table[list(schema.id_columns)].assign(
        actual=texts(table["actual"]),
        label=texts(table["prediction"]),
        probability=_numbers(table["probability"], "probability"),
    )


def fingerprints(rows: pd.DataFrame) -> Prints:
    """A hash of each row's content."""
    return np.asarray(pd.util.hash_pandas_object(rows, index=False).to_numpy(np.uint64))


def compared_before(folder: Path) -> Prints:
    """The fingerprints that earlier runs left in their outputs; none where there are no outputs.

    Raises:
        InputError: A file of them is damaged.
    """
    found = [_load(file) for file in sorted(folder.rglob(COMPARED))] if folder.is_dir() else []
    return np.unique(np.concatenate([np.empty(0, np.uint64), *found]))


def save_prints(prints: Prints, folder: Path) -> None:
    """Leave fingerprints for later runs."""
    np.save(folder / COMPARED, prints)


def _load(file: Path) -> Prints:
    try:
        return np.asarray(np.load(file, allow_pickle=False), np.uint64)
    except (OSError, ValueError, EOFError) as error:
        raise InputError(f"{file} is damaged: {error}") from None


def new_rows(rows: pd.DataFrame, before: Prints) -> tuple[pd.DataFrame, Prints]:
    """The rows that have not been compared, and their fingerprints."""
    prints = fingerprints(rows)
    new = ~np.isin(prints, before)
    return rows[new].reset_index(drop=True), np.sort(prints[new])


def content_hash(prints: Prints) -> str:
    """One hash for a set of rows, whatever their order."""
    return hashlib.sha256(np.sort(prints).tobytes()).hexdigest()
