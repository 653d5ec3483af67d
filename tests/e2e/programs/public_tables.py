"""Public tables that come inside wheels, cut into what a model learns from, what it predicts later, and what happened.

python public_tables.py WHEELS FOLDER    WHEELS is where palmerpenguins and vega_datasets are unpacked

Run by an interpreter with pandas and scikit-learn. Of each table `NAME` it writes `NAME-train`, `NAME-later` and
`NAME-truth`, as CSV or Parquet.
"""

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn import datasets

WHEELS, FOLDER = map(Path, sys.argv[1:])
VEGA = WHEELS / "vega_datasets" / "_data"
LEAD = 7  # days


def weather() -> pd.DataFrame:
    """Days of four years, up to a week in summer, with the target's own past."""
    table = pd.read_csv(VEGA / "seattle-weather.csv", parse_dates=["date"]).assign(
        date=lambda table: table["date"].dt.strftime("%Y-%m-%d")
    )
    return table[table["date"] <= "2015-08-31"]


def airports() -> pd.DataFrame:
    """Eight states; ids are codes like 0E8 and 1H2, some of which look like numbers."""
    table = pd.read_csv(VEGA / "airports.csv", dtype="str", keep_default_na=False)
    often = table["state"].value_counts().index[:8]
    return table.loc[table["state"].isin(often), ["iata", "state", "latitude", "longitude"]]


def penguins() -> pd.DataFrame:
    """Three species; no ids, and text with missing values. Two birds that were not measured at all are left out."""
    table = pd.read_csv(WHEELS / "palmerpenguins" / "data" / "penguins.csv", dtype="str", keep_default_na=False)
    return table[table["bill_length_mm"] != "NA"]


def cars() -> pd.DataFrame:
    """Miles per gallon; numbers with missing values, ids with a leading zero."""
    table = pd.DataFrame(json.loads((VEGA / "cars.json").read_text(encoding="utf-8")))
    table = table.dropna(subset="Miles_per_Gallon").drop(columns=["Name", "Year"])
    table.insert(0, "car", [f"{number:04}" for number in range(len(table))])
    return table


def cancer() -> pd.DataFrame:
    """Two classes, Parquet, no ids; booleans of both kinds that pandas has."""
    table = datasets.load_breast_cancer(as_frame=True).frame.iloc[:, [*range(10), -1]]
    table["large"] = table["mean radius"] > table["mean radius"].median()
    table["rough"] = (table["mean smoothness"] > table["mean smoothness"].median()).astype("boolean")
    return table.assign(target=np.where(table["target"] == 1, "benign", "malignant"))


def diabetes() -> pd.DataFrame:
    """A quantity, ids that are numbers, a code that is a category."""
    table = datasets.load_diabetes(as_frame=True, scaled=False).frame
    table.insert(0, "patient", range(1, len(table) + 1))
    return table


TABLES: Mapping[str, tuple[Callable[[], pd.DataFrame], str, str]] = {
    "weather": (weather, "temp_max", ".csv"),
    "airports": (airports, "state", ".csv"),
    "penguins": (penguins, "species", ".csv"),
    "cars": (cars, "Miles_per_Gallon", ".csv"),
    "cancer": (cancer, "target", ".parquet"),
    "diabetes": (diabetes, "target", ".csv"),
}


def by_day(table: pd.DataFrame, target: str) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """All but the last week; the last quarter, without the last week's target; what happened in that week."""
    learnt, truth = table.iloc[:-LEAD], table.iloc[-LEAD:]
    later = table.iloc[-90:].copy()
    later.loc[truth.index, target] = np.nan
    return learnt, later, truth[["date", target]]


def by_chance(table: pd.DataFrame, target: str) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Three rows of four; the others without target; and what they were."""
    order = np.random.default_rng(7).permutation(len(table))
    learnt, held = table.iloc[np.sort(order[len(table) // 4 :])], table.iloc[np.sort(order[: len(table) // 4])]
    ids = [name for name in ("iata", "car", "patient") if name in table.columns]
    truth = held[[*ids, target]].reset_index(drop=True)
    if not ids:
        truth.insert(0, "row_number", range(1, len(truth) + 1))
    return learnt, held.drop(columns=target), truth


def main() -> None:
    """Write every table's three parts."""
    for name, (read, target, suffix) in TABLES.items():
        table = read().reset_index(drop=True)
        parts = by_day(table, target) if name == "weather" else by_chance(table, target)
        for part, rows in zip(("train", "later", "truth"), parts, strict=True):
            file = FOLDER / f"{name}-{part}{suffix}"
            if suffix == ".csv":
                rows.to_csv(file, index=False)
            else:
                rows.to_parquet(file, index=False)


if __name__ == "__main__":
    main()
