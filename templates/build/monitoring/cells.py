"""What single values of a text column are: numbers, nothing, or texts, whatever the block that they were read in."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from monitoring import arrow
from reading.spelling import MISSING, NUMBER


def parsed(texts: Any) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Which texts stand for a missing value, and the numbers among them (NaN for the others)."""
    texts = pc.utf8_trim_whitespace(texts)
    absent = arrow.truths(pc.is_in(texts, arrow.strings(MISSING)))
    match = pc.match_substring_regex(texts, NUMBER)
    number = arrow.truths(match)
    floats = np.full(len(texts), np.nan)
    floats[number] = arrow.plain(pc.cast(texts.filter(match), pa.float64()))
    return absent | (np.isnan(floats) & number), floats


def encoded(values: Any) -> tuple[Any, NDArray[np.int64]]:
    """The distinct texts, and for each row which one it is; the place after the last is a missing value."""
    coded = values if pa.types.is_dictionary(values.type) else pc.dictionary_encode(values)
    return coded.dictionary, arrow.plain(coded.indices, len(coded.dictionary))
