"""What single values of a text column are: numbers, nothing, or texts, whatever the block that they were read in."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from monitoring import arrow
from reading.spelling import MISSING, NUMBER

_BLANKS = b" \t\n\r\x0b\x0c\x1c\x1d\x1e\x1f\xc2\xe1\xe2\xe3"  # the last four begin all that UTF-8 has beside ASCII
_BEGINS = np.zeros(256, bool)
_BEGINS[list(b"+-.0123456789iInN" + _BLANKS)] = True
_GOES_ON = np.zeros(256, bool)
_GOES_ON[list(b"+-.0123456789eEiInNaAuUoO/" + _BLANKS + bytes(range(0x80, 0xC0)))] = True


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


def may_be_numbers(texts: Any) -> NDArray[np.bool_]:
    """Which texts begin like a number or like a missing value; a cheap look at two bytes each."""
    binary = texts.cast(pa.large_binary())
    offsets = np.frombuffer(binary.buffers()[1], np.int64)[binary.offset : binary.offset + len(binary) + 1]
    short = offsets[1:] - offsets[:-1] < 2  # noqa: PLR2004
    content = binary.buffers()[2]
    if content is None or len(content) < 2:  # noqa: PLR2004
        return np.ones(len(texts), np.bool_)
    data = np.frombuffer(content, np.uint8)
    first = np.minimum(offsets[:-1], len(data) - 2)
    return np.asarray(short | _BEGINS[data[first]] & _GOES_ON[data[first + 1]])
