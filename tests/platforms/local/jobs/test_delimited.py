"""Cutting bytes into batches, records and fields: nothing is lost, and nothing is cut in the middle."""

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_new.platforms.local.jobs.delimited import RecordTooLarge, batches, fields, records, singles
from mlops_new.platforms.local.jobs.jsonpath import FilterError, selector

PLAIN = st.text("ab,", min_size=1, max_size=8)
QUOTED = st.text('ab,\n"', max_size=6).map(lambda text: '"' + text.replace('"', '""') + '"')
ROWS = st.lists(st.lists(st.one_of(st.text("ab", min_size=1, max_size=5), QUOTED), min_size=1, max_size=4), max_size=12)


@settings(max_examples=200, deadline=None)
@given(ROWS, st.integers(min_value=60, max_value=200))
def test_csv_comes_apart_where_its_records_do(rows: list[list[str]], limit: int) -> None:
    lines = [",".join(row).encode() for row in rows]
    text = b"".join(line + b"\n" for line in lines)
    pieces = list(batches(io.BytesIO(text), limit, quoted=True))
    assert [record for piece in pieces for record in records(piece, quoted=True)] == lines
    assert all(len(piece) <= limit for piece in pieces)
    assert list(singles(io.BytesIO(text), limit, quoted=True)) == lines
    assert [[field.decode() for field in fields(line)] for line in lines] == rows


@pytest.mark.parametrize("text", [b"", b"\n"])
def test_nothing_is_no_batch(text: bytes) -> None:
    assert list(batches(io.BytesIO(text), 10, quoted=True)) == []


def test_batches_are_full_and_the_last_line_break_does_not_count() -> None:
    text = b"aaa\nbbb\nccc\n"
    assert list(batches(io.BytesIO(text), 7, quoted=False)) == [b"aaa\nbbb", b"ccc"]
    assert list(batches(io.BytesIO(text), 11, quoted=False)) == [b"aaa\nbbb\nccc"]
    assert list(batches(io.BytesIO(text), None, quoted=False)) == [b"aaa\nbbb\nccc"]
    assert list(batches(io.BytesIO(text), 3, quoted=False)) == [b"aaa", b"bbb", b"ccc"]
    with pytest.raises(RecordTooLarge):
        list(batches(io.BytesIO(text), 2, quoted=False))


def test_a_quotation_mark_that_is_never_closed_ends_in_an_error() -> None:
    text = b'a,"b\n' + b"c,d\n" * 100_000
    for cut in (batches, singles):
        with pytest.raises(RecordTooLarge):
            list(cut(io.BytesIO(text), 1000, quoted=True))


@pytest.mark.parametrize("expression", ["x", "$x", "$[", "$['a]", "$..a", "$[?(@.a)]", "$[1:2:3]"])
def test_what_is_no_filter_is_refused(expression: str) -> None:
    with pytest.raises(FilterError, match="the filter"):
        selector(expression)


def test_filters_one_after_another() -> None:
    value = {"a": [{"b": 1}, {"b": 2}], "c d": 3}
    assert selector("$.a[-1].b")(value) == 2
    assert selector("$['c d']")(value) == 3
    assert selector("$.a[0:1]")(value) == [{"b": 1}]
    assert selector("$.a[*]")(value) == value["a"]
    assert selector("$.*")({"x": 1, "y": 2}) == [1, 2]
    for expression in ("$.b", "$[0]", "$.a[2]", "$.a.b"):
        with pytest.raises(FilterError, match="finds nothing"):
            selector(expression)(value)
