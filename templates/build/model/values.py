"""What a single value of a table means, the same in training and in serving, from CSV, Parquet and JSON.

- A category is text, in the one spelling of `reading.spelling`.
- A number may be missing: an empty text or one of `MISSING`.
- A date is a calendar date, as it is written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from reading.spelling import MISSING, NUMBER, as_text, canonical

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["MISSING", "as_text", "dates", "looks_like_dates", "numbers", "sorted_classes", "texts"]

_LOOKED_AT = 100  # texts that tell whether a column holds dates
_DATE = r"^\d{4}-\d{2}-\d{2}(?: \d{2}:\d{2}:\d{2}.*)?$"


def texts(values: pd.Series) -> pd.Series:
    """A column as texts in their one spelling; missing where there is none: only distinct values are looked at."""
    codes, distinct = pd.factorize(values)
    spelled = pd.Series([*_spelled(distinct), None], dtype="str")
    return pd.Series(spelled.array[codes], index=values.index, name=values.name, dtype="str")


def _spelled(distinct: object) -> list[str | None]:
    found = pd.Series(distinct)
    if not pd.api.types.is_string_dtype(found.dtype) or pd.api.types.is_object_dtype(found.dtype):
        return [as_text(value) for value in found.to_numpy()]
    return [text or None for text in canonical(pa.array(found, pa.string())).to_pylist()]


def numbers(values: pd.Series) -> tuple[pd.Series, NDArray[np.bool_]]:
    """A column as floats, and which values are there but are no numbers."""
    if pd.api.types.is_numeric_dtype(values):
        return values.astype("float64"), np.zeros(len(values), dtype=bool)
    plain = pc.utf8_trim_whitespace(pa.array(values.astype("str"), pa.string()))
    missing = pc.or_(pc.is_null(plain), pc.is_in(plain, pa.array(MISSING)))
    plain = pc.if_else(missing, None, plain)
    try:  # nearly always, all of them are numbers
        parsed = pc.cast(plain, pa.float64())
    except pa.ArrowInvalid:
        plain = pc.if_else(pc.match_substring_regex(plain, NUMBER), plain, None)
        parsed = pc.cast(plain, pa.float64())
    bad = pc.and_not(pc.is_null(plain), missing).to_numpy(zero_copy_only=False)
    floats = pd.Series(parsed.to_numpy(zero_copy_only=False), index=values.index, name=values.name, dtype="float64")
    return floats, np.asarray(bad, dtype=bool)


def looks_like_dates(values: pd.Series) -> bool:
    """Whether a column holds dates, as such or as text like `2026-06-30`."""
    if pd.api.types.is_datetime64_any_dtype(values):
        return True
    first = texts(values.dropna().astype("str").head(_LOOKED_AT)).dropna()
    return not first.empty and bool(first.str.match(_DATE).all())


def dates(values: pd.Series) -> tuple[pd.Series, NDArray[np.bool_]]:
    """A column as calendar dates (midnight, without a zone: the date as it is written), and which values are none."""
    codes, distinct = pd.factorize(values, use_na_sentinel=False)
    written = texts(pd.Series(distinct))
    day = written.str.slice(0, 10).where(written.str.match(_DATE).fillna(False))  # noqa: FBT003
    days = pd.to_datetime(day, format="%Y-%m-%d", errors="coerce").to_numpy()[codes]
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
