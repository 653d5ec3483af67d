"""One spelling of a value, whatever file and type it comes from: for training, checks, joins and ids alike.

- Numbers are written in the shortest way without an exponent, so that `1`, `1.0` and `"1.0"` are one text, while `"01"`
  and `"1e3"` stay codes of their own. Integers keep all their digits.
- Booleans are `true` and `false`.
- A day is `2026-06-04`, and so is its midnight; a moment is `2026-06-04 12:30:00`, with what there is of a second. The
  day and the time are those that are written; an offset from UTC stays where it is not zero and the time no midnight.
- Blanks around a text do not count, and a line break within it is a space: what comes later takes a line for a row.
- An empty text is missing. Where a number belongs, each of `MISSING` is.

Imports neither pandas nor what imports it: a small table is read in less time than pandas takes to come.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from reading.arrow import booleans, integers, strings, truths

if TYPE_CHECKING:
    from numpy.typing import NDArray

MISSING = ("", "NA", "N/A", "NaN", "nan", "NULL", "null", "None")
"""What stands for a missing value where a number belongs."""
NUMBER = r"^[+-]?((\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|(?i:inf|infinity|nan(\([0-9A-Za-z_]*\))?))$"
"""A number as text, as Arrow and RE2 understand it."""
LINE_BREAKS = r"[ \t]*[\r\n][ \t\r\n]*"
"""A line break and the blanks around it; written out, because Python and RE2 differ in what else is a blank."""

_BROKEN = re.compile(LINE_BREAKS)
_DECIMAL = re.compile(r"[+-]?(0|[1-9]\d*)\.\d+", re.ASCII)
_MOMENT = re.compile(
    r"(?P<day>\d{4}-\d{2}-\d{2})[T ](?P<minute>\d{2}:\d{2})(:(?P<second>\d{2})([.,](?P<part>\d+))?)?"
    r" ?(?P<zone>Z|[+-]\d{2}(:?\d{2})?)?",
    re.ASCII,
)
_ABSENT = frozenset({"NAType", "NaTType", "NoneType"})
# Texts that may have another spelling than they have; all others are as they are.
_MAY_CHANGE = r"(?i)^[\s+]|\s$|[\r\n]|^[-+]?\d+\.\d*0$|^-0$|^(true|false)$|^\d{4}-\d\d-\d\d[T ]\d"
# How such a text begins and ends: blanks, of which those beside ASCII begin and end with these bytes in UTF-8 ...
_BEGINS = np.zeros(256, np.bool_)
_BEGINS[[*range(0x21), 0xC2, 0xE1, 0xE2, 0xE3, *b"+-0123456789tTfF"]] = True  # ... or a number, a date, a boolean.
_ENDS = np.zeros(256, np.bool_)
_ENDS[[*range(0x21), *range(0x80, 0xC0)]] = True


def as_text(value: object) -> str | None:
    """A value in its one spelling; None where it is missing."""
    if isinstance(value, str):
        return _of_text(value)
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, float | np.floating):
        return None if math.isnan(value) else _of_number(str(value))
    if isinstance(value, int | np.integer):
        return str(value)
    if isinstance(value, Decimal):
        return None if value.is_nan() else _of_number(str(value))
    return None if type(value).__name__ in _ABSENT else _of_text(str(value))


def _of_text(text: str) -> str | None:
    text = text.strip()
    if "\n" in text or "\r" in text:
        text = _BROKEN.sub(" ", text)
    if text.lower() in {"true", "false"}:
        return text.lower()
    if _DECIMAL.fullmatch(text):
        return _shortest(text)
    if moment := _MOMENT.fullmatch(text):
        return _of_moment(moment)
    return "0" if text == "-0" else text or None


def _of_number(text: str) -> str:
    """A number as Python writes it, without an exponent."""
    return _shortest(format(Decimal(text), "f") if "e" in text.lower() else text)


def _shortest(text: str) -> str:
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    text = text.removeprefix("+")
    return "0" if text == "-0" else text


def _of_moment(moment: re.Match[str]) -> str:
    second, part = moment["second"] or "00", (moment["part"] or "").rstrip("0")
    time = f"{moment['minute']}:{second}" + (f".{part}" if part else "")
    if time == "00:00:00":
        return moment["day"]
    zone = (moment["zone"] or "Z").replace(":", "").removesuffix("Z")
    far = bool(zone.strip("+-0"))
    return f"{moment['day']} {time}" + (f"{zone[:3]}:{zone[3:] or '00'}" if far else "")


def canonical(texts: Any) -> Any:
    """An Arrow array of texts, each in its one spelling; empty where it is missing.

    Only texts that may have another spelling are looked at one by one: two bytes and a pattern find them.
    """
    texts = texts.cast(pa.string())
    if isinstance(texts, pa.ChunkedArray):
        texts = texts.combine_chunks()
    places = np.flatnonzero(_may_change(texts))
    if not len(places):
        return texts
    some = texts.take(integers(places))
    blank = pc.not_equal(pc.utf8_trim_whitespace(some), some)  # blanks that the pattern does not know
    changing = truths(pc.fill_null(pc.or_(pc.match_substring_regex(some, _MAY_CHANGE), blank), False))  # noqa: FBT003
    if not changing.any():
        return texts
    places = places[changing]
    spelled = [as_text(text) or "" for text in texts.take(integers(places)).to_pylist()]
    which = np.zeros(len(texts), np.bool_)
    which[places] = True
    return pc.replace_with_mask(texts, booleans(which), strings(spelled))


def _may_change(texts: Any) -> NDArray[np.bool_]:
    """Which texts begin or end so that they may have another spelling; all, where there is a line break in one."""
    binary = texts.cast(pa.large_binary())
    content = binary.buffers()[2] if len(binary) else None
    if content is None or not len(content):
        return np.zeros(len(texts), np.bool_)
    offsets = np.frombuffer(binary.buffers()[1], np.int64)[binary.offset : binary.offset + len(binary) + 1]
    data = np.frombuffer(content, np.uint8)
    if _has_line_break(memoryview(content)[offsets[0] : offsets[-1]]):
        return np.ones(len(texts), np.bool_)
    first = data[np.minimum(offsets[:-1], len(data) - 1)]
    last = data[np.maximum(offsets[1:] - 1, 0)]
    return np.asarray((offsets[1:] > offsets[:-1]) & (_BEGINS[first] | _ENDS[last]))


def _has_line_break(content: memoryview) -> bool:
    plain = bytes(content)
    return b"\n" in plain or b"\r" in plain
