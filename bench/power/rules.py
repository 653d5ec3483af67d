"""Who judges: this project's checks, and the rules that others document, computed directly with SciPy.

Evidently and NannyML themselves are 1 GB of other libraries; their default rules are a few lines. Evidently: with more
than 1,000 rows in the reference Wasserstein's distance over the standard deviation, and Jensen and Shannon's of
categories, from 0.1 on; else p-values below 0.05. NannyML: Jensen and Shannon's distance beyond the mean and three
standard deviations of ten chunks of the reference.
"""

# mypy: ignore-errors
# ruff: noqa: PLR2004 (the rules' own numbers)
# It runs in the environment of the build template, which that of the checks does not have.

from collections.abc import Callable, Mapping

import numpy as np
import pyarrow as pa
from scipy import stats
from scipy.spatial.distance import jensenshannon

from monitoring import baseline, checks, columns, constraints, dependence
from monitoring.findings import Finding
from monitoring.settings import DataQuality

Table = dict[str, np.ndarray]


class Ours:
    """The checks, with a baseline made once."""

    def __init__(self, known: Table) -> None:
        profile = columns.of_arrays(arrays(known))
        pairs = dependence.pairs_of(profile, frozenset(), None, 0)
        self._known = baseline.Statistics(
            profile.rows, baseline.statistics(profile).features, None, pairs, (),
            (profile.sample.rows, *profile.sample.repeated()),
        )  # fmt: skip
        self._known = baseline.from_json(baseline.to_json(self._known))
        self._limits = constraints.suggest(self._known, DataQuality())

    def found(self, batch: Table) -> list[Finding]:
        """What is found in a batch."""
        outcomes, _ = checks.check(checks.Batch(columns.of_arrays(arrays(batch))), self._known, self._limits)
        return [outcome for outcome in outcomes if isinstance(outcome, Finding)]


def arrays(table: Table) -> dict[str, pa.Array]:
    """Columns as the readers give them: numbers with nulls, or text."""
    return {
        name: pa.array(values, from_pandas=True) if values.dtype.kind == "f" else pa.array(values.tolist())
        for name, values in table.items()
    }


def tests(known: Table, batch: Table) -> bool:
    """Kolmogorov and Smirnov's test and chi-squared, with Bonferroni's correction of 0.05."""
    return min(_p_value(known[name], batch[name]) for name in known) < 0.05 / len(known)


def _p_value(one: np.ndarray, other: np.ndarray) -> float:
    if one.dtype.kind == "f":
        one, other = one[~np.isnan(one)], other[~np.isnan(other)]
        return stats.ks_2samp(one, other, method="asymp").pvalue if len(other) else 1.0
    shares = _counts(one, other)
    return stats.chi2_contingency(shares).pvalue if shares.shape[1] > 1 else 1.0


def _counts(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    names = np.unique(np.concatenate([one, other]))
    return np.array([np.bincount(np.searchsorted(names, values), minlength=len(names)) for values in (one, other)])


def evidently(known: Table, batch: Table) -> bool:
    """Any column by Evidently's defaults."""
    return any(_evidently(known[name], batch[name]) for name in known)


def _evidently(one: np.ndarray, other: np.ndarray) -> bool:
    if len(one) <= 1000:
        return _p_value(one, other) < 0.05
    if one.dtype.kind == "f":
        one, other = one[~np.isnan(one)], other[~np.isnan(other)]
        return bool(len(other)) and stats.wasserstein_distance(one, other) / max(np.std(one), 1e-3) >= 0.1
    shares = _counts(one, other)
    return jensenshannon(shares[0], shares[1], base=2) >= 0.1


class NannyML:
    """Jensen and Shannon's distance against that of chunks of the reference."""

    def __init__(self, known: Table) -> None:
        self._known = known
        self._bins = {n: np.histogram_bin_edges(_real(v), "doane") for n, v in known.items() if v.dtype.kind == "f"}
        self._limits = {name: self._limit(name) for name in known}

    def _limit(self, name: str) -> float:
        found = [self._distance(name, part) for part in np.array_split(self._known[name], 10)]
        return float(np.mean(found) + 3 * np.std(found))

    def _distance(self, name: str, values: np.ndarray) -> float:
        if name not in self._bins:
            shares = _counts(self._known[name], values)
            return jensenshannon(shares[0], shares[1], base=2)
        edges, parts = self._bins[name], (_real(self._known[name]), _real(values))
        counts = [np.histogram(part, edges)[0] for part in parts]
        shares = [
            np.append(count, len(part) - count.sum()) / max(len(part), 1)
            for count, part in zip(counts, parts, strict=True)
        ]
        return jensenshannon(shares[0], shares[1], base=2)

    def any(self, batch: Table) -> bool:
        """Whether a column is beyond its limit."""
        return any(self._distance(name, values) > self._limits[name] for name, values in batch.items())


def _real(values: np.ndarray) -> np.ndarray:
    return values[~np.isnan(values)]


def judges(known: Table) -> Mapping[str, Callable[[Table], bool]]:
    """All who judge, ready for batches."""
    ours, nanny = Ours(known), NannyML(known)
    return {
        "ours": lambda batch: bool(ours.found(batch)),
        "KS/chi2 Bonferroni": lambda batch: tests(known, batch),
        "Evidently": lambda batch: evidently(known, batch),
        "NannyML": nanny.any,
    }
