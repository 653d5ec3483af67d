"""What was found, in one sentence for a person: which way, from what to what, what it means, what to do next."""

from monitoring import numeric
from monitoring.baseline import Feature
from monitoring.comparison import Comparison
from monitoring.windows import Windows

LOOK = "Look where it comes from (unit, join, source)"
RETRAIN = "if the change is real, the model has to learn it"


def drift(seen: Feature, known: Feature, found: Comparison, windows: Windows | None) -> str:
    """Of a column whose values differ from the baseline's."""
    if seen.numbers is None or known.numbers is None:
        return _mix(seen.name, found)
    now, before = _middle(seen), _expected_middle(known, found)
    if found.what == "spread" and abs(_percent(now, before)) < 10:  # noqa: PLR2004 (percent: the level is about the same)
        return _spread(seen, known)
    if now == before:
        return (
            f"{seen.name}: {share(found.seen)} of the values are at most {found.where}, {share(found.expected)} were "
            f"expected. {LOOK}; {RETRAIN}."
        )
    way = "higher" if now > before else "lower"
    much = f"{abs(_percent(now, before)):.0f} % {way}" if _percentages(known, before) else way
    than = "in any window of the baseline" if windows is not None and _beyond(now, windows) else "expected"
    return f"{seen.name} is {much} than {than} (median {short(before)} → {short(now)}). {LOOK}; {RETRAIN}."


def _mix(name: str, found: Comparison) -> str:
    return (
        f"{name}: {found.where or 'one value'} makes up {share(found.seen)} of the values, {share(found.expected)} "
        f"were expected. {LOOK}; {RETRAIN}."
    )


def _spread(seen: Feature, known: Feature) -> str:
    (low, high), (first, last) = (
        numeric.quantiles(feature.numbers.bins, [0.25, 0.75]).tolist() if feature.numbers else (0.0, 0.0)
        for feature in (seen, known)
    )
    way = "more" if high - low > last - first else "less"
    return (
        f"{seen.name} varies {way} than expected (the middle half of its values: {short(first)} to {short(last)} → "
        f"{short(low)} to {short(high)}). {LOOK}; {RETRAIN}."
    )


def _middle(feature: Feature) -> float:
    assert feature.numbers is not None  # noqa: S101 (asked before)
    return float(numeric.quantiles(feature.numbers.bins, [0.5])[0])


def _expected_middle(known: Feature, found: Comparison) -> float:
    return found.middle if found.middle is not None else _middle(known)


def _percent(now: float, before: float) -> float:
    return 100.0 * (now - before) / abs(before) if before else 0.0


def _percentages(known: Feature, before: float) -> bool:
    return before > 0 and known.numbers is not None and known.numbers.low >= 0


def _beyond(now: float, windows: Windows) -> bool:
    """Whether a median is beyond that of every window."""
    if windows.scale.edges is None or not len(windows.scale.edges):
        return False
    counts = windows.counts[windows.present > 0]
    places = (counts.cumsum(axis=1) * 2 >= counts.sum(axis=1)[:, None]).argmax(axis=1)
    edges = windows.scale.values()
    return bool(now > edges[places.max()] or now < edges[max(0, int(places.min()) - 1)])


def missing(name: str, now: float, expected: float) -> str:
    """Of a column with more missing values, or with fewer."""
    if now > expected:
        return (
            f"{name} is empty in {share(now)} of the rows, {share(expected)} were expected. Look where its values get "
            "lost before retraining."
        )
    return (
        f"{name} is filled in {share(1.0 - now)} of the rows, {share(1.0 - expected)} were expected. Look whether "
        "something fills it in; if it is real, the model has to learn it."
    )


def missing_column(name: str) -> str:
    """Of a column that is not there."""
    return f"{name} is no longer delivered. Deliver it again: the model was trained with it."


def extra_column(name: str) -> str:
    """Of a column that nobody knows."""
    return f"{name} is new: the model does not know it. Nothing is to be done, or add it and train."


def wrong_type(name: str, kind: str, right: float) -> str:
    """Of values of another type."""
    words = {"Integral": "whole numbers", "Fractional": "numbers"}
    return f"{name}: {share(1.0 - right)} of the values are no {words.get(kind, kind)}. Mend the rows or their source."


def unknown(name: str, unknown_share: float, examples: str) -> str:
    """Of categories that the baseline did not have."""
    named = f" ({examples})" if examples else ""
    return (
        f"{name}: {share(unknown_share)} of the values are categories that the model was not trained with{named}. Map "
        "them to known ones, or train with them."
    )


def negative(name: str, part: float) -> str:
    """Of negative values where there were none."""
    return f"{name}: {share(part)} of the values are negative, none were before. Look for a wrong sign or unit."


def far(name: str, part: float, low: float, high: float) -> str:
    """Of values far outside all that was seen."""
    return (
        f"{name}: {share(part)} of the values are far outside all that the baseline has seen ({short(low)} to "
        f"{short(high)}). Look for another unit or a misplaced decimal point."
    )


def jumped(name: str, before: float, now: float, expected: float) -> str:
    """Of a column that is at another level from one day to the next."""
    return (
        f"{name} jumped from about {short(before)} on the day before to {short(now)}, where about {short(expected)} "
        "was to be expected: no step in the baseline is like it. Look whether its source, unit or station has changed."
    )


def variety(known: Feature) -> str:
    """What a column of the baseline holds."""
    if known.numbers is not None:
        return f"{short(known.numbers.low)} to {short(known.numbers.high)}"
    return f"one of {known.distinct or len(known.texts or ()):,} values"


def constant(name: str, value: str, variety: str) -> str:
    """Of a column that has one value only."""
    return f"{name} is {value} in every row, {variety} before: its source looks dead or stuck. Mend it; do not retrain."


def zeroed(name: str, now: float, before: float) -> str:
    """Of a column with many zeros."""
    return (
        f"{name} is 0 in {share(now)} of the rows, {share(before)} before: its source looks dead. Mend it; do not "
        "retrain."
    )


def grows(name: str) -> str:
    """Why a column that only grows is not compared."""
    return f'it only ever grows, so that no batch is like the baseline: name it in ignore = ["{name}"], or leave it out'


def rows_missing(now: float, before: float, rows: int) -> str:
    """Of series that have rows on few of their days."""
    return (
        f"Rows are missing: the {rows:,} rows fill {share(now)} of the days of their series, {share(before)} and more "
        "before. Look for a load that broke off; do not retrain on this."
    )


def series_missing(of: str, gone: list[str], expected: int) -> str:
    """Of values of an id that were always there."""
    named = ", ".join(gone[:3]) + (f" and {len(gone) - 3} more" if len(gone) > 3 else "")  # noqa: PLR2004
    return (
        f"{len(gone)} of {expected} values of {of} have no rows ({named}), which every late window of the baseline "
        "had. Look for a feed that did not arrive; do not retrain on this."
    )


def repeated(part: float, before: float, *, keys: bool) -> str:
    """Of rows that are there twice."""
    what = "have the ids of another row" if keys else "are equal to another row"
    return (
        f"Rows are there twice: {share(part)} of them {what}, {share(before)} before. Look for a load that ran twice; "
        "do not retrain on this."
    )


def apart(name: str, partners: list[str], left: float) -> str:
    """Of a column that no longer goes with others."""
    return (
        f"{name} no longer goes with {', '.join(partners)}: {share(max(0.0, left))} of the usual association is left. "
        "Look for a join or a sort that put its values into other rows."
    )


def undetermined(name: str, of: str, part: float) -> str:
    """Of a column whose values stood for a group of rows."""
    return (
        f"{name}: {share(part)} of the rows have the value of their {of}, nearly all before. Look for a join or a sort "
        "that put values into other rows."
    )


def stale(last: str, wanted: str) -> str:
    """Of a table whose latest day is old."""
    return f"The latest date is {last}, {wanted}. Look whether the new data arrived."


def share(part: float) -> str:
    """A share in percent, with as many decimals as it takes to see it."""
    percent = 100.0 * part
    if percent in (0.0, 100.0):
        return f"{percent:.0f} %"
    if percent < 0.1 or 99.9 < percent < 100.0:  # noqa: PLR2004
        return "under 0.1 %" if percent < 0.1 else "over 99.9 %"  # noqa: PLR2004
    return f"{percent:.0f} %" if 10.0 <= percent <= 90.0 else f"{percent:.1f} %"  # noqa: PLR2004


def short(value: float) -> str:
    """A number with four digits."""
    return f"{value:,.2f}" if 10.0 <= abs(value) < 1e5 and value != int(value) else f"{value:,.4g}"  # noqa: PLR2004
