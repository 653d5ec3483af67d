"""Reading tables in blocks: the same content wherever they are cut, and clear errors for what is no table."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

from model import values
from model.errors import InputError
from monitoring.baseline import statistics, to_json
from monitoring.columns import profile
from reading import blocks as tables
from reading.blocks import Source

if TYPE_CHECKING:
    from pathlib import Path

TRICKY = 'a,"b ""x""",c\n1,"two\nlines, and a comma",x\n2,,y\n"3"," ",z\n1e3,"""",NA\n,plain,\n'


def described(path: Path, size: int = tables.BLOCK_BYTES, texts: frozenset[str] = frozenset()) -> object:
    return to_json(statistics(profile(Source(path, texts, block_bytes=size, block_rows=3))))


def test_quotes_and_line_ends_in_fields_are_content(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_text(TRICKY, encoding="utf-8")
    found = profile(Source(file))
    assert found.rows == 5
    assert set(found.columns) == {"a", 'b "x"', "c"}
    assert found.columns["a"].numbers.moments.sum == 1006.0
    assert found.columns["a"].missing == 1
    assert "two lines, and a comma" in found.columns['b "x"'].words.table()


@pytest.mark.parametrize("size", [8, 17, 40, 64])
def test_cuts_do_not_matter(tmp_path: Path, size: int) -> None:
    file = tmp_path / "t.csv"
    file.write_text(TRICKY * 1, encoding="utf-8")
    assert described(file, size) == described(file)


@pytest.mark.parametrize("size", [16, 64, 1000])
def test_a_value_that_comes_late_does_not_matter(tmp_path: Path, size: int) -> None:
    forward, backward = tmp_path / "f.csv", tmp_path / "b.csv"
    rows = [f"{number},{number / 7}" for number in range(50)] + ["n/a,x", " 7 ,1E2", "+3,-inf", "NULL,nan", "007,1."]
    forward.write_text("a,b\n" + "\n".join(rows) + "\n", encoding="utf-8")
    backward.write_text("a,b\r\n" + "\r\n".join(rows[::-1]), encoding="utf-8")
    assert described(forward, size) == described(backward)


def test_columns_that_are_left_out_are_not_read(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_text("a,b,c\n" + "x,1,1\n" * 9 + "x,?,!\n", encoding="utf-8")
    found = profile(Source(file, leave=frozenset({"a", "b"}), block_bytes=16))
    assert list(found.columns) == ["c"]
    assert found.columns["c"].words.table() == {"!": 1}
    assert found.columns["c"].numbers.count == 9


def test_a_row_may_be_long(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_text("a,b\n" + '"' + "line\n" * 100_000 + '",1\nx,2\n', encoding="utf-8")
    found = profile(Source(file, block_bytes=1000))
    assert found.rows == 2
    assert found.columns["b"].numbers.moments.sum == 3.0
    file.write_text("a,b\n" + "x" * 3_000_000 + ",1\nx,2\n" * 3, encoding="utf-8")
    assert profile(Source(file)).rows == 6


def test_files_of_all_kinds_say_the_same(tmp_path: Path) -> None:
    table = pa.table({
        "whole": [1, 2, None, 4], "part": [0.5, None, 2.25, 1e9],
        "text": ["x", "y", None, "x"], "code": [1, 2, 2, None],
    })  # fmt: skip
    texts = frozenset({"code"})
    pa.csv.write_csv(table, tmp_path / "t.csv")
    pa.parquet.write_table(table, tmp_path / "t.parquet")
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress((tmp_path / "t.csv").read_bytes()))
    wanted = described(tmp_path / "t.csv", texts=texts)
    assert described(tmp_path / "t.parquet", texts=texts) == wanted
    assert described(tmp_path / "t.csv.gz", texts=texts) == wanted


def test_a_folder_is_its_files(tmp_path: Path) -> None:
    for name, rows in (("b.csv", "a\n3\n"), ("a.csv", "a\n1\n2\n"), ("_SUCCESS", ""), (".hidden", "x")):
        (tmp_path / name).write_text(rows, encoding="utf-8")
    assert profile(Source(tmp_path)).rows == 3


def test_categories_are_spelled_as_the_model_spells_them(tmp_path: Path) -> None:
    spelled = ["1", "1.0", "01", " x ", "TRUE", "-0", "+2.50", "1e3", "", "NA", "0.10"]
    file = tmp_path / "t.csv"
    file.write_text("k,z\n" + "\n".join(f"{text},0" for text in spelled) + "\n", encoding="utf-8")
    found = profile(Source(file, frozenset({"k"}))).columns["k"]
    wanted = [values.as_text(text) for text in spelled]
    assert set(found.words.table()) == {text for text in wanted if text is not None}
    assert found.missing == wanted.count(None)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"a,b\n1,2\n3\n", "cannot be read as CSV"),
        (b"a,a\n1,2\n", "several columns called a"),
        (b"a,\n1,2\n", "without a name: number 2"),
        (b"a,b\n\xff,2\n", "not UTF-8"),
        (b"\xff\xfe,b\n1,2\n", "not UTF-8"),
        (b"PAR1 but no more", "damaged Parquet"),
        (b"\x1f\x8b\x08\x00 no gzip", "damaged gzip"),
    ],
)
def test_what_is_no_table_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    file = tmp_path / "t.csv"
    file.write_bytes(content)
    with pytest.raises(InputError, match=r"t\.csv") as caught:
        profile(Source(file))
    assert message in str(caught.value)


def test_files_of_different_columns_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x,y\n1,2\n", encoding="utf-8")
    (tmp_path / "b.csv").write_text("x,z\n1,2\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"b\.csv has other columns .* it also has z; it lacks y"):
        profile(Source(tmp_path))


def test_a_column_of_lists_is_named(tmp_path: Path) -> None:
    pa.parquet.write_table(pa.table({"a": [[1], [2]]}), tmp_path / "t.parquet")
    with pytest.raises(InputError, match="column 'a' holds list"):
        profile(Source(tmp_path / "t.parquet"))
