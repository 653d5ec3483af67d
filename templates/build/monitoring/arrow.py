"""Between Arrow arrays and the values of Python and NumPy.

`pyarrow.array`, `to_numpy` and everything else that converts values imports pandas first, which takes longer than a
look at a small table. Reading and making buffers imports nothing.
"""

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reading.arrow import strings

__all__ = ["booleans", "integers", "plain", "strings", "truths"]


def integers(values: NDArray[np.int64]) -> Any:
    """An array of integers."""
    return pa.Array.from_buffers(pa.int64(), len(values), [None, pa.py_buffer(np.ascontiguousarray(values))])


def booleans(values: NDArray[np.bool_]) -> Any:
    """An array of truth values."""
    packed = np.packbits(values, bitorder="little")
    return pa.Array.from_buffers(pa.bool_(), len(values), [None, pa.py_buffer(packed)])


def truths(values: Any) -> NDArray[np.bool_]:
    """The truth values of an array; a null is none."""
    found = _bits(values.buffers()[1], values)
    return found & _bits(values.buffers()[0], values) if values.null_count else found


def plain(values: Any, missing: float = 0) -> Any:
    """The numbers of an array as float64 or int64, with something in place of its nulls."""
    content = values.buffers()[1]
    whole = not pa.types.is_float64(values.type)
    if content is None:
        return np.full(len(values), missing, np.int64 if whole else np.float64)
    found = np.frombuffer(content, str(values.type) if whole else np.float64)
    found = found[values.offset : values.offset + len(values)].astype(np.int64 if whole else np.float64, copy=False)
    return np.where(_bits(values.buffers()[0], values), found, missing) if values.null_count else found


def _bits(content: Any, values: Any) -> NDArray[np.bool_]:
    if content is None:
        return np.zeros(len(values), np.bool_)
    unpacked = np.unpackbits(np.frombuffer(content, np.uint8), bitorder="little")
    return unpacked[values.offset : values.offset + len(values)].astype(np.bool_)
