"""What predictions were made from: their manifests say when the data was broken."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from model.schema import Schema
from monitoring import truth
from steps import tables


@dataclass(frozen=True)
class Broken:
    """Which rows were predicted from broken data, and what was broken."""

    rows: NDArray[np.bool_]
    sentences: tuple[str, ...] = ()

    @classmethod
    def none(cls, count: int) -> "Broken":
        """No row of so many."""
        return cls(np.zeros(count, np.bool_))


def broken_rows(rows: pd.DataFrame, folder: Path, schema: Schema, package: str = "") -> Broken:
    """Which of the rows have a prediction, the latest of several, that was made from broken data.

    Args:
        rows: With ids, spelled as `truth.spelled` does.
        folder: Holds `predictions.csv` files with their manifests.
        schema: Names the ids.
        package: Only predictions of this model package, where not empty.

    Raises:
        InputError: A manifest is damaged.
    """
    manifests = {file: truth.manifest(file) for file in sorted(folder.rglob("predictions.csv"))}
    of_model = {file: told for file, told in manifests.items() if not package or told.get("model_package") == package}
    if not any(told.get("broken") for told in of_model.values()):
        return Broken.none(len(rows))
    ids, parts = list(schema.id_columns), []
    for file, told in sorted(of_model.items(), key=lambda item: str(item[1].get("created", ""))):
        table = truth.spelled(tables.read(file), schema)[ids]
        parts.append(table.assign(broken=bool(told.get("broken"))))
    latest = pd.concat(parts, ignore_index=True).drop_duplicates(ids, keep="last")
    flags = rows[ids].merge(latest, on=ids, how="left")["broken"].fillna(value=False).to_numpy(np.bool_)
    sentences = dict.fromkeys(str(text) for told in of_model.values() for text in _texts(told.get("broken")))
    return Broken(flags, tuple(sentences)[:5])


def _texts(broken: object) -> list[object]:
    return list(broken) if isinstance(broken, list) else []
