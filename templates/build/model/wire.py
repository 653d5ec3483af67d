"""What `serve` reads and writes: CSV and JSON Lines to a frame of model columns and back."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv

from model.errors import InputError
from model.values import MISSING, numbers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from model.estimator import Column, Signature

_LONE_CR = re.compile(rb"[ \t]*(?:\r(?!\n)[ \t]*)+")
_SPECIAL = '[",\\r\\n]'  # what cannot stand in a CSV value without quotes


def read_csv(body: bytes, signature: Signature) -> pd.DataFrame:
    """The model's columns from lines of ids and features, or of features alone.

    Raises:
        InputError: There is no line, a wrong number of columns, or text where a number belongs.
    """
    body = _without_lone_cr(body)
    if not body.strip():
        raise InputError("the body is empty: send lines of CSV, without a header")
    names = _names(_first_row(body), signature)
    if len(names) > 1 and _has_empty_line(body):  # which would be read as a row without any value
        return _finite(_read_slowly(body, names, signature), signature)
    try:
        table = pyarrow.csv.read_csv(
            pa.BufferReader(body),
            pyarrow.csv.ReadOptions(column_names=names, use_threads=False),
            # One answer a row, so no empty line may vanish; a line break in a row can only stand in quotes.
            pyarrow.csv.ParseOptions(ignore_empty_lines=False, newlines_in_values=b'"' in body),
            _conversion(names[-len(signature.columns) :], signature.columns),
        )
    except pa.ArrowException:
        return _finite(_read_slowly(body, names, signature), signature)
    frame: pd.DataFrame = table.to_pandas(use_threads=False)
    return _finite(frame, signature)


def read_json_lines(body: bytes, signature: Signature) -> pd.DataFrame:
    """The model's columns from lines of JSON.

    Raises:
        InputError: A line is no JSON, lacks a feature, or has text where a number belongs.
    """
    lines = body.decode("utf-8", errors="replace").rstrip().split("\n")
    if lines == [""]:
        raise InputError("the body is empty: send one JSON object a line")
    rows = [_json_row(line, number, signature) for number, line in enumerate(lines, start=1)]
    frame = pd.DataFrame(rows, columns=[column.name for column in signature.columns], dtype=object)
    for place, column in enumerate(signature.columns):
        if column.categories is None:
            values, bad = numbers(frame.iloc[:, place])
            if bad.any():
                raise InputError(_no_number(frame.iloc[:, place], bad, place + 1, column))
            frame[column.name] = values
    return _finite(frame, signature)


def write_csv(answers: pd.DataFrame) -> bytes:
    """One line for each row, without a header."""
    out = io.BytesIO()
    special = "label" in answers and answers["label"].drop_duplicates().str.contains(_SPECIAL).any()
    options = pyarrow.csv.WriteOptions(include_header=False, quoting_style="needed" if special else "none")
    pyarrow.csv.write_csv(pa.Table.from_pandas(answers, preserve_index=False), out, options)
    return out.getvalue()


def write_json_lines(answers: pd.DataFrame) -> bytes:
    """One JSON object for each row."""
    return "".join(json.dumps(row) + "\n" for row in answers.to_dict("records")).encode()


def _without_lone_cr(body: bytes) -> bytes:
    """A CR that is not before a line feed is content, and no end of a row: one row in, one row out."""
    if body.count(b"\r") == body.count(b"\r\n"):
        return body
    return _LONE_CR.sub(b" ", body)


def _has_empty_line(body: bytes) -> bool:
    return b"\n\n" in body or b"\n\r\n" in body


def _first_row(body: bytes) -> list[str]:
    end = body.find(b"\n")
    while end >= 0 and body.count(b'"', 0, end) % 2:  # a line break in quotes ends no row
        end = body.find(b"\n", end + 1)
    row = body if end < 0 else body[:end]
    return next(csv.reader(io.StringIO(row.decode("utf-8", errors="replace").rstrip("\r"), newline="")), [""])


def _names(line: Sequence[str], signature: Signature) -> list[str]:
    """Names for all columns of the body: by place, because an id may be a feature too."""
    features, ids = len(signature.columns), len(signature.ids)
    if len(line) not in {features, ids + features}:
        raise InputError(_wrong_number(1, len(line), signature))
    return [str(place) for place in range(1, len(line) + 1)]


def _wrong_number(line: int, found: int, signature: Signature) -> str:
    features, ids = len(signature.columns), len(signature.ids)
    named = ", ".join(column.name for column in signature.columns)
    return (
        f"line {line} has {found} columns: {features} features are wanted ({named}), "
        f"or {ids + features} with the ids ({', '.join(signature.ids)}) before them"
    )


def _conversion(names: Sequence[str], columns: Sequence[Column]) -> pyarrow.csv.ConvertOptions:
    number, text = pa.float64(), pa.dictionary(pa.int32(), pa.string())
    kinds = [number if column.categories is None else text for column in columns]
    return pyarrow.csv.ConvertOptions(
        column_types=dict(zip(names, kinds, strict=True)),
        include_columns=list(names),
        null_values=list(MISSING),
        strings_can_be_null=False,
    )


def _read_slowly(body: bytes, names: list[str], signature: Signature) -> pd.DataFrame:
    """Read a body in which something is amiss: name its first fault, or take a number written in a rare way, like +5.

    Raises:
        InputError: There is a fault.
    """
    lines = list(csv.reader(io.StringIO(body.decode("utf-8", errors="replace"), newline="")))
    if len(names) == 1:
        lines = [line or [""] for line in lines]  # an empty line is a missing value
    for number, line in enumerate(lines, start=1):
        if len(line) != len(names):
            raise InputError(_wrong_number(number, len(line), signature))
    frame = pd.DataFrame(lines, columns=names, dtype="str").iloc[:, -len(signature.columns) :]
    first = len(names) - len(signature.columns)
    for place, column in enumerate(signature.columns):
        if column.categories is None:
            values, bad = numbers(frame.iloc[:, place])
            if bad.any():
                raise InputError(_no_number(frame.iloc[:, place], bad, first + place + 1, column))
            frame[names[first + place]] = values
    return frame


def _no_number(values: pd.Series, bad: Any, place: int, column: Column) -> str:
    line = int(np.argmax(bad))
    hint = "; a header must not be sent" if line == 0 and str(values.iloc[0]).strip() == column.name else ""
    return f"line {line + 1}, column {place} ({column.name}): {str(values.iloc[line])!r} is no number{hint}"


def _finite(frame: pd.DataFrame, signature: Signature) -> pd.DataFrame:
    for place, column in enumerate(signature.columns):
        if column.categories is None:
            infinite = np.isinf(frame.iloc[:, place].to_numpy())
            if infinite.any():
                raise InputError(f"line {int(np.argmax(infinite)) + 1}, column {column.name}: the number is infinite")
    return frame


def _json_row(line: str, number: int, signature: Signature) -> list[Any]:
    try:
        content = json.loads(line)
    except ValueError as error:
        raise InputError(f"line {number} is no JSON: {error}") from None
    if isinstance(content, dict) and isinstance(content.get("features"), list):
        content = content["features"]
    row = _by_name(content, number, signature) if isinstance(content, dict) else content
    if not isinstance(row, list):
        raise InputError(f"line {number}: an object or a list is wanted, not {line.strip()[:40]!r}")
    if len(row) not in {len(signature.columns), len(signature.ids) + len(signature.columns)}:
        raise InputError(_wrong_number(number, len(row), signature))
    if any(isinstance(value, list | dict) for value in row):
        raise InputError(f"line {number}: a feature is a number, a text, true, false or null")
    return row[-len(signature.columns) :]


def _by_name(content: dict[str, Any], number: int, signature: Signature) -> list[Any]:
    if missing := [column.name for column in signature.columns if column.name not in content]:
        raise InputError(f"line {number} lacks {', '.join(missing)}: give null where a value is not known")
    return [content[column.name] for column in signature.columns]
