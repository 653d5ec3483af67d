"""Some whole rows of a table, chosen by what they hold: for questions that columns one by one cannot answer.

A row is taken when a hash of its values is small enough, so the same rows are taken in whatever order they come and
wherever a file is cut, and equal rows are taken or left together.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from monitoring import arrow, categories
from monitoring.cells import encoded, may_be_numbers, parsed
from reading.blocks import Block
from reading.spelling import canonical

Hashes = NDArray[np.uint64]

LIMIT = 1 << 15
"""Rows that are kept, at most."""
CHOOSING = 3
"""With so many values that have decimals, a row is chosen by its numbers alone, which is quicker."""
_ODD = np.uint64(0x9E37_79B9_7F4A_7C15)


@dataclass
class Sample:
    """Rows whose hash is below 2**(64 - level), of `seen` rows altogether."""

    columns: dict[str, list[Any]] = field(default_factory=dict)
    hashes: list[Hashes] = field(default_factory=list)
    level: int = 0
    seen: int = 0

    @property
    def rows(self) -> int:
        """Number of rows."""
        return sum(len(part) for part in self.hashes)

    def add(self, rows: int, picked: tuple[Hashes, Block]) -> None:
        """Take in some of so many more rows."""
        hashes, block = picked
        self.seen += rows
        kept = hashes < _bound(self.level)  # it may have been picked before the level was raised
        if self.level and not kept.all():
            mask = arrow.booleans(kept)
            hashes, block = hashes[kept], {name: values.filter(mask) for name, values in block.items()}
        self.hashes.append(hashes)
        for name, values in block.items():
            self.columns.setdefault(name, []).append(values)
        while self.rows > LIMIT and self.level < 63:  # noqa: PLR2004
            self._halve()

    def _halve(self) -> None:
        self.level += 1
        kept = [part < _bound(self.level) for part in self.hashes]
        self.hashes = [part[chosen] for part, chosen in zip(self.hashes, kept, strict=True)]
        self.columns = {
            name: [values.filter(arrow.booleans(chosen)) for values, chosen in zip(parts, kept, strict=True)]
            for name, parts in self.columns.items()
        }

    def column(self, name: str) -> list[Any]:
        """The values of a column, in parts; none where a block lacked it."""
        return self.columns.get(name, [])

    def repeated(self) -> tuple[int, int]:
        """Rows that are equal to an earlier one, and pairs of equal rows, among those taken."""
        parts = [_row_hashes({name: values[place] for name, values in self.columns.items()}, sorted(self.columns))
                 for place in range(len(self.hashes))]  # fmt: skip
        if not parts:
            return 0, 0
        counts = np.unique(np.concatenate(parts), return_counts=True)[1]
        return int(counts.sum() - len(counts)), int((counts * (counts - 1) // 2).sum())


def pick(block: Block, level: int) -> tuple[Hashes, Block]:
    """The rows of a block that are taken at a level, with their hashes."""
    hashes = _choosing(block)
    if not level:
        return hashes, dict(block)
    kept = hashes < _bound(level)
    mask = arrow.booleans(kept)
    return hashes[kept], {name: values.filter(mask) for name, values in block.items()}


def _bound(level: int) -> np.uint64:
    return np.uint64((1 << (64 - level)) - 1) if level else np.uint64(0xFFFF_FFFF_FFFF_FFFF)


def _choosing(block: Mapping[str, Any]) -> Hashes:
    """A number for each row by which it is taken: of its numbers, and of its texts where the numbers are few.

    It depends on the row's values alone, not on the type that a column has in a block because of its other rows.
    """
    names = sorted(block)
    rows = len(block[names[0]]) if names else 0
    found, decimals = np.zeros(rows, np.uint64), np.zeros(rows, np.int8)
    for name in names:
        hashes, floats = _numbers(block[name])
        found = _mixed(found, hashes)
        if (decimals < CHOOSING).any():
            decimals += np.isfinite(floats) & (floats != np.rint(floats))
    poor = decimals < CHOOSING
    if not poor.any():
        return found
    whole = found.copy()
    for name in names:
        whole = _mixed(whole, _texts(block[name]))
    return np.where(poor, whole, found)


def _numbers(values: Any) -> tuple[Hashes, NDArray[np.float64]]:
    """Hashes of the numbers and missing values of an array, 0 of its texts; and the numbers, NaN for others."""
    if pa.types.is_float64(values.type):
        floats = arrow.plain(values, np.nan)
        return _of_floats(floats), floats
    if not (values.null_count or pa.types.is_dictionary(values.type) or may_be_numbers(values).any()):
        return np.zeros(len(values), np.uint64), np.full(len(values), np.nan)
    texts, codes = encoded(values)
    absent, floats = parsed(texts)
    floats = np.append(np.where(absent, np.nan, floats), np.nan)
    plain = np.append(absent, True) | ~np.isnan(floats)
    return np.where(plain, _of_floats(floats), np.uint64(0))[codes], floats[codes]


def _texts(values: Any) -> Hashes:
    """Hashes of the texts of an array, 0 of its numbers and missing values."""
    if pa.types.is_float64(values.type):
        return np.zeros(len(values), np.uint64)
    return np.where(_numbers(values)[0] == 0, hashes_of(values), np.uint64(0))


def _mixed(found: Hashes, hashes: Hashes) -> Hashes:
    """Take in more hashes; the first array is changed."""
    found ^= hashes
    found *= _ODD
    found ^= found >> np.uint64(29)
    return found


def _row_hashes(block: Mapping[str, Any], names: list[str]) -> Hashes:
    rows = len(next(iter(block.values()))) if block else 0
    found = np.zeros(rows, np.uint64)
    for name in names:
        found = _mixed(found, hashes_of(block[name]))
    return found


def hashes_of(values: Any) -> Hashes:
    """A number for each value that differs where values do; missing ones have one, too.

    The same whether a block was read as numbers or, because of another row in it, as text.
    """
    if pa.types.is_float64(values.type):
        return _of_floats(arrow.plain(values, np.nan))
    texts, codes = encoded(values)
    absent, floats = parsed(texts)
    hashes = categories.hashes_of(canonical(texts))
    plain = absent | ~np.isnan(floats)
    hashes[plain] = _of_floats(np.where(absent, np.nan, floats))[plain]
    return np.asarray(np.append(hashes, _of_floats(np.array([np.nan])))[codes])


def _of_floats(values: NDArray[np.float64]) -> Hashes:
    values = np.where(np.isnan(values), np.nan, values + 0.0)  # one NaN, and no negative zero
    return np.asarray(values, np.float64).view(np.uint64) * _ODD
