"""Make a copy of a table with a named fault, for a fire drill: `mlops-new drill` runs the pipelines on the copy.

    python3 -m monitoring.drill KIND TABLE COPY [--execution ID]    prints what was done, in one line

Rows that wait for a prediction are struck; the history that comes with them stays as it is, but for `dead_feed`, which
strikes the past where features are made of it. `concept_drift` is a fault of ground truth: its table has the ids and
what really happened.
"""

import argparse
from pathlib import Path

import pandas as pd

import outcome
import paths
from model import features, schema
from model.names import EXECUTION
from model.schema import Schema
from model.values import numbers, texts
from monitoring import faults
from reading.form import Form
from steps import tables

OF_GROUND_TRUTH = "concept_drift"
OF_THE_PAST = "dead_feed"


def main() -> None:
    """Read a table, strike it, write the copy."""
    parser = argparse.ArgumentParser(description="Copy a table with a fault in it")
    parser.add_argument("kind", help=", ".join(faults.FAULTS))
    parser.add_argument("table", type=Path)
    parser.add_argument("copy", type=Path)
    parser.add_argument("--execution", help="the inference run that ground truth is about")
    given = parser.parse_args()
    known = schema.load(paths.CONFIG)
    copy, what = strike(given.kind, tables.read(given.table, known.form), known)
    if given.execution and EXECUTION not in copy.columns:  # rows of earlier drills may have the same ids
        copy[EXECUTION] = given.execution
    given.copy.parent.mkdir(parents=True, exist_ok=True)
    save(copy, given.copy, known.form)
    print(what)  # noqa: T201 (it is what this command is asked for)


def save(table: pd.DataFrame, copy: Path, form: Form) -> None:
    """Write the copy so that it is read as it was meant: where `config.toml` says a form, with numbers as numbers."""
    if not (form.decimal or form.thousands or form.date_format):
        table.to_csv(copy, index=False, sep=form.delimiter or ",")
        return
    pd.DataFrame({name: _single(table[name], form) for name in table.columns}).to_parquet(copy, index=False)


def _single(values: pd.Series, form: Form) -> pd.Series:
    """A column of one type, as Parquet wants it: numbers where all are some, else text."""
    parsed, bad = numbers(values)
    return parsed if form.numbers_in(str(values.name)) and not bad.any() else texts(values)


def strike(kind: str, table: pd.DataFrame, known: Schema) -> tuple[pd.DataFrame, str]:
    """A copy with a fault in the rows that matter, and what was done.

    Raises:
        InputError: There is no such fault, or the table has nothing to do it to.
    """
    # A fault in a column that the model does not have is none. An id that is also a feature stays whole: without it,
    # rows are strangers before any check sees them.
    unused = set(table.columns) - set(features.feature_columns(table, known))
    others = frozenset({known.time, known.censored, *known.ids, *unused})
    roles = faults.Roles(known.target, others, frozenset(known.categorical), frozenset(known.ids) - {known.time})
    if kind == OF_GROUND_TRUTH:
        done = faults.inject(kind, table, roles)
        return done.table, done.what
    waiting = features.to_predict(table, known)
    if kind == OF_THE_PAST and known.history and not waiting.all():
        dead = table.copy()
        dead[known.target] = dead[known.target].mask(~waiting, 0)
        return dead, f"{known.target} is 0 in every row of the past"
    done = faults.inject(kind, table[waiting].reset_index(drop=True), roles)
    gone = [name for name in table.columns if name not in done.table.columns]
    history = table[~waiting].drop(columns=gone)
    return pd.concat([history, done.table], ignore_index=True)[list(done.table.columns)], done.what


if __name__ == "__main__":
    outcome.run(main, reason=None)
