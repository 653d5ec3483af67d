"""What is kept of a column and of a table: the numbers and the texts among its values, and how many are missing."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from monitoring import arrow, categories, numeric, sampling
from monitoring.categories import Words
from monitoring.cells import encoded, may_be_numbers, parsed
from monitoring.numeric import Numbers
from monitoring.sampling import Sample
from reading.blocks import Block, Source, scan
from reading.spelling import canonical

Type = Literal["Integral", "Fractional", "String", "Unknown"]

NUMERIC_SHARE = 0.9
"""A column with at least this share of numbers is one of numbers; the rest of its values are then of the wrong type."""


@dataclass(frozen=True)
class Column:
    """A column's summary: a function of its values alone, not of their order."""

    missing: int = 0
    numbers: Numbers = field(default_factory=Numbers)
    words: Words = field(default_factory=Words)

    @property
    def present(self) -> int:
        """Number of values that are not missing."""
        return self.numbers.count + self.numbers.infinite + self.words.total

    @property
    def rows(self) -> int:
        """Number of rows."""
        return self.present + self.missing

    @property
    def type(self) -> Type:
        """What most values are: whole numbers, numbers, or text."""
        if not self.present:
            return "Unknown"
        if not self.numbers.count or self.numbers.count < NUMERIC_SHARE * self.present:
            return "String"
        return "Integral" if self.numbers.whole == self.numbers.count else "Fractional"

    def merged(self, other: "Column") -> "Column":
        """The summary of the rows of both."""
        return Column(self.missing + other.missing, self.numbers.merged(other.numbers), self.words.merged(other.words))


@dataclass
class Profile:
    """The summaries of a table's columns, in the table's order."""

    rows: int = 0
    columns: dict[str, Column] = field(default_factory=dict)
    sample: Sample = field(default_factory=Sample)

    def add(self, rows: int, columns: dict[str, Column], picked: tuple[Any, Block] | None = None) -> None:
        """Take in the summaries of more rows, and some of the rows."""
        self.rows += rows
        if picked is not None:
            self.sample.add(rows, picked)
        for name, column in columns.items():
            known = self.columns.get(name)
            self.columns[name] = column if known is None else known.merged(column)


def profile(source: Source) -> Profile:
    """Read a table once and summarise every column."""
    result = Profile()

    def work(block: Block, rows: int) -> tuple[int, dict[str, Column], tuple[Any, Block]]:
        columns = {
            name: column(values, name in source.texts, result.columns.get(name)) for name, values in block.items()
        }
        return rows, columns, sampling.pick(block, result.sample.level)

    for rows, columns, picked in scan(source, work):
        result.add(rows, columns, picked)
    return result


def column(values: Any, textual: bool = False, known: Column | None = None) -> Column:  # noqa: FBT001, FBT002
    """Summarise an array. What is known of other rows of the column only saves time."""
    hint = known or Column()
    missing = values.null_count
    if missing:
        values = values.drop_null()
    if pa.types.is_float64(values.type):
        return _of_floats(arrow.plain(values), missing, hint)
    if _hardly_ever_again(values, hint) and (textual or not may_be_numbers(values).any()):
        return _of_texts(canonical(values), np.ones(len(values), np.int64), missing, hint)
    distinct, counts = categories.occurrences(values)
    if textual:
        return _of_texts(canonical(distinct), counts, missing, hint)
    return _of_values(distinct, counts, missing, hint)


def _hardly_ever_again(values: Any, known: Column) -> bool:
    """Whether texts are better not looked up, for most of them are new."""
    many = known.words.level > 0 or 2 * known.words.distinct > known.words.total > 0
    return many and pa.types.is_string(values.type)


def _of_floats(values: NDArray[np.float64], missing: int, hint: Column) -> Column:
    if len(values) and np.isnan(values.min()):
        absent = np.isnan(values)
        values = values[~absent]
        missing += int(absent.sum())
    return Column(missing, numeric.numbers(values, hint.numbers.bins.shift))


def _of_texts(distinct: Any, counts: NDArray[np.int64], missing: int, hint: Column) -> Column:
    empty = _is_empty(distinct)
    if empty.any():
        missing += int(counts[empty].sum())
        distinct, counts = distinct.filter(arrow.booleans(~empty)), counts[~empty]
    return Column(missing, words=categories.words(distinct, counts, level=hint.words.level))


def _of_values(distinct: Any, counts: NDArray[np.int64], missing: int, hint: Column) -> Column:
    """Tell the numbers and what stands for a missing value from the texts."""
    if not may_be_numbers(distinct).any():
        return _of_texts(canonical(distinct), counts, missing, hint)
    absent, floats = parsed(distinct)
    number = ~np.isnan(floats)
    rest = ~(absent | number)
    words = categories.words(canonical(distinct.filter(arrow.booleans(rest))), counts[rest], level=hint.words.level)
    numbers = numeric.repeated(floats[number], counts[number], hint.numbers.bins.shift)
    return Column(missing + int(counts[absent].sum()), numbers, words)


def floats_of(values: Any) -> NDArray[np.float64]:
    """The numbers of an array row by row; NaN where there is none."""
    if pa.types.is_float64(values.type):
        return np.asarray(arrow.plain(values, np.nan))
    texts, codes = encoded(values)
    return np.append(parsed(texts)[1], np.nan)[codes]


def places_of(values: Any, known: Any, textual: bool) -> NDArray[np.int64]:  # noqa: FBT001 (an attribute of the column)
    """The place of each row's text among the known ones; their number for another value, -1 for a missing one."""
    if pa.types.is_float64(values.type):
        return np.where(np.isnan(arrow.plain(values, np.nan)), -1, len(known))
    texts, codes = encoded(values)
    if textual:
        texts = canonical(texts)
        absent = _is_empty(texts)
    else:
        absent = parsed(texts)[0]
        texts = canonical(texts)
    found = arrow.plain(pc.index_in(texts, known), len(known))
    return np.append(np.where(absent, -1, found), -1)[codes]


def _is_empty(texts: Any) -> NDArray[np.bool_]:
    return np.asarray(arrow.plain(pc.binary_length(texts)) == 0)


def of_arrays(arrays: dict[str, Any], texts: Iterable[str] = ()) -> Profile:
    """The profile of columns in memory."""
    textual = set(texts)
    rows = max((len(values) for values in arrays.values()), default=0)
    result = Profile()
    result.add(
        rows, {name: column(values, name in textual) for name, values in arrays.items()}, sampling.pick(arrays, 0)
    )
    return result
