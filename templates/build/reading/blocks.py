"""Read tables of any size in blocks: CSV (may be gzipped) or Parquet, one file or a folder of them.

A block is a mapping from column to Arrow array: float64 where every value of the block is a number or missing, else
text. Where a file is cut into blocks says nothing about its content, so nothing that is derived from blocks may
depend on it.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from os import cpu_count
from typing import TYPE_CHECKING, Any, TypeVar

import pyarrow as pa

from model.errors import InputError
from reading import parquet
from reading.delimited import GZIP, Csv
from reading.files import Part, parts
from reading.parquet import Parquet
from reading.spelling import MISSING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

Block = dict[str, Any]
T = TypeVar("T")

BLOCK_BYTES = 8 << 20
BLOCK_ROWS = 1 << 16


@dataclass(frozen=True)
class Source:
    """A table on disk.

    Args:
        path: A file, or a folder of files.
        texts: Columns that are text even where they look like numbers.
        leave: Columns that are not read.
        header: Whether the first row of a CSV file names the columns; otherwise they are `_c0`, `_c1` and so on.
        delimiter: What separates the columns of CSV; empty: the first rows tell.
        as_read: All values of CSV are texts, and those of Parquet whole numbers, floats or texts (`parquet.plain`).
        skip_empty: A file of 0 bytes has no rows; otherwise it is an error.
        block_bytes: Of CSV in a block, about.
        block_rows: Of Parquet in a block.
    """

    path: Path
    texts: frozenset[str] = frozenset()
    leave: frozenset[str] = frozenset()
    header: bool = True
    delimiter: str = ""
    as_read: bool = False
    skip_empty: bool = False
    block_bytes: int = BLOCK_BYTES
    block_rows: int = BLOCK_ROWS

    def files(self) -> list[Path]:
        """The file, or the files of the folder by name, but for those that tools leave beside data.

        Raises:
            InputError: There is none.
        """
        return [part.path for part in parts(self.path)]


def names_of(source: Source) -> list[str]:
    """The columns of a table, those that are left out too."""
    return _reader(parts(source.path)[0], source).names


def texts_of(source: Source) -> frozenset[str]:
    """The columns that the files themselves say are text. CSV says nothing about its columns."""
    readers = [Parquet(part) for part in parts(source.path) if _beginning(part).startswith(parquet.MAGIC)]
    return frozenset(name for file in readers for name in file.names if parquet.holds_text(file.type_of(name)))


def scan(source: Source, work: Callable[[Block, int], T]) -> Iterator[T]:
    """Do some work on every block, several at a time; `work` gets the block and its number of rows.

    Raises:
        InputError: The files are no tables, or have different columns.
    """
    first: _Reader | None = None
    workers = min(cpu_count() or 1, 8)
    with ThreadPoolExecutor(workers) as pool:
        for part in _with_content(source):
            reader = _reader(part, source)
            first = first or reader
            if sorted(first.names) != sorted(reader.names):
                raise InputError(
                    f"{part.name} has other columns than {first.file}: {_difference(reader.names, first.names)}"
                )
            yield from _side_by_side(pool, workers + 2, reader.blocks(), work)


def _with_content(source: Source) -> list[Part]:
    found = parts(source.path)
    return [part for part in found if part.path.stat().st_size] if source.skip_empty else found


def _side_by_side(
    pool: ThreadPoolExecutor,
    ahead: int,
    blocks: Iterator[Callable[[], tuple[Block, int]]],
    work: Callable[[Block, int], T],
) -> Iterator[T]:
    """Keep a few blocks in work, never more: memory is bounded by them."""
    waiting: list[Future[T]] = []
    for read in blocks:
        waiting.append(pool.submit(_then, read, work))
        if len(waiting) > ahead:
            yield waiting.pop(0).result()
    for future in waiting:
        yield future.result()


def _then(read: Callable[[], tuple[Block, int]], work: Callable[[Block, int], T]) -> T:
    return work(*read())


def _difference(one: list[str], other: list[str]) -> str:
    more, fewer = sorted(set(one) - set(other)), sorted(set(other) - set(one))
    return "; ".join(
        f"{word} {', '.join(names)}" for word, names in (("it also has", more), ("it lacks", fewer)) if names
    )


@dataclass
class _Reader:
    file: str
    names: list[str]
    blocks: Callable[[], Iterator[Callable[[], tuple[Block, int]]]]


def _beginning(part: Part) -> bytes:
    with part.path.open("rb") as stream:
        return stream.read(4)


def _reader(part: Part, source: Source) -> _Reader:
    start = _beginning(part)
    if not start:
        raise InputError(f"{part.name} is empty (0 bytes): give a table with a header and rows")
    if start == parquet.MAGIC:
        reader = _of_parquet(Parquet(part), source)
    else:
        csv = Csv(part, source, gzipped=start.startswith(GZIP)).open()
        reader = _Reader(part.name, csv.names, csv.blocks)
    return _with_keys(reader, part, source)


def _with_keys(reader: _Reader, part: Part, source: Source) -> _Reader:
    """Add the columns that the folders' names hold, unless the file has them itself."""
    keys = {name: value for name, value in part.keys.items() if name not in reader.names}
    read = {name: value for name, value in keys.items() if name not in source.leave}
    if not keys:
        return reader

    def blocks() -> Iterator[Callable[[], tuple[Block, int]]]:
        for block in reader.blocks():
            yield partial(_add, block, read)

    return _Reader(reader.file, [*reader.names, *keys], blocks)


def _add(read: Callable[[], tuple[Block, int]], keys: dict[str, str | None]) -> tuple[Block, int]:
    block, rows = read()
    return {**block, **{name: _constant(value, rows) for name, value in keys.items()}}, rows


def _constant(value: str | None, rows: int) -> Any:
    return pa.nulls(rows, pa.string()) if value is None else pa.repeat(pa.scalar(value, pa.string()), rows)


def _of_parquet(file: Parquet, source: Source) -> _Reader:
    kept = [name for name in file.names if name not in source.leave]
    if not source.as_read:
        for name in kept:
            _check_flat(file, name)

    def blocks() -> Iterator[Callable[[], tuple[Block, int]]]:
        for batch in file.batches(source.block_rows, kept):
            yield partial(_of_batch, batch, source)

    return _Reader(file.part.name, file.names, blocks)


def _of_batch(batch: Any, source: Source) -> tuple[Block, int]:
    names: Sequence[str] = batch.schema.names
    if source.as_read:
        return {name: parquet.plain(batch.column(name)) for name in names}, batch.num_rows
    return {name: _floats_or_texts(batch.column(name), name in source.texts) for name in names}, batch.num_rows


def _check_flat(file: Parquet, name: str) -> None:
    kind = file.type_of(name)
    if pa.types.is_nested(kind):
        raise InputError(
            f"{file.part.name}: column {name!r} holds {kind}, not single values: leave it out or write it as text"
        )


def _floats_or_texts(values: Any, textual: bool) -> Any:  # noqa: FBT001 (an attribute of the column)
    """A column of any Arrow type as float64 or text."""
    kind = values.type
    if pa.types.is_dictionary(kind) and pa.types.is_string(kind.value_type):
        return values
    if pa.types.is_null(kind):
        return values.cast(pa.float64())
    if pa.types.is_decimal(kind) and not textual:
        return values.cast(pa.float64(), safe=False)
    values = parquet.plain(values)
    if not parquet.is_number(values.type):
        return values
    return parquet.spelled(values) if textual else values.cast(pa.float64(), safe=False)


__all__ = ["BLOCK_BYTES", "BLOCK_ROWS", "MISSING", "Block", "Source", "names_of", "scan", "texts_of"]
