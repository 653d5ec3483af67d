"""What predictions were made from: their manifests say when the data was broken."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray


@dataclass(frozen=True)
class Broken:
    """Which rows were predicted from broken data, and what was broken."""

    rows: NDArray[np.bool_]
    sentences: tuple[str, ...] = ()

    @classmethod
    def none(cls, count: int) -> "Broken":
        """No row of so many."""
        return cls(np.zeros(count, np.bool_))

    @classmethod
    def of(cls, noted: pd.Series) -> "Broken":
        """Of what `note` said of each row."""
        texts = [text for note in noted.unique().tolist() if note for text in json.loads(note)]
        return cls((noted != "").to_numpy(np.bool_), tuple(dict.fromkeys(texts))[:5])


def note(manifest: Mapping[str, Any]) -> str:
    """What a manifest says was broken, as one text for each row; empty where nothing was."""
    broken = manifest.get("broken")
    return json.dumps([str(text) for text in broken]) if isinstance(broken, list) and broken else ""
