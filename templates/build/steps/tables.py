"""Read a table: CSV (also gzipped) or Parquet, one file or a folder of them, told apart by content and not by name.

Every column of a CSV file comes as text: what a text means is decided where it is known what the column is for.
"""

from __future__ import annotations

import csv
import gzip
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa
import pyarrow.compute
import pyarrow.csv
import pyarrow.parquet

from model.errors import InputError
from reading.spelling import LINE_BREAKS

if TYPE_CHECKING:
    from pathlib import Path

PARQUET = b"PAR1"
BEGINNING = 64 * 1024  # bytes that are enough to see what a file is


def read(path: Path) -> pd.DataFrame:
    """The rows of a file, or of all files of a folder in the order of their names.

    Raises:
        InputError: There is nothing to read, or something is not a table.
    """
    files = _files(path)
    return _together(files, [_read_one(file) for file in files])


def name(path: Path) -> str:
    """What a message calls a file, or a folder by the files in it."""
    files = _files(path)
    return files[0].name if len(files) == 1 else f"{len(files)} files ({files[0].name}, …)"


def read_parquet(path: Path) -> pd.DataFrame:
    """The same for Parquet alone, whose columns come as numbers or text as they were written.

    Raises:
        InputError: There is nothing to read, or something is not Parquet.
    """
    files = _files(path)
    for file in files:
        if _beginning(file)[:4] != PARQUET:
            raise InputError(f"{file.name} is no Parquet file: give what steps.preprocess writes")
    return _together(files, [_parquet(file) for file in files])


def _together(files: list[Path], tables: list[pd.DataFrame]) -> pd.DataFrame:
    for file, table in zip(files, tables, strict=True):
        if list(table.columns) != list(tables[0].columns):
            raise InputError(f"{file.name} has other columns than {files[0].name}: {_difference(table, tables[0])}")
    rows = pd.concat(tables, ignore_index=True) if len(tables) > 1 else tables[0]
    if rows.empty:
        raise InputError(f"{files[0].name} has a header, but no rows: give a table with data")
    return rows


def _files(path: Path) -> list[Path]:
    if not path.exists():
        raise InputError(f"{path}: there is no such file or folder")
    found = sorted(path.rglob("*")) if path.is_dir() else [path]
    files = [file for file in found if file.is_file() and not _ignored(file.relative_to(path))]
    if not files:
        raise InputError(f"{path}: the folder holds no file: give a CSV or Parquet file, or a folder of them")
    return files


def _ignored(relative: Path) -> bool:
    """Whether it is a file or in a folder that tools leave beside data, like `_SUCCESS` or `.DS_Store`."""
    return any(part.startswith((".", "_")) for part in relative.parts)


def _difference(one: pd.DataFrame, other: pd.DataFrame) -> str:
    more, fewer = (sorted(set(a.columns) - set(b.columns)) for a, b in ((one, other), (other, one)))
    parts = [f"{word} {', '.join(names)}" for word, names in (("it also has", more), ("it lacks", fewer)) if names]
    return "; ".join(parts) or "they come in another order"


def _read_one(file: Path) -> pd.DataFrame:
    start = _beginning(file)
    if not start:
        raise InputError(f"{file.name} is empty (0 bytes): give a table with a header and rows")
    if start.startswith(PARQUET):
        return _parquet(file)
    if start.startswith(b"\x1f\x8b"):
        return _csv(file, _unzipped(file), compression="gzip")
    return _csv(file, start, compression=None)


def _beginning(file: Path) -> bytes:
    with file.open("rb") as stream:
        return stream.read(BEGINNING)


def _unzipped(file: Path) -> bytes:
    try:
        with gzip.open(file) as stream:
            return stream.read(BEGINNING)
    except (OSError, EOFError) as error:
        raise InputError(f"{file.name} is a damaged gzip file: {error}") from None


def _parquet(file: Path) -> pd.DataFrame:
    try:
        table = pyarrow.parquet.ParquetFile(file).read()
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"{file.name} is a damaged Parquet file: {error}") from None
    _check_header(file, table.column_names)
    rows: pd.DataFrame = _in_one_line(table).to_pandas()
    return rows.reset_index(drop=True)


def _csv(file: Path, start: bytes, *, compression: str | None) -> pd.DataFrame:
    return _arrow_csv(file, _header(file, start), None, newlines=True, compression=compression)


def _arrow_csv(
    file: Path, names: list[str], options: pyarrow.csv.ReadOptions | None, *, newlines: bool, compression: str | None
) -> pd.DataFrame:
    convert = pyarrow.csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False)
    parse = pyarrow.csv.ParseOptions(newlines_in_values=newlines)
    try:
        with pa.input_stream(str(file), compression=compression) as stream:
            table = pyarrow.csv.read_csv(stream, options, parse, convert)
    except (pa.ArrowException, OSError, EOFError) as error:
        raise InputError(f"{file.name} cannot be read as CSV: {_reason(error, file)}") from None
    rows: pd.DataFrame = _in_one_line(table).to_pandas()
    return rows


def _in_one_line(table: pa.Table) -> pa.Table:
    """Line breaks in texts as spaces: what comes later takes a line for a row, batch transform above all."""
    for place, field in enumerate(table.schema):
        if not (pa.types.is_string(field.type) or pa.types.is_large_string(field.type)):
            continue
        column = table.column(place)
        if pyarrow.compute.any(pyarrow.compute.match_substring_regex(column, "[\r\n]")).as_py():
            plain = pyarrow.compute.replace_substring_regex(column, LINE_BREAKS, " ")
            table = table.set_column(place, field.name, plain)
    return table


def _reason(error: Exception, file: Path) -> str:
    text = " ".join(str(error).split()).removeprefix("CSV parse error: ")
    if "invalid UTF8" in text or "invalid UTF-8" in text:
        return f"it is not UTF-8: save it as UTF-8 (`iconv -f latin1 -t utf-8 {file.name}`)"
    return text


def _header(file: Path, start: bytes) -> list[str]:
    if b"\0" in start:
        raise InputError(f"{file.name} is binary, and no table: give CSV (may be gzipped) or Parquet")
    if start.lstrip().startswith((b"{", b"[")):
        raise InputError(f"{file.name} looks like JSON: give CSV (may be gzipped) or Parquet")
    try:
        text = start.decode("utf-8-sig", errors="strict" if len(start) < BEGINNING else "ignore")
    except UnicodeDecodeError as error:
        raise InputError(f"{file.name} cannot be read as CSV: {_reason(Exception('invalid UTF8'), file)}") from error
    names = next(csv.reader(text.splitlines()), [])
    if len(names) == 1 and any(mark in names[0] for mark in ";\t|"):
        mark = next(mark for mark in ";\t|" if mark in names[0])
        raise InputError(f"{file.name} separates its columns by {mark!r}: save it with commas")
    _check_header(file, names)
    return names


def _check_header(file: Path, names: list[str]) -> None:
    if not any(name.strip() for name in names):
        raise InputError(f"{file.name} has no header: its first line must name the columns")
    if unnamed := [str(place) for place, name in enumerate(names, start=1) if not name.strip()]:
        raise InputError(f"{file.name} has columns without a name: number {', '.join(unnamed)}")
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise InputError(f"{file.name} has several columns called {', '.join(twice)}: give each a name of its own")


def read_without_header(path: Path) -> pd.DataFrame:
    """The lines of CSV files without a header, all as text, in the order of the files' names.

    Raises:
        InputError: There are none, or their numbers of columns differ.
    """
    files = [file for file in _files(path) if file.stat().st_size]
    if not files:
        raise InputError(f"{path}: all files are empty")
    return _together(files, [_headless(file) for file in files])


def _headless(file: Path) -> pd.DataFrame:
    first = next(csv.reader(_beginning(file).decode("utf-8", errors="ignore").splitlines()), [])
    names = [f"column {place}" for place in range(1, len(first) + 1)]
    return _arrow_csv(file, names, pyarrow.csv.ReadOptions(column_names=names), newlines=False, compression=None)
