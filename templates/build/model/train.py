"""The training job: learn from the channel `train` and leave the model where SageMaker picks it up."""

from __future__ import annotations

import json
import logging
import time
from typing import TYPE_CHECKING

import outcome
import paths
from model import estimator, rounds, schema
from model.errors import InputError
from model.values import dates, numbers, sorted_classes, texts
from steps import tables

if TYPE_CHECKING:
    import pandas as pd

    from model.schema import Hyperparameters, Schema

log = logging.getLogger(__name__)


def main() -> None:
    """Train with the hyperparameters of `config.toml`, of which the job's own replace some.

    With a channel `learnt`, which holds the `model.tar.gz` of a model that was judged, nothing is searched for again:
    the same model is fitted to the rows of `train`, or kept as it is where `refit` is false.
    """
    settings = schema.load(paths.CONFIG)
    table = tables.read_parquet(paths.channel("train"))
    started = time.monotonic()
    model = _model(table, settings)
    model.save(paths.model())
    columns, learnt = len(model.signature.columns), model.signature.learnt
    if learnt:
        _tell(learnt, columns, time.monotonic() - started)


def _model(table: pd.DataFrame, settings: Schema) -> estimator.Model:
    judged = paths.channel("learnt")
    if not judged.exists():
        return train(table, settings, schema.override(settings.hyperparameters, job_hyperparameters()))
    if settings.refit:
        return refit(table, settings, estimator.read_signature(judged))
    log.info("[model] refit is false: the model that was judged is registered as it is")
    return estimator.load_archive(judged)


def _tell(learnt: estimator.Learnt, columns: int, seconds: float) -> None:
    log.info(
        "trained on %s rows and %s columns in %.1f s: %s trees", f"{learnt.rows:,}", columns, seconds, learnt.trees
    )
    if learnt.trees < rounds.FEWEST_TREES:
        log.warning("WARNING: %s trees are hardly a model: see max_iter in [model.hyperparameters]", learnt.trees)


def refit(table: pd.DataFrame, settings: Schema, judged: estimator.Signature) -> estimator.Model:
    """Fit once more to more rows, with the hyperparameters and the number of trees of the model that was judged.

    Raises:
        InputError: The table has other columns, or that model is of an earlier version.
    """
    if judged.learnt is None:
        raise InputError("the model to fit again does not say how many trees it has: train it anew")
    names = [column.name for column in judged.columns]
    if feature_names(table, settings) != names:
        raise InputError(f"the model was judged with other columns ({', '.join(names)}): run the whole pipeline anew")
    return train(table, settings, schema.Hyperparameters(**judged.learnt.hyperparameters), judged.learnt.trees)


def train(
    table: pd.DataFrame, settings: Schema, hyperparameters: Hyperparameters, trees: int | None = None
) -> estimator.Model:
    """Fit a model to a table as `steps.preprocess` writes it: the features are all columns but id, time and target.

    Args:
        table: Rows that teach.
        settings: What its columns are for.
        hyperparameters: Of the trees.
        trees: How many; None: as many as do best on rows held back.

    Raises:
        InputError: The table lacks a column, or the target does not fit the problem type.
    """
    target = read_target(table, settings)
    features = table[feature_names(table, settings)]
    columns = estimator.describe(features)
    for column in columns:
        if column.rare:
            log.info(
                "column %s: only the %s most frequent texts are told apart", column.name, len(column.categories or ())
            )
    signature = estimator.Signature(
        settings.problem_type, settings.target, settings.id_columns, columns, read_classes(target, settings)
    )
    when = dates(table[settings.time])[0] if settings.time else None
    return estimator.fit(features, target, when, signature, hyperparameters, metric=settings.metric, trees=trees)


def feature_names(table: pd.DataFrame, settings: Schema) -> list[str]:
    """The model's columns in a table as `steps.preprocess` writes it, in their order."""
    if settings.target not in table.columns:
        raise InputError(f"the training table lacks the target {settings.target!r}")
    named = {*settings.features, *settings.categorical}
    others = {name for name in (*settings.stored_ids, settings.time) if name not in named}
    return [name for name in table.columns if name != settings.target and name not in others]


def read_target(table: pd.DataFrame, settings: Schema) -> pd.Series:
    """The target as numbers, or as text where it is a class."""
    column = table[settings.target]
    return numbers(column)[0] if settings.problem_type == "regression" else texts(column)


def read_classes(target: pd.Series, settings: Schema) -> tuple[str, ...]:
    """The classes in order; none for a regression."""
    return () if settings.problem_type == "regression" else tuple(sorted_classes(target))


def job_hyperparameters() -> dict[str, str]:
    """The training job's hyperparameters; none where it has no such file."""
    file = paths.hyperparameters()
    given: dict[str, str] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    # Names that begin so are SageMaker's own.
    return {name: value for name, value in given.items() if not name.startswith(("sagemaker_", "sm_"))}


if __name__ == "__main__":
    outcome.run(main, reason=paths.training_failure())
