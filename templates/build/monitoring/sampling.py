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
from reading.blocks import Block

Hashes = NDArray[np.uint64]

LIMIT = 1 << 15
"""Rows that are kept, at most."""
CHOOSING = 3
"""With so many columns of numbers they alone choose the rows, which is quicker."""
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
    numbers = sorted(name for name, values in block.items() if pa.types.is_float64(values.type))
    hashes = _row_hashes(block, numbers if len(numbers) >= CHOOSING else sorted(block))
    if not level:
        return hashes, dict(block)
    kept = hashes < _bound(level)
    mask = arrow.booleans(kept)
    return hashes[kept], {name: values.filter(mask) for name, values in block.items()}


def _bound(level: int) -> np.uint64:
    return np.uint64((1 << (64 - level)) - 1) if level else np.uint64(0xFFFF_FFFF_FFFF_FFFF)


def _row_hashes(block: Mapping[str, Any], names: list[str]) -> Hashes:
    rows = len(next(iter(block.values()))) if block else 0
    found = np.zeros(rows, np.uint64)
    for name in names:
        found ^= hashes_of(block[name])
        found *= _ODD
        found ^= found >> np.uint64(29)
    return found


def hashes_of(values: Any) -> Hashes:
    """A number for each value that differs where values do; nulls have one, too."""
    if pa.types.is_float64(values.type):
        return np.asarray(arrow.plain(values, np.nan) + 0.0, np.float64).view(np.uint64) * _ODD
    if pa.types.is_dictionary(values.type):
        of_texts = np.append(categories.hashes_of(values.dictionary.cast(pa.string())), np.uint64(1))
        return np.asarray(of_texts[arrow.plain(values.indices, len(values.dictionary))])
    return categories.hashes_of(values.cast(pa.string()).fill_null("\0"))
