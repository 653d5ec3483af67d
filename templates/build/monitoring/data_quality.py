"""Data quality: the baseline of a training table, and the check of a batch against it.

python3 -m monitoring.data_quality --baseline
    input data → output data_quality: statistics.json, constraints.json
python3 -m monitoring.data_quality --check
    inputs data, baseline → output data_quality: constraint_violations.json, check.json, statistics.json (the batch's)
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import paths
from model import schema as schemas
from model.errors import InputError
from model.schema import Schema
from monitoring import (
    baseline,
    checks,
    constraints,
    dependence,
    determination,
    findings,
    job,
    settings,
    volume,
    windows,
)
from monitoring.baseline import Statistics
from monitoring.checks import Batch
from monitoring.columns import Profile, profile
from monitoring.constraints import Constraints
from monitoring.findings import Finding, Result, Skipped
from monitoring.jumps import Days
from monitoring.settings import DataQuality
from reading.blocks import Source, names_of, texts_of

STATISTICS = "statistics.json"
CONSTRAINTS = "constraints.json"
NO_DATE = "none"
"""What the pipeline's parameter `RunDate` is where nobody says for which day a run is."""
BEFORE = "_before.csv"
"""Rows of the day before, beside a batch; by its name no reader of tables takes it for a part of the batch."""


def main() -> None:
    """Make a baseline or check against one, as the command line says."""
    given = job.arguments("Data quality", {"run-date": "day of the run, like 2026-06-30, to see old data"})
    schema, config = schemas.load(paths.CONFIG), settings.load(paths.CONFIG)
    data = job.folder(given.data_folder, lambda: paths.step_input("data"))
    output = job.folder(given.output_folder, lambda: paths.step_output("data_quality"))
    if given.baseline:
        make_baseline(data, output, schema, config.data_quality)
        job.say("Completed: Job completed successfully. The baseline is made.")
        return
    known = job.folder(given.baseline_folder, lambda: paths.step_input("baseline"))
    result = check(data, known, output, schema, config.data_quality, run_day=_day(given.run_date))
    job.finish(result, config, schema.name, _metrics(result))


def _day(date: str) -> int:
    """A date as days since 1970; 0 where none is given."""
    if date in ("", NO_DATE):
        return 0
    try:
        return (dt.date.fromisoformat(date[:10]) - dt.date(1970, 1, 1)).days
    except ValueError:
        raise InputError(f"--run-date {date!r}: a date like 2026-06-30 was expected") from None


def make_baseline(data: Path, output: Path, schema: Schema, config: DataQuality) -> Statistics:
    """Write the statistics of a table and the constraints that follow from them.

    Raises:
        InputError: The table has no rows, or cannot be read.
    """
    source = _source(data, schema, config)
    source = replace(source, texts=source.texts | texts_of(source))
    found = _timed(source, schema)
    seen: dict[str, windows.Windows] = {}
    timed = bool(schema.time) and schema.time in names_of(source)
    if config.window_days and timed:
        seen = windows.windows_of(source, found, schema.time, config.window_days)
    keys = volume.read(source, schema.ids, schema.time)
    days = _days_of_sample(found, schema)
    known = replace(
        baseline.statistics(found, seen),
        volume=volume.of_baseline(keys, config.window_days) if keys else None,
        pairs=dependence.pairs_of(found, source.texts, days, config.window_days) if seen or not timed else [],
        rules=determination.rules_of(found, days, frozenset(schema.ids) - {schema.time}) if seen else [],
        texts=source.texts & found.columns.keys(),
    )
    findings.save(baseline.to_json(known), output / STATISTICS)
    findings.save(constraints.to_json(constraints.suggest(known, config), config), output / CONSTRAINTS)
    return known


def _days_of_sample(found: Profile, schema: Schema) -> NDArray[np.int64] | None:
    """The day of each row of a profile's sample; None without a time."""
    parts = found.sample.column(schema.time) if schema.time else []
    return np.concatenate([windows.days_of(values, schema.time) for values in parts]) if parts else None


def check(data: Path, known: Path, output: Path, schema: Schema, config: DataQuality, *, run_day: int = 0) -> Result:
    """Check a batch against a baseline and write what was found.

    Args:
        data: The batch.
        known: The folder with the baseline's two files.
        output: Where the files are written.
        schema: What the columns are for.
        config: What is looked at, and how sharply.
        run_day: The day of the run since 1970, to see whether the latest date is old; 0: not looked at.

    Raises:
        InputError: The batch has no rows or cannot be read, or the baseline is missing, damaged or of another schema.
    """
    statistics, limits = read_baseline(known)
    source = _source(data, schema, config)
    source = replace(source, texts=source.texts | _texts_of(statistics))
    batch = _batch(source, schema)
    _check_same_schema(batch, limits, known)
    outcomes, drifts = checks.check(
        batch, statistics, limits, config.window_days, sensitivity=config.sensitivity, run_day=run_day
    )
    found = [outcome for outcome in outcomes if isinstance(outcome, Finding)]
    result = Result(
        "data_quality",
        found,
        [outcome for outcome in outcomes if isinstance(outcome, Skipped)],
        {
            "broken": [findings.broken_json(finding) for finding in found if findings.is_broken(finding)],
            "sensitivity": config.sensitivity,
            "rows": batch.profile.rows,
            "baseline_rows": statistics.rows,
            "files": [file.name for file in source.files()],
            "days": batch.days,
            "features": checks.drift_json(drifts),
        },
        compared=bool(drifts),
    )
    findings.write(result, output)
    described = {
        name: baseline.feature(name, column, statistics.features.get(name))
        for name, column in batch.profile.columns.items()
    }
    findings.save(baseline.to_json(Statistics(batch.profile.rows, described)), output / STATISTICS)
    return result


def read_baseline(known: Path) -> tuple[Statistics, Constraints]:
    """The baseline's two files.

    Raises:
        InputError: They are missing or damaged.
    """
    statistics_file, constraints_file = (job.baseline_file(known, name) for name in (STATISTICS, CONSTRAINTS))
    statistics, limits = findings.read(statistics_file), findings.read(constraints_file)
    try:
        return baseline.from_json(statistics), constraints.from_json(limits)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise InputError(
            f"{statistics_file.name} or {constraints_file.name} in {known} is not as Model Monitor writes it: {error!r}"
        ) from None


def _source(data: Path, schema: Schema, config: DataQuality) -> Source:
    named = {*schema.features, *schema.categorical}
    expected = {name for name in (*schema.stored_ids, schema.time, schema.target, schema.censored) if name not in named}
    return Source(data, frozenset(schema.categorical), frozenset({*expected, *config.ignore} - {""}))


def _texts_of(known: Statistics) -> frozenset[str]:
    """The columns that are texts to the model, so that what they hold is no number and no sign of a missing value."""
    if known.texts is not None:
        return known.texts
    numbers = ("Integral", "Fractional", "Infinite")
    return frozenset(
        name
        for name, feature in known.features.items()
        if feature.type == "String" and feature.types and not any(feature.types.get(kind) for kind in numbers)
    )


def _profile(source: Source) -> Profile:
    found = profile(source)
    if not found.rows:
        raise InputError(f"{source.path}: the table has no rows, so nothing can be said about it")
    return found


def _batch(source: Source, schema: Schema) -> Batch:
    """The batch's profile, the days it covers where it has a time, and its keys."""
    keys = volume.read(source, schema.ids, schema.time)
    found = _timed(source, schema)
    if keys is None or keys.days is None or not keys.rows:
        return Batch(found, keys=keys)
    first, last = int(keys.days.min()), int(keys.days.max())
    before = _before(source, schema, first)
    return Batch(found, last - first + 1, first, keys, _days_of_sample(found, schema), before)


def _before(source: Source, schema: Schema, first: int) -> Days | None:
    """Rows of the day before a batch, where preprocessing has left them beside it."""
    file = source.path / BEFORE
    if not file.is_file() or schema.time not in names_of(replace(source, path=file)):
        return None
    found = profile(_with_time(replace(source, path=file), schema))
    days = _days_of_sample(found, schema)
    return Days(found.sample, days) if days is not None and set(days.tolist()) == {first - 1} else None


def _timed(source: Source, schema: Schema) -> Profile:
    """A table's profile; with a time, its sample of rows has the time and the ids, too."""
    found = _profile(_with_time(source, schema))
    for name in found.columns.keys() & source.leave:
        found.columns.pop(name)
    return found


def _with_time(source: Source, schema: Schema) -> Source:
    more = ({schema.time, *schema.ids} & source.leave) if schema.time else set()
    return replace(source, texts=source.texts | more, leave=source.leave - more)


def _check_same_schema(batch: Batch, limits: Constraints, known: Path) -> None:
    wanted = list(limits.features)
    if wanted and not set(wanted) & set(batch.profile.columns):
        raise InputError(
            f"the batch has none of the columns of the baseline in {known} ({_some(wanted)}), "
            f"but {_some(list(batch.profile.columns))}: it is a baseline of another schema, "
            "or the batch has another delimiter"
        )


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")  # noqa: PLR2004


def _metrics(result: Result) -> dict[str, float]:
    drifts = result.facts["features"]
    drifted = sum(item["drifted"] for item in drifts.values())
    metrics = {"rows": float(result.facts["rows"]), "drifted_features": float(drifted)}
    return metrics | {f"feature_baseline_drift_{name}": item["distance"] for name, item in drifts.items()}


if __name__ == "__main__":
    job.run(main)
