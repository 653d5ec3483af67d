"""Model quality: the metrics at registration as a baseline, and the check of predictions against later truth.

    python3 -m monitoring.model_quality --baseline
        inputs predictions (of the transform job), ground_truth
        → output model_quality: statistics.json, constraints.json
    python3 -m monitoring.model_quality --check
        inputs predictions, ground_truth, baseline, compared (earlier outputs; may be absent) → output model_quality:
        new.json, and where there is something new statistics.json, constraint_violations.json, check.json,
        compared.json, compared.npy; where ground truth fits no prediction, only what says so
    python3 -m monitoring.model_quality --new
        inputs predictions, ground_truth, compared → output model_quality: new.json only

Where there is an input answers (of monitoring.managed), baseline and check take it for predictions and ground_truth.
`new.json` is `{"new": bool, "rows": number}`: is there truth that no run has compared, or that fits no prediction?
"""

import argparse
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import paths
from model import names
from model import schema as schemas
from model.errors import InputError
from model.metrics import positive_class
from model.schema import ProblemType, Schema
from model.values import dates
from monitoring import findings, job, matching, metrics, settings, truth
from monitoring.findings import Finding, Result
from monitoring.matching import Comparison
from monitoring.metrics import CONSTANT, worse_when_higher
from monitoring.settings import Settings
from steps import evaluate

STATISTICS = "statistics.json"
CONSTRAINTS = "constraints.json"
FEWEST_WINDOWS = 3
GROWS = {"mae": 1, "rmse": 1, "mse": 2}
"""Metrics in the unit of the target, or its square: the power with which they grow with it."""
PARTS, SMALLEST_PART, LARGEST_PART = 40, 10, 5000
SEED = 1

Json = dict[str, Any]


@dataclass(frozen=True)
class Spread:
    """How a metric varies by chance: its `value` on `rows` rows, and its standard deviation on a single one."""

    value: float
    one: float
    rows: int

    def between(self, rows: int) -> float:
        """The standard deviation of the difference to the metric of other rows."""
        return self.one * math.sqrt(1 / rows + 1 / self.rows)


@dataclass(frozen=True)
class Limit:
    """A metric's threshold, and what it was derived from.

    Where the spread is known, fewer rows have a wider threshold. Where `level` is, the mean size of the baseline's
    targets, the threshold grows with the targets: errors of larger quantities are larger, and that is no fault.
    """

    threshold: float
    higher_is_worse: bool
    spread: Spread | None = None
    level: float | None = None

    def of(self, name: str, rows: int, level: float) -> float:
        """The threshold for a number of rows whose targets have a mean size."""
        threshold = self.threshold
        if self.spread:
            tolerated = abs(self.threshold - self.spread.value) / self.spread.between(self.spread.rows)
            worse = 1 if self.higher_is_worse else -1
            threshold = self.spread.value + worse * tolerated * self.spread.between(rows)
        if self.level and level > self.level:
            threshold *= (level / self.level) ** GROWS[name]
        return threshold


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
        _finish(check(rows, truth.fingerprints(rows), known, output, schema), config, schema)
        return
    limit = config.model_quality.match_limit
    compared = paths.step_input("compared")
    found = matching.compare(predictions, ground_truth, compared, schema, package=given.model_package, limit=limit)
    findings.save(news(found), output / "new.json")
    if given.new or not news(found)["new"]:
        job.say(nothing_new(found) if not news(found)["new"] else found.problem or found.said)
        return
    _finish(judge(found, known, output, schema), config, schema)


def _finish(result: Result, config: Settings, schema: Schema) -> None:
    metrics = {name: item["value"] for name, item in result.facts["metrics"].items() if item["value"] is not None}
    job.finish(result, config, schema.name, metrics)


def news(found: Comparison) -> Json:
    """What the pipeline goes by: whether there is something to decide on, rows or a problem with them."""
    return {"new": bool(len(found.rows) or found.problem), "rows": len(found.rows)}


def judge(found: Comparison, known: Path, output: Path, schema: Schema) -> Result:
    """Check the rows that are new, and say what is wrong with the others. Ground truth that fits nothing is a finding.

    Raises:
        InputError: The baseline is missing, damaged or of another problem type.
    """
    if len(found.rows):
        return check(found.rows, found.prints, known, output, schema, found=found)
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
    limits = suggest(document, rows, positive, schema, config)
    findings.save(document | ({"positive_class": positive} if positive else {}), output / STATISTICS)
    findings.save(constraints_json(limits, schema.problem_type), output / CONSTRAINTS)
    return document


def _positive(rows: pd.DataFrame, schema: Schema) -> str | None:
    return positive_class(rows) if schema.problem_type == "binary_classification" else None


def suggest(
    document: Json, rows: pd.DataFrame, positive: str | None, schema: Schema, config: Settings
) -> dict[str, Limit]:
    """Each metric's threshold: its value, made worse by what it varies between batches.

    With a time, batches are the windows of the evaluation data; without, random parts of it.
    """
    tolerance, level = config.model_quality.tolerance, level_of(rows)
    windows = _by_window(rows, positive, schema, config.data_quality.window_days)
    spreads = {} if len(windows) >= FEWEST_WINDOWS else _spreads(rows, positive, schema)
    limits: dict[str, Limit] = {}
    for name, told in document[f"{schema.problem_type}_metrics"].items():
        if name.endswith(CONSTANT) or not isinstance(told.get("value"), float):
            continue
        sign = 1 if worse_when_higher(name) else -1
        own_level = level if name in GROWS else None
        if spread := spreads.get(name):
            threshold = told["value"] + sign * tolerance * spread.between(spread.rows)
            limits[name] = Limit(threshold, sign > 0, spread, own_level)
            continue
        seen = [window[name] for window in windows if math.isfinite(window[name])]
        middle = max(sign * told["value"], sign * float(np.mean(seen))) if seen else sign * told["value"]
        apart = float(np.std(seen, ddof=1)) if len(seen) > 1 else 0.0
        limits[name] = Limit(sign * (middle + tolerance * apart), sign > 0, level=own_level)
    return limits


def _spreads(rows: pd.DataFrame, positive: str | None, schema: Schema) -> dict[str, Spread]:
    """How each metric varies, from its values on random parts; these vary less the more of all rows they are."""
    size = min(len(rows) // 2, LARGEST_PART)
    if size < SMALLEST_PART:
        return {}
    ordered = rows.sort_values(list(rows.columns), kind="stable", ignore_index=True)
    draws = np.random.default_rng(SEED)
    parts = [ordered.iloc[np.sort(draws.permutation(len(rows))[:size])] for _ in range(PARTS)]
    seen = pd.DataFrame([metrics.values(schema.problem_type, part, positive) for part in parts])
    one = seen.std(ddof=1) * math.sqrt(size / (1 - size / len(rows)))
    whole = metrics.values(schema.problem_type, rows, positive)
    return {name: Spread(whole[name], float(one[name]), len(rows)) for name in whole if one[name] > 0}


def level_of(rows: pd.DataFrame) -> float:
    """The mean size of the targets; 0 for classes."""
    return float(np.abs(rows["actual"]).mean()) if "prediction" in rows.columns else 0.0


def _by_window(rows: pd.DataFrame, positive: str | None, schema: Schema, days: int) -> list[dict[str, float]]:
    """The metrics of each window with about as many rows as others, as if targets were as large as on the whole."""
    if not (schema.time and schema.time in schema.ids and days):
        return []
    when = dates(rows[names.keys(schema.ids)[schema.ids.index(schema.time)]])[0]
    number = (when - when.min()).dt.days // days
    parts = [part for _, part in rows.groupby(number) if 2 * len(part) >= len(rows) / (number.max() + 1)]
    level = level_of(rows)
    return [_at_level(metrics.values(schema.problem_type, part, positive), level, level_of(part)) for part in parts]


def _at_level(values: dict[str, float], level: float, own: float) -> dict[str, float]:
    if not own:
        return values
    return {name: value * (level / own) ** GROWS.get(name, 0) for name, value in values.items()}


def constraints_json(limits: Mapping[str, Limit], problem: ProblemType) -> Json:
    """The document."""
    items = {
        name: {
            "threshold": limit.threshold,
            "comparison_operator": "GreaterThanThreshold" if limit.higher_is_worse else "LessThanThreshold",
            **({"spread": asdict(limit.spread)} if limit.spread else {}),
            **({} if limit.level is None else {"baseline_level": limit.level}),
        }
        for name, limit in limits.items()
    }
    return {"version": 0.0, f"{problem}_constraints": items}


def read_limits(file: Path, problem: ProblemType) -> dict[str, Limit]:
    """The thresholds of a baseline.

    Raises:
        InputError: The file is damaged, or of another problem type.
    """
    document = findings.read(file)
    try:
        items = document[f"{problem}_constraints"]
        return {
            name: Limit(
                float(item["threshold"]),
                item["comparison_operator"] == "GreaterThanThreshold",
                Spread(**item["spread"]) if "spread" in item else None,
                item.get("baseline_level") if name in GROWS else None,
            )
            for name, item in items.items()
        }
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"{file} holds no {problem}_constraints as Model Monitor writes them: {error!r}") from None


def check(
    rows: pd.DataFrame,
    prints: truth.Prints,
    known: Path,
    output: Path,
    schema: Schema,
    *,
    found: Comparison | None = None,
) -> Result:
    """Measure matched rows, compare with the baseline, and leave their fingerprints.

    Where it is known how they were matched (`found`), that is judged, too.

    Raises:
        InputError: The baseline is missing, damaged or of another problem type.
    """
    limits = read_limits(job.baseline_file(known, CONSTRAINTS), schema.problem_type)
    before = findings.read(job.baseline_file(known, STATISTICS))
    positive = before.get("positive_class") or _positive(rows, schema)
    document = metrics.statistics(schema.problem_type, rows.drop(columns=list(names.keys(schema.id_columns))), positive)
    told = document[f"{schema.problem_type}_metrics"]
    judged = {
        name: _judged(told[name], limit, limit.of(name, len(rows), level_of(rows)))
        for name, limit in limits.items()
        if name in told
    }
    worse = [finding for finding in map(_finding, judged.items()) if finding]
    old = before.get(f"{schema.problem_type}_metrics", {})
    facts = {
        "rows": len(rows),
        "metrics": {n: item | {"baseline": _value(old.get(n, {}))} for n, item in judged.items()},
    }
    if found:
        worse += found.findings()
        facts["ground_truth"] = found.facts()
    result = Result("model_quality", worse, _undefined(judged), facts, f"{found.said}." if found else "")
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


def _judged(told: Json, limit: Limit, threshold: float) -> Json:
    value = _value(told)
    worse = value is not None and (value > threshold if limit.higher_is_worse else value < threshold)
    deviation = told["standard_deviation"]
    return {
        "value": value,
        "standard_deviation": deviation if isinstance(deviation, float) else None,
        "threshold": threshold,
        "higher_is_worse": limit.higher_is_worse,
        "worse": worse,
    }


def _value(told: Json) -> float | None:
    value = told.get("value")
    return value if isinstance(value, float) else None


def _finding(item: tuple[str, Json]) -> Finding | None:
    name, told = item
    if not told["worse"]:
        return None
    operator = "GreaterThanThreshold" if told["higher_is_worse"] else "LessThanThreshold"
    deviation = "" if told["standard_deviation"] is None else f" +/- {told['standard_deviation']:.4g}"
    text = f"Metric {name} with {told['value']:.6g}{deviation} was {operator} {told['threshold']:.6g}"
    return Finding(name, operator, text, told["value"], told["threshold"])


def _undefined(judged: Mapping[str, Json]) -> list[findings.Skipped]:
    return [
        findings.Skipped(name, "metric", "it is not defined on these rows")
        for name, told in judged.items()
        if told["value"] is None
    ]


if __name__ == "__main__":
    job.run(main)
