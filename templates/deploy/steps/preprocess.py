"""Select and clean the rows to forecast, and make the model's columns for them.

Yours to edit: the rules of your business belong here. The features do not: they come from the model's image.

Reads `raw`, a table of the past and of the rows to forecast. Writes `transform_input` (ids and features for the model,
without a header) and `batch` (the same rows in the same order, with a header; beside them the rows of the day before,
which the checks compare with). Rows that cannot be used are written to `quarantine` with the reason, and the others are
predicted: unless these are too many (`quarantine_limit`).
"""

from __future__ import annotations

import hashlib
import json
import sys
from typing import TYPE_CHECKING, Any, Protocol

import pandas as pd

import job

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

RULES: Mapping[str, job.Kind] = {
    "skip": "table",
    "fill": "table",
    "quarantine_limit": "number",
    "stale_days": "number",
}
LIMIT = 0.05  # share of the rows to predict that may be in quarantine, where config.toml says nothing
STALE_DAYS = 7
DAY_BEFORE = "_before.csv"  # with such a name, no reader of the folder takes it for a part of the batch


class Rows(Protocol):
    """Rows with their ids and the model's columns."""

    def pick(self, which: NDArray[Any], /) -> Rows:
        """Some of the rows."""

    def for_transform(self) -> pd.DataFrame:
        """What is sent to the model, by position."""

    def with_names(self) -> pd.DataFrame:
        """The same, each column once, for a file with a header."""


class Screened(Protocol):
    """Which rows can be used."""

    @property
    def usable(self) -> NDArray[Any]:
        """Those that can."""

    @property
    def quarantine(self) -> pd.DataFrame:
        """The others, with the row's ids, its place in the table and what is wrong: column, value, reason."""

    @property
    def quarantined(self) -> int:
        """How many rows to predict cannot; the quarantine may also hold rows of the past."""

    @property
    def notes(self) -> Mapping[str, int]:
        """How many rows are predicted although something about them is unusual."""


class Image(Protocol):
    """What preprocessing takes from the model's image: `image.py`, or what a test gives."""

    def read(self, path: Path, /) -> pd.DataFrame:
        """The table in a file or a folder."""

    def to_predict(self, table: pd.DataFrame, /) -> NDArray[Any]:
        """Which rows want a forecast."""

    def screen(self, table: pd.DataFrame, wanted: NDArray[Any], stale_days: float, /) -> Screened:
        """Which rows can be used."""

    def build(self, table: pd.DataFrame, /) -> Rows:
        """The ids and the model's columns of each row."""

    def day_before(self, table: pd.DataFrame, wanted: NDArray[Any], /) -> NDArray[Any]:
        """Which rows are of the day before those that want a forecast."""


def main(image: Image) -> None:
    """Do it by the rules of `[preprocess]` in `config.toml`."""
    prepare(image, job.rules("preprocess", RULES))


def prepare(image: Image, rules: Mapping[str, Any]) -> None:
    """Read, clean, put bad rows aside, make features, write."""
    raw = image.read(job.input_folder("raw"))
    asked = image.to_predict(raw)
    table = clean(raw, rules)
    wanted = asked[raw.index.isin(table.index)]  # of the rows that `skip` has left
    if not wanted.any():
        raise job.UnusableError("[preprocess] skip in config.toml leaves no row to predict")
    screened = image.screen(table, wanted, rules.get("stale_days", STALE_DAYS))
    skipped = int(asked.sum() - wanted.sum())
    counts = put_aside(screened, int(asked.sum()), skipped, rules.get("quarantine_limit", LIMIT))
    table, wanted = table[screened.usable], wanted[screened.usable]
    built = image.build(table)
    rows, before = built.pick(wanted), image.day_before(table, wanted)
    rows.for_transform().to_csv(job.output_folder("transform_input") / "rows.csv", index=False, header=False)
    batch = job.output_folder("batch") / "batch.csv"
    rows.with_names().to_csv(batch, index=False)
    if before.any():
        built.pick(before).with_names().to_csv(batch.with_name(DAY_BEFORE), index=False)
    # The same rows, predicted again, are the same batch.
    write_counts({**counts, "batch": hashlib.sha256(batch.read_bytes()).hexdigest()})


def write_counts(counts: Mapping[str, Any]) -> None:
    """Write what became of the rows beside the quarantine."""
    text = json.dumps(counts, indent=2, ensure_ascii=False) + "\n"
    (job.output_folder("quarantine") / "counts.json").write_text(text, encoding="utf-8")


def put_aside(screened: Screened, asked: int, skipped: int, limit: float) -> dict[str, Any]:
    """Write the quarantine, and what became of the rows that want a prediction.

    Args:
        screened: Which rows cannot be used.
        asked: How many rows want a prediction.
        skipped: How many of these `skip` has left out.
        limit: The share of the others that may be in quarantine.

    Raises:
        UnusableError: They are more, or all.
    """
    rows = asked - skipped
    screened.quarantine.to_csv(job.output_folder("quarantine") / "quarantine.csv", index=False)
    bad, past = screened.quarantined, len(screened.quarantine) - screened.quarantined
    counts = {"rows_to_predict": asked, "skipped": skipped, "quarantined": bad, "quarantined_past": past}
    first = first_fault(screened.quarantine)
    told = {**counts, "quarantine_limit": limit, "first_fault": first, **screened.notes}
    write_counts(told)
    for count, of, what in ((bad, rows, "to predict"), (past, len(screened.usable) - rows, "of the past")):
        if count and (count > limit * of or count == of):
            raise job.UnusableError(
                f"{count:,} of {of:,} rows {what} cannot be used ({count / of:.1%}; [preprocess] quarantine_limit is "
                f"{limit:.1%}). The first: {first}"
            )
    return told


def first_fault(quarantine: pd.DataFrame) -> str:
    """The first row in quarantine in words; its last four columns are row, column, value and reason."""
    if quarantine.empty:
        return ""
    row, column, value, reason = quarantine.iloc[0, -4:]
    return f"row {row}, column {column}: {value!r} {reason}"


def clean(table: pd.DataFrame, rules: Mapping[str, Any]) -> pd.DataFrame:
    """Apply the rules of `[preprocess]` in `config.toml`: `skip` rows and `fill` what is empty, by column.

    Raises:
        UnusableError: A rule is none, names no column of the table, or leaves no row.
    """
    skip, fill = rules.get("skip", {}), rules.get("fill", {})
    if unknown := sorted({*skip, *fill} - set(table.columns)):
        raise job.UnusableError(f"[preprocess] in config.toml names {', '.join(unknown)}: the table has no such column")
    for column, values in skip.items():
        if not isinstance(values, list):
            raise job.UnusableError(f"[preprocess] skip in config.toml: {column} needs a list, like [{values!r}]")
        # As text, because a CSV file holds nothing else and a Parquet file may hold numbers.
        told = [spelling for value in values for spelling in spellings(value)]
        table = table[~table[column].astype("str").str.strip().isin(told)]
    if table.empty:
        raise job.UnusableError("[preprocess] skip in config.toml leaves no row of the table")
    table = table.copy()
    for column, value in fill.items():
        table[column] = filled(table[column], value)
    return table


def spellings(value: object) -> list[str]:
    """How a table may write a value of `config.toml`."""
    return (
        ["true", "True", "TRUE"] if value is True else ["false", "False", "FALSE"] if value is False else [str(value)]
    )


def filled(values: pd.Series, value: object) -> pd.Series:
    """A column with a value where it was empty."""
    empty = values.isna() | (values.astype("str").str.strip() == "")
    return values.mask(empty, str(value) if pd.api.types.is_string_dtype(values) else value)


if __name__ == "__main__":
    import image

    sys.exit(job.run(lambda: main(image), expected=image.InputError))
