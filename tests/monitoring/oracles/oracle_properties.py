"""Properties of any table: it never violates its own baseline; neither order nor chunks matter."""

from __future__ import annotations

import csv
import json
import math
import tempfile
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from model import schema
from monitoring import data_quality, numeric
from monitoring.baseline import from_json, statistics, to_json
from monitoring.columns import profile
from monitoring.settings import DataQuality
from reading.blocks import Source

RELAXED = settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
SCHEMA = schema.parse(
    {
        "project": {"name": "p", "problem_type": "regression"},
        "data": {"target": "y", "evaluation": 0.2, "categorical": ["c2"]},
        "evaluation": {"metric": "mae", "threshold": 1.0},
    }
)

number = st.one_of(
    st.integers(-(10**9), 10**9).map(str),
    st.floats(allow_nan=False).map(repr),
    st.floats(-1e6, 1e6).map(lambda value: f"{value:.3f}"),
)
ODD = ["", "NA", "nan", " ", "inf", "-inf", "+7", "007", "1e400", "1.", ".5", "n/a", "0x1", "NULL", "-0", "true"]
odd = st.sampled_from(ODD)
letters = st.characters(codec="utf-8", exclude_characters="\0\r", exclude_categories=["Cs"])
text = st.one_of(odd, st.text(letters, max_size=8))
cell = st.one_of(number, number, odd, text)
column = st.sampled_from([number, text, cell, st.sampled_from(["a", "b"]), st.just("")])


@st.composite
def tables(draw: st.DrawFn) -> list[list[str]]:
    kinds = draw(st.lists(column, min_size=1, max_size=4))
    # A blank line is no row: the first column keeps every line from being blank.
    return [["x", *row] for row in draw(st.lists(st.tuples(*kinds), min_size=1, max_size=60))]


def write(rows: list[list[str]], file: Path) -> Path:
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow([f"c{place}" for place in range(len(rows[0]))])
        writer.writerows(rows)
    return file


def described(file: Path, size: int = 1 << 20) -> object:
    return to_json(statistics(profile(Source(file, frozenset({"c2"}), block_bytes=size))))


@RELAXED
@given(tables(), st.randoms(use_true_random=False), st.integers(1, 200))
def test_neither_order_nor_chunks_matter(rows: list[list[str]], shuffle, size: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        wanted = described(write(rows, Path(folder) / "a.csv"))
        assert described(Path(folder) / "a.csv", size) == wanted
        shuffle.shuffle(rows)
        assert described(write(rows, Path(folder) / "b.csv"), size) == wanted


@RELAXED
@given(tables(), st.integers(1, 60))
def test_a_table_never_violates_its_own_baseline(rows: list[list[str]], times: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for place in ("train", "batch"):
            (folder / place).mkdir()
            write(rows * times, folder / place / "t.csv")
        for method in ("Robust", "Simple"):
            config = DataQuality(comparison_method=method)
            data_quality.make_baseline(folder / "train", folder / "baseline", SCHEMA, config)
            result = data_quality.check(folder / "batch", folder / "baseline", folder / "out", SCHEMA, config)
            assert not result.findings
        known = json.loads((folder / "baseline" / "statistics.json").read_text(encoding="utf-8"))
        assert to_json(from_json(known))["features"] == known["features"]


@RELAXED
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=200))
def test_moments_are_the_true_ones(values: list[float]) -> None:
    found = numeric.moments(np.array(values))
    assert found.mean == math.fsum(value / 2**8 for value in values) * 2**8 / len(values) or math.isclose(
        found.mean, math.fsum(value / 2**8 for value in values) / len(values) * 2**8, rel_tol=1e-9, abs_tol=1e-300
    )
    scale = max(map(abs, values)) or 1.0
    if 1e-100 < scale < 1e100:
        scaled = np.array(values) / scale
        assert math.isclose(found.std / scale, float(scaled.std()), rel_tol=1e-6, abs_tol=1e-7)
