"""The background of an explanation: a few typical rows, by k-means, or by k-prototypes where columns are categories."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MOST_ROWS = 1000
"""Rows that are clustered, at most."""


def typical_rows(table: Floats, categorical: NDArray[np.bool_], clusters: int, seed: int = 1) -> Floats:
    """Centres of clusters: of numbers the value of the table nearest to the mean, of categories the most frequent one.

    Args:
        table: Rows x columns; categories as codes, missing values as NaN.
        categorical: Which columns are categories.
        clusters: How many rows are wanted; fewer where there are not as many different ones.
        seed: Of the starting points.

    A missing number counts as the column's mean while clusters are found, a missing category as one of its own. A
    centre's value is missing where most of its cluster's are.
    """
    sample = table[:: max(1, -(-len(table) // MOST_ROWS))]
    scaled = _scaled(sample, categorical)
    clusters = min(clusters, len(np.unique(scaled, axis=0)))
    if clusters == 1:
        labels = np.zeros(len(sample), np.int64)
    elif categorical.any():
        labels = _by_prototypes(scaled, categorical, clusters, seed)
    else:
        labels = _by_means(scaled, clusters, seed)
    return np.vstack([_centre(sample[labels == label], categorical) for label in np.unique(labels)])


def _scaled(table: Floats, categorical: NDArray[np.bool_]) -> Floats:
    """Numbers with mean 0 and standard deviation 1: no unit outweighs another. Missing ones become 0, or code -1."""
    scaled = np.where(np.isnan(table), -1.0, table)
    for place in np.flatnonzero(~categorical):
        known = table[:, place][~np.isnan(table[:, place])]
        mean, std = (known.mean(), known.std()) if len(known) else (0.0, 0.0)
        scaled[:, place] = np.nan_to_num((table[:, place] - mean) / (std or 1.0), nan=0.0)
    return scaled


def _by_means(scaled: Floats, clusters: int, seed: int) -> NDArray[np.int64]:
    from sklearn.cluster import KMeans

    return np.asarray(KMeans(clusters, n_init=1, random_state=seed).fit_predict(scaled), np.int64)


def _by_prototypes(scaled: Floats, categorical: NDArray[np.bool_], clusters: int, seed: int) -> NDArray[np.int64]:
    from kmodes.kmodes import KModes
    from kmodes.kprototypes import KPrototypes

    places = np.flatnonzero(categorical).tolist()
    if categorical.all():
        return np.asarray(KModes(clusters, init="Cao", n_init=1, random_state=seed).fit_predict(scaled), np.int64)
    model = KPrototypes(clusters, init="Cao", n_init=1, max_iter=20, random_state=seed)
    return np.asarray(model.fit_predict(scaled, categorical=places), np.int64)


def _centre(rows: Floats, categorical: NDArray[np.bool_]) -> Floats:
    return np.array([_middle(rows[:, place], category=bool(categorical[place])) for place in range(rows.shape[1])])


def _middle(values: Floats, *, category: bool) -> float:
    known = values[~np.isnan(values)]
    if 2 * len(known) < len(values):
        return float("nan")
    if category:
        codes, counts = np.unique(known, return_counts=True)
        return float(codes[counts.argmax()])
    return float(known[np.abs(known - known.mean()).argmin()])
