"""What a table is taken for: its rows, days and series, each column's type and why, what looks wrong first.

python3 -m reading.description TABLE [--config FILE]    prints a JSON document
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import outcome
import paths
from model import features, schema
from model.errors import InputError
from model.values import dates, looks_like_dates, numbers, texts
from reading.files import parts
from reading.suspicions import Suspicion, suspicions
from steps import preprocess, tables

if TYPE_CHECKING:
    import pandas as pd

    from model.schema import Schema

Json = dict[str, Any]

EXAMPLES = 3
DECIMALS = 6


@dataclass(frozen=True)
class Column:
    """What a column is taken for, and why.

    Args:
        name: Of the column.
        roles: Some of time, id, target, feature, censored and left out.
        type: number, category, date or empty.
        why: Half a sentence.
        distinct: Number of different values.
        missing: Number of rows without a value.
        shown: Its range, or its most frequent values.
    """

    name: str
    roles: list[str]
    type: str
    why: str
    distinct: int
    missing: int
    shown: str


def main() -> None:
    """Describe the table that the command line names."""
    parser = argparse.ArgumentParser(description="What a table is taken for")
    parser.add_argument("table", type=Path)
    parser.add_argument("--config", type=Path, default=paths.CONFIG)
    given = parser.parse_args()
    logging.disable()  # stdout is the document
    known = schema.load(given.config)
    sys.stdout.write(json.dumps(describe(given.table, known), indent=1, ensure_ascii=False) + "\n")


def describe(path: Path, known: Schema) -> Json:
    """The document.

    Raises:
        InputError: It is no table.
    """
    table = tables.read(path, known.form)
    columns = [_column(table[name], known) for name in table.columns]
    named = set(features.feature_columns(table, known))
    trained = [name for name in table.columns if name in named]
    found = suspicions(table, trained, known)
    problem = _problem(table, known)
    return {
        "table": tables.name(path),
        "files": len(parts(path)),
        "rows": len(table),
        "span": _span(table, known),
        "series": _series(table, known),
        "problem": problem,
        "suspicious": [asdict(one) for one in found],
        "proposed": proposed(found),
        "columns": [asdict(column) for column in columns],
    }


def proposed(found: list[Suspicion]) -> list[str]:
    """The lines of `[data]` in `config.toml` that what was found asks for, each key once."""
    lines: dict[str, str] = {}
    for suspicion in found:
        for key, value in suspicion.settings.items():
            lines.setdefault(key, f"{key} = {json.dumps(value, ensure_ascii=False)}")
    return list(lines.values())


def _problem(table: pd.DataFrame, known: Schema) -> str:
    """Why it cannot be used as `config.toml` says: to predict, where any row waits for that. Empty where it can."""
    waiting = known.target not in table.columns or bool(features.target_is_missing(table, known).any())
    try:
        if waiting:
            features.typed(features.build(table, known).features, known)
        else:
            preprocess.preprocess(table, known)
    except InputError as error:
        return str(error)
    return ""


def _span(table: pd.DataFrame, known: Schema) -> Json | None:
    if not known.time or known.time not in table.columns:
        return None
    days = dates(table[known.time])[0].dropna()
    if days.empty:
        return None
    first, last = days.min(), days.max()
    return {"column": known.time, "first": f"{first:%Y-%m-%d}", "last": f"{last:%Y-%m-%d}", "days": int(days.nunique())}


def _series(table: pd.DataFrame, known: Schema) -> Json | None:
    columns = list(known.history.series) if known.history else [name for name in known.ids if name != known.time]
    if not columns or not known.time or any(name not in table.columns for name in columns):
        return None
    return {"columns": columns, "count": len(table[columns].apply(texts).drop_duplicates())}


def _column(values: pd.Series, known: Schema) -> Column:
    roles = roles_of(str(values.name), known)
    kind, why = type_of(values, known)
    spelled = texts(values)
    parsed = numbers(values)[0]
    missing = parsed.isna() if kind == "number" else spelled.isna()
    shown = _range(parsed) if kind == "number" else _most_frequent(spelled)
    return Column(str(values.name), roles, kind, why, int(spelled.nunique()), int(missing.sum()), shown)


def roles_of(name: str, known: Schema) -> list[str]:
    """What a column is for."""
    others = {known.target, known.time, known.censored, *known.ids, *known.exclude}
    feature = name in (*known.features, *known.categorical) or (not known.features and name not in others)
    asked = {
        "target": name == known.target,
        "time": bool(known.time) and name == known.time,
        "id": name in known.ids,
        "censored": bool(known.censored) and name == known.censored,
        "feature": feature,
    }
    return [role for role, so in asked.items() if so] or ["left out"]


def type_of(values: pd.Series, known: Schema) -> tuple[str, str]:
    """A column's type, and why it is that."""
    name = values.name
    if name in known.categorical:
        return "category", "named in categorical"
    if name == known.target and known.problem_type != "regression":
        return "category", f"the target of a {known.problem_type} is a class"
    if name == known.time:
        return "date", "named as time"
    return _type_by_values(values)


def _type_by_values(values: pd.Series) -> tuple[str, str]:
    if texts(values).isna().all():
        return "empty", "no row has a value"
    if looks_like_dates(values):
        return "date", "all values are dates"
    parsed, bad = numbers(values)
    if not bad.any():
        return "number", "all values are numbers"
    if parsed.notna().any():
        return "category", f"{features.first_bad(values, bad)}, which is no number"
    return "category", "its values are texts"


def _range(values: pd.Series) -> str:
    known = values[np.isfinite(values)]
    return f"{known.min():.{DECIMALS}g} to {known.max():.{DECIMALS}g}" if len(known) else ""


def _most_frequent(values: pd.Series) -> str:
    counts = values.value_counts()
    return ", ".join(counts.index[:EXAMPLES]) + (", …" if len(counts) > EXAMPLES else "")


if __name__ == "__main__":
    outcome.run(main, reason=None)
