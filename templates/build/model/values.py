"""What a single value of a table means, the same in training and in serving, from CSV, Parquet and JSON.

- A category is text. Numbers are written in the shortest way, so that `1`, `1.0`, `"1"` and `"1.0"` are one category,
  while `"01"` stays a code of its own. Booleans are the categories `true` and `false`. An empty text is missing. A line
  break is a space, because batch transform takes a line for a row.
- A number may be missing: an empty text or one of `MISSING`.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from numpy.typing import NDArray

MISSING = ("", "NA", "N/A", "NaN", "nan", "NULL", "null", "None")
_DECIMAL = re.compile(r"[+-]?(0|[1-9]\d*)\.\d+")
LINE_BREAKS = r"\s*[\r\n]+\s*"
_BROKEN = re.compile(LINE_BREAKS)
_WRITTEN_DATE = r"^\s*(\d{4}-\d{2}-\d{2})(?:[T ]\d{2}:\S*)?\s*$"


def as_text(value: object) -> str | None:
    """A category as text; None where it is missing."""
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, float | np.floating):
        return None if math.isnan(value) else _shortest(repr(float(value)))
    return _shortest(_BROKEN.sub(" ", str(value).strip())) or None


def _shortest(text: str) -> str:
    if text.lower() in {"true", "false"}:
        return text.lower()
    if _DECIMAL.fullmatch(text):
        text = text.rstrip("0").rstrip(".").removeprefix("+")
    return "0" if text == "-0" else text


def texts(values: pd.Series) -> pd.Series:
    """A column of categories as text: only its distinct values are looked at one by one."""
    codes, distinct = pd.factorize(values)
    spelled = np.array([as_text(value) for value in distinct] + [None], dtype=object)
    return pd.Series(spelled[codes], index=values.index, name=values.name, dtype="str")


def numbers(values: pd.Series) -> tuple[pd.Series, NDArray[np.bool_]]:
    """A column as floats, and which values are there but are no numbers."""
    if pd.api.types.is_numeric_dtype(values):
        return values.astype("float64"), np.zeros(len(values), dtype=bool)
    plain = values.astype("str").str.strip()
    missing = (values.isna() | plain.isin(MISSING)).to_numpy()
    parsed = pd.to_numeric(plain.mask(missing), errors="coerce").astype("float64")
    return parsed, (parsed.isna().to_numpy() & ~missing)


def looks_like_dates(values: pd.Series) -> bool:
    """Whether a column holds dates, as such or as text like `2026-06-30`."""
    if pd.api.types.is_datetime64_any_dtype(values):
        return True
    first = values.dropna().astype("str").head(100)
    first = first[first.str.strip() != ""]
    return not first.empty and bool(first.str.match(_WRITTEN_DATE).all())


def dates(values: pd.Series) -> tuple[pd.Series, NDArray[np.bool_]]:
    """A column as calendar dates (midnight, without a zone: the date as it is written), and which values are none."""
    codes, distinct = pd.factorize(values, use_na_sentinel=False)
    written = pd.Series(distinct).astype("str").str.extract(_WRITTEN_DATE)[0]
    days = pd.to_datetime(written, format="%Y-%m-%d", errors="coerce").to_numpy()[codes]
    return pd.Series(days, index=values.index, name=values.name), np.isnat(days)


def sorted_classes(labels: pd.Series) -> list[str]:
    """The distinct labels in order: by number where all are numbers, so that 10 comes after 2, else by text.

    The last one of two is the positive class.
    """
    distinct = [str(label) for label in labels.dropna().unique()]
    order, bad = numbers(pd.Series(distinct, dtype="str"))
    if bad.any():
        return sorted(distinct)
    return [distinct[place] for place in np.argsort(order.to_numpy(), kind="stable")]
