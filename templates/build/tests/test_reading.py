"""One table in every kind of file means the same: to training, checks, joins and ids."""

from __future__ import annotations

import datetime as dt
import gzip
import random
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest

from model.errors import InputError
from model.values import numbers, texts
from monitoring.columns import profile
from reading.blocks import Source
from steps import tables

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DAY = dt.datetime(2026, 6, 4)  # noqa: DTZ001 (a day is the one that is written)
HOURS = dt.timedelta(hours=2)
# A column as Parquet holds it, and the texts that a CSV file has for the same values.
SAME: dict[str, tuple[Any, list[str]]] = {
    "bool": (pa.array([True, False, None, True]), ["True", "false", "", "TRUE"]),
    "int": (pa.array([1, 2, None, 30], pa.int32()), ["1", "2", "", "30"]),
    "large": (pa.array([2**53 + 1, 2**53 + 3, None, 2**62 + 1]), [str(2**53 + 1), str(2**53 + 3), "", str(2**62 + 1)]),
    "larger": (pa.array([2**63 + 1, 1, 2, 3], pa.uint64()), [str(2**63 + 1), "1", "2", "3"]),
    "float": (pa.array([1.0, 0.5, None, 1e16]), ["1.0", "0.50", "", "10000000000000000"]),
    "float32": (pa.array([0.1, 2, None, 3], pa.float32()), ["0.1", "2", "", "3.0"]),
    "decimal": (pa.array([Decimal("1.50"), None, Decimal("2.00"), Decimal("0.10")]), ["1.5", "", "2", "0.1"]),
    "text": (pa.array(["x", " y ", None, "01"]), [" x", "y", "", "01"]),
    "dictionary": (pa.array(["x", "y", None, "x"]).dictionary_encode(), ["x", "y", "", "x"]),
    "codes": (pa.array([7, 8, None, 7]).dictionary_encode(), ["7", "8", "", "7"]),
    "bytes": (pa.array([b"x", b"y", None, b"x"]), ["x", "y", "", "x"]),
    "date32": (
        pa.array([DAY.date(), None, DAY.date(), DAY.date()]),
        ["2026-06-04", "", " 2026-06-04 00:00:00", "2026-06-04T00:00Z"],
    ),
    "seconds": (
        pa.array([DAY, None, DAY, DAY], pa.timestamp("s")),
        ["2026-06-04", "", "2026-06-04", "2026-06-04 00:00"],
    ),
    "nanoseconds": (
        pa.array([DAY, None, DAY.replace(hour=12), DAY.replace(microsecond=5000)], pa.timestamp("ns")),
        ["2026-06-04", "", "2026-06-04T12:00", "2026-06-04 00:00:00.005000"],
    ),
    "zone": (
        pa.array([DAY - HOURS, None, DAY + 5 * HOURS, DAY], pa.timestamp("us", "Europe/Stockholm")),
        ["2026-06-04", "", "2026-06-04T12:00:00+0200", "2026-06-04 02:00:00+02:00"],
    ),
    "UTC": (
        pa.array([DAY, None, DAY.replace(hour=12), DAY], pa.timestamp("ms", "UTC")),
        ["2026-06-04", "", "2026-06-04 12:00", "2026-06-04"],
    ),
    "nothing": (pa.nulls(4), ["", "", "", ""]),
}  # fmt: skip
WRITERS: dict[str, Callable[[Path, str], None]] = {
    "csv": lambda place, kind: _csv(place / "t.csv", kind, ","),
    "gzip": lambda place, kind: _gzip(place / "t.csv.gz", kind),
    "semicolon": lambda place, kind: _csv(place / "t.txt", kind, ";"),
    "parquet": lambda place, kind: pa.parquet.write_table(_table(kind), place / "t.parquet"),
    "pandas": lambda place, kind: _table(kind).to_pandas().to_parquet(place / "t.parquet"),
    "nullable": lambda place, kind: _table(kind).to_pandas().convert_dtypes().to_parquet(place / "t.parquet"),
}


def _table(kind: str) -> pa.Table:
    return pa.table({"id": ["a", "b", "c", "d"], "value": SAME[kind][0]})


def _text(kind: str, mark: str) -> str:
    rows = zip("abcd", SAME[kind][1], strict=True)
    return f"id{mark}value\n" + "".join(f"{name}{mark}{value}\n" for name, value in rows)


def _csv(file: Path, kind: str, mark: str) -> None:
    file.write_text("\ufeff" + _text(kind, mark), encoding="utf-8")


def _gzip(file: Path, kind: str) -> None:
    file.write_bytes(gzip.compress(_text(kind, ",").encode()))


def written(place: Path, kind: str, how: str) -> Path:
    """A folder with the table."""
    folder = place / f"{kind}-{how}"
    folder.mkdir()
    WRITERS[how](folder, kind)
    return folder


def _exact(kind: str, how: str) -> bool:
    """Whether nothing is lost: pandas itself loses digits of large numbers beside missing ones."""
    return not (kind == "large" and how in {"pandas", "nullable"})


@pytest.mark.parametrize("how", WRITERS)
@pytest.mark.parametrize("kind", SAME)
def test_a_value_is_one_text_from_every_file(tmp_path: Path, kind: str, how: str) -> None:
    if not _exact(kind, how):
        pytest.skip("pandas writes them as floats")
    wanted = texts(tables.read(written(tmp_path, kind, "csv"))["value"]).fillna("-").tolist()
    found = texts(tables.read(written(tmp_path, kind, how) if how != "csv" else tmp_path / f"{kind}-csv")["value"])
    assert found.fillna("-").tolist() == wanted


@pytest.mark.parametrize("how", WRITERS)
@pytest.mark.parametrize("kind", SAME)
def test_checks_and_the_model_see_the_same_categories(tmp_path: Path, kind: str, how: str) -> None:
    place = written(tmp_path, kind, how)
    spelled = texts(tables.read(place)["value"])
    seen = profile(Source(place, texts=frozenset({"id", "value"}))).columns["value"]
    if kind == "nothing" or (kind == "large" and not _exact(kind, how)):
        return
    assert seen.words.table() == spelled.value_counts().to_dict()
    assert seen.missing == spelled.isna().sum()


def test_numbers_of_every_file_are_the_same(tmp_path: Path) -> None:
    for kind in ("int", "float", "decimal"):
        found = {how: numbers(tables.read(written(tmp_path, kind, how))["value"])[0].tolist() for how in WRITERS}
        assert all(str(values) == str(found["csv"]) for values in found.values())


MARKS = "\u2028\u2029\x85\x0b\x0c\x1c\x1d\x1e"


@pytest.mark.parametrize("quote", ["", '"'])
@pytest.mark.parametrize("mark", [*MARKS, "\r"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_no_other_mark_ends_a_row(tmp_path: Path, mark: str, end: str, quote: str) -> None:
    rows = [("a", f"na{mark}me"), *[(f"00{place}", f"{quote}x{mark}y{quote}") for place in range(3)]]
    (tmp_path / "t.csv").write_bytes("".join(f"{one},{other}{end}" for one, other in rows).encode())
    table = tables.read(tmp_path)
    between = " " if mark == "\r" else mark
    assert list(table.columns) == ["a", f"na{between}me"]
    assert table.to_numpy().tolist() == [[f"00{place}", f"x{between}y"] for place in range(3)]
    assert profile(Source(tmp_path)).rows == 3


@pytest.mark.parametrize("header", ['"first\nname",b', '"first\r\nname",b', '"first\rname",b', '"first\n\nname",b'])
def test_a_line_break_in_a_header_cell_is_a_space(tmp_path: Path, header: str) -> None:
    (tmp_path / "t.csv").write_bytes(header.encode() + b"\n000,1\n007,2\n")
    table = tables.read(tmp_path)
    assert table["first name"].tolist() == ["000", "007"]


def test_a_header_may_be_long(tmp_path: Path) -> None:
    names = [f"column with a rather long name, number {place}" for place in range(5000)]
    (tmp_path / "t.csv").write_text(
        ",".join(f'"{name}"' for name in names) + "\n" + ",".join(["000"] * 5000) + "\n", encoding="utf-8"
    )
    table = tables.read(tmp_path)
    assert list(table.columns) == names
    assert set(table.iloc[0]) == {"000"}
    (tmp_path / "t.csv").write_text("a" * 100_000 + ",b\n000,1\n", encoding="utf-8")
    assert tables.read(tmp_path).iloc[0].tolist() == ["000", "1"]


def test_cr_alone_ends_the_rows_of_a_file_without_lf(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(b"a,b\r000,1\r007,2")
    assert tables.read(tmp_path).to_numpy().tolist() == [["000", "1"], ["007", "2"]]


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        (b"a;b\n1,5;x\n2,5;y\n", ["1,5", "x"]),
        (b"a\tb\n1,5\tx\n", ["1,5", "x"]),
        (b"a|b\n1;5|x\n", ["1;5", "x"]),
        (b"a,b\n1;5,x|y\n", ["1;5", "x|y"]),
        (b'"a, in kg";b\n"1;5";x\n', ["1;5", "x"]),
        (b'"a;b",c\n1,"x;y"\n', ["1", "x;y"]),
        (b"a\n1\n", ["1"]),
        (b"a;b\n1\n2;3\n", None),
        (b"a b\n1;2\n", ["1;2"]),
    ],
)
def test_the_first_rows_tell_the_delimiter(tmp_path: Path, content: bytes, wanted: list[str] | None) -> None:
    (tmp_path / "t.csv").write_bytes(content)
    if wanted is None:
        with pytest.raises(InputError, match=r"t\.csv cannot be read as CSV"):
            tables.read(tmp_path)
    else:
        assert tables.read(tmp_path).iloc[0].tolist() == wanted
        assert profile(Source(tmp_path)).rows == tables.read(tmp_path).shape[0]


def test_folders_names_are_columns(tmp_path: Path) -> None:
    for folder, rows in (
        ("region=n%C3%B6rth/year=2025", [1]),
        ("region=s%2Fe/year=2026", [2, 3]),
        ("region=__HIVE_DEFAULT_PARTITION__/year=2026", [4]),
    ):
        (tmp_path / folder).mkdir(parents=True)
        pd.DataFrame({"x": rows}).to_parquet(tmp_path / folder / "part-0.parquet")
    (tmp_path / "_SUCCESS").touch()
    (tmp_path / ".hidden=1").mkdir()
    (tmp_path / ".hidden=1" / "t.csv").write_text("other\n1\n", encoding="utf-8")
    table = tables.read(tmp_path).sort_values("x")
    assert texts(table["region"]).fillna("-").tolist() == ["nörth", "s/e", "s/e", "-"]
    assert numbers(table["year"])[0].tolist() == [2025, 2026, 2026, 2026]
    seen = profile(Source(tmp_path))
    assert seen.columns["region"].words.table() == {"s/e": 2, "nörth": 1}
    assert seen.columns["region"].missing == 1
    assert "region" not in profile(Source(tmp_path, leave=frozenset({"region"}))).columns


def test_folders_names_are_columns_of_csv_too(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"shop={name}").mkdir()
        (tmp_path / f"shop={name}" / "t.csv").write_text(f"x\n00{name}\n", encoding="utf-8")
    assert tables.read(tmp_path).to_numpy().tolist() == [["00a", "a"], ["00b", "b"]]


def test_a_named_index_of_pandas_is_a_column(tmp_path: Path) -> None:
    frame = pd.DataFrame({"x": [1, 2]}, index=pd.Index(["a", "b"], name="shop"))
    frame.to_parquet(tmp_path / "t.parquet")
    assert set(tables.read(tmp_path).columns) == {"shop", "x"}
    frame.set_axis(pd.MultiIndex.from_tuples([("a", 1), ("b", 2)], names=["shop", "day"])).to_parquet(
        tmp_path / "t.parquet"
    )
    assert set(tables.read(tmp_path).columns) == {"shop", "day", "x"}
    for index in (pd.RangeIndex(2), pd.Index([5, 7])):
        frame.set_axis(index).to_parquet(tmp_path / "t.parquet")
        assert list(tables.read(tmp_path).columns) == ["x"]
        assert list(profile(Source(tmp_path)).columns) == ["x"]


def test_a_column_without_a_name_is_left_out_only_where_pandas_numbered_the_rows(tmp_path: Path) -> None:
    values = pd.DataFrame({"x": [1, 2]})
    values.set_axis(pd.Index(["a", "b"])).to_parquet(tmp_path / "t.parquet")  # shops: nothing counts them anew
    assert list(tables.read(tmp_path)["__index_level_0__"]) == ["a", "b"]
    values.rename(columns={"x": "__index_level_0__"}).to_parquet(tmp_path / "t.parquet", index=False)
    assert list(tables.read(tmp_path)["__index_level_0__"]) == [1, 2]


def test_columns_of_parts_are_taken_by_name(tmp_path: Path) -> None:
    (tmp_path / "1.csv").write_text("a,b\n1,x\n", encoding="utf-8")
    (tmp_path / "2.csv").write_text("b;a\ny;2\n", encoding="utf-8")
    pd.DataFrame({"b": ["z"], "a": [3]}).to_parquet(tmp_path / "3.parquet")
    table = tables.read(tmp_path)
    assert texts(table["a"]).tolist() == ["1", "2", "3"]
    assert table["b"].tolist() == ["x", "y", "z"]
    assert profile(Source(tmp_path)).columns["a"].numbers.moments.sum == 6


@pytest.mark.parametrize(
    ("one", "other", "wanted"),
    [
        ([1, 2], ["x", "01"], ["1", "2", "x", "01"]),
        ([1.0, 2.5], ["x"], ["1", "2.5", "x"]),
        ([1, 2], [0.5], ["1", "2", "0.5"]),
        ([2**53 + 1], [0.5], [str(2**53 + 1), "0.5"]),
        ([True], ["x"], ["true", "x"]),
        ([None, None], [1, 2], ["-", "-", "1", "2"]),
        ([dt.date(2026, 6, 4)], ["2026-06-05"], ["2026-06-04", "2026-06-05"]),
    ],
)
def test_parts_of_different_types_have_one_meaning(tmp_path: Path, one: Any, other: Any, wanted: list[str]) -> None:
    for name, values in (("1", one), ("2", other)):
        pa.parquet.write_table(pa.table({"a": values}), tmp_path / f"{name}.parquet")
    found = tables.read(tmp_path)["a"]
    assert texts(found).fillna("-").tolist() == wanted
    spelled = profile(Source(tmp_path, texts=frozenset({"a"}))).columns["a"].words.table()
    assert spelled == pd.Series([text for text in wanted if text != "-"]).value_counts().to_dict()


def test_any_text_comes_back_as_it_was(tmp_path: Path) -> None:
    draws = random.Random(1)  # noqa: S311 (no secret)
    letters = ["a", '"', ",", ";", "\n", "\r", " ", "\t", "'", "|", "é", *MARKS]
    values = ["".join(draws.choices(letters, k=draws.randint(0, 6))) for _ in range(2000)]
    pd.DataFrame({"id": np.arange(2000), "text": values}).to_csv(tmp_path / "t.csv", index=False)
    pd.DataFrame({"id": np.arange(2000), "text": values}).to_parquet(tmp_path / "t.parquet")
    wanted = texts(pd.Series(values)).fillna("").tolist()
    for file in ("t.csv", "t.parquet"):
        assert texts(tables.read(tmp_path / file)["text"]).fillna("").tolist() == wanted
    seen = profile(Source(tmp_path / "t.csv", texts=frozenset({"text"}), block_bytes=100)).columns["text"]
    assert seen.words.table() == pd.Series([text for text in wanted if text]).value_counts().to_dict()
