"""CSV, also gzipped and with other delimiters, in blocks of whole rows.

A row ends at LF or CRLF outside of quotes (in a file without any LF, at CR). Nothing else ends one: CR alone, U+2028
and their like are content, and a CR is read as a space.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import partial
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa
import pyarrow.csv

from model.errors import InputError
from reading.header import column_names, delimiter_of, first_row_end, rows_of
from reading.spelling import MISSING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from reading.blocks import Block, Source
    from reading.files import Part

PARSED_BYTES = 1 << 19
HEAD_BYTES = 256 << 10
LONGEST_ROW = 64 << 20
SLACK = 64 << 10
GZIP = b"\x1f\x8b"
UTF_16 = (b"\xff\xfe", b"\xfe\xff")

_COLUMN = re.compile(r"In CSV column #(\d+):")
_LONE_CR = re.compile(rb"[ \t]*(?:\r(?!\n)[ \t]*)+")
_CR_TO_LF = bytes.maketrans(b"\r", b"\n")


class _Piece(NamedTuple):
    """Whole rows of a file, and whether there is a quote among them."""

    rows: memoryview
    quoted: bool


@dataclass
class Csv:
    """One CSV file. `numeric` are the columns that were numbers so far: a guess that only saves time."""

    part: Part
    source: Source
    gzipped: bool
    names: list[str] = field(default_factory=list)
    delimiter: str = ","
    numeric: set[str] = field(default_factory=set)
    free: SimpleQueue[bytearray] = field(default_factory=SimpleQueue)
    cr_ends_rows: bool = False

    def open(self) -> Csv:
        """Read the header.

        Raises:
            InputError: It is no header, or the file no CSV.
        """
        start = self._beginning()
        if b"\0" in start and not start.startswith(UTF_16):
            raise InputError(f"{self.part.name} is binary, and no table: give CSV (may be gzipped) or Parquet")
        self.cr_ends_rows = b"\r" in start and b"\n" not in start
        first = next(self._pieces(HEAD_BYTES), None)
        self._read_header(bytes(first.rows) if first else b"")
        return self

    def blocks(self) -> Iterator[Callable[[], tuple[Block, int]]]:
        """What gives each block of rows, one after another."""
        header = self.source.header
        guessed = self.source.as_read
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

    def _beginning(self) -> bytes:
        with self._opened() as stream:
            start = bytearray(HEAD_BYTES)
            return bytes(start[: self._read_into(stream, memoryview(start))])

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
                if self.cr_ends_rows:
                    room[:end] = room[:end].translate(_CR_TO_LF)
                cut, quotes = _last_row_end(room, end)
                if not cut and end > LONGEST_ROW:
                    raise InputError(
                        f"{self.part.name}: a row is longer than 64 MB: is a quote opened and never closed?"
                    )
                rest = bytes(memoryview(room)[cut:end])
                if cut:
                    yield _Piece(_cleaned(memoryview(room)[:cut]), quotes > 0)
        if rest:
            yield _Piece(_cleaned(memoryview(rest)), quoted=b'"' in rest)

    def _room(self, size: int) -> bytearray:
        """Memory for a piece: that of one that has been parsed where there is one, for fresh memory takes time."""
        while not self.free.empty():
            room = self.free.get()
            if len(room) >= size:
                return room
        return bytearray(size + SLACK)

    def _opened(self) -> Any:
        return pa.input_stream(str(self.part.path), compression="gzip" if self.gzipped else None)

    def _read_into(self, stream: Any, room: memoryview) -> int:
        try:
            return int(stream.readinto(room))
        except OSError as error:
            what = "is a damaged gzip file" if self.gzipped else "cannot be read"
            raise InputError(f"{self.part.name} {what}: {error}") from None

    def _read_header(self, start: bytes) -> None:
        end = first_row_end(start) or len(start)
        try:
            row = start[:end].decode("utf-8-sig")
        except UnicodeDecodeError:
            raise InputError(_not_utf8(self.part, start)) from None
        if self.source.header and row.lstrip().startswith(("{", "[")):
            raise InputError(f"{self.part.name} looks like JSON: give CSV (may be gzipped) or Parquet")
        self.delimiter = self._delimiter(start)
        names = next(rows_of(row, self.delimiter), [])
        made = [f"_c{place}" for place in range(len(names))]
        self.names = column_names(self.part.name, names) if self.source.header else made

    def _delimiter(self, start: bytes) -> str:
        if self.source.delimiter or not self.source.header:
            return self.source.delimiter or ","
        return delimiter_of(start.decode("utf-8-sig", errors="replace"))

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
                    pa.csv.ParseOptions(delimiter=self.delimiter, newlines_in_values=piece.quoted),
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
            return InputError(_not_utf8(self.part, b""))
        if (found := _COLUMN.match(text)) and "double" in text:
            return _NoNumberError(self.names[int(found.group(1))])
        return InputError(f"{self.part.name} cannot be read as CSV: {text.removeprefix('CSV parse error: ')[:300]}")


class _NoNumberError(Exception):
    """A block has a value that is no number, in a column that was guessed to hold numbers."""

    def __init__(self, column: str) -> None:
        super().__init__(column)
        self.column = column


def _single(chunked: Any) -> Any:
    if chunked.num_chunks == 1:
        return chunked.chunk(0)
    return pa.concat_arrays(chunked.chunks) if chunked.num_chunks else pa.nulls(0, chunked.type)


def _not_utf8(part: Part, start: bytes) -> str:
    encoding = "utf-16" if start.startswith(UTF_16) else "latin1"
    what = "is UTF-16, not UTF-8" if encoding == "utf-16" else "cannot be read as CSV: it is not UTF-8"
    return f"{part.name} {what}: save it as UTF-8 (`iconv -f {encoding} -t utf-8 {part.name}`)"


def _cleaned(rows: memoryview) -> memoryview:
    """The same with a space for each CR alone that is outside of quotes, where Arrow would end a row."""
    content, length = rows.obj, len(rows)
    if content.find(b"\r", 0, length) < 0:  # type: ignore[attr-defined]
        return rows
    if content.count(b"\r", 0, length) == content.count(b"\r\n", 0, length):  # type: ignore[attr-defined]
        return rows
    parts, inside, before = [], 0, 0
    for found in _LONE_CR.finditer(rows):
        inside ^= content.count(b'"', before, found.start()) % 2  # type: ignore[attr-defined]
        parts += [bytes(rows[before : found.start()]), found[0] if inside else b" "]
        before = found.end()
    return memoryview(b"".join([*parts, bytes(rows[before:])]))


def _without_header(piece: memoryview) -> memoryview:
    end = first_row_end(bytes(piece))
    return piece[end:] if end else piece[:0]


def _blank(rows: memoryview) -> bool:
    """Whether there is nothing but line ends; a look at the beginning is enough nearly always."""
    return not bytes(rows[:64]).strip(b"\r\n") and not bytes(rows).strip(b"\r\n")


def _last_row_end(piece: bytes | bytearray, length: int) -> tuple[int, int]:
    """The place after the last line end before `length` that is not inside quotes (0 where there is none).

    A piece begins outside quotes, so a place is inside them when an odd number of them is before it: the second value.
    """
    end = piece.rfind(b"\n", 0, length) + 1
    first = piece.find(b'"', 0, end)  # most files have none, and looking for the first is quicker than counting
    before = piece.count(b'"', first, end) if first >= 0 else 0
    while end and before % 2:
        earlier = piece.rfind(b"\n", 0, end - 1) + 1
        before -= piece.count(b'"', earlier, end)
        end = earlier
    return end, before
