"""Read tables of any size in blocks: CSV (may be gzipped) or Parquet, one file or a folder of them.

A block is a mapping from column to Arrow array: float64 where every value of the block is a number or missing, else
text. Where a file is cut into blocks says nothing about its content, so nothing that is derived from blocks may
depend on it.
"""

import csv
import io
import re
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from os import cpu_count
from pathlib import Path
from queue import SimpleQueue
from typing import Any, NamedTuple, TypeVar

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

from model.errors import InputError
from reading.spelling import MISSING

Block = dict[str, Any]
T = TypeVar("T")

BLOCK_BYTES = 8 << 20
BLOCK_ROWS = 1 << 16
PARSED_BYTES = 1 << 20
HEAD_BYTES = 256 << 10
LONGEST_ROW = 64 << 20
SLACK = 64 << 10

_COLUMN = re.compile(r"In CSV column #(\d+):")


@dataclass(frozen=True)
class Source:
    """A table on disk. Columns in `texts` are text even where they look like numbers; those in `leave` are not read."""

    path: Path
    texts: frozenset[str] = frozenset()
    leave: frozenset[str] = frozenset()
    header: bool = True
    block_bytes: int = BLOCK_BYTES
    block_rows: int = BLOCK_ROWS

    def files(self) -> list[Path]:
        """The file, or the files of the folder by name, but for those that tools leave beside data.

        Raises:
            InputError: There is none.
        """
        if not self.path.exists():
            raise InputError(f"{self.path}: there is no such file or folder")
        found = sorted(self.path.rglob("*")) if self.path.is_dir() else [self.path]
        files = [file for file in found if file.is_file() and not _ignored(file.relative_to(self.path))]
        if not files:
            raise InputError(f"{self.path}: the folder holds no file: give a CSV or Parquet file, or a folder of them")
        return files


def _ignored(relative: Path) -> bool:
    return any(part.startswith((".", "_")) for part in relative.parts)


def names_of(source: Source) -> list[str]:
    """The columns of a table, those that are left out too."""
    return _reader(source.files()[0], source).names


def scan(source: Source, work: Callable[[Block, int], T]) -> Iterator[T]:
    """Do some work on every block, several at a time; `work` gets the block and its number of rows.

    Raises:
        InputError: The files are no tables, or have different columns.
    """
    names: list[str] | None = None
    workers = min(cpu_count() or 1, 8)
    with ThreadPoolExecutor(workers) as pool:
        for file in source.files():
            reader = _reader(file, source)
            if names is not None and sorted(names) != sorted(reader.names):
                raise InputError(
                    f"{file.name} has other columns than the files before it: {_difference(reader.names, names)}"
                )
            names = reader.names
            yield from _side_by_side(pool, workers + 2, reader.blocks(), work)


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
    names: list[str]
    blocks: Callable[[], Iterator[Callable[[], tuple[Block, int]]]]


def _reader(file: Path, source: Source) -> _Reader:
    with file.open("rb") as stream:
        start = stream.read(4)
    if not start:
        raise InputError(f"{file.name} is empty (0 bytes): give a table with a header and rows")
    if start == b"PAR1":
        return _parquet(file, source)
    return _Csv(file, source, gzipped=start[:2] == b"\x1f\x8b").reader()


def _parquet(file: Path, source: Source) -> _Reader:
    try:
        parquet = pa.parquet.ParquetFile(file)
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"{file.name} is a damaged Parquet file: {error}") from None
    names = _checked(file, parquet.schema_arrow.names)
    kept = [name for name in names if name not in source.leave]
    for name in kept:
        _check_type(file, name, parquet.schema_arrow.field(name).type)

    def blocks() -> Iterator[Callable[[], tuple[Block, int]]]:
        try:
            for batch in parquet.iter_batches(source.block_rows, columns=kept):
                yield partial(_of_batch, batch, source.texts)
        except (pa.ArrowException, OSError) as error:
            raise InputError(f"{file.name} is a damaged Parquet file: {error}") from None

    return _Reader(names, blocks)


def _of_batch(batch: Any, texts: frozenset[str]) -> tuple[Block, int]:
    return {name: _plain(batch.column(name), name in texts) for name in batch.schema.names}, batch.num_rows


def _check_type(file: Path, name: str, kind: Any) -> None:
    if pa.types.is_nested(kind) and not pa.types.is_dictionary(kind):
        raise InputError(
            f"{file.name}: column {name!r} holds {kind}, not single values: leave it out or write it as text"
        )


def _plain(values: Any, textual: bool) -> Any:  # noqa: FBT001 (an attribute of the column)
    """A column of any Arrow type as float64 or text."""
    kind = values.type
    if pa.types.is_dictionary(kind):
        return values if pa.types.is_string(kind.value_type) else _plain(values.cast(kind.value_type), textual)
    if pa.types.is_null(kind):
        return values.cast(pa.float64())
    numeric = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    if numeric and not textual:
        return values.cast(pa.float64(), safe=False)
    if pa.types.is_floating(kind):
        values = pc.if_else(pc.is_nan(values), pa.nulls(len(values), kind), values)
    return values.cast(pa.string())


class _Piece(NamedTuple):
    """Whole rows of a file, and whether there is a quote among them."""

    rows: memoryview
    quoted: bool


@dataclass
class _Csv:
    """One CSV file. `numeric` are the columns that were numbers so far: a guess that only saves time."""

    file: Path
    source: Source
    gzipped: bool
    names: list[str] = field(default_factory=list)
    numeric: set[str] = field(default_factory=set)
    free: SimpleQueue[bytearray] = field(default_factory=SimpleQueue)

    def reader(self) -> _Reader:
        first = next(self._pieces(64 << 10), None)
        self.names = self._header(bytes(first.rows) if first else b"")
        return _Reader(self.names, self._blocks)

    def _blocks(self) -> Iterator[Callable[[], tuple[Block, int]]]:
        header = self.source.header
        guessed = False
        for piece in self._pieces(self.source.block_bytes):
            rows = _without_header(piece.rows) if header else piece.rows
            header = False
            if _blank(rows):
                continue
            body = _Piece(rows, piece.quoted)
            if not guessed:
                self._guess(body)
                guessed = True
            yield partial(self._parsed, body)

    def _pieces(self, size: int) -> Iterator[_Piece]:
        """Pieces of the file that end where a row ends."""
        rest = b""
        with self._opened() as stream:
            while True:
                room = self._room(len(rest) + size)
                room[: len(rest)] = rest
                got = self._read_into(stream, memoryview(room)[len(rest) : len(rest) + size])
                if not got:
                    break
                end = len(rest) + got
                cut, quotes = _last_row_end(room, end)
                if not cut and end > LONGEST_ROW:
                    raise InputError(
                        f"{self.file.name}: a row is longer than 64 MB: is a quote opened and never closed?"
                    )
                rest = bytes(memoryview(room)[cut:end])
                if cut:
                    yield _Piece(memoryview(room)[:cut], quotes > 0)
        if rest:
            yield _Piece(memoryview(rest), quoted=b'"' in rest)

    def _room(self, size: int) -> bytearray:
        """Memory for a piece: that of one that has been parsed where there is one, for fresh memory takes time."""
        while not self.free.empty():
            room = self.free.get()
            if len(room) >= size:
                return room
        return bytearray(size + SLACK)

    def _opened(self) -> Any:
        return pa.input_stream(str(self.file), compression="gzip" if self.gzipped else None)

    def _read_into(self, stream: Any, room: memoryview) -> int:
        try:
            return int(stream.readinto(room))
        except OSError as error:
            raise InputError(f"{self.file.name} cannot be read: {error}") from None

    def _header(self, start: bytes) -> list[str]:
        row = start[: _first_row_end(start)] or start
        try:
            text = row.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise InputError(_not_utf8(self.file)) from None
        if "\0" in text:
            raise InputError(f"{self.file.name} is binary, and no table: give CSV (may be gzipped) or Parquet")
        names = next(csv.reader(io.StringIO(text, newline="")), [])
        _check_delimiter(self.file, names)
        return _checked(self.file, names) if self.source.header else [f"_c{i}" for i in range(len(names))]

    def _guess(self, piece: _Piece) -> None:
        """Look at the first rows: which columns are numbers or missing?"""
        head = bytes(piece.rows[:HEAD_BYTES])
        end = _last_row_end(head, len(head))[0] or len(piece.rows)
        table = self._read(_Piece(piece.rows[:end], piece.quoted), {})
        for name in set(table.column_names) - self.source.texts:
            kind = table.field(name).type
            if pa.types.is_null(kind) or kind in (pa.int64(), pa.float64()):
                self.numeric.add(name)

    def _parsed(self, piece: _Piece) -> tuple[Block, int]:
        types = {name: pa.float64() if name in self.numeric else pa.string() for name in self.names}
        while True:
            try:
                table = self._read(piece, types)
            except _NoNumberError as error:
                types[error.column] = pa.string()
                self.numeric.discard(error.column)  # other blocks are likely to hold such values too
                continue
            if isinstance(piece.rows.obj, bytearray):
                self.free.put(piece.rows.obj)  # the table has a copy of all that it needs
            return {name: _single(table.column(name)) for name in table.column_names}, table.num_rows

    def _read(self, piece: _Piece, types: dict[str, Any]) -> Any:
        """Parse rows bit by bit, as fits a processor's cache; at once where a row is longer than that."""
        kept = [name for name in self.names if name not in self.source.leave]
        for size in (PARSED_BYTES, len(piece.rows) + 1):
            try:
                return pa.csv.read_csv(
                    pa.BufferReader(pa.py_buffer(piece.rows)),
                    pa.csv.ReadOptions(column_names=self.names, use_threads=False, block_size=size),
                    pa.csv.ParseOptions(newlines_in_values=piece.quoted),
                    pa.csv.ConvertOptions(
                        column_types=types, null_values=MISSING, strings_can_be_null=False, include_columns=kept
                    ),
                )
            except pa.ArrowInvalid as error:
                if "straddl" not in str(error) or size > len(piece.rows):
                    raise self._translated(error) from None
        raise AssertionError  # the last size holds all rows

    def _translated(self, error: Exception) -> Exception:
        text = " ".join(str(error).split())
        if "invalid UTF8" in text or "invalid UTF-8" in text:
            return InputError(_not_utf8(self.file))
        if (found := _COLUMN.match(text)) and "double" in text:
            return _NoNumberError(self.names[int(found.group(1))])
        return InputError(f"{self.file.name} cannot be read as CSV: {text.removeprefix('CSV parse error: ')[:300]}")


class _NoNumberError(Exception):
    """A block has a value that is no number, in a column that was guessed to hold numbers."""

    def __init__(self, column: str) -> None:
        super().__init__(column)
        self.column = column


def _single(chunked: Any) -> Any:
    if chunked.num_chunks == 1:
        return chunked.chunk(0)
    return pa.concat_arrays(chunked.chunks) if chunked.num_chunks else pa.nulls(0, chunked.type)


def _not_utf8(file: Path) -> str:
    return f"{file.name} is not UTF-8: save it as UTF-8 (`iconv -f latin1 -t utf-8 {file.name}`)"


def _check_delimiter(file: Path, names: list[str]) -> None:
    if len(names) != 1:
        return
    if mark := next((mark for mark in ";\t|" if mark in names[0]), ""):
        raise InputError(f"{file.name} separates its columns by {mark!r}: save it with commas")


def _checked(file: Path, names: list[str]) -> list[str]:
    if not any(name.strip() for name in names):
        raise InputError(f"{file.name} has no header: its first line must name the columns")
    if unnamed := [str(place) for place, name in enumerate(names, start=1) if not name.strip()]:
        raise InputError(f"{file.name} has columns without a name: number {', '.join(unnamed)}")
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise InputError(f"{file.name} has several columns called {', '.join(twice)}: give each a name of its own")
    return names


def _without_header(piece: memoryview) -> memoryview:
    end = _first_row_end(bytes(piece))
    return piece[end:] if end else piece[:0]


def _blank(rows: memoryview) -> bool:
    """Whether there is nothing but line ends; a look at the beginning is enough nearly always."""
    return not bytes(rows[:64]).strip(b"\r\n") and not bytes(rows).strip(b"\r\n")


def _first_row_end(piece: bytes) -> int:
    """The place after the first line end that is not inside quotes; 0 where there is none."""
    end = piece.find(b"\n") + 1
    while end and piece.count(b'"', 0, end) % 2:
        end = piece.find(b"\n", end) + 1
    return end


def _last_row_end(piece: bytes | bytearray, length: int) -> tuple[int, int]:
    """The place after the last line end before `length` that is not inside quotes (0 where there is none).

    A piece begins outside quotes, so a place is inside them when an odd number of them is before it: the second value.
    """
    end = piece.rfind(b"\n", 0, length) + 1
    before = piece.count(b'"', 0, end)
    while end and before % 2:
        earlier = piece.rfind(b"\n", 0, end - 1) + 1
        before -= piece.count(b'"', earlier, end)
        end = earlier
    return end, before
