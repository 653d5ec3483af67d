"""Which prediction a row of ground truth belongs to, what of it is new, and what is wrong where nothing fits.

Rows are matched by their ids. Where ids name a day (the time column is one of them), a row may be predicted several
times, and the latest prediction counts. Otherwise the same ids, or the same row number, may come again in every batch
and mean something else: then the ground truth has to say in a column `execution` which inference run it is about, or
the comparison is refused.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from model import names
from model.errors import InputError
from model.names import ACTUAL, BATCH, BROKEN, EXECUTION, PACKAGE, PREDICTION, PROBABILITY
from model.schema import Schema
from model.values import dates
from monitoring import truth
from monitoring.findings import Finding
from monitoring.provenance import Broken
from monitoring.truth import Prints

CHECK = "ground_truth_match_check"
ROW = "_row"  # of the ground truth; no id has that name (`names.keys`)
SHOWN_RUNS = 3
MOST_HINTED = 1000  # rows that are looked at for a hint
_MIDNIGHT = re.compile(r"[t ]00:00(:00(\.0+)?)?(z|\+00:?00)?$")
_NO_MATTER = re.compile(r"(?<!\d)0+(?=\d)|[^\w]|_")

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Comparison:
    """What a table of ground truth has to do with the predictions.

    Attributes:
        rows: Those to compare now, as `truth.answered` gives them.
        prints: Their fingerprints.
        given: Rows of ground truth.
        empty: Of these, how many have no target.
        asked: How many of the others could have a prediction: all, or with a day among the ids those of predicted days.
        matched: How many of these have one.
        before: How many have been compared by an earlier run.
        other_model: How many have predictions of other model packages only, and were not compared when it was in use.
        limit: The share of the rows that could have a prediction and must have one.
        problem: What is wrong with all that in one sentence; empty where nothing is.
        broken: Which of the rows were predicted from broken data; None where that is not known.
    """

    rows: pd.DataFrame
    prints: Prints
    given: int
    empty: int
    asked: int
    matched: int
    before: int
    other_model: int
    limit: float
    problem: str = ""
    broken: Broken | None = None

    @property
    def share(self) -> float:
        """The share of the rows that could have a prediction and have one."""
        return self.matched / self.asked if self.asked else 0.0

    def findings(self) -> list[Finding]:
        """The problem as a violation."""
        if not self.problem:
            return []
        return [Finding("(ground truth)", CHECK, self.problem, self.share, self.limit, share=1.0 - self.share)]

    @property
    def said(self) -> str:
        """What was compared and what was not, in one line."""
        counts = ((self.before, "compared before"), (self.other_model, "predicted by another model"))
        rest = [f"{count:,} {what}" for count, what in (*counts, (self.asked - self.matched, "without a prediction"))]
        told = ", ".join(text for text in rest if not text.startswith("0 "))
        return f"{len(self.rows):,} of {self.given:,} rows of ground truth compared" + (f"; {told}" if told else "")

    def facts(self) -> dict[str, float]:
        """The counts, for reports."""
        counted = ("given", "empty", "asked", "matched", "before", "other_model", "share", "limit")
        return {name: getattr(self, name) for name in counted}


def compare(
    predictions: Path, ground_truth: Path, compared: Path, schema: Schema, *, package: str = "", limit: float = 0.0
) -> Comparison:
    """Match ground truth with predictions, and tell what is new.

    Args:
        predictions: A folder with the `predictions.csv` of inference runs.
        ground_truth: A table with ids and target.
        compared: A folder with what earlier comparisons left; may be absent.
        schema: Names ids and target.
        package: Only predictions of this model package are compared, where not empty.
        limit: The share of the rows that must have a prediction, or it is a problem.

    Raises:
        InputError: A table cannot be used, or it cannot be known which batch the ground truth is about.
    """
    told, given = truth.read_predictions(predictions, schema), truth.read_truth(ground_truth, schema)
    sides = _Sides.of(told, given[given[ACTUAL].notna()].reset_index(drop=True), schema)
    pairs, unclear = sides.pairs, sides.unclear()
    answers = truth.answered(pairs, schema)
    prints = fingerprints(answers, pairs[BATCH], schema)
    seen = np.isin(prints, truth.compared_before(compared))
    _refuse_unclear(sides, unclear, seen)
    of_model = np.ones(len(pairs), bool) if not package else (pairs[PACKAGE] == package).to_numpy(bool)
    latest = of_model & ~pairs[ROW].where(of_model).duplicated(keep="last").to_numpy(bool)
    new = latest & ~seen & ~unclear
    before = sides.rows(seen & (latest | unclear | ~of_model)) - sides.rows(new)
    asked = sides.asked()
    found = Comparison(
        rows=answers[new].reset_index(drop=True),
        prints=np.sort(prints[new]),
        given=len(given),
        empty=int(given[ACTUAL].isna().sum()),
        asked=int(asked.sum()),
        matched=len(sides.rows(asked[pairs[ROW]])),
        before=len(before),
        other_model=len(sides.rows(~of_model) - sides.rows(of_model) - before),
        limit=limit,
        broken=Broken.of(pairs[BROKEN][new]),
    )
    return replace(found, problem=_problem(found, sides, package))


@dataclass(frozen=True)
class _Sides:
    """Predictions (`told`), truth with a target (`known`), and pairs of both: each row with all its predictions."""

    told: pd.DataFrame
    known: pd.DataFrame
    pairs: pd.DataFrame
    keys: Sequence[str]
    schema: Schema

    @classmethod
    def of(cls, told: pd.DataFrame, known: pd.DataFrame, schema: Schema) -> "_Sides":
        """Join them, by ids and, where truth names it, by inference run."""
        keys = [*names.keys(schema.id_columns), *_run_key(told, known)]
        known = truth.latest(known, keys)
        asked = known[[*keys, ACTUAL]].rename_axis(ROW).reset_index()
        return cls(told, known, asked.merge(told, on=keys, how="inner"), keys, schema)

    def rows(self, which: Mask) -> set[int]:
        """The rows of truth that some pairs are of."""
        return set(self.pairs.loc[which, ROW])

    def unclear(self) -> Mask:
        """Which pairs are of a row that has predictions of several batches, without a sign which of them is meant."""
        if EXECUTION in self.keys or _ids_name_a_day(self.schema):
            return np.zeros(len(self.pairs), bool)
        if not self.schema.ids:
            return np.full(len(self.pairs), len(self.told[BATCH].unique()) > 1)
        answers = [name for name in (PREDICTION, PROBABILITY) if name in self.pairs.columns]
        differ = self.pairs.groupby(ROW)[[BATCH, *answers]].transform("nunique") > 1
        return np.asarray((differ[BATCH] & differ[answers].any(axis=1)).to_numpy(bool))

    def asked(self) -> Mask:
        """Which rows of truth could have a prediction: truth may tell of many more days than were predicted."""
        if not _ids_name_a_day(self.schema):
            return np.ones(len(self.known), bool)
        day = names.keys(self.schema.ids)[self.schema.ids.index(self.schema.time)]
        days, unreadable = dates(self.known[day])
        asked = days.isin(set(dates(self.told[day])[0].dropna())).to_numpy(bool) | unreadable
        return np.asarray(asked if asked.any() else ~asked)

    def apart(self) -> str:
        """An id of either side that the other lacks, and what may be behind it."""
        keys = list(self.keys)
        truths = self.known[~self.known.index.isin(set(self.pairs[ROW]))]
        asked = pd.MultiIndex.from_frame(self.told[keys])
        answers = self.told[~asked.isin(pd.MultiIndex.from_frame(self.known[keys]))]
        parts = [f"ground truth alone has {_shown(truths.iloc[0], keys)}"] if len(truths) else []
        parts += [f"predictions alone have {_shown(answers.iloc[-1], keys)}"] if len(answers) else []
        return ", ".join(parts) + _hint(truths[keys], answers[keys])


def fingerprints(answers: pd.DataFrame, batch: pd.Series, schema: Schema) -> Prints:
    """A hash of each row's content, and of its batch where ids alone do not say which row it is."""
    if _ids_name_a_day(schema):
        return truth.fingerprints(answers)
    rows = answers.copy()
    rows[BATCH] = batch.to_numpy()
    return truth.fingerprints(rows)


def _ids_name_a_day(schema: Schema) -> bool:
    return bool(schema.time) and schema.time in schema.ids


def _run_key(told: pd.DataFrame, known: pd.DataFrame) -> list[str]:
    """The column that says which inference run truth is about; one of that name may also be like any other."""
    if EXECUTION in known.columns and known[EXECUTION].isin(set(told[EXECUTION]) - {""}).any():
        return [EXECUTION]
    return []


def _refuse_unclear(sides: _Sides, unclear: Mask, seen: Mask) -> None:
    """Refuse to guess, unless a row was compared when it was still clear."""
    left = sides.pairs[unclear & ~sides.pairs[ROW].isin(sides.rows(seen)).to_numpy(bool)]
    if left.empty:
        return
    runs = [run or "unknown" for run in dict.fromkeys(left[EXECUTION])]
    which = f"ids ({', '.join(sides.schema.ids)})" if sides.schema.ids else "row numbers"
    raise InputError(
        f"it cannot be known which batch the ground truth is about: {which} come again in each, and "
        f"{_shown(left.iloc[0], sides.keys)} was predicted in several (executions {', '.join(runs[:SHOWN_RUNS])}"
        f"{', …' if len(runs) > SHOWN_RUNS else ''}). Nothing was compared. Add a column {EXECUTION} to the ground "
        f"truth, as in the manifest.json beside each {truth.PREDICTIONS}, or name a date in [data] ids"
    )


def _problem(found: Comparison, sides: _Sides, package: str) -> str:
    count = f"{found.asked:,} rows of ground truth"
    if sides.known.empty:
        target = sides.schema.target
        return f"nothing was compared: the target {target!r} is empty in all {found.given:,} rows of ground truth"
    if not found.matched:
        return f"nothing was compared: none of {count} has a prediction; {sides.apart()}"
    if found.other_model and not len(found.rows) and not found.before:
        others = ", ".join(dict.fromkeys(sides.pairs[PACKAGE]))
        return f"nothing was compared: {count} were predicted by another model ({others}), not by {package}"
    if found.share >= found.limit:
        return ""
    few = (
        f"only {found.matched:,} of {count} ({found.share:.0%}) have a prediction, and match_limit is {found.limit:.0%}"
    )
    return f"{few}; {sides.apart()}"


def _shown(row: pd.Series, keys: Sequence[str]) -> str:
    return ", ".join(f"{key} {row[key]!r}" for key in keys)


def _hint(truths: pd.DataFrame, answers: pd.DataFrame) -> str:
    """Whether ids would be the same if zeros, blanks, marks and the case of letters did not count."""
    known = {_loose(row): row for row in answers.drop_duplicates().itertuples(index=False, name=None)}
    for row in truths.head(MOST_HINTED).itertuples(index=False, name=None):
        if other := known.get(_loose(row)):
            one, two = next(pair for pair in zip(row, other, strict=True) if pair[0] != pair[1])
            return f". {one!r} and {two!r} are different ids: write them alike in both tables"
    return ""


def _loose(row: Sequence[str]) -> tuple[str, ...]:
    return tuple(_NO_MATTER.sub("", _MIDNIGHT.sub("", text.casefold())) for text in row)
