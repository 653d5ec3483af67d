"""Which date a run is for, in the time zone of the schedules. Plain Python: `make test` runs it without Airflow."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


def run_date(moment: datetime, zone: str, *, by_hand: bool) -> date:
    """The date that a run is for.

    Args:
        moment: The run's logical date, or when it was asked for.
        zone: Time zone of the schedules.
        by_hand: A person has started the run. What they type, `2026-06-04`, reaches a DAG as that day's midnight in
            UTC, which is the evening before in America: then the day that was typed is meant.
    """
    if by_hand and moment.astimezone(UTC).time() == time.min:
        return moment.astimezone(UTC).date()
    return moment.astimezone(ZoneInfo(zone)).date()


def end_of(day: str, zone: str) -> datetime:
    """The moment at which a date, like 2026-06-30, is over in a time zone; its days may have 23 or 25 hours."""
    after = date.fromisoformat(day) + timedelta(days=1)
    return datetime.combine(after, time.min, ZoneInfo(zone)).astimezone(UTC)
