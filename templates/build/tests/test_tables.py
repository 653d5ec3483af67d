from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from model.errors import InputError
from steps import tables

if TYPE_CHECKING:
    from pathlib import Path

TEXT = b'a,b\n1,"x, y"\n,z\n'


def test_csv_comes_as_text_and_gzip_makes_no_difference(tmp_path: Path) -> None:
    plain, zipped = tmp_path / "plain.csv", tmp_path / "zipped.dat"
    plain.write_bytes(b"\xef\xbb\xbf" + TEXT.replace(b"\n", b"\r\n"))
    zipped.write_bytes(gzip.compress(TEXT))
    assert tables.read(plain).to_numpy().tolist() == [["1", "x, y"], ["", "z"]]
    assert tables.read(plain).equals(tables.read(zipped))


def test_a_line_break_within_quotes_is_read_as_a_space_however_late(tmp_path: Path) -> None:
    lines = "a,b\n" + "1,2\n" * 50_000 + '3,"x \r\n\ny"\n'
    (tmp_path / "table.csv").write_text(lines, encoding="utf-8")
    assert tables.read(tmp_path).iloc[-1].tolist() == ["3", "x y"]


def test_a_line_break_in_parquet_is_a_space_too(tmp_path: Path) -> None:
    pd.DataFrame({"a": ["x\ny", None, "z"], "b": [1, 2, 3]}).to_parquet(tmp_path / "table.parquet")
    assert tables.read(tmp_path)["a"].fillna("-").tolist() == ["x y", "-", "z"]


def test_a_folder_is_read_in_the_order_of_names(tmp_path: Path) -> None:
    (tmp_path / "b.csv").write_text("a\n2\n", encoding="utf-8")
    (tmp_path / "a.csv").write_text("a\n1\n", encoding="utf-8")
    (tmp_path / "_SUCCESS").touch()
    assert tables.read(tmp_path)["a"].tolist() == ["1", "2"]


def test_parquet_keeps_its_types(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": [1.5, 2.0], "b": ["x", None]})
    frame.to_parquet(tmp_path / "part-0")
    assert tables.read(tmp_path).equals(frame)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"file is empty \(0 bytes\)"),
        (b"a,b\n", "has a header, but no rows"),
        (b"\x89PNG\r\n\x1a\n\0\0\0", "file is binary"),
        (b'[{"a": 1}]', "looks like JSON"),
        ("a,b\n1,2\n".encode("utf-16"), "UTF-16, not UTF-8: save it as UTF-8 .`iconv -f utf-16"),
        (b"a,a\n1,2\n", "several columns called a"),
        (b"a,,b\n1,2,3\n", "columns without a name: number 2"),
        (b"a,b\n1\n", "cannot be read as CSV"),
        ("å,b\n1,2\n".encode("latin-1"), "it is not UTF-8"),
        (b"\x1f\x8bnonsense", "damaged gzip"),
        (b"PAR1nonsense", "damaged Parquet"),
    ],
)
def test_what_is_no_table_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(InputError, match=message):
        tables.read(tmp_path)


def test_no_file_and_no_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the folder holds no file"):
        tables.read(tmp_path)
    with pytest.raises(InputError, match="no such file or folder"):
        tables.read(tmp_path / "absent")


def test_files_of_a_folder_must_agree(tmp_path: Path) -> None:
    (tmp_path / "1.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    (tmp_path / "2.csv").write_text("a,c\n1,2\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"2.csv has other columns than 1.csv: it also has c; it lacks b"):
        tables.read(tmp_path)
