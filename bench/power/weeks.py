"""Tables with a time, on disk as the pipelines have them: drawn ones, and the sample's own weeks with faults."""

# mypy: ignore-errors
# It runs in the environment of the build template, which that of the checks does not have.

import datetime as dt
import itertools
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from bench.power import kinds
from model import features, schema
from monitoring import data_quality
from monitoring.settings import DataQuality
from steps import preprocess

ROOT = Path(__file__).parents[2]
FIRST = dt.date(2022, 1, 3)


def document(**data) -> dict:
    return {
        "project": {"name": "p", "problem_type": "regression"},
        "data": {"target": "y", "evaluation": 7, **data},
        "evaluation": {"metric": "mae", "threshold": 1.0},
    }


TIMED = schema.parse(document(time="day", ids=["day", "shop"]))


def drawn(kind: str, seed: int, groups: int, weeks: int, ahead: int) -> tuple[pd.DataFrame, list[pd.DataFrame]]:
    """A baseline of so many weeks of groups with a row each day, and the weeks after it."""
    draws = np.random.default_rng([seed, groups, kinds.TIMED.index(kind)])
    days, columns = kinds.timed(kind, draws, 7 * (weeks + ahead), groups)
    frame = pd.DataFrame(columns)
    frame.insert(0, "day", (np.datetime64(FIRST) + days).astype(str))
    frame.insert(1, "shop", np.char.add("s", np.tile(np.arange(groups), len(days) // groups).astype(str)))
    later = [frame[(days >= 7 * (weeks + k)) & (days < 7 * (weeks + k + 1))] for k in range(ahead)]
    return frame[days < 7 * weeks], later


class Checked:
    """A baseline on disk, and batches checked against it."""

    def __init__(self, folder: Path, known: pd.DataFrame, of) -> None:
        self._folder, self._of = folder, of
        self._write(known, "train", parquet=True)
        data_quality.make_baseline(folder / "train", folder / "baseline", of, DataQuality())

    def found(self, batch: pd.DataFrame, before: pd.DataFrame | None = None):
        """What is found in a batch, which may come with the rows of the day before it."""
        self._write(batch, "batch", parquet=False)
        beside = self._folder / "batch" / data_quality.BEFORE
        beside.unlink(missing_ok=True)
        if before is not None:
            before[before[self._of.time] == before[self._of.time].max()].to_csv(beside, index=False)
        return data_quality.check(
            self._folder / "batch", self._folder / "baseline", self._folder / "out", self._of, DataQuality()
        ).findings

    def _write(self, frame: pd.DataFrame, name: str, *, parquet: bool) -> None:
        place = self._folder / name
        place.mkdir(exist_ok=True)
        if parquet:
            frame.to_parquet(place / "t.parquet", index=False)
        else:
            frame.to_csv(place / "t.csv", index=False)


def clean_weeks(kind: str, seed: int, rows: tuple[int, int], weeks: int, ahead: int) -> Iterator[bool]:
    """Whether clean weeks raise anything; rows of a week in the baseline, and in a batch."""
    with tempfile.TemporaryDirectory() as folder:
        known, later = drawn(kind, seed, rows[0] // 7, weeks, ahead)
        checked = Checked(Path(folder), known, TIMED)
        for before, batch in itertools.pairwise([known, *later]):
            shops = [f"s{number}" for number in range(rows[1] // 7)]
            some = (part[part["shop"].isin(shops)] for part in (batch, before))
            yield bool(checked.found(*some))


def _mixed(column: str) -> Callable[[pd.DataFrame], pd.DataFrame]:
    return lambda t: t.assign(**{column: t[column].sample(frac=1, random_state=3).to_numpy()})


FAULTS: Mapping[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "price x 1.2": lambda t: t.assign(price=t["price"] * 1.2),
    "temperature + 5 degrees": lambda t: t.assign(temperature_forecast=t["temperature_forecast"] + 5),
    "rain always 0": lambda t: t.assign(rain_forecast=0.0),
    "90 % of the rows lost": lambda t: t.sample(frac=0.1, random_state=1),
    "rows doubled": lambda t: pd.concat([t, t]),
    "one store missing": lambda t: t[t["store"] != "S07"],
    "a column permuted": _mixed("price"),
}


class Sample:
    """The sample's training data, and its weeks afterwards as the pipelines make them."""

    def __init__(self, config: Path, weeks: int) -> None:
        sys.path.insert(0, str(ROOT / "templates" / "build" / "data"))
        import simulate

        self._schema = schema.load(config)
        days = simulate.TRAINING_DAYS + 7 * weeks
        table = pd.DataFrame(simulate.simulate(simulate.SEED, days), columns=simulate.Row._fields).astype("str")
        last = simulate.FIRST_DAY + dt.timedelta(simulate.TRAINING_DAYS)
        known = table["date"] < last.isoformat()
        self.train = preprocess.preprocess(table[known].reset_index(drop=True), self._schema).taught
        rows = features.build(table, self._schema)
        rows = features.Rows(rows.ids, features.typed(rows.features, self._schema)).with_names()
        number = (pd.to_datetime(table["date"]) - pd.Timestamp(last)).dt.days // 7
        self.weeks = [rows[number == week] for week in range(weeks)]

    def with_before(self, number: int) -> tuple[pd.DataFrame, pd.DataFrame]:
        """A week, and the one before it."""
        return self.weeks[number], self.weeks[number - 1]

    def checked(self, folder: Path) -> Checked:
        """Its baseline."""
        return Checked(folder, self.train, self._schema)
