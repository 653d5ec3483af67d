"""What is kept of a column of numbers: exact moments and a histogram of bounded size.

Both are functions of the values alone. In whatever order rows arrive, and wherever a file is cut into chunks, the
result is the same to the last bit, so the same data never gives two answers.
"""

import math
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BINS = 2048
"""Distinct values kept of a column. With more, neighbours share a bin: a rank is off by less than a bin's mass."""

_DIGIT = 21  # bits of a digit: the products of two digits of 8192 values still add up exactly in a float64
_SLICE = 8192  # and NumPy's dot product of so few starts no threads
_POINT = 1134  # places after the point of the fixed-point sums: more than the smallest float64 needs
_LARGEST = float(np.finfo(np.float64).max)
_ONES = np.ones(_SLICE)
_FLIP = np.int64(0x7FFF_FFFF_FFFF_FFFF)


@dataclass(frozen=True)
class Moments:
    """Exact sums of finite values: `total` in units of 2**-1134, `squares` in units of 2**-2268."""

    count: int = 0
    total: int = 0
    squares: int = 0

    def __add__(self, other: "Moments") -> "Moments":
        return Moments(self.count + other.count, self.total + other.total, self.squares + other.squares)

    @property
    def sum(self) -> float:
        """The sum, correctly rounded; infinite where a float64 cannot hold it."""
        try:
            return self.total / (1 << _POINT)
        except OverflowError:
            return math.inf if self.total > 0 else -math.inf

    @property
    def mean(self) -> float:
        """The mean, correctly rounded."""
        return self.total / (self.count << _POINT)

    @property
    def std(self) -> float:
        """The population standard deviation (divided by n). Nothing cancels: the sums are exact."""
        return _sqrt_ratio(self.count * self.squares - self.total**2, (self.count << _POINT) ** 2)


def _sqrt_ratio(numerator: int, denominator: int) -> float:
    """The square root of a ratio of integers too large for a float64, to about 60 bits."""
    if numerator <= 0:
        return 0.0
    shift = 128 - numerator.bit_length() + denominator.bit_length()
    shift += shift % 2
    scaled = numerator << shift if shift >= 0 else numerator >> -shift
    return math.ldexp(math.isqrt(scaled // denominator), -shift // 2)


def moments(values: Floats) -> Moments:
    """Count, sum and sum of squares of finite values, exactly."""
    largest = max(float(values.max(initial=0.0)), -float(values.min(initial=0.0)))
    parts = [_slice_moments(values[start : start + _SLICE], largest) for start in range(0, len(values), _SLICE)]
    return Moments(len(values), sum(part.total for part in parts), sum(part.squares for part in parts))


def _slice_moments(values: Floats, largest: float) -> Moments:
    """Of at most 8192 values, none of which is larger in size than the largest."""
    if largest == 0.0:
        return Moments(len(values))
    power = math.frexp(largest)[1] - _DIGIT + 1  # of the unit of the first digit
    try:
        rest = _scaled(values, -power)
    except FloatingPointError:  # next to such large values the smallest ones lose bits: they are added on their own
        small = np.abs(values) < largest * 2.0**-900
        return moments(values[~small]) + moments(values[small])
    return Moments(len(values), *_digit_sums(rest, power))


def _scaled(values: Floats, power: int) -> Floats:
    with np.errstate(under="raise"):
        if abs(power) < 1000:  # noqa: PLR2004 (2**power is a float64)
            return values * 2.0**power
        return values * 2.0 ** (power // 2) * 2.0 ** (power - power // 2)


def _digit_sums(rest: Floats, power: int) -> tuple[int, int]:
    """The sum and the sum of squares of values in units of 2**power, which is overwritten.

    Values are written in digits of 21 bits, whose products add up exactly in a float64. Few values have more than
    three digits when they are of similar size, so the others are dropped after the third.
    """
    digits: list[Floats] = []
    total = squares = 0
    while len(rest):
        digit = np.rint(rest)
        rest -= digit
        rest *= 2.0**_DIGIT
        place = power - _DIGIT * len(digits) + _POINT
        total += int(np.dot(digit, _ONES[: len(digit)])) << place
        squares += int(np.dot(digit, digit)) << 2 * place
        for back, earlier in enumerate(reversed(digits), start=1):
            squares += int(np.dot(digit, earlier)) << 2 * place + _DIGIT * back + 1
        digits.append(digit)
        if len(digits) == 1 and not rest.any():  # whole numbers end here, others rarely after the second digit
            break
        if len(digits) > 2:  # noqa: PLR2004
            left = np.flatnonzero(rest != 0.0)
            rest, digits = rest[left], [earlier[left] for earlier in digits]
    return total, squares


def keys_of(values: Floats, shift: int = 0) -> Ints:
    """Integers in the order of the values: the leading bits of a float64, those of negative numbers turned round."""
    keys = (values + 0.0).view(np.int64)  # -0.0 + 0.0 is 0.0: one zero, not two
    keys >>= shift
    if keys.min(initial=0) < 0:
        keys ^= (keys >> 63) & (_FLIP >> shift)
    return keys


def values_of(keys: Ints) -> Floats:
    """The inverse of `keys_of`."""
    return (keys ^ ((keys >> 63) & _FLIP)).view(np.float64)


@dataclass(frozen=True)
class Histogram:
    """Counts by the leading bits of values: `keys` are sorted, each for the values whose key >> shift equals it.

    The shift is the smallest with which no more than `limit` keys remain. Truncating keys is nested, so cutting as
    values arrive ends in the same bins as cutting once at the end.
    """

    keys: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    counts: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    shift: int = 0

    @property
    def total(self) -> int:
        """Number of values."""
        return int(self.counts.sum())

    @property
    def exact(self) -> bool:
        """Whether every distinct value has a bin of its own."""
        return self.shift == 0

    def at(self, shift: int) -> "Histogram":
        """The same values in bins of a coarser shift."""
        if shift <= self.shift:
            return self
        return _grouped(self.keys >> (shift - self.shift), self.counts, shift)

    def merged(self, other: "Histogram", limit: int = BINS) -> "Histogram":
        """The histogram of both sets of values."""
        shift = max(self.shift, other.shift)
        one, two = self.at(shift), other.at(shift)
        keys = np.concatenate([one.keys, two.keys])
        order = np.argsort(keys, kind="stable")
        return _limited(_grouped(keys[order], np.concatenate([one.counts, two.counts])[order], shift), limit)

    def centres(self) -> Floats:
        """One value for each bin, inside it: the value itself where bins are single values."""
        centres = values_of((self.keys << self.shift) + ((1 << self.shift) >> 1))
        return np.clip(centres, -_LARGEST, _LARGEST) if self.shift else centres

    def below_zero(self) -> int:
        """How many values are negative; exact at every shift, for 0.0 begins a bin."""
        return int(self.counts[self.keys < 0].sum())


def histogram(values: Floats, shift: int = 0, limit: int = BINS) -> Histogram:
    """Count finite values. `shift` is one already reached by other values of the column: it only saves time."""
    keys = keys_of(values, shift)
    counted = _counted(keys)
    if counted is not None:
        return _limited(Histogram(*counted, shift), limit)
    if shift >= 32:  # noqa: PLR2004 (what is left fits 32 bits, which sort twice as fast)
        narrow = keys.astype(np.int32)
        narrow.sort()
        return _limited(_grouped(narrow, None, shift), limit)
    keys.sort()
    return _limited(_grouped(keys, None, shift), limit)


def _counted(keys: Ints) -> tuple[Ints, Ints] | None:
    """Keys in order and how often each occurs, by counting; None where they lie so far apart that sorting is quicker.

    Between negative and positive values lie all the small ones, of which a column has few: either side by itself.
    """
    first, last = int(keys.min(initial=0)), int(keys.max(initial=0))
    if last - first < 2 * len(keys):
        return _occurring(keys, first)
    negative = keys[keys < 0]
    positive = keys[keys > 0]
    found = []
    for side in (negative, positive):
        low, high = int(side.min(initial=last)), int(side.max(initial=first))
        if len(side) and high - low >= 2 * len(keys):
            return None
        found.append(_occurring(side, low))
    zeros = len(keys) - len(negative) - len(positive)
    middle = [(np.zeros(1, np.int64), np.full(1, zeros, np.int64))] if zeros else []
    parts = [found[0], *middle, found[1]]
    return np.concatenate([keys for keys, _ in parts]), np.concatenate([counts for _, counts in parts])


def _occurring(keys: Ints, first: int) -> tuple[Ints, Ints]:
    counts = np.bincount(keys - first) if len(keys) else np.empty(0, np.int64)
    filled = np.flatnonzero(counts)
    return filled + first, counts[filled]


def weighted(values: Floats, counts: Ints, shift: int = 0, limit: int = BINS) -> Histogram:
    """The histogram of values that each stand for several rows."""
    keys = keys_of(values, shift)
    order = np.argsort(keys, kind="stable")
    return _limited(_grouped(keys[order], counts[order], shift), limit)


def _grouped(keys: Ints | NDArray[np.int32], counts: Ints | None, shift: int) -> Histogram:
    """Add up the counts (1 each where there are none) of equal neighbours."""
    if not len(keys):
        return Histogram(shift=shift)
    ends = np.append(np.flatnonzero(keys[1:] != keys[:-1]), len(keys) - 1)
    upto = ends + 1 if counts is None else np.cumsum(counts)[ends]
    added = upto.copy()
    added[1:] -= upto[:-1]
    return Histogram(keys[ends].astype(np.int64, copy=False), added, shift)


def _limited(bins: Histogram, limit: int) -> Histogram:
    if len(bins.keys) <= limit:
        return bins
    differing = (bins.keys[1:] ^ bins.keys[:-1]).view(np.uint64)
    low, high = 1, 64 - bins.shift
    while low < high:  # the smallest further shift with which few enough neighbours still differ
        middle = (low + high) // 2
        if np.count_nonzero(differing >> np.uint64(middle)) < limit:
            high = middle
        else:
            low = middle + 1
    return bins.at(bins.shift + low)


@dataclass(frozen=True)
class Numbers:
    """What is kept of a column's numbers. Infinities are counted apart: they have no mean and no place in a bin."""

    moments: Moments = Moments()
    bins: Histogram = field(default_factory=Histogram)
    low: float = math.inf
    high: float = -math.inf
    whole: int = 0
    infinite: int = 0

    @property
    def count(self) -> int:
        """Number of finite values."""
        return self.moments.count

    def merged(self, other: "Numbers") -> "Numbers":
        """What would be kept of both together."""
        return Numbers(
            self.moments + other.moments,
            self.bins.merged(other.bins),
            min(self.low, other.low),
            max(self.high, other.high),
            self.whole + other.whole,
            self.infinite + other.infinite,
        )


def numbers(values: Floats, shift: int = 0) -> Numbers:
    """Summarise numbers without NaN."""
    low, high = float(values.min(initial=math.inf)), float(values.max(initial=-math.inf))
    if not (math.isfinite(low) and math.isfinite(high)):
        finite = values[np.isfinite(values)]
        rest = len(values) - len(finite)
        return replace(numbers(finite, shift), infinite=rest) if len(finite) else Numbers(infinite=rest)
    whole = int(np.count_nonzero(np.rint(values) == values))
    return Numbers(moments(values), histogram(values, shift), low + 0.0, high + 0.0, whole)


def repeated(values: Floats, counts: Ints, shift: int = 0) -> Numbers:
    """Summarise numbers given as distinct values and how often each occurs."""
    if counts.max(initial=1) == 1:
        return numbers(values, shift)
    finite = np.isfinite(values)
    kept, times = values[finite], counts[finite]
    if not len(kept):
        return Numbers(infinite=int(counts.sum()))
    return Numbers(
        _repeated_moments(kept, times),
        weighted(kept, times, shift),
        float(kept.min()) + 0.0,
        float(kept.max()) + 0.0,
        int(times[np.rint(kept) == kept].sum()),
        int(counts.sum() - times.sum()),
    )


def _repeated_moments(values: Floats, counts: Ints) -> Moments:
    result = Moments()
    for count in np.unique(counts).tolist():  # few distinct counts: the moments of a group are multiplied at once
        part = moments(values[counts == count])
        result += Moments(part.count * count, part.total * count, part.squares * count)
    return result


def quantiles(bins: Histogram, shares: Any) -> Floats:
    """The smallest kept values below or at which the given shares of rows lie."""
    ranks = np.ceil(np.asarray(shares) * bins.total).astype(np.int64)
    places = np.searchsorted(np.cumsum(bins.counts), np.maximum(ranks, 1))
    return np.asarray(bins.centres()[np.minimum(places, len(bins.keys) - 1)])
