"""`statistics.json`: what is known of each column, in Model Monitor's format, written and read back.

Added to the format, and ignored by other readers: `types` (how many values are of which type), `shift` in the
sketch's parameters, `groups` of a column with very many texts, `windows`, and `table` (rows, series, columns that go
together). The sketch has Model Monitor's form,
where each value of level i stands for 2**i rows, but it is a histogram: exact while a column has few distinct values.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitoring import arrow, categories, dependence, determination, numeric, volume
from monitoring.categories import Words
from monitoring.columns import Column, Profile, Type
from monitoring.dependence import Pair
from monitoring.determination import Rule
from monitoring.lens import Lens, lens_of
from monitoring.numeric import Histogram, Numbers
from monitoring.volume import Volume
from monitoring.windows import Course, Scale, Windows

Json = dict[str, Any]

BUCKETS = 10
LISTED = 1000
"""Texts whose counts are written; a column with more is compared by its groups."""
POOLED = "(numbers)"
"""Stands for all numbers in a column of text that has too many different ones to count each."""


@dataclass(frozen=True)
class Summary:
    """Of a column of numbers."""

    mean: float
    sum: float
    std: float
    low: float
    high: float
    bins: Histogram


@dataclass(frozen=True)
class Feature:
    """A column as its statistics describe it: numbers, `texts` with counts, or `groups` where texts are too many."""

    name: str
    type: Type
    present: int
    missing: int
    types: Mapping[str, int] = field(default_factory=dict)
    numbers: Summary | None = None
    texts: Mapping[str, int] | None = None
    groups: NDArray[np.int64] | None = None
    distinct: int = 0
    windows: Windows | None = None

    @property
    def completeness(self) -> float:
        """Share of the rows that have a value."""
        return self.present / max(self.present + self.missing, 1)

    @property
    def numeric(self) -> bool:
        """Whether it is described by its numbers."""
        return self.type in ("Integral", "Fractional")

    def share_of(self, kind: Type) -> float:
        """The share of the values that are of a type: a whole number is a Fractional too, and anything is a String."""
        whole, fractional = self.types.get("Integral", 0), self.types.get("Fractional", 0)
        match kind:
            case "Integral":
                return whole / self.present
            case "Fractional":
                return (whole + fractional) / self.present
            case "String" | "Unknown":
                return 1.0


@dataclass(frozen=True)
class Statistics:
    """A table's statistics.

    Attributes:
        volume: How much of what there was; None where a baseline does not tell it.
        pairs: Columns that go together.
        rules: Columns that the day and another column determine.
        equal: Of a sample: rows, rows that are equal to an earlier one, and pairs of equal rows.
        texts: Columns that were read as text, whatever they look like; None where a baseline does not tell it.
    """

    rows: int
    features: Mapping[str, Feature]
    volume: Volume | None = None
    pairs: Sequence[Pair] = ()
    rules: Sequence[Rule] = ()
    equal: tuple[int, int, int] = (0, 0, 0)
    texts: frozenset[str] | None = None


def statistics(profile: Profile, windows: Mapping[str, Windows] | None = None) -> Statistics:
    """The statistics of a profile, each column as what it is."""
    found = windows or {}
    features = {
        name: replace(feature(name, column), windows=found.get(name)) for name, column in profile.columns.items()
    }
    return Statistics(profile.rows, features, equal=(profile.sample.rows, *profile.sample.repeated()))


def feature(name: str, column: Column, like: Feature | None = None) -> Feature:
    """Describe a column as one of its own type or of another's: as numbers without its texts, or all as text."""
    kind = like.type if like and like.type != "Unknown" else column.type
    types = {
        "Integral": column.numbers.whole,
        "Fractional": column.numbers.count - column.numbers.whole,
        "Infinite": column.numbers.infinite,
        "String": column.words.total,
    }
    plain = Feature(name, kind, column.present, column.missing, types)
    if plain.numeric:
        return replace(plain, numbers=_summary(column.numbers) if column.numbers.count else None)
    pooled = not column.numbers.bins.exact or (like is not None and "Pooled" in like.types)
    words = column.words.merged(_spelled(column.numbers, pooled=pooled))
    listed = words.exact and len(words.hashes) <= LISTED
    return replace(
        plain,
        types=types | ({"Pooled": column.numbers.count} if pooled else {}),
        texts=words.table() if listed else None,
        groups=None if listed else words.groups,
        distinct=words.distinct,
    )


def _summary(numbers: Numbers) -> Summary:
    known = numbers.moments
    return Summary(known.mean, known.sum, known.std, numbers.low, numbers.high, numbers.bins)


def _spelled(numbers: Numbers, *, pooled: bool) -> Words:
    texts = [POOLED] if pooled else [spell(value) for value in numbers.bins.centres().tolist()]
    counts = [numbers.count] if pooled else numbers.bins.counts.tolist()
    pairs = [(text, count) for text, count in [*zip(texts, counts, strict=True), ("inf", numbers.infinite)] if count]
    return categories.words(arrow.strings([text for text, _ in pairs]), np.array([n for _, n in pairs], np.int64))


def spell(value: float) -> str:
    """A number as the text of a category: `3` and not `3.0`."""
    return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)


def to_json(known: Statistics) -> Json:
    """The document."""
    return {
        "version": 0.0,
        "dataset": {"item_count": known.rows},
        "features": [_feature_json(feature) for feature in known.features.values()],
        "table": {
            "equal_rows": list(known.equal),
            **({} if known.texts is None else {"texts": sorted(known.texts)}),
            **({"volume": volume.to_json(known.volume)} if known.volume else {}),
            **({"pairs": dependence.to_json(known.pairs)} if known.pairs else {}),
            **({"rules": determination.to_json(known.rules)} if known.rules else {}),
        },
    }


def _feature_json(known: Feature) -> Json:
    common = {"num_present": known.present, "num_missing": known.missing}
    document: Json = {"name": known.name, "inferred_type": known.type}
    if known.numeric and known.numbers:
        document["numerical_statistics"] = {"common": common, **_numbers_json(known.numbers)}
    else:
        document["string_statistics"] = {"common": common, **_texts_json(known)}
    document["types"] = dict(known.types)
    if known.windows:
        document["windows"] = _windows_json(known.windows)
    return document


def _numbers_json(known: Summary) -> Json:
    values = known.bins.centres()
    levels = int(known.bins.counts.max()).bit_length()
    data = [values[(known.bins.counts >> level) & 1 == 1].tolist() for level in range(levels)]
    parameters = {"c": 0.64, "k": float(numeric.BINS), "shift": known.bins.shift}
    return {
        "mean": known.mean,
        "sum": known.sum if math.isfinite(known.sum) else None,
        "std_dev": known.std,
        "min": known.low,
        "max": known.high,
        "distribution": {"kll": {"buckets": buckets(known), "sketch": {"parameters": parameters, "data": data}}},
    }


def buckets(known: Summary, low: float | None = None, high: float | None = None) -> list[Json]:
    """Ten buckets of equal width from `low` to `high`: closed below, open above, the last one closed."""
    first, last = known.low if low is None else low, known.high if high is None else high
    edges = [first + (last - first) * (i / BUCKETS) for i in range(BUCKETS)] + [last]
    if not math.isfinite(last - first):
        edges = [first * (1 - i / BUCKETS) + last * (i / BUCKETS) for i in range(BUCKETS + 1)]
    values = np.clip(known.bins.centres(), known.low, known.high)
    places = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, BUCKETS - 1)
    counts = np.bincount(places, known.bins.counts, BUCKETS).tolist()
    return [{"lower_bound": edges[i], "upper_bound": edges[i + 1], "count": counts[i]} for i in range(BUCKETS)]


def _texts_json(known: Feature) -> Json:
    listed = [{"value": text, "count": count} for text, count in (known.texts or {}).items()]
    distribution: Json = {"categorical": {"buckets": listed}}
    if known.groups is not None:
        distribution["groups"] = known.groups.tolist()
    return {"distinct_count": float(known.distinct), "distribution": distribution}


def _windows_json(known: Windows) -> Json:
    scale = known.scale
    places: Json = {"texts": list(scale.texts)} if scale.edges is None else {"edges": scale.edges.tolist()}
    document: Json = {**places, "counts": known.counts.tolist(), "missing": known.missing.tolist()}
    if known.days:
        document |= {"starts": known.starts.tolist(), "days": known.days, "stuck": known.stuck}
    if scale.edges is not None:
        document["lens"] = {"middle": scale.lens.middle, "spread": scale.lens.spread}
    for name, numbers in (("sums", known.sums), ("daily", known.daily)):
        if numbers is not None:
            document[name] = numbers.tolist()
    if known.course is not None:
        levels = known.course.levels.round(6).tolist()
        document["course"] = {
            "first": known.course.first,
            "levels": [None if math.isnan(level) else level for level in levels],
        }
    return document


def from_json(document: Json) -> Statistics:
    """Read a document of this module or of Model Monitor; KeyError, TypeError or ValueError where it is neither."""
    features = [_feature(item) for item in document["features"]]
    rows = (
        int(document["dataset"]["item_count"]) if "dataset" in document else features[0].present + features[0].missing
    )
    told = document.get("table", {})
    rows_equal, repeated, pairs = told.get("equal_rows", (0, 0, 0))
    return Statistics(
        rows,
        {feature.name: feature for feature in features},
        volume.from_json(told["volume"]) if "volume" in told else None,
        dependence.from_json(told.get("pairs", [])),
        determination.from_json(told.get("rules", [])),
        (int(rows_equal), int(repeated), int(pairs)),
        frozenset(told["texts"]) if "texts" in told else None,
    )


def _feature(item: Json) -> Feature:
    told = item.get("numerical_statistics") or item.get("string_statistics") or item
    common = told["common"]
    kind = item["inferred_type"]
    if kind not in ("Integral", "Fractional", "String", "Unknown"):
        raise ValueError(f"{item['name']!r} is of the unknown type {kind!r}")
    known = Feature(
        item["name"], kind, int(common["num_present"]), int(common["num_missing"]), item.get("types", {}),
        windows=_windows(item["windows"]) if "windows" in item else None,
    )  # fmt: skip
    if "numerical_statistics" in item:
        return replace(known, numbers=_numbers(told))
    distribution = told.get("distribution", {})
    groups = distribution.get("groups")
    texts = {entry["value"]: int(entry["count"]) for entry in distribution.get("categorical", {}).get("buckets", [])}
    return replace(
        known,
        texts=None if groups else texts,
        groups=np.array(groups, np.int64) if groups else None,
        distinct=int(told.get("distinct_count", len(texts))),
    )


def _numbers(told: Json) -> Summary:
    sketch = told["distribution"]["kll"]["sketch"]
    values = np.concatenate([np.array(level, np.float64) for level in sketch["data"]])
    weights = np.concatenate([np.full(len(level), 1 << place, np.int64) for place, level in enumerate(sketch["data"])])
    bins = numeric.weighted(values, weights, int(sketch["parameters"].get("shift", 0)))
    total = told.get("sum")
    return Summary(told["mean"], math.inf if total is None else total, told["std_dev"], told["min"], told["max"], bins)


def _windows(item: Json) -> Windows:
    edges = np.array(item["edges"], np.float64) if "edges" in item else None
    lens = Lens(**item["lens"]) if "lens" in item else _lens_of(edges)
    scale = Scale(edges, tuple(item.get("texts", ())), lens)
    counts = np.array(item["counts"], np.int64).reshape(-1, scale.places)
    return Windows(
        scale,
        counts,
        np.array(item["missing"], np.int64),
        np.array(item.get("starts", range(len(counts))), np.int64),
        int(item.get("days", 0)),
        np.array(item["sums"], np.float64) if "sums" in item else None,
        np.array(item["daily"], np.float64) if "daily" in item else None,
        float(item.get("stuck", 0.0)),
        _course(item["course"]) if "course" in item else None,
    )


def _course(told: Json) -> Course:
    return Course(int(told["first"]), np.array(told["levels"], np.float64))


def _lens_of(edges: NDArray[np.float64] | None) -> Lens:
    """The scale of a column where a baseline of an older version does not tell it."""
    if edges is None or not len(edges):
        return Lens(0.0, 1.0)
    return lens_of(numeric.weighted(edges, np.ones(len(edges), np.int64)))
