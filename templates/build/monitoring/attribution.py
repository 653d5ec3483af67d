"""Which features predictions rest on: global and local SHAP values, and whether their ranking drifts.

    python3 -m monitoring.attribution --baseline
        inputs data, model → output attribution: analysis.json, explanations_shap/{out,baseline}.csv
    python3 -m monitoring.attribution --check
        inputs data, model, baseline → the same, and constraint_violations.json, check.json
    Beside the baseline's local values, rows.csv has the rows that they explain, windows.csv says in which window of
    time each row lies, and forecasts.json how the model's answers are distributed.

The input model is the folder with model.tar.gz. A check explains with the background of the baseline, so that both say
the same thing. The baseline explains the model that was judged. Where the batch is predicted by another one, which was
fitted again, the baseline's rows are explained with that one, too: two models of a small table share out what
predictions rest on between features that say nearly the same, each in its own way, and no row is to blame for it.
"""

import math
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import paths
from model import estimator
from model import schema as schemas
from model.errors import InputError
from model.estimator import Model
from model.schema import Schema
from model.values import dates
from monitoring import background, findings, forecasts, job, ranking, settings, shares
from monitoring.coding import Coder
from monitoring.deadline import OutOfTimeError
from monitoring.explaining import FEWEST_ROWS, FOLDER, LOCAL, chosen_rows, explain, load_model, model_columns, sample
from monitoring.findings import Finding, Result, Skipped
from monitoring.kernel import Explanation
from monitoring.settings import Attribution
from steps import tables

ANALYSIS = "analysis.json"
VIOLATION = "feature_attribution_drift_check"
SHARE = "feature_attribution_share_check"
ROWS, WINDOWS = "rows.csv", "windows.csv"
SAME = 1e-6
"""How far predictions of the same model are apart at most, relatively: those of files are rounded."""

Json = dict[str, Any]


def main() -> None:
    """Make a baseline or check against one, as the command line says."""
    given = job.arguments("Attributions of the model's features")
    schema, config = schemas.load(paths.CONFIG), settings.load(paths.CONFIG)
    data = tables.read(job.folder(given.data_folder, lambda: paths.step_input("data")))
    output = job.folder(given.output_folder, lambda: paths.step_output("attribution"))
    model = load_model(paths.step_input("model"))
    if given.baseline:
        windows = windows_of(data, schema, config.data_quality.window_days)
        make_baseline(data, model, output, config.attribution, windows)
        days = config.data_quality.window_days
        forecasts.make_baseline(data, model_columns(data, model), model, output, schema, days=days)
        job.say("Completed: Job completed successfully. The baseline is made.")
        return
    known = job.folder(given.baseline_folder, lambda: paths.step_input("baseline"))
    covered = windows_of(data, schema, config.data_quality.window_days)
    count = 1 if covered is None else int(covered.max()) + 1
    result = check(data, model, known, output, config.attribution, covered=count)
    job.finish(result, config, schema.name, {f"ndcg_{label}": value for label, value in result.facts["ndcg"].items()})


def make_baseline(
    data: pd.DataFrame, model: Model, output: Path, config: Attribution, windows: pd.Series | None = None
) -> Json:
    """Explain rows of a table against a background of its own, and write both.

    Args:
        data: The table.
        model: What is explained.
        output: Where to.
        config: How.
        windows: The window of time of each row, where rows have a time.

    Raises:
        InputError: The table lacks columns of the model or has no rows.
    """
    columns = model_columns(data, model)
    coder = Coder.of(columns)
    typical = background.typical_rows(
        coder.encode(sample(columns, background.MOST_ROWS)), coder.categorical, config.clusters, config.seed
    )
    chosen = chosen_rows(columns, config.rows)
    explained, document = explain(
        columns.iloc[chosen].reset_index(drop=True), coder.decode(typical), model, output, replace(config, seconds=0)
    )
    kept = chosen[: len(explained.predictions)]
    columns.iloc[kept].to_csv(output / FOLDER / ROWS, index=False)
    if windows is not None:
        windows.iloc[kept].rename("window").to_csv(output / FOLDER / WINDOWS, index=False)
    findings.save(document, output / ANALYSIS)
    return document


def windows_of(data: pd.DataFrame, schema: Schema, days: int) -> pd.Series | None:
    """The window of time that each row lies in, by number; None where rows have no time or windows no length."""
    if not (schema.time and schema.time in data.columns and days):
        return None
    when, bad = dates(data[schema.time])
    return None if bad.any() else (when - when.min()).dt.days // days


def check(
    data: pd.DataFrame, model: Model, known: Path, output: Path, config: Attribution, *, covered: int = 1
) -> Result:
    """Explain a batch against the baseline's background and compare what its predictions rest on.

    Args:
        data: The batch.
        model: What is explained.
        known: The baseline's folder.
        output: Where to.
        config: How.
        covered: How many of the baseline's windows of time the batch covers.

    Raises:
        InputError: The baseline is missing, damaged or of another model.
    """
    before = _global_values(job.baseline_file(known, ANALYSIS))
    columns = model_columns(data, model)
    typical = _read_rows(job.baseline_file(known, "baseline.csv"), model)
    try:
        again = _again(known, typical, model, config)
        left = replace(config, seconds=-(-config.seconds // 2)) if again else config
        explained, document = explain(sample(columns, config.rows), typical, model, output, left)
    except OutOfTimeError:
        return _out_of_time(len(data), output, config)
    findings.save(document, output / ANALYSIS)
    now = _of_labels(document)
    if before.keys() != now.keys():
        raise InputError(
            f"the baseline explains {', '.join(before)}, the model has {', '.join(now)}: they do not belong together"
        )
    if again:
        before = _of_labels(again[1])
    scores = {label: ranking.ndcg(before[label], now[label]) for label in before}
    compared = _shares(
        known, again[0] if again else None, explained, list(columns.columns), config=config, covered=covered
    )
    moved = [] if isinstance(compared, Skipped) else [_moved(share) for share in compared if share.moved]
    facts = _of_explanation(len(data), explained) | {
        "ndcg": scores,
        "threshold": config.threshold,
        "ranks": {label: [asdict(rank) for rank in ranking.ranks(before[label], now[label])] for label in before},
        "shares": {} if isinstance(compared, Skipped) else {share.feature: _told(share) for share in compared},
    }
    skipped = _too_few(len(columns)) + ([compared] if isinstance(compared, Skipped) else [])
    result = Result("attribution", [*moved, *_ranked_otherwise(scores, config)], skipped, facts)
    findings.write(result, output, _violations(scores, moved, config))
    return result


def _of_explanation(rows: int, explained: Explanation) -> Json:
    return {
        "rows": rows,
        "explained_rows": len(explained.predictions),
        "samples": explained.samples,
        "estimated_error": explained.error if math.isfinite(explained.error) else None,
    }


def _ranked_otherwise(scores: Mapping[str, float], config: Attribution) -> list[Finding]:
    return [
        Finding("(all)", VIOLATION, _drifted(score, config), score, config.threshold, sentence=_ranked(score))
        for score in scores.values()
        if score < config.threshold
    ]


def _violations(scores: Mapping[str, float], moved: Sequence[Finding], config: Attribution) -> list[Json]:
    """In Clarify's form, which is only made for the score: a feature's share is told in the same."""
    low = [
        {
            "label": label,
            "metric_name": "shap",
            "constraint_check_type": VIOLATION,
            "description": _drifted(score, config),
        }
        for label, score in scores.items()
        if score < config.threshold
    ]
    shares_moved = [
        {
            "label": "(all)",
            "metric_name": "shap",
            "feature_name": finding.feature,
            "constraint_check_type": SHARE,
            "description": finding.description,
        }
        for finding in moved
    ]
    return [*low, *shares_moved]


def _again(known: Path, typical: pd.DataFrame, model: Model, config: Attribution) -> tuple[Explanation, Json] | None:
    """The baseline's rows explained with the model of the batch, in half the time; None where it is the same model.

    Nor are they where a baseline tells no rows, as those of earlier versions.
    """
    files = sorted(known.rglob(ROWS))
    local = files[0].with_name(LOCAL) if files else None
    if local is None or not local.exists():
        return None
    rows, stored = _read_rows(files[0], model), tables.read(local)
    predictions = model.scores(rows)
    told = list(stored.columns[-predictions.shape[1] :])
    if len(stored) != len(rows):
        raise InputError(
            f"{local} has {len(stored)} rows and {ROWS} beside it {len(rows)}: they do not belong together"
        )
    if np.allclose(stored[told].to_numpy(np.float64), predictions, rtol=SAME, atol=SAME * np.abs(predictions).mean()):
        return None
    with tempfile.TemporaryDirectory() as place:
        return explain(rows, typical, model, Path(place), replace(config, seconds=-(-config.seconds // 2)))


def _of_labels(document: Json) -> dict[str, dict[str, float]]:
    """The global values of each output."""
    labels = document["explanations"]["kernel_shap"]
    return {
        label: {name: float(value) for name, value in told["global_shap_values"].items()}
        for label, told in labels.items()
    }


def _shares(
    known: Path,
    again: Explanation | None,
    explained: Explanation,
    names: list[str],
    *,
    config: Attribution,
    covered: int,
) -> list[shares.Share] | Skipped:
    """Every feature's share in the baseline's rows and now."""
    outputs = explained.shapley.shape[2]
    columns = [f"{name}_label{label}" if outputs > 1 else name for label in range(outputs) for name in names]
    files = sorted(known.rglob(LOCAL))
    local = tables.read(files[0]) if files else pd.DataFrame()
    if local.empty or not set(columns) <= set(local.columns):
        why = "the baseline has no local values (explanations_shap/out.csv) of these features: build the model anew"
        return Skipped("(all)", SHARE, why)
    before = np.abs(local[columns].to_numpy(np.float64)).reshape(len(local), outputs, len(names)).sum(axis=1)
    windows = _read_windows(files[0].with_name(WINDOWS), len(before))
    if again:  # of the first rows, where time is short
        before = np.abs(again.shapley).sum(axis=2)
        windows = windows if windows is None else windows[: len(before)]
    now = np.abs(explained.shapley).sum(axis=2)
    return shares.compare(names, before, now, windows, covered=covered, matters=config.share)


def _read_windows(file: Path, rows: int) -> NDArray[np.int64] | None:
    """Which window each row of the local values lies in; None of a baseline that does not tell, as older ones."""
    if not file.exists():
        return None
    windows: NDArray[np.int64] = tables.read(file)["window"].to_numpy(np.int64)
    if len(windows) != rows:
        raise InputError(f"{file} has {len(windows)} rows and {LOCAL} beside it {rows}: they do not belong together")
    return windows


def _moved(share: shares.Share) -> Finding:
    size = abs(share.now - share.before)
    text = (
        f"Share of attribution of {share.feature} moved from {share.before:.4f} to {share.now:.4f} "
        f"(p-value {share.p_value:.2g})"
    )
    return Finding(
        share.feature,
        SHARE,
        text,
        share.now,
        share.before,
        size,
        sentence=share.sentence,
        p_value=share.p_value,
        effect=size,
    )


def _told(share: shares.Share) -> Json:
    return {key: value for key, value in asdict(share).items() if key != "feature"}


def _out_of_time(rows: int, output: Path, config: Attribution) -> Result:
    why = (
        f"{config.seconds} s were not enough to explain {FEWEST_ROWS} rows: raise seconds in [monitoring.attribution] "
        "of the build repository's config.toml, or take fewer clusters"
    )
    facts: Json = {"rows": rows, "explained_rows": 0, "ndcg": {}, "threshold": config.threshold, "ranks": {}}
    result = Result("attribution", [], [Skipped("(all)", "all attribution checks", why)], facts | {"shares": {}})
    findings.write(result, output, [])
    return result


def _drifted(score: float, config: Attribution) -> str:
    return f"Feature attribution drift {score} exceeds threshold {config.threshold}"


def _ranked(score: float) -> str:
    return (
        f"The order of the features by what predictions rest on is another one (NDCG {score:.2f}, 1 is the same): look "
        "at the features that rose and fell in it."
    )


def _too_few(rows: int) -> list[Skipped]:
    if rows >= FEWEST_ROWS:
        return []
    return [Skipped("(all)", VIOLATION, f"{rows} rows are few to rank features by: the score varies by chance")]


def _global_values(file: Path) -> dict[str, dict[str, float]]:
    document = findings.read(file)
    try:
        return _of_labels(document)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"{file} is not as Clarify writes it: {error!r}") from None


def _read_rows(file: Path, model: Model) -> pd.DataFrame:
    table = tables.read(file)
    if missing := [column.name for column in model.signature.columns if column.name not in table.columns]:
        raise InputError(f"{file} lacks columns of the model: {', '.join(missing)}")
    return estimator.as_trained(table, model.signature)


if __name__ == "__main__":
    job.run(main)
