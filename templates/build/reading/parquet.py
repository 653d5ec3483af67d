"""Parquet: its columns by name, and their many types as the few that a table has: numbers and texts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet

from model.errors import InputError
from reading.arrow import strings
from reading.header import column_names
from reading.spelling import as_text, canonical

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reading.files import Part

MAGIC = b"PAR1"
_UNNAMED_INDEX = re.compile(r"__index_level_\d+__")
_ZEROS = r"(\.\d*?)0+$"
_MIDNIGHT = r"\.$| 00:00:00\.?$"


class Parquet:
    """One Parquet file. An index of pandas is a column, but for whole numbers without a name: these count the rows."""

    def __init__(self, part: Part) -> None:
        """Open it.

        Raises:
            InputError: It is damaged, or its columns cannot be told apart.
        """
        self.part = part
        try:
            self._file = pa.parquet.ParquetFile(part.path)
        except (pa.ArrowException, OSError) as error:
            raise self._damaged(error) from None
        kept = [name for name in self._file.schema_arrow.names if not self._counts_rows(name)]
        self._columns = dict(zip(column_names(part.name, kept), kept, strict=True))

    @property
    def names(self) -> list[str]:
        """The columns."""
        return list(self._columns)

    def type_of(self, name: str) -> Any:
        """The Arrow type of a column; of a dictionary, that of its values."""
        kind = self._file.schema_arrow.field(self._columns[name]).type
        return kind.value_type if pa.types.is_dictionary(kind) else kind

    def batches(self, rows: int, names: list[str]) -> Iterator[Any]:
        """Record batches of some columns, as the file has them.

        Raises:
            InputError: The file is damaged.
        """
        wanted = [self._columns[name] for name in names]
        try:
            for batch in self._file.iter_batches(rows, columns=wanted):
                yield pa.RecordBatch.from_arrays([batch.column(name) for name in wanted], names=names)
        except (pa.ArrowException, OSError) as error:
            raise self._damaged(error) from None

    def _counts_rows(self, name: str) -> bool:
        """Whether it is an index that pandas numbered by itself; a column that is only called so stays."""
        if not _UNNAMED_INDEX.fullmatch(name):
            return False
        schema = self._file.schema_arrow
        indexes = (schema.pandas_metadata or {}).get("index_columns", [])
        return name in indexes and bool(pa.types.is_integer(schema.field(name).type))

    def _damaged(self, error: Exception) -> InputError:
        return InputError(f"{self.part.name} is a damaged Parquet file: {error}")


def holds_text(kind: Any) -> bool:
    """Whether values of an Arrow type are texts here: texts, booleans, days and moments."""
    return not (is_number(kind) or pa.types.is_null(kind) or pa.types.is_nested(kind) or pa.types.is_duration(kind))


def is_number(kind: Any) -> bool:
    """Whether values of an Arrow type are numbers."""
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def plain(values: Any) -> Any:
    """An array of any type as integers, floats or texts, nothing of it lost.

    Texts are as they are written in the file; what has a type of its own is a text in its one spelling. Durations are
    seconds. Lists and structures stay what they are.
    """
    kind = values.type
    if isinstance(kind, pa.BaseExtensionType):
        return plain(values.storage)
    if pa.types.is_dictionary(kind):
        return plain(values.dictionary_decode())
    if pa.types.is_integer(kind):
        return values.cast(pa.string() if pa.types.is_uint64(kind) and _large(values) else pa.int64())
    if pa.types.is_floating(kind):
        return values.cast(pa.float32()) if pa.types.is_float16(kind) else values
    return values if pa.types.is_nested(kind) else _seconds_or_text(values)


def _seconds_or_text(values: Any) -> Any:
    kind = values.type
    if pa.types.is_duration(kind):
        per_second = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[kind.unit]
        return pc.divide(values.cast(pa.int64()).cast(pa.float64(), safe=False), float(per_second))
    return _text(values)


def _large(values: Any) -> bool:
    largest = pc.max(values).as_py()
    return largest is not None and largest >= 2**63


def _text(values: Any) -> Any:
    kind = values.type
    if pa.types.is_timestamp(kind):
        return _moments(values)
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind):
        return _decoded(values)
    return values.cast(pa.string())  # texts, booleans, dates, times, decimals, nulls


def _decoded(values: Any) -> Any:
    """Bytes that are UTF-8 as text, as Spark and Impala write it; others as hexadecimal digits."""
    try:
        return values.cast(pa.binary()).cast(pa.string())
    except pa.ArrowInvalid:
        return strings_or_nulls([None if value is None else value.hex() for value in values.to_pylist()])


def _moments(values: Any) -> Any:
    if values.type.tz is not None:
        encoded = pc.dictionary_encode(values)
        spelled = canonical(encoded.dictionary.cast(pa.string()))
        return pa.DictionaryArray.from_arrays(encoded.indices, spelled).dictionary_decode()
    texts = pc.replace_substring_regex(values.cast(pa.string()), _ZEROS, r"\1")
    return pc.replace_substring_regex(texts, _MIDNIGHT, "")


def spelled(values: Any) -> Any:
    """Numbers as texts in their one spelling; texts as they are."""
    if not is_number(values.type):
        return values
    if pa.types.is_integer(values.type):
        return values.cast(pa.string())
    encoded = pc.dictionary_encode(values)
    texts = strings_or_nulls([as_text(value) for value in _python_floats(encoded.dictionary)])
    return pa.DictionaryArray.from_arrays(encoded.indices, texts).dictionary_decode()


def _python_floats(values: Any) -> list[Any]:
    """Floats of 32 bits have a shorter spelling than the same numbers of 64."""
    import numpy as np

    content = np.frombuffer(values.buffers()[1], "f4" if pa.types.is_float32(values.type) else "f8")
    return list(content[values.offset : values.offset + len(values)])


def strings_or_nulls(texts: list[str | None]) -> Any:
    """An array of texts, some of them missing."""
    filled = strings([text or "" for text in texts])
    missing = [text is None for text in texts]
    if not any(missing):
        return filled
    import numpy as np

    bits = np.packbits(~np.array(missing), bitorder="little")
    return pa.Array.from_buffers(pa.string(), len(texts), [pa.py_buffer(bits), *filled.buffers()[1:]])
