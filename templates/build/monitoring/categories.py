"""What is kept of a column of texts: how often each occurs, in bounded memory, whatever order they come in.

Up to `LIMIT` distinct texts are counted one by one. Beyond that a column is no longer described by its texts, but by
`GROUPS` groups into which a hash puts them, and the number of distinct texts is estimated from those whose hash is
small.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Hashes = NDArray[np.uint64]

LIMIT = 1 << 16
GROUPS = 1024
_ODD = np.uint64(0x9E37_79B9_7F4A_7C15)  # 2**64 divided by the golden ratio: Knuth's multiplicative hashing
_POWERS = np.cumprod(np.full(4096, _ODD))


def hashes_of(texts: Any) -> Hashes:
    """A 64-bit hash for each text of an Arrow array: a polynomial of its bytes, mixed. The same on every machine."""
    binary = texts.cast(pa.large_binary())
    offsets = np.frombuffer(binary.buffers()[1], np.int64)[binary.offset : binary.offset + len(binary) + 1]
    lengths = np.diff(offsets)
    content = binary.buffers()[2]
    data = np.frombuffer(content, np.uint8)[offsets[0] : offsets[-1]] if content is not None else np.empty(0, np.uint8)
    place = np.arange(len(data)) - np.repeat(offsets[:-1] - offsets[0], lengths)
    if lengths.max(initial=0) > len(_POWERS):
        place %= len(_POWERS)
    terms = (data.astype(np.uint64) + np.uint64(1)) * _POWERS[place]
    sums = np.zeros(len(lengths), np.uint64)
    filled = lengths > 0
    if filled.any():
        sums[filled] = np.add.reduceat(terms, (offsets[:-1] - offsets[0])[filled])
    return _mixed(sums + lengths.astype(np.uint64) * _ODD)


def _mixed(values: Hashes) -> Hashes:
    """Spread differences over all bits (Stafford's thirteenth variant of the MurmurHash3 finaliser)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58_476D_1CE4_E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D0_49BB_1331_11EB)
    return values ^ (values >> np.uint64(31))


@dataclass(frozen=True)
class Words:
    """Counts of texts. `hashes` are sorted; `texts` belong to them while all are kept (`level` 0).

    At level t only hashes below 2**(64 - t) are kept; t is the smallest with which no more than `LIMIT` remain.
    """

    hashes: Hashes = field(default_factory=lambda: np.empty(0, np.uint64))
    counts: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    texts: Any = field(default_factory=lambda: pa.array([], pa.string()))
    groups: Ints = field(default_factory=lambda: np.zeros(GROUPS, np.int64))
    level: int = 0

    @property
    def total(self) -> int:
        """Number of rows."""
        return int(self.groups.sum())

    @property
    def exact(self) -> bool:
        """Whether every distinct text is counted on its own."""
        return self.level == 0

    @property
    def distinct(self) -> int:
        """Number of distinct texts: exact, or an estimate with a relative error of about 1 / sqrt(LIMIT / 2)."""
        return len(self.hashes) << self.level

    def merged(self, other: "Words", limit: int = LIMIT) -> "Words":
        """The counts of both together."""
        if not len(other.hashes) and not other.total:
            return self
        level = max(self.level, other.level)
        hashes = np.concatenate([self.hashes, other.hashes])
        counts = np.concatenate([self.counts, other.counts])
        texts = pa.concat_arrays([self.texts, other.texts]) if level == 0 else None
        return _kept(hashes, counts, texts, self.groups + other.groups, level=level, limit=limit, runs=True)

    def table(self) -> dict[str, int]:
        """Each text and its count, most frequent first, then by text."""
        pairs = zip(self.texts.to_pylist(), self.counts.tolist(), strict=True)
        return dict(sorted(pairs, key=lambda pair: (-pair[1], pair[0])))


def words(texts: Any, counts: Ints, limit: int = LIMIT, level: int = 0) -> Words:
    """Summarise texts (an Arrow array of strings, not necessarily distinct) that occur `counts` times each.

    `level` is one already reached by other rows of the column: it only saves time.
    """
    if not len(texts):
        return Words()
    hashes = hashes_of(texts)
    places = (hashes >> np.uint64(54)).astype(np.int64)
    groups = np.bincount(places, weights=counts, minlength=GROUPS).astype(np.int64)
    if level:
        kept = hashes < _bound(level)
        return _kept(hashes[kept], counts[kept], None, groups, level=level, limit=limit)
    return _kept(hashes, counts, texts.cast(pa.string()), groups, level=0, limit=limit)


def _kept(
    hashes: Hashes, counts: Ints, texts: Any, groups: Ints, *, level: int, limit: int, runs: bool = False
) -> Words:
    """Add up equal hashes, and raise the level until few enough are left. `runs`: they are two sorted parts."""
    if not len(hashes):
        return Words(hashes, counts, None if level else texts, groups, level)
    order = np.argsort(hashes, kind="stable" if runs else "quicksort")
    hashes = hashes[order]
    starts = np.flatnonzero(np.concatenate([[True], hashes[1:] != hashes[:-1]]))
    hashes, counts = hashes[starts], np.add.reduceat(counts[order], starts)
    if level == 0 and len(hashes) <= limit:
        return Words(hashes, counts, texts.take(pa.array(order[starts])), groups)
    kept = len(hashes) if level == 0 else int(np.searchsorted(hashes, _bound(level)))
    while kept > limit:
        level += 1
        kept = int(np.searchsorted(hashes, _bound(level)))
    hashes, counts = hashes[:kept], counts[:kept]
    return Words(hashes, counts, None, groups, level)


def _bound(level: int) -> np.uint64:
    return np.uint64(1 << (64 - level))


def occurrences(texts: Any) -> tuple[Any, Ints]:
    """The distinct values of an Arrow array or dictionary without nulls, and how often each occurs."""
    encoded = texts if pa.types.is_dictionary(texts.type) else pc.dictionary_encode(texts)
    counts = np.bincount(encoded.indices.to_numpy(zero_copy_only=False), minlength=len(encoded.dictionary))
    return encoded.dictionary, counts.astype(np.int64)
