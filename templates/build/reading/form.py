"""How a table writes its numbers and dates, where that is not `1234.5` and `2026-06-04`: said in `config.toml`.

Each value is understood by itself, so that one that comes at inference means what it meant in training.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from model.errors import InputError
from reading.arrow import strings
from reading.spelling import as_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

DELIMITERS = (",", ";", "\t", "|")
DECIMALS = (".", ",")
THOUSANDS = (",", ".", " ", "'")
EPOCHS = {"epoch": 1, "epoch_ms": 1000}
"""Date formats that count the seconds, or milliseconds, since 1970 in UTC; values are their units in a second."""

_MINUS = "-\u2212"  # hyphen and minus sign
_SPACES = "[ \u00a0\u2009\u202f]"
MARKS = {",": ",", ".": r"\.", " ": _SPACES, "'": "['\u2019]"}
_CURRENCY = r"[$€£¥₹₩₺₽]|kr\.?|zł|Kč|Fr\.|(?:EUR|USD|GBP|CHF|SEK|NOK|DKK|JPY|PLN|CZK|CAD|AUD)"
_WEEK = re.compile(r"%V")
_WEEKDAY = re.compile(r"%[uaAw]")


@dataclass(frozen=True)
class Form:
    """How values are written. Empty: as a computer writes them.

    Args:
        decimal: What stands before the decimals. Once this or `thousands` is said, numbers are read as people write
            them: `€ 1.234,50` is 1234.5, `12 %` is 12, `(12)` is -12.
        thousands: What groups the digits.
        delimiter: What separates the columns of CSV; empty: the first rows tell.
        date_format: How days are written, in Python's `strptime` directives, or one of `EPOCHS`.
        dates: The columns that may hold days: the time and the ids.
        codes: The columns whose values are texts and never numbers: ids, categories, classes.
    """

    decimal: str = ""
    thousands: str = ""
    delimiter: str = ""
    date_format: str = ""
    dates: frozenset[str] = frozenset()
    codes: frozenset[str] = frozenset()

    def dates_in(self, column: str) -> bool:
        """Whether a column may hold days that are written in `date_format`."""
        return bool(self.date_format) and column in self.dates

    def numbers_in(self, column: str) -> bool:
        """Whether a column may hold numbers as people write them."""
        return bool(self.decimal or self.thousands) and column not in self.codes and column not in self.dates

    def understood(self, texts: Any, column: str) -> Any:
        """A chunked array of a column's texts with what is understood in the plain spelling, all else as it is."""
        if self.dates_in(column):
            return _replaced(texts, self.day)
        return self._plain_numbers(texts) if self.numbers_in(column) else texts

    def _plain_numbers(self, texts: Any) -> Any:
        """Numbers without sign of a currency are replaced all at once, the others one by one."""
        core = pc.match_substring_regex(texts, rf"^\s*[+-]?(?:{self._core})\s*$")
        plain = pc.utf8_trim_whitespace(texts)
        if self._group:
            plain = pc.replace_substring_regex(plain, MARKS[self._group], "")
        if self._point == ",":
            plain = pc.replace_substring(plain, ",", ".")
        texts = pc.if_else(core, plain, texts)
        marked = rf"\d.*(?:%|{_CURRENCY}|\))|(?:{_CURRENCY}|[({_MINUS[1]}]).*\d"
        return _replaced(texts, self.number, pc.and_(pc.invert(core), pc.match_substring_regex(texts, marked)))

    @property
    def _point(self) -> str:
        return self.decimal or ("," if self.thousands == "." else ".")

    @property
    def _group(self) -> str:
        return self.thousands

    @cached_property
    def _core(self) -> str:
        point, group = MARKS[self._point], MARKS.get(self._group)
        grouped = rf"\d{{1,3}}(?:{group}\d{{2,3}})*{group}\d{{3}}(?:{point}\d*)?|" if group else ""
        return rf"{grouped}\d+(?:{point}\d*)?(?:[eE][+-]?\d+)?|{point}\d+"

    @cached_property
    def _number(self) -> re.Pattern[str]:
        sign = rf"(?P<minus>[{_MINUS}+]?)\s*"
        return re.compile(
            rf"\s*(?P<open>\()?\s*{sign}(?:(?:{_CURRENCY})\s*)?(?P<after>[{_MINUS}+]?)\s*(?P<core>{self._core})"
            rf"\s*(?:%|{_CURRENCY})?\s*(?P<close>\))?\s*"
        )

    def number(self, text: str) -> str | None:
        """A number as a computer writes it; None where the text is none in this form."""
        found = self._number.fullmatch(text)
        if found is None or (found["open"] is None) != (found["close"] is None):
            return None
        core = re.sub(MARKS[self._group], "", found["core"]) if self._group else found["core"]
        minus = any(mark in _MINUS for mark in (found["minus"] + found["after"])) or found["open"] is not None
        return ("-" if minus else "") + core.replace(self._point, ".")

    def day(self, text: str) -> str | None:
        """A day or a moment in its one spelling; None where the text is none in `date_format`."""
        text = text.strip()
        if self.date_format in EPOCHS:
            return _of_epoch(text, EPOCHS[self.date_format])
        wanted = self.date_format
        if _WEEK.search(wanted) and not _WEEKDAY.search(wanted):  # a week is its Monday
            text, wanted = f"{text} 1", f"{wanted} %u"
        try:
            return as_text(dt.datetime.strptime(text, wanted))  # noqa: DTZ007 (a day is the one that is written)
        except ValueError:
            return None


DEFAULT = Form()


def _of_epoch(text: str, per_second: int) -> str | None:
    try:
        moment = dt.datetime.fromtimestamp(float(text) / per_second, dt.UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return as_text(moment.replace(tzinfo=None))


def _replaced(texts: Any, meaning: Callable[[str], str | None], which: Any = None) -> Any:
    """Each distinct text replaced by its meaning where it has one."""
    if which is not None and not pc.any(which).as_py():
        return texts
    encoded = pc.dictionary_encode(texts).combine_chunks()
    if not len(encoded):
        return texts
    meant = [meaning(text) or text for text in encoded.dictionary.to_pylist()]
    return pa.chunked_array([pa.DictionaryArray.from_arrays(encoded.indices, strings(meant)).dictionary_decode()])


def checked(form: Form) -> Form:
    """The form, if it can be meant.

    Raises:
        InputError: It cannot; the message names the key of `[data]`.
    """
    for key, choices in (("delimiter", DELIMITERS), ("decimal", DECIMALS), ("thousands", THOUSANDS)):
        value = getattr(form, key)
        if value and value not in choices:
            raise InputError(f"[data] {key} = {value!r}: one of {_listed(choices)} was expected")
    if form.thousands and form.thousands == form.decimal:
        raise InputError(f"[data] decimal and thousands are both {form.decimal!r}: they must differ")
    if form.date_format and form.date_format not in EPOCHS and "%" not in form.date_format:
        raise InputError(
            f"[data] date_format = {form.date_format!r}: directives like %d.%m.%Y were expected, or {_listed(EPOCHS)}"
        )
    return form


def _listed(choices: Iterable[str]) -> str:
    return ", ".join(repr(choice) for choice in choices)
