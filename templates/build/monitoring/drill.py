"""Make a copy of a table with a named fault, for a fire drill: `mlops-new drill` runs the pipelines on the copy.

    python3 -m monitoring.drill KIND TABLE COPY    prints what was done, in one line

Rows that wait for a prediction are struck; the history that comes with them stays as it is. `concept_drift` is a fault
of ground truth: its table has the ids and what really happened.
"""

import argparse
from pathlib import Path

import pandas as pd

import outcome
import paths
from model import features, schema
from model.schema import Schema
from model.values import numbers
from monitoring import faults
from reading.form import DEFAULT, Form
from steps import tables

OF_GROUND_TRUTH = "concept_drift"


def main() -> None:
    """Read a table, strike it, write the copy."""
    parser = argparse.ArgumentParser(description="Copy a table with a fault in it")
    parser.add_argument("kind", help=", ".join(faults.FAULTS))
    parser.add_argument("table", type=Path)
    parser.add_argument("copy", type=Path)
    given = parser.parse_args()
    known = schema.load(paths.CONFIG)
    copy, what = strike(given.kind, tables.read(given.table, known.form), known)
    given.copy.parent.mkdir(parents=True, exist_ok=True)
    save(copy, given.copy, known.form)
    print(what)  # noqa: T201 (it is what this command is asked for)


def save(table: pd.DataFrame, copy: Path, form: Form) -> None:
    """Write the copy so that it is read as it was meant: where `config.toml` says a form, with numbers as numbers."""
    if form == DEFAULT:
        table.to_csv(copy, index=False)
        return
    for name in table.columns:
        values, bad = numbers(table[name])
        if form.numbers_in(name) and not bad.any():
            table[name] = values
    table.to_parquet(copy, index=False)


def strike(kind: str, table: pd.DataFrame, known: Schema) -> tuple[pd.DataFrame, str]:
    """A copy with a fault in the rows that matter, and what was done.

    Raises:
        InputError: There is no such fault, or the table has nothing to do it to.
    """
    # A fault in a column that the model does not have is none. An id that is also a feature stays whole: without it,
    # rows are strangers before any check sees them.
    unused = set(table.columns) - set(features.feature_columns(table, known))
    others = frozenset({known.time, known.censored, *known.ids, *unused})
    roles = faults.Roles(known.target, others, frozenset(known.categorical))
    if kind == OF_GROUND_TRUTH:
        done = faults.inject(kind, table, roles)
        return done.table, done.what
    waiting = features.to_predict(table, known)
    done = faults.inject(kind, table[waiting].reset_index(drop=True), roles)
    gone = [name for name in table.columns if name not in done.table.columns]
    history = table[~waiting].drop(columns=gone)
    return pd.concat([history, done.table], ignore_index=True)[list(done.table.columns)], done.what


if __name__ == "__main__":
    outcome.run(main, reason=None)
