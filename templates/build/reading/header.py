"""The first row of a delimited file: the columns' names, and what separates them."""

from __future__ import annotations

import csv
import io
import re
from itertools import islice
from typing import TYPE_CHECKING

from model.errors import InputError
from reading.spelling import LINE_BREAKS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

DELIMITERS = (",", ";", "\t", "|")
_BROKEN = re.compile(LINE_BREAKS)
_ROWS = 50  # that tell the delimiter
csv.field_size_limit(1 << 30)  # a field may be as long as a row


def first_row_end(piece: bytes) -> int:
    """The place after the first line end that is not inside quotes; 0 where there is none."""
    end = piece.find(b"\n") + 1
    inside = piece.count(b'"', 0, end) % 2
    while end and inside:
        after = piece.find(b"\n", end) + 1
        inside ^= piece.count(b'"', end, after) % 2
        end = after
    return end


def rows_of(text: str, delimiter: str) -> Iterator[list[str]]:
    """The rows of a text, line breaks within quotes kept: only CR, LF and CRLF end a row, and nothing else does."""
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)


def delimiter_of(start: str) -> str:
    """What separates the columns: a comma, unless another mark cuts the first rows evenly and a comma does not.

    Args:
        start: Whole rows from the beginning of the file.
    """
    widths = {mark: [len(row) for row in islice(rows_of(start, mark), _ROWS) if row] for mark in DELIMITERS}
    even = {mark: found[0] for mark, found in widths.items() if found and found[0] > 1 and len(set(found)) == 1}
    if "," in even or not even:
        named = {mark: found[0] for mark, found in widths.items() if found}
        return "," if "," in even or named.get(",", 1) > 1 else max(named, key=named.__getitem__, default=",")
    return max(even, key=even.__getitem__)


def column_names(file: str, names: Sequence[str]) -> list[str]:
    """The columns' names, each in one line.

    Raises:
        InputError: Some are missing, or stand for several columns.
    """
    found = [_BROKEN.sub(" ", name) for name in names]
    if not any(name.strip() for name in found):
        raise InputError(f"{file} has no header: its first line must name the columns")
    if unnamed := [str(place) for place, name in enumerate(found, start=1) if not name.strip()]:
        raise InputError(f"{file} has columns without a name: number {', '.join(unnamed)}")
    seen: set[str] = set()
    if twice := sorted({name for name in found if name in seen or seen.add(name)}):  # type: ignore[func-returns-value]
        raise InputError(f"{file} has several columns called {', '.join(twice)}: give each a name of its own")
    return found
