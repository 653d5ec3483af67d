"""Records as bytes: cutting streams into mini-batches, batches into records, and CSV records into fields.

Works on bytes and whole batches as long as it can: without a quotation mark, no batch is looked at record by record.
"""

from collections.abc import Iterator
from typing import BinaryIO

_QUOTE = b'"'


class RecordTooLarge(Exception):
    """One record alone is larger than a request may be."""


def batches(stream: BinaryIO, limit: int | None, *, quoted: bool) -> Iterator[bytes]:
    """Cut a stream of lines into pieces of as many whole records as fit; no piece ends with a line break.

    Args:
        stream: The input.
        limit: Bytes in a piece; None for one piece.
        quoted: Line breaks inside quotation marks belong to the record (CSV).

    Raises:
        RecordTooLarge: A record does not fit.
    """
    if limit is None:
        yield from filter(None, [_chomp(stream.read())])
        return
    rest = b""
    while True:
        data = rest + stream.read(limit + 1 - len(rest))
        if len(data) <= limit:
            yield from filter(None, [_chomp(data)])
            return
        cut = _last_end(data, quoted=quoted)
        if cut < 0:
            raise RecordTooLarge
        rest = data[cut + 1 :]
        yield from filter(None, [_chomp(data[: cut + 1])])


def singles(stream: BinaryIO, limit: int | None, *, quoted: bool) -> Iterator[bytes]:
    """Every record of a stream by itself; empty lines are none.

    Raises:
        RecordTooLarge: A record does not fit.
    """
    parts: list[bytes] = []
    size = inside = 0
    for line in stream:
        parts.append(line)
        size += len(line)
        inside ^= line.count(_QUOTE) % 2
        if limit is not None and size > limit and size - len(line) + len(_chomp(line)) > limit:
            raise RecordTooLarge
        if not (quoted and inside):
            yield from filter(None, [_chomp(b"".join(parts))])
            parts, size, inside = [], 0, 0
    if parts:
        yield _chomp(b"".join(parts))


def records(batch: bytes, *, quoted: bool) -> list[bytes]:
    """The records of a batch, without their line ends."""
    lines = _chomp(batch).split(b"\n")
    if quoted and _QUOTE in batch:
        lines = balanced(lines, b"\n")
    if b"\r" in batch:
        lines = [line.removesuffix(b"\r") for line in lines]
    return lines


def fields(record: bytes) -> list[bytes]:
    """The fields of a CSV record, with the quotation marks that they have."""
    parts = record.split(b",")
    return balanced(parts, b",") if _QUOTE in record else parts


def balanced(parts: list[bytes], separator: bytes) -> list[bytes]:
    """Put together again what was split inside quotation marks."""
    whole: list[bytes] = []
    open_parts: list[bytes] = []
    for part in parts:
        odd = part.count(_QUOTE) % 2
        if open_parts:
            open_parts.append(part)
            if odd:
                whole.append(separator.join(open_parts))
                open_parts = []
        elif odd:
            open_parts = [part]
        else:
            whole.append(part)
    return whole + ([separator.join(open_parts)] if open_parts else [])


def _last_end(data: bytes, *, quoted: bool) -> int:
    cut = data.rfind(b"\n")
    inside = data.count(_QUOTE, 0, max(cut, 0)) % 2 if quoted else 0
    while inside and cut >= 0:
        before = data.rfind(b"\n", 0, cut)
        inside ^= data.count(_QUOTE, max(before, 0), cut) % 2
        cut = before
    return cut


def _chomp(data: bytes) -> bytes:
    return data.removesuffix(b"\n").removesuffix(b"\r")
