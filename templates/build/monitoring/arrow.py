"""Between Arrow arrays and the values of Python and NumPy.

`pyarrow.array`, `to_numpy` and everything else that converts values imports pandas first, which takes longer than a
look at a small table. Reading and making buffers imports nothing.
"""

from typing import Any

import numpy as np
import pyarrow as pa

from reading.arrow import bits, booleans, integers, strings, truths

__all__ = ["booleans", "integers", "plain", "strings", "truths"]


def plain(values: Any, missing: float = 0) -> Any:
    """The numbers of an array as float64 or int64, with something in place of its nulls."""
    content = values.buffers()[1]
    whole = not pa.types.is_float64(values.type)
    if content is None:
        return np.full(len(values), missing, np.int64 if whole else np.float64)
    found = np.frombuffer(content, str(values.type) if whole else np.float64)
    found = found[values.offset : values.offset + len(values)].astype(np.int64 if whole else np.float64, copy=False)
    return np.where(bits(values.buffers()[0], values), found, missing) if values.null_count else found
