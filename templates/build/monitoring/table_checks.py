"""Checks of a whole table: that all of it arrived, once, on time, and that its columns still belong together."""

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Sequence

from monitoring import sentences, volume
from monitoring.dependence import LOST, Lost
from monitoring.determination import BROKEN, Kept
from monitoring.findings import Finding, Skipped
from monitoring.judging import TABLE, Look
from monitoring.sampling import Sample
from monitoring.volume import SERIES, Keys, Volume

ROWS = "the table"
MORE_REPEATED = 0.005
"""Share of the rows that are there twice, more than in the baseline, that matters."""
EQUAL_ROWS = 0.05
"""The same of rows without ids, which may be equal by chance."""
EMPTIER = 0.85
"""Of the emptiest window's share of days with rows: a batch with less has lost rows."""
A_PART = 0.5
"""With fewer of the usual series a batch is a part of the whole, and is not expected to have them all."""


def amount(keys: Keys | None, known: Volume | None, days: int) -> Iterator[Finding | Skipped]:
    """Rows that are missing or there twice, and series that are missing."""
    if keys is None or known is None or not keys.rows:
        return
    yield from _repeated(keys, known)
    if days and volume.enough(known) and keys.named:
        yield from _series(keys, known, days)
        yield from _filled(keys, known, days)


def _repeated(keys: Keys, known: Volume) -> Iterator[Finding]:
    again = keys.repeated() / keys.rows
    if again - known.repeated >= MORE_REPEATED:
        yield _of_rows("duplicates_check", again, known.repeated, keys=True)


def _of_rows(check: str, again: float, before: float, *, keys: bool) -> Finding:
    text = f"Duplicates requirement is not met. Observed: {100 * again:.1f}% of the rows repeat another one."
    sentence = sentences.repeated(again, before, keys=keys)
    return Finding(ROWS, check, text, again, before, again, sentence, 0.0, again - before)


def _series(keys: Keys, known: Volume, days: int) -> Iterator[Finding | Skipped]:
    """Values of ids that had rows in each of the latest windows, and have none."""
    there = volume.values_of(keys)
    told = False
    for name, steady in known.steady.items():
        gone = [value for value in steady if value not in there.get(name, set())]
        least = max(1, known.churn.get(name, 0) + 1, round(0.01 * len(steady)))
        if len(gone) < least or (name == SERIES and told) or (days < known.days and not _daily(known)):
            continue
        if len(gone) > A_PART * len(steady):
            reason = (
                f"the batch has {len(steady) - len(gone)} of {len(steady)} values of {name}: it is taken for a part "
                "of the whole"
            )
            yield Skipped(ROWS, "series_check", reason)
        else:
            text = (
                f"Series requirement is not met. Observed: {len(gone)} of {len(steady)} values of {name} have no rows."
            )
            part = len(gone) / len(steady)
            sentence = sentences.series_missing(name, gone, len(steady))
            yield Finding(ROWS, "series_check", text, part, 0.0, part, sentence, 0.0, part)
        told = True


def _daily(known: Volume) -> bool:
    """Whether nearly every series has a row on every day, so that a single day must have them all."""
    return min(_fill(known)) >= 0.9  # noqa: PLR2004


def _fill(known: Volume) -> list[float]:
    return [
        cells / (series * known.days) if series else 0.0
        for series, cells in zip(known.series, known.cells, strict=True)
    ]


def _filled(keys: Keys, known: Volume, days: int) -> Iterator[Finding]:
    """Whether the series that are there have rows on as many of the days as usual."""
    usual = min(_fill(known)[-2 * volume.STEADY :])
    series = len(set(keys.series.tolist()))
    if days < known.days and usual < 0.9:  # noqa: PLR2004 (a series that is not there every day may miss this one)
        return
    now = keys.cells() / (series * days)
    if now < EMPTIER * usual:
        text = (
            f"Row count requirement is not met. Observed: {keys.rows} rows, on {100 * now:.1f}% of their series' days."
        )
        sentence = sentences.rows_missing(now, usual, keys.rows)
        yield Finding(ROWS, "row_count_check", text, now, usual, 1.0 - now / usual, sentence, 0.0, usual - now)


def equal_rows(sample: Sample, before: tuple[int, int, int]) -> Finding | None:
    """Rows without ids that are equal to another one, more than the baseline's make likely.

    Args:
        sample: Of the batch's rows.
        before: Of the baseline: rows, rows that repeat another one, and pairs of equal rows.
    """
    rows, repeated, pairs = before
    again, found = sample.repeated()
    if not rows or not sample.rows or repeated / rows >= EQUAL_ROWS / 2:
        return None  # equal rows are usual
    part = again / sample.rows
    total = sample.seen * (sample.seen - 1) / 2
    expected = (pairs + 1) * total / max(1.0, rows * (rows - 1) / 2) * (sample.rows / max(sample.seen, 1))
    if part - repeated / rows < EQUAL_ROWS or found < 3 * expected:
        return None
    return _of_rows("duplicates_check", part, repeated / rows, keys=False)


def apart(lost: Sequence[Lost], changed: frozenset[str]) -> Iterator[Look]:
    """Looks at columns that went together; those whose own values changed are not looked at again."""
    kept = [item for item in lost if not {item.pair.one, item.pair.other} & changed]
    # A column whose other partners are as always is not the one whose values moved.
    counted = Counter[str]()
    for item in kept:
        counted.update(dict.fromkeys((item.pair.one, item.pair.other), 1 if item.left <= LOST else -1))
    for item in kept:
        one, other = item.pair.one, item.pair.other
        name, partner = (one, other) if counted[one] >= counted[other] else (other, one)
        text = (
            f"Dependence requirement is not met. Observed: {100 * max(0.0, item.left):.0f}% of the association of "
            f"{name} with {partner} in the baseline."
        )
        finding = Finding(
            name, "dependence_check", text, item.left, LOST, 1.0, sentences.apart(name, [partner], item.left),
            item.p_value, 1.0 - item.left,
        )  # fmt: skip
        yield Look(finding, item.left <= LOST, weight=TABLE)


def undetermined(kept: Sequence[Kept], changed: frozenset[str]) -> Iterator[Finding]:
    """Columns that the day and another column no longer determine. Where what determines moved, all of them differ."""
    broken = [item for item in kept if item.share < BROKEN and not {item.rule.column, item.rule.by} & changed]
    by = Counter(item.rule.by for item in broken if item.rule.by)
    moved = {name for name, count in by.items() if count > 1 and count == sum(item.rule.by == name for item in kept)}
    for item in broken:
        name = item.rule.by if item.rule.by in moved else item.rule.column
        of = f"{item.rule.by} and day" if item.rule.by else "day"
        text = (
            f"Dependence requirement is not met. Observed: {100 * item.share:.0f}% of the rows have the value of their "
            f"{of}."
        )
        sentence = sentences.undetermined(name, of, item.share)
        yield Finding(name, "dependence_check", text, item.share, BROKEN, 1.0, sentence, 0.0, 1.0 - item.share)


def fresh(last: int, known: Volume | None, days: int, run_day: int) -> Iterator[Finding | Skipped]:
    """Whether the latest date is as new as it should be: on the day of the run, and after the baseline."""
    if not last:
        return
    shown = dt.date(1970, 1, 1) + dt.timedelta(last)
    cadence = max(days, known.days if known else 0, 1)
    if run_day and run_day - last > 2 * cadence:
        text = f"Freshness requirement is not met. Observed: the latest date is {shown}, {run_day - last} days old."
        wanted = f"{run_day - last} days before the run; a batch covers {cadence}"
        yield Finding(
            ROWS, "freshness_check", text, float(run_day - last), 2.0 * cadence, 1.0,
            sentences.stale(str(shown), wanted), 0.0, float(run_day - last),
        )  # fmt: skip
    elif known and known.last and last <= known.last - max(known.days, 1):
        reason = f"the latest date {shown} is within the baseline's: rows that the model was trained with look alike"
        yield Skipped(ROWS, "freshness_check", reason)
