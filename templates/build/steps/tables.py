"""Read a table into memory: CSV (also gzipped) or Parquet, one file or a folder of them, told apart by content.

Every column of a CSV file comes as text: what a text means is decided where it is known what the column is for. Numbers
of Parquet stay numbers; its booleans, days and moments are texts in their one spelling. See `reading/`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute

from model.errors import InputError
from reading import blocks, parquet
from reading.blocks import Source
from reading.files import parts
from reading.form import DEFAULT, Form
from reading.spelling import LINE_BREAKS

if TYPE_CHECKING:
    from pathlib import Path

EXACT = 2**53  # above it, not every whole number is a float


def read(path: Path, form: Form = DEFAULT) -> pd.DataFrame:
    """The rows of a file, or of all files of a folder in the order of their names.

    Args:
        path: A file or a folder.
        form: How numbers and dates are written, and what separates columns, as `[data]` in `config.toml` says.

    Raises:
        InputError: There is nothing to read, or something is not a table.
    """
    return _frame(Source(path, as_read=True, delimiter=form.delimiter), form)


def name(path: Path) -> str:
    """What a message calls a file, or a folder by the files in it."""
    files = parts(path)
    return files[0].name if len(files) == 1 else f"{len(files)} files ({files[0].name}, …)"


def read_parquet(path: Path) -> pd.DataFrame:
    """The same for Parquet alone, whose columns come as numbers or text as they were written.

    Raises:
        InputError: There is nothing to read, or something is not Parquet.
    """
    for part in parts(path):
        with part.path.open("rb") as stream:
            if stream.read(4) != parquet.MAGIC:
                raise InputError(f"{part.name} is no Parquet file: give what steps.preprocess writes")
    return read(path)


def read_without_header(path: Path) -> pd.DataFrame:
    """The rows of CSV files without a header, all as text, in the order of the files' names.

    Raises:
        InputError: There are none, or their numbers of columns differ.
    """
    if not any(part.path.stat().st_size for part in parts(path)):
        raise InputError(f"{path}: all files are empty")
    return _frame(Source(path, as_read=True, header=False, skip_empty=True))


def _frame(source: Source, form: Form = DEFAULT) -> pd.DataFrame:
    read = list(blocks.scan(source, lambda block, rows: (block, rows)))
    rows = sum(count for _, count in read)
    if not rows:
        raise InputError(f"{parts(source.path)[0].name} has a header, but no rows: give a table with data")
    found = [block for block, count in read if count]
    return pd.DataFrame({name: _column([block[name] for block in found], name, form) for name in found[0]})


def _column(pieces: list[Any], name: str, form: Form) -> pd.Series:
    values = _together(pieces)
    if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
        values = form.understood(_in_one_line(values), name)
    elif form.dates_in(name):
        values = form.understood(pa.chunked_array([parquet.spelled(piece) for piece in values.chunks]), name)
    if pa.types.is_int64(values.type) and values.null_count:
        return pd.Series(values.to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get))
    return pd.Series(values.to_pandas())


def _together(pieces: list[Any]) -> Any:
    """The pieces as one type: numbers where all of them are, else texts."""
    kinds = {piece.type for piece in pieces if not (pa.types.is_string(piece.type) and piece.null_count == len(piece))}
    if not kinds:
        return pa.chunked_array(pieces)
    if len(kinds) == 1:
        (kind,) = kinds
        return pa.chunked_array([piece if piece.type == kind else pa.nulls(len(piece), kind) for piece in pieces])
    if all(parquet.is_number(kind) for kind in kinds) and not any(_too_large(piece) for piece in pieces):
        return pa.chunked_array([piece.cast(pa.float64()) for piece in pieces])
    return pa.chunked_array([parquet.spelled(piece) for piece in pieces])


def _too_large(piece: Any) -> bool:
    if not pa.types.is_integer(piece.type):
        return False
    found = pa.compute.min_max(piece).as_py()
    return any(value is not None and abs(value) > EXACT for value in found.values())


def _in_one_line(values: Any) -> Any:
    """Line breaks in texts as spaces: what comes later takes a line for a row, batch transform above all."""
    if pa.compute.any(pa.compute.match_substring_regex(values, "[\r\n]")).as_py():
        return pa.compute.replace_substring_regex(values, LINE_BREAKS, " ")
    return values
