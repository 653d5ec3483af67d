"""Predictions and the truth that arrived for them, as tables, and what is known of earlier comparisons.

What has been compared is known from the outputs of earlier runs: each leaves a fingerprint of every row that it
compared. `monitoring.matching` says which row belongs to which.
"""

import hashlib
import json
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from model import features, names
from model.errors import InputError, did_you_mean
from model.names import ACTUAL, BATCH, BROKEN, EXECUTION, LABEL, PACKAGE, PREDICTION, PROBABILITY
from model.schema import Schema
from model.values import numbers, texts
from monitoring import provenance
from steps import tables

log = logging.getLogger(__name__)

Prints = NDArray[np.uint64]

COMPARED = "compared.npy"
PREDICTIONS = "predictions.csv"


def read_predictions(folder: Path, schema: Schema) -> pd.DataFrame:
    """The predictions of one or many inference runs, the oldest first; the same row may be predicted several times.

    Which are older says `created` in the `manifest.json` beside them, else the order of the folders' names.

    Args:
        folder: Holds `predictions.csv` files, each perhaps with its `manifest.json`.
        schema: Names the ids.

    Returns:
        Ids as `names.keys` calls them, `prediction`, of classes `probability`; and where a row comes from: `batch`
        (the same for the same rows, predicted again), `execution`, `model_package`, and what was broken then.

    Raises:
        InputError: There are none, or they lack columns.
    """
    files = [(file, manifest(file)) for file in sorted(folder.rglob(PREDICTIONS))]
    if not files:
        raise InputError(f"there are no predictions in {folder}: a {PREDICTIONS} of the inference pipeline is needed")
    files.sort(key=lambda item: str(item[1].get("created", "")))
    return pd.concat([_of_run(file, told, schema) for file, told in files], ignore_index=True)


def manifest(file: Path) -> dict[str, Any]:
    """What the manifest beside predictions says; nothing where there is none.

    Raises:
        InputError: It is damaged.
    """
    place = file.with_name("manifest.json")
    try:
        found = json.loads(place.read_text(encoding="utf-8")) if place.exists() else {}
    except ValueError as error:
        raise InputError(f"{place} is not valid JSON: {error}") from None
    return found if isinstance(found, dict) else {}


def _of_run(file: Path, told: dict[str, Any], schema: Schema) -> pd.DataFrame:
    prediction, probability = names.answers(schema.id_columns)
    classes = schema.problem_type != "regression"
    wanted = [*schema.id_columns, prediction, *([probability] if classes else [])]
    table = with_columns(tables.read(file), wanted, file.name)
    rows = keyed(table, schema)
    rows[PREDICTION] = table[prediction]
    if classes:
        rows[PROBABILITY] = table[probability]
    # Before batches had a hash, the input told them apart as well as anything.
    rows[BATCH] = str(told.get("batch") or told.get("input") or "")
    rows[EXECUTION] = str(told.get("execution", ""))
    rows[PACKAGE] = str(told.get("model_package", ""))
    rows[BROKEN] = provenance.note(told)
    return rows


def with_columns(table: pd.DataFrame, wanted: list[str], what: str) -> pd.DataFrame:
    """The table, if it has all columns that are wanted.

    Raises:
        InputError: It lacks some.
    """
    if missing := [name for name in wanted if name not in table.columns]:
        hint = did_you_mean(missing[0], table.columns) or f": it has {', '.join(map(str, table.columns[:10]))}"
        raise InputError(f"{what} lacks the column{'s' * (len(missing) > 1)} {', '.join(missing)}{hint}")
    return table


def read_truth(folder: Path, schema: Schema) -> pd.DataFrame:
    """Ids (as `names.keys` calls them) and target of each row of a table of ground truth.

    Returns:
        `actual` is missing where the target is. With `execution` where the table has a column of that name that is no
        id and no target: it may say which inference run a row belongs to.

    Raises:
        InputError: There are no rows, or columns are missing.
    """
    table = with_columns(tables.read(folder, schema.form), [*schema.id_columns, schema.target], "ground truth")
    rows = keyed(table, schema)
    rows[ACTUAL] = table[schema.target].mask(features.target_is_missing(table, schema))
    if EXECUTION in table.columns and EXECUTION not in (*schema.id_columns, schema.target):
        rows[EXECUTION] = texts(table[EXECUTION]).fillna("")
    return rows


def latest(truth: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """The rows, of those with the same ids the last one: another target of the same ids is a correction."""
    distinct = truth.drop_duplicates([*columns, ACTUAL])
    found = distinct.drop_duplicates(columns, keep="last")
    if len(found) < len(truth):
        same, corrected = len(truth) - len(distinct), len(distinct) - len(found)
        log.warning("ground truth: %s rows occur twice, %s are corrected by later ones", f"{same:,}", f"{corrected:,}")
    return found.reset_index(drop=True)


def keyed(table: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    """The ids of a table as text, spelled alike whatever file they come from, as `names.keys` calls them."""
    keys = names.keys(schema.id_columns)
    pairs = zip(keys, schema.id_columns, strict=True)
    return pd.DataFrame({key: texts(table[name]).fillna("") for key, name in pairs}, index=table.index)


def spelled(table: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    """The same with ids, which `names.keys` has named, as text, spelled alike whatever file they come from."""
    rows = table.copy()
    for key in names.keys(schema.id_columns):
        rows[key] = texts(table[key]).fillna("")
    return rows


def answered(joined: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    """Ids, `actual`, and `prediction` or `label` and `probability`, of rows that have both truth and prediction.

    Raises:
        InputError: A prediction or a target is no number where numbers are due.
    """
    found = joined[list(names.keys(schema.id_columns))].copy()
    if schema.problem_type == "regression":
        found[ACTUAL] = _numbers(joined[ACTUAL], schema.target)
        found[PREDICTION] = _numbers(joined[PREDICTION], PREDICTION)
        return found
    found[ACTUAL], found[LABEL] = texts(joined[ACTUAL]), texts(joined[PREDICTION])
    found[PROBABILITY] = _numbers(joined[PROBABILITY], PROBABILITY)
    return found


def _numbers(values: pd.Series, name: str) -> pd.Series:
    parsed, bad = numbers(values)
    wrong = bad | ~np.isfinite(parsed.to_numpy(np.float64))
    if wrong.any():
        raise InputError(
            f"column {name!r} holds {values[wrong].iloc[0]!r} where a number belongs, in {int(wrong.sum())} rows"
        )
    return parsed


def read_answers(folder: Path, schema: Schema) -> pd.DataFrame:
    """Rows as `answered` gives them, from the table that `monitoring.managed` made of them.

    Raises:
        InputError: It has no row, lacks columns, or holds something else than numbers where numbers are due.
    """
    keys = list(names.keys(schema.id_columns))
    classes = schema.problem_type != "regression"
    wanted = [*keys, ACTUAL, PREDICTION, *([PROBABILITY] if classes else [])]
    table = with_columns(tables.read(folder), wanted, "the table of answers")
    return answered(spelled(table, schema), schema)


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


def content_hash(prints: Prints) -> str:
    """One hash for a set of rows, whatever their order."""
    return hashlib.sha256(np.sort(prints).tobytes()).hexdigest()
