"""Select and clean the rows to forecast, and make the model's columns for them.

Yours to edit: the rules of your business belong here. The features do not: they come from the model's image.

Reads `raw`, a table of the past and of the rows to forecast. Writes `transform_input` (ids and features for the model,
without a header) and `batch` (the same rows in the same order, with a header).
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Protocol

import pandas as pd

import job

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

RULES: Mapping[str, job.Kind] = {"skip": "table", "fill": "table"}


class Rows(Protocol):
    """Rows with their ids and the model's columns."""

    def pick(self, which: NDArray[Any], /) -> Rows:
        """Some of the rows."""

    def for_transform(self) -> pd.DataFrame:
        """What is sent to the model, by position."""

    def with_names(self) -> pd.DataFrame:
        """The same, each column once, for a file with a header."""


class Image(Protocol):
    """What preprocessing takes from the model's image: `image.py`, or what a test gives."""

    def read(self, path: Path, /) -> pd.DataFrame:
        """The table in a file or a folder."""

    def to_predict(self, table: pd.DataFrame, /) -> NDArray[Any]:
        """Which rows want a forecast."""

    def build(self, table: pd.DataFrame, /) -> Rows:
        """The ids and the model's columns of each row."""


def main(image: Image) -> None:
    """Read, clean, make features, write."""
    table = clean(image.read(job.input_folder("raw")), job.rules("preprocess", RULES))
    rows = image.build(table).pick(image.to_predict(table))
    rows.for_transform().to_csv(job.output_folder("transform_input") / "rows.csv", index=False, header=False)
    rows.with_names().to_csv(job.output_folder("batch") / "batch.csv", index=False)


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
    return table.assign(**{column: filled(table[column], value) for column, value in fill.items()})


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
