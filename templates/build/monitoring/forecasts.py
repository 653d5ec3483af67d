"""The forecasts themselves: are their distribution and level like those of the model before?

The baseline keeps what the model answers to its training data: by stretches of time where rows have one, and by day.
A batch of forecasts is compared with the last runs, and with those stretches of the baseline that are just before it or
of the same season: with all of them where there are none. It is unlike them all where the largest difference of the
distributions (Kolmogorov-Smirnov; of classes, of their shares), or the ratio of the means, is larger than
- what matters (`MATTERS`, `TIMES`),
- what is usual: how far stretches of the baseline are from the most similar one of the same season in another year,
- and what chance makes of so many rows (Kolmogorov's limit for a chance of one in a thousand).
Such forecasts are broken: they are told at once, no model is trained on what made them, and they can be kept back
(`publish_when_broken = false`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from model.estimator import Model
from model.schema import ProblemType, Schema
from model.values import dates, texts
from monitoring import findings
from monitoring.findings import Finding, Result, Skipped

BASELINE = "forecasts.json"
CHECK = "forecast_level_check"
KIND = "forecasts"

MATTERS = 0.25
TIMES = 1.5
MARGIN = 1.1
CHANCE = 1.95
"""Kolmogorov's quantile of one in a thousand."""
LEVELS = np.linspace(0.0, 1.0, 41)
MOST_ROWS = 200_000
MOST_STRETCHES, APART, FEWEST_ROWS = 160, 13, 8
SEASON, BEFORE, YEAR = 35, 56, 365.25
"""Days around the same day of another year that are the same season; days before a batch that are just before it."""
LAST_RUNS = 4
MOST_DAYS = 800
DEVIATIONS = 4.0

Floats = NDArray[np.float64]
Json = dict[str, Any]


@dataclass(frozen=True)
class Summary:
    """How some forecasts are distributed: quantiles of numbers, or shares of classes.

    Attributes:
        name: What they are, for a person.
        rows: How many.
        mean: Of numbers.
        deviation: Of numbers.
        start: The first day; empty where rows have no time.
    """

    name: str
    rows: int
    quantiles: Floats | None = None
    mean: float = 0.0
    deviation: float = 0.0
    classes: Mapping[str, float] = field(default_factory=dict)
    start: str = ""

    def to_json(self) -> Json:
        """As JSON."""
        told: Json = {"name": self.name, "rows": self.rows, "start": self.start}
        if self.quantiles is None:
            return told | {"classes": dict(self.classes)}
        quantiles = [float(f"{value:.6g}") for value in self.quantiles]
        return told | {"mean": self.mean, "deviation": self.deviation, "quantiles": quantiles}

    @classmethod
    def from_json(cls, told: Json) -> "Summary":
        """The inverse."""
        quantiles = np.array(told["quantiles"]) if "quantiles" in told else None
        numbers = told.get("mean", 0.0), told.get("deviation", 0.0)
        return cls(told["name"], told["rows"], quantiles, *numbers, told.get("classes", {}), told.get("start", ""))

    def days_after(self, other: "Summary") -> float:
        """Days from the other's start to this one's; not a number where one has none."""
        if not (self.start and other.start):
            return float("nan")
        return float((pd.Timestamp(self.start) - pd.Timestamp(other.start)).days)

    def same_season(self, other: "Summary") -> bool:
        """Whether it is the same season of another year."""
        days = abs(self.days_after(other))
        return days > YEAR / 2 and abs(days - YEAR * round(days / YEAR)) <= SEASON

    def distance(self, other: "Summary") -> float:
        """The largest difference of the two distributions, between 0 and 1."""
        if self.quantiles is None or other.quantiles is None:
            names = {*self.classes, *other.classes}
            return max((abs(self.classes.get(n, 0.0) - other.classes.get(n, 0.0)) for n in names), default=0.0)
        points = np.union1d(self.quantiles, other.quantiles)
        shares = [np.searchsorted(known, points, side="right") / len(known) for known in _both(self, other)]
        return float(np.abs(shares[0] - shares[1]).max())

    def times(self, other: "Summary") -> float:
        """How many times the one mean is the other, the larger over the smaller; 1 where that says nothing."""
        small, large = sorted((self.mean, other.mean))
        if self.quantiles is None or small < 0 or large <= 0:
            return 1.0
        chance = DEVIATIONS * max(self.deviation, other.deviation) / np.sqrt(min(self.rows, other.rows))
        return float(np.inf) if small == 0 else float(large / small) if large - small > chance else 1.0


def _both(one: Summary, other: Summary) -> list[Floats]:
    return [known.quantiles for known in (one, other) if known.quantiles is not None]


def summary(name: str, values: pd.Series, start: str = "") -> Summary:
    """Of forecasts, which are numbers or classes."""
    if not pd.api.types.is_numeric_dtype(values):
        return Summary(name, len(values), classes=values.value_counts(normalize=True).to_dict(), start=start)
    numbers = values.to_numpy(np.float64)
    quantiles = np.quantile(numbers, LEVELS)
    return Summary(name, len(values), quantiles, float(numbers.mean()), float(numbers.std()), start=start)


def watched(answers: pd.DataFrame, problem: ProblemType) -> pd.Series:
    """What is looked at of answers: the number, the positive class's probability, or the class."""
    if problem == "multiclass_classification":
        return texts(answers["label" if "label" in answers.columns else "prediction"]).fillna("")
    name = "prediction" if problem == "regression" else "probability"
    return pd.to_numeric(answers[name], errors="coerce").astype("float64")


def make_baseline(
    data: pd.DataFrame, columns: pd.DataFrame, model: Model, output: Path, schema: Schema, *, days: int
) -> None:
    """Write how the model's answers to its training data are distributed.

    Args:
        data: The training data, of which at most 200,000 rows evenly apart are answered.
        columns: The model's columns of it.
        model: Which answers.
        output: Where to.
        schema: Names the time.
        days: That a stretch covers; 0 where there is none.
    """
    step = -(-len(data) // MOST_ROWS)
    values = watched(model.predict(columns.iloc[::step]), schema.problem_type).reset_index(drop=True)
    when = _when(data.iloc[::step].reset_index(drop=True), schema)
    stretches = [summary("the training data", values)]
    if when is not None and days:
        stretches += list(_stretches(values, when, days))
    document = {
        "version": 1,
        "stretches": [stretch.to_json() for stretch in stretches],
        "days": {} if when is None else by_day(values, when),
    }
    findings.save(document, output / BASELINE)


def _when(table: pd.DataFrame, schema: Schema) -> pd.Series | None:
    if not schema.time or schema.time not in table.columns:
        return None
    found, bad = dates(table[schema.time])
    return None if bad.any() else found


def _stretches(values: pd.Series, when: pd.Series, days: int) -> Iterator[Summary]:
    number = (when.max() - when).dt.days // days  # counted from the end, so that the latest one is whole
    for place in range(min(int(number.max()), MOST_STRETCHES - 1), -1, -1):
        some = values[number == place]
        if len(some) >= FEWEST_ROWS:
            start = when.max() - pd.Timedelta(days=(place + 1) * days - 1)
            yield summary(f"the {days} days from {start:%Y-%m-%d}", some, f"{start:%Y-%m-%d}")


def by_day(values: pd.Series, when: pd.Series) -> dict[str, list[float]]:
    """Rows and mean of each day, the latest ones; nothing of classes."""
    if not pd.api.types.is_numeric_dtype(values):
        return {}
    found = values.groupby(when).agg(["size", "mean"]).iloc[-MOST_DAYS:]
    return {
        f"{day:%Y-%m-%d}": [int(rows), float(f"{mean:.6g}")]
        for day, (rows, mean) in zip(found.index, found.to_numpy(), strict=True)
    }


@dataclass(frozen=True)
class Known:
    """What forecasts are compared with.

    Attributes:
        whole: All of the training data; None where the baseline keeps none.
        stretches: Of it, where rows have a time.
        runs: The last ones, the latest first.
        days: Rows and mean forecast of each day that is known.
    """

    whole: Summary | None
    stretches: Sequence[Summary]
    runs: Sequence[Summary]
    days: Mapping[str, Sequence[float]]

    def like(self, now: Summary) -> list[Summary]:
        """All that a batch may be like. Where there are stretches, the whole is no batch."""
        near = [one for one in self.stretches if now.same_season(one) or 0 < now.days_after(one) <= BEFORE]
        return [*(near or self.stretches or ([self.whole] if self.whole else [])), *self.runs]


def read(baseline: Path, history: Path, execution: str = "") -> Known:
    """What a baseline and earlier runs left; forecasts of broken data are no measure.

    Raises:
        InputError: A file is damaged.
    """
    files = sorted(baseline.rglob(BASELINE)) if baseline.is_dir() else []
    told: Json = findings.read(files[0]) if files else {"stretches": [], "days": {}}
    found = [Summary.from_json(item) for item in told["stretches"]]
    whole, stretches = (found[0] if found else None), found[1:]
    checks = (
        [findings.read(file) for file in sorted(history.rglob(f"{KIND}/{findings.DETAILS}"))]
        if history.is_dir()
        else []
    )
    runs = sorted((run for run in checks if run["execution"] != execution), key=lambda run: str(run["created"]))
    sound = [run for run in runs if not run["broken"]]
    days = dict(told["days"])
    for run in sound:
        days |= run["days"]
    latest = [Summary.from_json(run["summary"]) for run in reversed(sound[-LAST_RUNS:])]
    return Known(whole, [stretch for stretch in stretches if stretch], latest, days)


@dataclass(frozen=True)
class Origin:
    """Where forecasts come from: the execution, and when it was started."""

    execution: str = ""
    created: str = ""
    broken: Sequence[str] = ()


def check(answers: pd.DataFrame, known: Known, output: Path, schema: Schema, origin: Origin) -> Result:
    """Compare forecasts with those before, and leave their summary for later runs.

    Args:
        answers: Ids and predictions, as they are to be published.
        known: What they are compared with.
        output: Where to.
        schema: Of the model.
        origin: Of the forecasts.
    """
    values = watched(answers, schema.problem_type)
    when = _when(answers, schema)
    first = "" if when is None else f"{when.min():%Y-%m-%d}"
    now = summary(f"the run of {origin.created[:10] or 'now'}", values, first)
    outcome = judged(now, known) if len(values) else Skipped("(all)", CHECK, "there are no forecasts")
    found = [outcome] if isinstance(outcome, Finding) else []
    skipped = [outcome] if isinstance(outcome, Skipped) else []
    days = {} if when is None else by_day(values, when)
    facts = {
        "rows": len(answers),
        "execution": origin.execution,
        "created": origin.created,
        "broken": [*origin.broken, *(finding.sentence for finding in found)],
        "summary": now.to_json(),
        "days": days,
        "before": _before(days, known.days),
        "last_run": known.runs[0].to_json() if known.runs else None,
    }
    result = Result(KIND, found, skipped, facts)
    findings.write(result, output)
    return result


def judged(now: Summary, known: Known) -> Finding | Skipped | None:
    """Whether forecasts are unlike all that is known."""
    like = known.like(now)
    if not like:
        why = "neither the baseline nor an earlier run keeps forecasts to compare with: build the model anew, or wait"
        return Skipped("(all)", CHECK, why)
    usual_distance, usual_times = _usual(known.stretches)
    nearest = min(like, key=now.distance)
    limit = max(MATTERS, MARGIN * usual_distance) + CHANCE * np.sqrt(1 / now.rows + 1 / nearest.rows)
    times, most_times = min(now.times(other) for other in like), max(TIMES, usual_times**MARGIN)
    distance = now.distance(nearest)
    if distance > limit or times > most_times:
        return _finding(now, nearest, known, (distance, float(limit)), (times, most_times))
    if limit >= 1.0 and now.quantiles is None:
        return Skipped("(all)", CHECK, f"{now.rows} forecasts are too few to tell a difference from chance")
    return None


def _usual(stretches: Sequence[Summary]) -> tuple[float, float]:
    """How far good stretches are at most from the most similar one of the same season, by distance and by times.

    Of less than two years, from the most similar one that is not close by.
    """
    apart = min(APART, len(stretches) // 4)
    farthest, most = 0.0, 1.0
    for place, one in enumerate(stretches):
        others = [other for other in stretches if one.same_season(other)]
        others = others or [other for there, other in enumerate(stretches) if abs(there - place) > apart]
        if others:
            farthest = max(farthest, min(one.distance(other) for other in others))
            most = max(most, min(one.times(other) for other in others))
    return farthest, most


def _finding(
    now: Summary, nearest: Summary, known: Known, distance: tuple[float, float], times: tuple[float, float]
) -> Finding:
    text = (
        f"Forecast distribution distance: {distance[0]:.6g} threshold: {distance[1]:.6g}, mean ratio: {times[0]:.4g} "
        f"threshold: {times[1]:.4g} (nearest: {nearest.name})"
    )
    others = [f"{_level(nearest)} in {nearest.name}, the most similar"]
    if known.runs and known.runs[0] is not nearest:
        others.append(f"{_level(known.runs[0])} in the last run")
    sentence = (
        f"The forecasts are unlike any before: {_level(now)}, where it was {' and '.join(others)}. "
        "Look at what the model was given before anybody uses them: a feed may be dead or in another unit."
    )
    value, threshold = distance if distance[0] > distance[1] else times
    return Finding("(forecasts)", CHECK, text, value, threshold, sentence=sentence, effect=distance[0])


def _level(of: Summary) -> str:
    if of.quantiles is None:
        most = sorted(of.classes.items(), key=lambda item: (-item[1], item[0]))[:3]
        return ", ".join(f"{name} {100 * share:.0f} %" for name, share in most)
    return f"a mean of {of.mean:.3g}"


def _before(days: Mapping[str, Sequence[float]], known: Mapping[str, Sequence[float]]) -> Json:
    """The mean forecast of the same weekday a week and a year or two before each day, and of the four weeks before."""
    if not days:
        return {}
    first = pd.Timestamp(min(days))
    earlier = {
        name: {day: known[then][1] for day in days if (then := _shifted(day, back)) in known}
        for name, back in (("a week before", 7), ("a year before", 364), ("two years before", 728))
    }
    recent = {day: told[1] for day, told in known.items() if 0 < (first - pd.Timestamp(day)).days <= 28}  # noqa: PLR2004
    return {name: told for name, told in (*earlier.items(), ("the weeks before", recent)) if told}


def _shifted(day: str, back: int) -> str:
    return f"{pd.Timestamp(day) - pd.Timedelta(days=back):%Y-%m-%d}"
