"""The model's columns as a matrix and back: what explanations are computed on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Coder:
    """Turns the model's columns into a matrix and back: categories by their place in a list, missing values NaN."""

    names: Sequence[str]
    texts: Mapping[str, pd.Index]

    @classmethod
    def of(cls, *frames: pd.DataFrame) -> "Coder":
        """For frames of the same columns; text columns are categories."""
        names = list(frames[0].columns)
        textual = [name for name in names if not all(pd.api.types.is_numeric_dtype(frame[name]) for frame in frames)]
        return cls(
            names, {name: pd.Index(sorted({*pd.concat([f[name] for f in frames]).dropna()})) for name in textual}
        )

    @property
    def categorical(self) -> NDArray[np.bool_]:
        """Which columns are categories."""
        return np.array([name in self.texts for name in self.names])

    def encode(self, frame: pd.DataFrame) -> Floats:
        """A frame as a matrix."""
        return np.column_stack([self._encode(frame[name]) for name in self.names]).astype(np.float64)

    def _encode(self, values: pd.Series) -> Floats:
        if values.name not in self.texts:
            return np.asarray(values.to_numpy(np.float64))
        codes = self.texts[values.name].get_indexer(values).astype(np.float64)
        return np.where(codes < 0, np.nan, codes)

    def decode(self, matrix: Floats) -> pd.DataFrame:
        """A matrix as a frame."""
        return pd.DataFrame({name: self._decode(name, matrix[:, place]) for place, name in enumerate(self.names)})

    def _decode(self, name: str, values: Floats) -> Any:
        if name not in self.texts:
            return values
        return pd.Categorical.from_codes(np.nan_to_num(values, nan=-1.0).astype(np.int64), categories=self.texts[name])
