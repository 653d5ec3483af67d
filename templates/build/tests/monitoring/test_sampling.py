"""Rows that are kept: the same wherever a file is cut, and whatever type a column has in a block."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from monitoring import columns, sampling
from monitoring.columns import Profile
from reading.blocks import Source

ROWS = 60_000


def profile(tmp_path: Path, frame: pd.DataFrame, block_bytes: int) -> Profile:
    file = tmp_path / "t.csv"
    frame.to_csv(file, index=False)
    return columns.profile(Source(file, block_bytes=block_bytes))


def kept(found: Profile, name: str) -> list[float]:
    return sorted(np.concatenate([columns.floats_of(part) for part in found.sample.column(name)]).tolist())


def mixed(decimals: int) -> pd.DataFrame:
    """A code that is a number in the first half of the rows, and a text in every tenth row of the second."""
    draws = np.random.default_rng(5)
    code = draws.integers(0, 9, ROWS).astype(str)
    code[ROWS // 2 :: 10] = "unknown"
    found = pd.DataFrame({"row": np.arange(ROWS), "code": code, "kind": draws.choice(["a", "b"], ROWS)})
    return found.assign(**{f"x{place}": draws.normal(size=ROWS).round(4) for place in range(decimals)})


@pytest.mark.parametrize("decimals", [0, 1, 4])
def test_the_same_rows_are_kept_wherever_blocks_end(tmp_path: Path, decimals: int) -> None:
    frame = mixed(decimals)
    found = [profile(tmp_path, frame, size) for size in (1 << 14, 1 << 17, 8 << 20)]
    assert ROWS / 8 < found[0].sample.rows <= sampling.LIMIT
    assert kept(found[0], "row") == kept(found[1], "row") == kept(found[2], "row")


def test_a_column_that_becomes_text_keeps_the_rows_of_before(tmp_path: Path) -> None:
    rows = np.array(kept(profile(tmp_path, mixed(4), 1 << 16), "row"))
    assert np.mean(rows < ROWS / 2) == pytest.approx(0.5, abs=0.02)


def test_a_row_that_is_there_again_in_a_block_of_another_type_is_seen(tmp_path: Path) -> None:
    frame = mixed(4).drop(columns="row")
    again = pd.concat([frame, frame])
    assert profile(tmp_path, frame, 1 << 16).sample.repeated()[0] == 0
    found = profile(tmp_path, again, 1 << 16).sample
    assert found.repeated()[0] == found.rows / 2


def test_columns_of_few_values_do_not_decide_alone(tmp_path: Path) -> None:
    draws = np.random.default_rng(6)
    flags = {f"flag{place}": draws.integers(0, 2, ROWS) for place in range(4)}
    frame = pd.DataFrame({**flags, "name": [f"n{row}" for row in range(ROWS)]})
    found = profile(tmp_path, frame, 1 << 16)
    assert ROWS / 8 < found.sample.rows <= sampling.LIMIT
    assert np.mean(kept(found, "flag0")) == pytest.approx(0.5, abs=0.02)
