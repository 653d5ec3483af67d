"""Model quality: the metrics at registration as a baseline, and the check of predictions against later truth.

    python3 -m monitoring.model_quality --baseline
        inputs predictions (of the transform job), ground_truth
        → output model_quality: statistics.json, constraints.json, reference.csv (what later periods are compared with)
    python3 -m monitoring.model_quality --check
        inputs predictions, ground_truth, baseline, compared (earlier outputs; may be absent) → output model_quality:
        new.json, and where there is something new statistics.json, constraint_violations.json, check.json,
        compared.json, compared.npy
    python3 -m monitoring.model_quality --new
        inputs predictions, ground_truth, compared → output model_quality: new.json only

Where there is an input answers (of monitoring.managed), baseline and check take it for predictions and ground_truth.
`new.json` is `{"new": bool, "rows": number}`: is there truth that no run has compared?
"""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import paths
from model import names
from model import schema as schemas
from model.errors import InputError
from model.metrics import positive_class
from model.schema import Schema
from model.values import texts
from monitoring import findings, job, limits, matching, metrics, settings, thresholds, truth
from monitoring.findings import Finding, Result
from monitoring.matching import Comparison
from monitoring.measures import Measures
from monitoring.provenance import Broken
from monitoring.settings import ModelQuality, Settings
from steps import evaluate, tables

STATISTICS = "statistics.json"
CONSTRAINTS = "constraints.json"
REFERENCE = "reference.csv"
MOST_KEPT = 20_000
"""Rows of the evaluation data that the baseline keeps, at most: what later periods are compared with."""

Json = dict[str, Any]


def main() -> None:
    """Make a baseline, check against one, or only see whether there is something new."""
    given = _arguments()
    schema, config = schemas.load(paths.CONFIG), settings.load(paths.CONFIG)
    output = job.folder(given.output_folder, lambda: paths.step_output("model_quality"))
    predictions, ground_truth = paths.step_input("predictions"), paths.step_input("ground_truth")
    answers = paths.step_input("answers")
    if given.baseline:
        rows = truth.read_answers(answers, schema) if answers.is_dir() else evaluated(predictions, ground_truth, schema)
        write_baseline(rows, output, schema, config)
        job.say("Completed: Job completed successfully. The baseline is made.")
        return
    known = job.folder(given.baseline_folder, lambda: paths.step_input("baseline"))
    if answers.is_dir():  # of rows that were matched and found new before
        rows = truth.read_answers(answers, schema)
        findings.save({"new": bool(len(rows)), "rows": len(rows)}, output / "new.json")
        _finish(
            check(rows, truth.fingerprints(rows), known, output, schema, config=config.model_quality), config, schema
        )
        return
    limit = config.model_quality.match_limit
    compared = paths.step_input("compared")
    found = matching.compare(predictions, ground_truth, compared, schema, package=given.model_package, limit=limit)
    findings.save(news(found), output / "new.json")
    if given.new or not news(found)["new"]:
        job.say(nothing_new(found) if not news(found)["new"] else found.problem or found.said)
        return
    _finish(judge(found, known, output, schema, config.model_quality), config, schema)


def _finish(result: Result, config: Settings, schema: Schema) -> None:
    metrics = {name: item["value"] for name, item in result.facts["metrics"].items() if item["value"] is not None}
    job.finish(result, config, schema.name, metrics)


def news(found: Comparison) -> Json:
    """What the pipeline goes by: whether there is something to decide on, rows or a problem with them."""
    return {"new": bool(len(found.rows) or found.problem), "rows": len(found.rows)}


def judge(found: Comparison, known: Path, output: Path, schema: Schema, config: ModelQuality | None = None) -> Result:
    """Check the rows that are new, and say what is wrong with the others. Ground truth that fits nothing is a finding.

    Raises:
        InputError: The baseline is missing, damaged or of another problem type.
    """
    if len(found.rows):
        rows, prints, broken = found.rows, found.prints, found.broken
        return check(rows, prints, known, output, schema, found=found, config=config, broken=broken)
    note = f"NothingCompared: {found.problem}."
    facts = {"rows": 0, "metrics": {}, "ground_truth": found.facts()}
    result = Result("model_quality", found.findings(), [], facts, note)
    findings.write(result, output, _violations(result.findings))
    return result


def nothing_new(found: Comparison) -> str:
    """Why there is nothing to compare, where nothing is wrong."""
    other = f", but for {found.other_model:,} that another model predicted" if found.other_model else ""
    return (
        f"NothingNew: all {found.before:,} rows that have both a prediction and ground truth have been compared "
        f"before{other}."
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Quality of the model's predictions")
    what = parser.add_mutually_exclusive_group(required=True)
    for name, text in (
        ("baseline", "make the baseline"),
        ("check", "check against the baseline"),
        ("new", "only see whether there is truth that has not been compared"),
    ):
        what.add_argument(f"--{name}", action="store_true", help=text)
    parser.add_argument(
        "--model-package", default="", help="only predictions of this model package (as in manifest.json)"
    )
    parser.add_argument("--baseline-folder", type=Path, default=None, help="another folder than the job's input")
    parser.add_argument("--output-folder", type=Path, default=None, help="another folder than the job's output")
    return parser.parse_args()


def make_baseline(predictions: Path, ground_truth: Path, output: Path, schema: Schema, config: Settings) -> Json:
    """Write the metrics of the evaluation data and the constraints that follow from them.

    Raises:
        InputError: Predictions and truth do not belong together.
    """
    return write_baseline(evaluated(predictions, ground_truth, schema), output, schema, config)


def evaluated(predictions: Path, ground_truth: Path, schema: Schema) -> pd.DataFrame:
    """A transform job's predictions with what really happened, as `truth.answered` has them.

    Raises:
        InputError: Predictions and truth do not belong together.
    """
    told, known = evaluate.read_predictions(predictions, schema), truth.read_truth(ground_truth, schema)
    keys, told = list(names.keys(schema.id_columns)), truth.spelled(told, schema)
    if schema.problem_type != "regression":
        told = told.rename(columns={names.LABEL: names.PREDICTION})
    rows = truth.answered(told.merge(known[[*keys, names.ACTUAL]].dropna(subset=names.ACTUAL), on=keys), schema)
    if rows.empty:
        raise InputError("no prediction has a row of ground truth with the same ids: there is nothing to measure")
    return rows


def write_baseline(rows: pd.DataFrame, output: Path, schema: Schema, config: Settings) -> Json:
    """Write the metrics of matched rows and the constraints that follow from them."""
    positive = _positive(rows, schema)
    document = metrics.statistics(schema.problem_type, rows.drop(columns=list(names.keys(schema.id_columns))), positive)
    limits = thresholds.suggest(document, rows, positive, schema, config)
    findings.save(document | ({"positive_class": positive} if positive else {}), output / STATISTICS)
    findings.save(thresholds.constraints_json(limits, schema.problem_type), output / CONSTRAINTS)
    kept_rows(rows).to_csv(output / REFERENCE, index=False)
    return document


def kept_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """Matched rows that a baseline keeps, chosen by a hash of their content."""
    if len(rows) <= MOST_KEPT:
        return rows
    hashes = pd.util.hash_pandas_object(rows, index=False).to_numpy()
    return rows.iloc[np.sort(np.argsort(hashes, kind="stable")[:MOST_KEPT])]


def _positive(rows: pd.DataFrame, schema: Schema) -> str | None:
    return positive_class(rows) if schema.problem_type == "binary_classification" else None


def check(
    rows: pd.DataFrame,
    prints: truth.Prints,
    known: Path,
    output: Path,
    schema: Schema,
    *,
    found: Comparison | None = None,
    config: ModelQuality | None = None,
    broken: Broken | None = None,
) -> Result:
    """Measure matched rows, compare with the baseline, and leave their fingerprints.

    Args:
        rows: As `truth.match` gives them.
        prints: Their fingerprints.
        known: The baseline's folder.
        output: Where to.
        schema: Names the metric that decides.
        found: How the rows were matched, where that is to be judged, too.
        config: What matters.
        broken: Which rows were predicted from broken data: they say nothing about the model, and are not judged.

    Raises:
        InputError: The baseline is missing, damaged or of another problem type.
    """
    config, broken = config or ModelQuality(), broken or Broken.none(len(rows))
    before = findings.read(job.baseline_file(known, STATISTICS))
    suggested = thresholds.read_limits(job.baseline_file(known, CONSTRAINTS), schema.problem_type)
    positive = before.get("positive_class") or _positive(rows, schema)
    sound = rows[~broken.rows].reset_index(drop=True)
    of = rows if sound.empty else sound
    document = metrics.statistics(schema.problem_type, of.drop(columns=list(names.keys(schema.id_columns))), positive)
    told, old = (whole.get(f"{schema.problem_type}_metrics", {}) for whole in (document, before))
    reference = _reference(known, schema)
    usual = None if reference is None else Measures(schema.problem_type, reference, positive)
    judged = _judged(told, suggested, sound, usual, schema=schema, config=config)
    worse = [_finding(name, item, old, len(sound), schema) for name, item in judged.items() if item["worse"]]
    facts: Json = {
        "rows": len(rows),
        "gate": schema.metric,
        "broken_rows": int(broken.rows.sum()),
        "broken": list(broken.sentences),
        "metrics": {name: item | {"baseline": _value(old.get(name, {}))} for name, item in judged.items()},
    }
    if found:
        worse += found.findings()
        facts["ground_truth"] = found.facts()
    skipped = [*_not_judged(broken, len(rows)), *_undefined(judged, len(sound))]
    result = Result("model_quality", worse, skipped, facts, f"{found.said}." if found else "")
    findings.save(document, output / STATISTICS)
    findings.write(result, output, _violations(worse))
    findings.save({"rows": len(rows), "sha256": truth.content_hash(prints)}, output / "compared.json")
    truth.save_prints(prints, output)
    return result


def _violations(found: Sequence[Finding]) -> list[Json]:
    return [
        {"constraint_check_type": finding.check, "description": finding.description, "metric_name": finding.feature}
        for finding in found
    ]


def _reference(known: Path, schema: Schema) -> pd.DataFrame | None:
    """The rows that the baseline keeps; None of one that keeps none, as those of earlier versions."""
    found = sorted(known.rglob(REFERENCE))
    if not found:
        return None
    table = tables.read(found[0])
    answers = ["prediction"] if schema.problem_type == "regression" else ["label", "probability"]
    if missing := [name for name in (*names.keys(schema.id_columns), "actual", *answers) if name not in table.columns]:
        raise InputError(f"{found[0]} lacks the columns {', '.join(missing)}: build the model anew")
    texts_of = [name for name in ("actual", "label") if schema.problem_type != "regression"]
    return truth.spelled(table, schema).assign(**{name: texts(table[name]) for name in texts_of})


def _judged(
    told: Json,
    suggested: Mapping[str, thresholds.Limit],
    rows: pd.DataFrame,
    reference: Measures | None,
    *,
    schema: Schema,
    config: ModelQuality,
) -> dict[str, Json]:
    """Each metric beside its limit; none is beyond it where there is no row to judge by."""
    if rows.empty:
        return {name: _unjudged(told[name]) for name in suggested if name in told}
    if reference is None:
        return _by_thresholds(told, suggested, rows)
    return _by_rows(told, suggested, rows, reference, schema=schema, config=config)


def _by_thresholds(told: Json, suggested: Mapping[str, thresholds.Limit], rows: pd.DataFrame) -> dict[str, Json]:
    """Each metric against the threshold that its baseline suggests for so many rows."""
    judged = {}
    for name, limit in suggested.items():
        if name in told:
            threshold = limit.of(name, len(rows), thresholds.level_of(rows))
            value = _value(told[name])
            worse = value is not None and (value > threshold if limit.higher_is_worse else value < threshold)
            judged[name] = _item(told[name], threshold, limit.higher_is_worse) | {"worse": worse}
    return judged


def _by_rows(
    told: Json,
    suggested: Mapping[str, thresholds.Limit],
    rows: pd.DataFrame,
    reference: Measures,
    *,
    schema: Schema,
    config: ModelQuality,
) -> dict[str, Json]:
    """Each metric against what chance makes of it in so many rows of so many days and series."""
    period = limits.Period.of(rows, schema, thresholds.level_of(rows))
    found = limits.limits(reference, period, schema, config.matters)
    judged = {}
    for name in [name for name in suggested if name in told]:
        value, limit = _value(told[name]), found.get(name)
        if limit is None or not limit.reachable:
            judged[name] = _item(told[name], None, suggested[name].higher_is_worse) | {"worse": False}
            continue
        if value is not None and limit.worse(value):
            limit = limits.confirmed(limit, name, reference, replace(reference, rows=rows))
        worst = max if limit.higher_is_worse else min
        threshold = worst(limit.threshold, limit.matters)
        worse = value is not None and limit.worse(value)
        judged[name] = _item(told[name], threshold, limit.higher_is_worse) | {"worse": worse}
    return judged


def _unjudged(told: Json) -> Json:
    return _item(told, None, higher_is_worse=False) | {"worse": False}


def _item(told: Json, threshold: float | None, higher_is_worse: bool) -> Json:  # noqa: FBT001 (it is a member)
    deviation = told["standard_deviation"]
    return {
        "value": _value(told),
        "standard_deviation": deviation if isinstance(deviation, float) else None,
        "threshold": threshold,
        "higher_is_worse": higher_is_worse,
    }


def _value(told: Json) -> float | None:
    value = told.get("value")
    return value if isinstance(value, float) else None


def _finding(name: str, told: Json, old: Json, rows: int, schema: Schema) -> Finding:
    operator = "GreaterThanThreshold" if told["higher_is_worse"] else "LessThanThreshold"
    deviation = "" if told["standard_deviation"] is None else f" +/- {told['standard_deviation']:.4g}"
    text = f"Metric {name} with {told['value']:.6g}{deviation} was {operator} {told['threshold']:.6g}"
    before = _value(old.get(name, {}))
    what = f"{name} is worse than at registration: {'' if before is None else f'{before:.3g} → '}{told['value']:.3g}"
    chance = f"chance and what does not matter reach to {told['threshold']:.3g} with {rows:,} rows"
    then = "This metric decides about retraining." if name == schema.metric else f"{schema.metric} decides, not this."
    effect = None if not before else abs(told["value"] - before) / abs(before)
    return Finding(
        name, operator, text, told["value"], told["threshold"], sentence=f"{what} ({chance}). {then}", effect=effect
    )


def _not_judged(broken: Broken, rows: int) -> list[findings.Skipped]:
    count = int(broken.rows.sum())
    if not count:
        return []
    why = f"{count:,} of {rows:,} rows were predicted from broken data, and say nothing about the model"
    return [findings.Skipped("(all)", "metrics", f"{why}: {' '.join(broken.sentences)}".rstrip(": "))]


def _undefined(judged: Mapping[str, Json], rows: int) -> list[findings.Skipped]:
    found = [
        findings.Skipped(name, "metric", "it is not defined on these rows")
        for name, told in judged.items()
        if told["value"] is None
    ]
    if not rows:
        return found
    return found + [
        findings.Skipped(name, "metric", f"{rows:,} rows are too few: any value of it could be chance")
        for name, told in judged.items()
        if told["value"] is not None and told["threshold"] is None
    ]


if __name__ == "__main__":
    job.run(main)
