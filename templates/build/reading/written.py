"""What texts would be: numbers, dates or durations as people write them, and the setting that makes them understood."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reading.form import MARKS, Form

if TYPE_CHECKING:
    from collections.abc import Sequence

NEARLY_ALL = 0.95
"""The share of a column's distinct texts that must be of a kind to call the column so."""
MOST_TEXTS = 1000
"""Distinct texts that are looked at."""

_PAIRS = ((".", ","), (",", "."), (".", " "), (",", " "), (".", "'"), (",", "'"), (",", ""), (".", ""))
_DATE_FORMATS = (
    "%d.%m.%Y", "%d.%m.%Y %H:%M", "%d.%m.%Y %H:%M:%S", "%d.%m.%y", "%m/%d/%Y", "%d/%m/%Y", "%m/%d/%Y %H:%M",
    "%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M:%S", "%d/%m/%Y %H:%M:%S", "%m/%d/%Y %I:%M %p", "%m/%d/%Y %I:%M:%S %p",
    "%m/%d/%y", "%d/%m/%y", "%Y/%m/%d", "%Y/%m/%d %H:%M", "%Y/%m/%d %H:%M:%S", "%Y.%m.%d", "%d-%m-%Y", "%m-%d-%Y",
    "%d-%m-%Y %H:%M", "%d %b %Y", "%d %B %Y", "%d-%b-%Y", "%d-%b-%y", "%b %d, %Y", "%B %d, %Y", "%b %d %Y", "%G-W%V",
    "%G-W%V-%u", "%GW%V", "%Y-%m", "%Y%m%d", "%Y%m%d%H%M%S", "%Y-%j", "%a, %d %b %Y %H:%M:%S", "epoch", "epoch_ms",
)  # fmt: skip
_EPOCHS = {"epoch": (3e8, 5e9), "epoch_ms": (3e11, 5e12)}  # 1979 to 2128
_YEARS = re.compile(r"(19|20)\d\d(0[1-9]|1[0-2])([0-2]\d|3[01])(\d{6})?")
_UNITS = r"(?:y(?:ea)?rs?|months?|weeks?|d(?:ays?)?|h(?:ours?|rs?)?|m(?:in(?:ute)?s?)?|s(?:ec(?:ond)?s?)?|ms)"
_DURATION = re.compile(
    r"-?\d{1,4}:[0-5]\d(?::[0-5]\d(?:\.\d+)?)?"
    r"|-?P(?=.)(?:\d+(?:\.\d+)?[YMWD])*(?:T(?=.)(?:\d+(?:\.\d+)?[HMS])+)?"
    rf"|-?\d+(?:\.\d+)?\s*{_UNITS}(?:[\s,]*\d+(?:\.\d+)?\s*{_UNITS})*"
    r"|-?\d+ days?,? [+-]?\d{1,2}:[0-5]\d(?::[0-5]\d(?:\.\d+)?)?",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Written:
    """What a column's texts would be.

    Args:
        what: `numbers`, `dates` or `durations`.
        example: One of the texts.
        settings: Keys and values of `[data]` that make them understood; empty where none do.
        other: Other values of the only setting that would do as well; nobody can tell which is meant.
    """

    what: str
    example: str
    settings: dict[str, str]
    other: tuple[str, ...] = ()

    @property
    def advice(self) -> str:
        """The lines of `config.toml` that make them understood."""
        lines = " and ".join(f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in self.settings.items())
        either = "".join(f"; or {value!r}: these texts do not tell which" for value in self.other)
        return f"add {lines} to [data] of config.toml{either}"


def as_people_write(texts: Sequence[str]) -> Written | None:
    """What distinct texts would be; None where they are just texts."""
    some = list(texts[:MOST_TEXTS])
    return written_numbers(some) or written_dates(some) or durations(some)


def written_numbers(texts: Sequence[str]) -> Written | None:
    """Numbers that need `decimal` or `thousands`."""
    for decimal, thousands in _PAIRS:
        form = Form(decimal, thousands)
        if not _nearly_all([form.number(text) is not None for text in texts]):
            continue
        example = next((text for text in texts if _needs(text, decimal, thousands)), None)
        if example is not None and not (thousands and any(_decimals(text, thousands) for text in texts)):
            named = {"decimal": decimal, "thousands": thousands}
            wanted = {key: value for key, value in named.items() if value and (key, value) != ("decimal", ".")}
            return Written("numbers", example, wanted or {"decimal": decimal})
    return None


def _needs(text: str, decimal: str, thousands: str) -> bool:
    """Whether a text is a number only in this form."""
    if thousands:
        return re.search(rf"\d{MARKS[thousands]}\d", text) is not None
    if decimal == ",":
        return "," in text
    return re.fullmatch(r"\s*[+-]?[\d.eE+-]*\s*", text) is None


def _decimals(text: str, thousands: str) -> bool:
    """Whether what groups digits stands behind a lone zero, as in `0,125`: then it is the decimal mark."""
    return re.match(rf"\D*0{re.escape(thousands)}\d", text) is not None


def written_dates(texts: Sequence[str]) -> Written | None:
    """Dates that need `date_format`."""
    found = [one for one in _DATE_FORMATS if _nearly_all([_is_date(text, one) for text in texts])]
    if not found:
        return None
    return Written("dates", texts[0], {"date_format": found[0]}, tuple(found[1:2]))


def _is_date(text: str, date_format: str) -> bool:
    text = text.strip()
    if date_format in _EPOCHS:
        low, high = _EPOCHS[date_format]
        return re.fullmatch(r"\d{9,13}(\.\d+)?", text) is not None and low <= float(text) <= high
    if date_format.startswith("%Y%m") and not _YEARS.fullmatch(text):
        return False
    return Form(date_format=date_format).day(text) is not None


def durations(texts: Sequence[str]) -> Written | None:
    """Durations, which no setting makes numbers of."""
    return Written("durations", texts[0], {}) if _nearly_all([_is_duration(text) for text in texts]) else None


def _is_duration(text: str) -> bool:
    return _DURATION.fullmatch(text.strip()) is not None


def _nearly_all(known: Sequence[bool]) -> bool:
    return bool(known) and sum(known) >= NEARLY_ALL * len(known)
