"""What Model Monitor and Clarify need of this project, where they make the checks (`monitoring = "managed"`).

    python3 -m monitoring.managed --tables
        input data → outputs checked (the model's columns, of all rows), explained (of a sample), analysis_config
    python3 -m monitoring.managed --answers
        inputs predictions (of the transform job), ground_truth → output answers
    python3 -m monitoring.managed --new-answers
        inputs predictions (of earlier executions), ground_truth, compared (earlier outputs, may be absent)
        → outputs answers (those not yet compared), compared (new.json, compared.npy)
    python3 -m monitoring.managed --remember
        input compared → output remembered: from now on these answers have been compared

Model Monitor checks each column that it is given, and Clarify sends each to the model: ids, time and target are left
out. Without a time a batch is compared with the whole baseline, and not with windows of it.
"""

from __future__ import annotations

import argparse
import shutil
from typing import TYPE_CHECKING, Any

import paths
from model import features, names
from model import schema as schemas
from model.errors import InputError
from monitoring import explaining, findings, job, matching, model_quality, settings, truth
from steps import tables

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pandas as pd

    from model.schema import Schema
    from monitoring.settings import Attribution

Json = dict[str, Any]

ANSWERS = "answers.csv"
CONFIG = "analysis_config.json"
NEWS = "new.json"


def main() -> None:
    """Do what the command line says."""
    given = _arguments()
    schema = schemas.load(paths.CONFIG)
    todo: Mapping[str, Callable[[], str]] = {
        "tables": lambda: prepare_tables(schema, settings.load(paths.CONFIG).attribution),
        "answers": lambda: prepare_answers(schema),
        "new_answers": lambda: prepare_new_answers(schema, given.model_package),
        "remember": remember,
    }
    job.say(todo[given.what]())


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Tables for Model Monitor and Clarify")
    what = parser.add_mutually_exclusive_group(required=True)
    for name, text in (
        ("tables", "of a table of features"),
        ("answers", "of the evaluation data's predictions and ground truth"),
        ("new-answers", "of predictions and ground truth that no execution has compared"),
        ("remember", "that answers have been compared"),
    ):
        what.add_argument(f"--{name}", action="store_const", dest="what", const=name.replace("-", "_"), help=text)
    parser.add_argument(
        "--model-package", default="", help="only predictions of this model package (as in manifest.json)"
    )
    return parser.parse_args()


def prepare_tables(schema: Schema, config: Attribution) -> str:
    """The model's columns, of all rows for Model Monitor and of a sample for Clarify, and Clarify's configuration.

    Raises:
        InputError: The table has no row, or no column of the model.
    """
    columns = model_columns(tables.read(paths.step_input("data")), schema)
    sample = explaining.sample(columns, config.rows)
    columns.to_csv(paths.step_output("checked") / "checked.csv", index=False)
    sample.to_csv(paths.step_output("explained") / "explained.csv", index=False)
    findings.save(analysis_config(schema, config), paths.step_output("analysis_config") / CONFIG)
    return f"{len(columns):,} rows of {len(columns.columns)} columns to check, {len(sample):,} of them to explain."


def model_columns(table: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    """The features of a table that a preprocessing step made.

    Raises:
        InputError: There is no row, or no feature.
    """
    named = {*schema.features, *schema.categorical}
    others = {name for name in (*schema.stored_ids, schema.time, schema.target, schema.censored) if name not in named}
    found = table[[name for name in table.columns if name not in others]]
    if found.empty:
        raise InputError(f"the table has {len(table)} rows and {found.shape[1]} features: there is nothing to check")
    return features.typed(found, schema)


def analysis_config(schema: Schema, config: Attribution) -> Json:
    """Clarify's configuration of an analysis by SHAP; without a baseline in it, Clarify finds one by clustering."""
    shap = {
        "num_clusters": config.clusters,
        "agg_method": config.aggregate,
        "seed": config.seed,
        "use_logit": False,
        "save_local_shap_values": True,
        **({"num_samples": config.samples} if config.samples else {}),
    }
    # The model answers a class and its probability.
    score = {} if schema.problem_type == "regression" else {"label": 1}
    return {
        "version": "1.0",
        "dataset_type": "text/csv",
        "methods": {"shap": shap, "report": {"name": "report", "title": "Analysis Report"}},
        "predictor": {"content_type": "text/csv", "accept_type": "text/csv", "initial_instance_count": 1, **score},
    }


def prepare_answers(schema: Schema) -> str:
    """Each prediction for the evaluation data with what really happened.

    Raises:
        InputError: Predictions and truth do not belong together.
    """
    rows = model_quality.evaluated(paths.step_input("predictions"), paths.step_input("ground_truth"), schema)
    save(rows)
    return f"{len(rows):,} answers."


def prepare_new_answers(schema: Schema, package: str) -> str:
    """Each prediction whose truth no execution has compared yet, and the fingerprints to remember them by.

    Raises:
        InputError: There are no predictions, a table cannot be used, or ground truth fits no prediction.
    """
    limit = settings.load(paths.CONFIG).model_quality.match_limit
    predictions, ground_truth, compared = map(paths.step_input, ("predictions", "ground_truth", "compared"))
    found = matching.compare(predictions, ground_truth, compared, schema, package=package, limit=limit)
    if found.problem and found.rows.empty:  # the analyzer takes no empty table, and there is nobody else to tell it
        raise InputError(found.problem)
    save(found.rows)
    place = paths.step_output("compared")
    findings.save(model_quality.news(found), place / NEWS)
    truth.save_prints(found.prints, place)
    if found.rows.empty:
        return model_quality.nothing_new(found)
    return f"{found.said}. {found.problem}".rstrip()


def remember() -> str:
    """Leave the fingerprints where later executions look for them."""
    place = paths.step_output("remembered")
    shutil.copy(paths.step_input("compared") / truth.COMPARED, place)
    return "The answers count as compared."


def save(rows: pd.DataFrame) -> None:
    """Write answers: ids, `actual`, `prediction` and, of classes, `probability`."""
    rows.rename(columns={names.LABEL: names.PREDICTION}).to_csv(paths.step_output("answers") / ANSWERS, index=False)


if __name__ == "__main__":
    job.run(main)
