"""Answers for a new project, made by looking at a table: `mlops-new project NAME --like TABLE`.

    python3 -m reading.proposal TABLE [--answers JSON]    prints a JSON document

What was answered stands; the rest is proposed, each with its reason.
"""

from __future__ import annotations

import argparse
import json
import logging
import re
import sys
from dataclasses import dataclass, field, replace
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import outcome
from model.errors import InputError, did_you_mean
from model.schema import Schema, parse
from model.values import dates, numbers, texts
from reading.form import Form, checked
from reading.suspicions import suspicions
from reading.written import as_people_write, written_dates
from steps import tables

if TYPE_CHECKING:
    import pandas as pd

MOST_CLASSES = 20
"""A target of whole numbers with at most this many different ones, and few of them, is one of classes."""
FEW = 0.05
MOST_ID_COLUMNS = 3
LEFT_OUT = re.compile("an id among|constant|no row has|tells the target|would be|dates, which")
KEYS = ("decimal", "thousands", "delimiter", "date_format")


@dataclass
class Proposal:
    """Answers and, for those that were found by looking, why."""

    answers: dict[str, Any]
    why: dict[str, str] = field(default_factory=dict)

    def propose(self, name: str, value: Any, why: str) -> None:
        """Answer a question that was not answered."""
        if name not in self.answers:
            self.answers[name] = value
            self.why[name] = why


def main() -> None:
    """Propose answers for the table that the command line names."""
    parser = argparse.ArgumentParser(description="Answers for a project that is like a table")
    parser.add_argument("table", type=Path)
    parser.add_argument("--answers", type=json.loads, default={})
    given = parser.parse_args()
    logging.disable()  # stdout is the document
    found = propose(given.table, given.answers)
    sys.stdout.write(json.dumps({"answers": found.answers, "why": found.why}, ensure_ascii=False) + "\n")


def propose(path: Path, given: dict[str, Any]) -> Proposal:
    """Answers for a project whose data are like a table.

    Args:
        path: The table.
        given: What was answered already.

    Raises:
        InputError: It is no table, its target is not known, or a given answer does not fit it.
    """
    found = Proposal(dict(given))
    raw = tables.read(path, Form(delimiter=str(given.get("delimiter", ""))))
    _form(found, raw)
    _time(found, raw)
    table = tables.read(path, _form_of(found))
    _target(found, table)
    _ids(found, table)
    _history(found, table)
    _exclude(found, table)
    found.propose("features", [], "every other column")
    found.propose("categorical", [], "texts are categories by themselves")
    return found


def _form_of(found: Proposal) -> Form:
    decimal, thousands, delimiter, date_format = (str(found.answers.get(key, "")) for key in KEYS)
    time, ids = found.answers.get("time_column", ""), found.answers.get("id_columns", [])
    return checked(Form(decimal, thousands, delimiter, date_format, frozenset({time, *ids} - {""})))


def _form(found: Proposal, table: pd.DataFrame) -> None:
    """`decimal` and `thousands`, as most columns of text that would be numbers need them."""
    if {"decimal", "thousands"} & found.answers.keys():
        return
    wanted: dict[tuple[tuple[str, str], ...], list[str]] = {}
    for name in table.columns:
        written = as_people_write(_distinct(table[name])) if numbers(table[name])[1].any() else None
        if written and written.what == "numbers":
            wanted.setdefault(tuple(written.settings.items()), []).append(f"{name} holds {written.example!r}")
    if wanted:
        settings = max(wanted, key=lambda key: len(wanted[key]))
        for key, value in settings:
            found.propose(key, value, "; ".join(wanted[settings][:2]))


def _time(found: Proposal, table: pd.DataFrame) -> None:
    """The first column of dates, written in any way."""
    asked = found.answers.get("time_column")
    for name in [asked] if asked else [] if asked == "" else list(table.columns):
        if name not in table.columns:
            raise InputError(f"the table has no column {name!r}, the time_column{did_you_mean(name, table.columns)}")
        known = texts(table[name]).notna()
        if known.all() and not dates(table[name])[1].any():
            found.propose("time_column", name, "all its values are dates")
            return
        written = written_dates(_distinct(table[name])) if known.all() else None
        if written and (asked or not written.settings["date_format"].startswith("epoch")):
            found.propose("date_format", written.settings["date_format"], f"{name} holds {written.example!r}")
            found.propose("time_column", name, f"its values are dates, like {written.example!r}")
            return
    found.propose("time_column", "", "no column holds a date in every row")


def _target(found: Proposal, table: pd.DataFrame) -> None:
    name = found.answers.get("target")
    if not name:
        raise InputError(
            f"which column is to be predicted? Say it with --data target=COLUMN; there are {_some(table.columns)}"
        )
    if name not in table.columns:
        raise InputError(f"the table has no column {name!r}, the target{did_you_mean(name, table.columns)}")
    values = texts(table[name])
    count, parsed = values.nunique(), numbers(table[name])
    if count < 2:  # noqa: PLR2004
        raise InputError(f"target {name!r} holds {count} different values: there is nothing to learn")
    if count == 2:  # noqa: PLR2004
        found.propose(
            "problem_type", "binary_classification", f"{name} has two values: {_some(values.dropna().unique())}"
        )
        return
    known = parsed[0].dropna()
    classes = count <= MOST_CLASSES and count <= FEW * len(table) and bool((known == known.round()).all())
    if parsed[1].any():
        found.propose("problem_type", "multiclass_classification", f"{name} has {count:,} texts")
    elif classes and not found.answers.get("time_column"):
        why = f"{name} has only {count} whole numbers; --data problem_type=regression if they are a quantity"
        found.propose("problem_type", "multiclass_classification", why)
    else:
        found.propose("problem_type", "regression", f"{name} has {count:,} different numbers")


def _ids(found: Proposal, table: pd.DataFrame) -> None:
    """The fewest columns that tell all rows apart: the time first, then by their order, numbers with decimals never."""
    time, target = found.answers["time_column"], found.answers["target"]
    spelled = table.apply(texts)
    usable = [name for name in table.columns if name not in (time, target) and _may_identify(table[name])]
    first = [time] if time else []
    for size in range(0 if first else 1, MOST_ID_COLUMNS + 1):
        for chosen in combinations(usable[:12], size):
            names = [*first, *chosen]
            if names and not spelled[names].duplicated().any() and not (size > 1 and _few(spelled, names, time)):
                found.propose("id_columns", names, "together they tell all rows apart")
                return
    found.propose("id_columns", [], "no few columns tell all rows apart: a row's number does")


def _few(spelled: pd.DataFrame, names: list[str], time: str) -> bool:
    """Whether columns without a time tell rows apart only because rows are few: then they are features."""
    return not time and len(spelled) < 2 * len(names) * 10


def _may_identify(values: pd.Series) -> bool:
    parsed, bad = numbers(values)
    if texts(values).isna().any() or texts(values).nunique() < 2:  # noqa: PLR2004
        return False
    return bool(bad.any() or (parsed == parsed.round()).all())


def _history(found: Proposal, table: pd.DataFrame) -> None:
    time, ids = found.answers["time_column"], found.answers["id_columns"]
    if found.answers["problem_type"] != "regression" or not time:
        found.propose("history", False, "a past needs a time and a target of numbers")  # noqa: FBT003
        return
    series = [name for name in ids if name != time]
    day = dates(table[time])[0]
    keys = table[series].apply(texts).assign(**{"the day": day})
    daily = time in ids and not keys.duplicated().any()
    why = "one row per series and day" if daily else "several rows of a day are one series'"
    found.propose("history", daily, why)


def _exclude(found: Proposal, table: pd.DataFrame) -> None:
    """What looks like an id, a constant, a copy of the target, or what no model can use."""
    known = _schema(found)
    trained = [name for name in table.columns if name not in {known.target, known.time, *known.ids}]
    out = [one for one in suspicions(table, trained, known) if LEFT_OUT.search(one.what) and one.column in trained]
    kept = {*found.answers.get("features", []), *found.answers.get("categorical", [])}
    named = [one.column for one in out if one.column not in kept]
    found.propose("exclude", named, "; ".join(f"{one.column}: {one.what}" for one in out if one.column in named) or "-")


def _schema(found: Proposal) -> Schema:
    answers = found.answers
    metric = {"regression": "mae", "binary_classification": "auc"}.get(answers["problem_type"], "accuracy")
    known = parse(
        {
            "project": {"name": "like", "problem_type": answers["problem_type"]},
            "data": {
                "target": answers["target"],
                "time": answers["time_column"],
                "ids": answers["id_columns"],
                "categorical": answers.get("categorical", []),
                "evaluation": 1 if answers["time_column"] else 0.2,
            },
            "evaluation": {"metric": metric, "threshold": 0.0},
        }
    )
    return replace(known, form=_form_of(found))


def _distinct(values: pd.Series) -> list[str]:
    return [str(text) for text in texts(values).dropna().unique()]


def _some(names: Any) -> str:
    listed = [str(name) for name in names]
    return ", ".join(listed[:20]) + (f" and {len(listed) - 20} more" if len(listed) > 20 else "")  # noqa: PLR2004


if __name__ == "__main__":
    outcome.run(main, reason=None)
