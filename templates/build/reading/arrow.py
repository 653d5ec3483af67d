"""Arrow arrays without `pyarrow.array`, which imports pandas first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


def strings(texts: Sequence[str]) -> Any:
    """An array of texts."""
    encoded = [text.encode() for text in texts]
    offsets = np.zeros(len(encoded) + 1, np.int32)
    np.cumsum([len(text) for text in encoded], out=offsets[1:])
    return pa.StringArray.from_buffers(len(encoded), pa.py_buffer(offsets), pa.py_buffer(b"".join(encoded)))


def integers(values: NDArray[np.int64]) -> Any:
    """An array of integers."""
    return pa.Array.from_buffers(pa.int64(), len(values), [None, pa.py_buffer(np.ascontiguousarray(values))])


def booleans(values: NDArray[np.bool_]) -> Any:
    """An array of truth values."""
    packed = np.packbits(values, bitorder="little")
    return pa.Array.from_buffers(pa.bool_(), len(values), [None, pa.py_buffer(packed)])


def truths(values: Any) -> NDArray[np.bool_]:
    """The truth values of an array; a null is none."""
    found = bits(values.buffers()[1], values)
    return found & bits(values.buffers()[0], values) if values.null_count else found


def bits(content: Any, values: Any) -> NDArray[np.bool_]:
    """The bits of one of an array's buffers."""
    if content is None:
        return np.zeros(len(values), np.bool_)
    unpacked = np.unpackbits(np.frombuffer(content, np.uint8), bitorder="little")
    return unpacked[values.offset : values.offset + len(values)].astype(np.bool_)
