"""First step of the build pipeline: check the raw table, make the model's columns, split in the order of time."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

import outcome
import paths
from model import features, schema
from model.errors import InputError, did_you_mean
from model.values import numbers, texts
from reading.written import as_people_write
from steps import tables

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from model.schema import Schema

log = logging.getLogger(__name__)

FEWEST_ROWS = 10  # on either side of the split
MOST_CLASSES = 100
SEED = 1


@dataclass(frozen=True)
class Split:
    """What the step writes.

    Attributes:
        train: Rows that teach the model that is judged.
        taught: Rows that teach the model that is registered: where it is fitted again, those of evaluation, too.
        evaluation_data: What is to be predicted, and judged by `ground_truth`.
    """

    train: pd.DataFrame
    taught: pd.DataFrame
    evaluation_data: pd.DataFrame
    ground_truth: pd.DataFrame


def main() -> None:
    """Read the input `raw`; write `train`, `taught`, `evaluation_data` and `ground_truth`."""
    settings = schema.load(paths.CONFIG)
    raw = paths.step_input("raw")
    table = tables.read(raw, settings.form)
    try:
        split = preprocess(table, settings)
    except InputError as error:
        raise InputError(f"{tables.name(raw)}: {error}") from None
    for name, rows in (("train", split.train), ("taught", split.taught)):
        rows.to_parquet(paths.step_output(name) / f"{name}.parquet", index=False)
    evaluation_data = paths.step_output("evaluation_data") / "evaluation.csv"
    split.evaluation_data.to_csv(evaluation_data, index=False, header=False)
    split.ground_truth.to_csv(paths.step_output("ground_truth") / "ground_truth.csv", index=False)


def preprocess(table: pd.DataFrame, settings: Schema) -> Split:
    """Make the outputs from a raw table.

    Raises:
        InputError: The table or its target cannot be used; the message says which rows and why.
    """
    target = check_target(table, settings)
    features.check_columns(table, settings, training=True)
    rows = features.build(table, settings)
    labelled = ~target.isna().to_numpy()
    evaluated = split_off(table, labelled, settings)
    cut = features.censored(table, settings)
    teaching, judged = labelled & ~evaluated & ~cut, labelled & evaluated
    _tell(settings, labelled, evaluated, cut)
    _check_split(target, teaching, judged, settings)
    typed = features.typed(rows.features, settings)
    judged_rows = features.Rows(rows.ids, typed).pick(judged)
    ids = judged_rows.ids.set_axis(list(settings.id_columns), axis=1)
    truth = [ids, target[judged].rename(settings.target), features.benchmarks(table, settings)[judged]]
    learnable = _training_table(table, rows.ids, typed, target, settings)
    return Split(
        train=learnable[teaching],
        taught=learnable[labelled & ~cut if settings.refit else teaching],
        evaluation_data=judged_rows.for_transform(),
        ground_truth=pd.concat(truth, axis=1),
    )


def check_target(table: pd.DataFrame, settings: Schema) -> pd.Series:
    """The target as numbers or as text, whichever the problem type has.

    Raises:
        InputError: It is absent, empty, or of another kind.
    """
    name = settings.target
    if name not in table.columns:
        hint = did_you_mean(name, table.columns) or f"; it has {', '.join(map(str, table.columns[:20]))}"
        raise InputError(f"the table has no column {name!r}, the target in config.toml{hint}")
    if features.target_is_missing(table, settings).all():
        raise InputError(f"target {name!r}: all {len(table):,} values are missing, so there is nothing to learn")
    return _numeric_target(table[name]) if settings.problem_type == "regression" else _classes(table[name], settings)


def _numeric_target(values: pd.Series) -> pd.Series:
    parsed, bad = numbers(values)
    if bad.any() or pd.api.types.is_bool_dtype(values):
        shown = features.first_bad(values, bad if bad.any() else np.ones(len(values), dtype=bool))
        raise InputError(
            f"target {values.name!r}: {shown}, but a regression needs numbers: "
            f"mend the rows, or set problem_type to a classification in config.toml{_number_advice(values)}"
        )
    features.check_finite(parsed)
    return parsed


def _number_advice(values: pd.Series) -> str:
    written = as_people_write(texts(values).dropna().unique())
    return f"; or {written.advice}" if written and written.what == "numbers" else ""


def _classes(values: pd.Series, settings: Schema) -> pd.Series:
    labels = texts(values)
    classes = sorted(labels.dropna().unique())
    shown = ", ".join(classes[:5]) + (", …" if len(classes) > 5 else "")  # noqa: PLR2004
    if len(classes) == 1:
        raise InputError(f"target {values.name!r} holds one class only ({shown}): there is nothing to tell apart")
    if settings.problem_type == "binary_classification" and len(classes) > 2:  # noqa: PLR2004
        raise InputError(
            f"target {values.name!r} holds {len(classes):,} classes ({shown}), but a binary_classification has two: "
            "set problem_type to multiclass_classification, or to regression for a quantity, in config.toml"
        )
    if len(classes) > MOST_CLASSES:
        raise InputError(
            f"target {values.name!r} holds {len(classes):,} different values ({shown}), more than {MOST_CLASSES} "
            "classes: set problem_type to regression in config.toml, or group them"
        )
    return labels


def split_off(table: pd.DataFrame, labelled: NDArray[np.bool_], settings: Schema) -> NDArray[np.bool_]:
    """Which rows are for evaluation: the last days that have a target, or a share drawn at random (always the same)."""
    if settings.time:
        days = features.read_dates(table, settings)
        last = days[labelled].max() - pd.Timedelta(days=settings.evaluation)
        late: NDArray[np.bool_] = (days > last).to_numpy()
        return late
    order = np.random.default_rng(SEED).permutation(len(table))
    chosen = np.zeros(len(table), dtype=bool)
    chosen[order[: round(len(table) * settings.evaluation)]] = True
    return chosen


def _training_table(
    table: pd.DataFrame, ids: pd.DataFrame, typed: pd.DataFrame, target: pd.Series, settings: Schema
) -> pd.DataFrame:
    """Ids, time, features and target; a column that is several of these comes once, as the feature."""
    kept = {name: ids[name] for name in ids.columns}
    if settings.time:
        kept[settings.time] = texts(table[settings.time])
    others = {name: values for name, values in kept.items() if name not in typed.columns}
    return pd.concat([pd.DataFrame(others), typed, target.rename(settings.target)], axis=1)


def _tell(settings: Schema, labelled: NDArray[np.bool_], evaluated: NDArray[np.bool_], cut: NDArray[np.bool_]) -> None:
    if not labelled.all():
        log.info("%s rows without a target are left out", f"{(~labelled).sum():,}")
    if settings.censored:
        taught = labelled & ~evaluated & cut
        log.info("%s rows whose sales were cut by stock do not teach", f"{taught.sum():,}")
    log.info(
        "%s rows to train, %s to evaluate",
        *(f"{n:,}" for n in ((labelled & ~evaluated & ~cut).sum(), (labelled & evaluated).sum())),
    )


def _check_split(target: pd.Series, teaching: NDArray[np.bool_], judged: NDArray[np.bool_], settings: Schema) -> None:
    unit = "days" if settings.time else "share of the rows"
    for count, what in ((teaching.sum(), "train"), (judged.sum(), "evaluate")):
        if count < FEWEST_ROWS:
            raise InputError(
                f"too few rows: {count} of {len(target):,} are left to {what} ([data] evaluation = "
                f"{settings.evaluation}, {unit}), and {FEWEST_ROWS} are needed: give more data or change evaluation"
            )
    if settings.problem_type == "regression":
        return
    for rows, what in ((teaching, "train"), (judged, "evaluate")):
        only = target[rows].iloc[0]
        if (target[rows] == only).all():
            raise InputError(
                f"target {settings.target!r}: the rows to {what} all have the class {only!r}: "
                "give more data or change [data] evaluation"
            )


if __name__ == "__main__":
    outcome.run(main, reason=paths.message())
