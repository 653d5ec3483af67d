"""Counts of texts in bounded memory."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from monitoring import categories
from monitoring.categories import words


def ones(number: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.ones(number, np.int64)


def test_texts_are_counted() -> None:
    texts = pa.array(["pear", "", "apple", "pear", "näve"])
    assert words(texts, ones(5)).table() == {"pear": 2, "": 1, "apple": 1, "näve": 1}


def test_a_hash_depends_on_the_text_alone() -> None:
    alone = categories.hashes_of(pa.array(["b", "", "a" * 5000]))
    among = categories.hashes_of(pa.array(["x" * 9, "b", "", "a" * 5000, "y"]).slice(1, 3))
    assert np.array_equal(alone, among)
    assert len(np.unique(categories.hashes_of(pa.array([str(number) for number in range(100_000)])))) == 100_000


def test_neither_order_nor_chunks_matter_with_too_many_texts() -> None:
    numbers = np.random.default_rng(3).integers(0, 5000, 20_000)
    texts = pa.array([f"user {number}" for number in numbers])
    whole = words(texts, ones(len(texts)), limit=1000)
    joined = words(texts.slice(15_000), ones(5000), limit=1000)
    for start in (5000, 0, 10_000):
        joined = joined.merged(words(texts.slice(start, 5000), ones(5000), limit=1000), limit=1000)
    assert whole.level == joined.level > 0
    assert np.array_equal(whole.hashes, joined.hashes)
    assert np.array_equal(whole.counts, joined.counts)
    assert np.array_equal(whole.groups, joined.groups)


def test_the_number_of_too_many_texts_is_estimated() -> None:
    texts = pa.array([f"session {number}" for number in range(300_000)])
    found = words(texts, ones(len(texts)))
    assert not found.exact
    assert len(found.hashes) <= categories.LIMIT
    assert abs(found.distinct / 300_000 - 1) < 0.03
    assert found.total == 300_000
