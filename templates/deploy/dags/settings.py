"""What `[airflow]` in `config.toml` may say: checked as a whole before anything is started, and by `make test`.

Plain Python, without Airflow.
"""

from __future__ import annotations

import datetime as dt
import difflib
import re
from string import Formatter
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

# What an older `config.toml` does not say yet.
DEFAULTS = {"model": "then", "retrain_input": "", "truth_days": 60, "truth_objects": 100}
PLACES = {"bucket", "project", "run_date"}
PRESETS = {"@hourly", "@daily", "@midnight", "@weekly", "@monthly", "@quarterly", "@yearly", "@annually"}
MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
# Minute, hour, day of the month, month, day of the week.
FIELDS = ((0, 59, ()), (0, 23, ()), (1, 31, ()), (1, 12, MONTHS), (0, 7, DAYS))
PART = re.compile(r"(?:\*|(\w+)(?:-(\w+))?)(?:/([1-9]\d*))?")


def checked(table: Mapping[str, Any]) -> dict[str, Any]:
    """The table with its defaults.

    Raises:
        ValueError: Something in it cannot be; one line for each key says which, and why.
    """
    complete = {**DEFAULTS, **table}
    if found := list(faults(complete)):
        raise ValueError("\n".join(f"config.toml, [airflow]: {fault}" for fault in found))
    return complete


def faults(table: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the table, a line for each key."""
    for key in sorted(KEYS.keys() - table.keys()):
        yield f"{key} is missing"
    for key, value in table.items():
        if key not in KEYS:
            meant = difflib.get_close_matches(key, KEYS, 1)
            yield f"{key} is no setting" + (f"; is {meant[0]} meant?" if meant else "")
        elif why := KEYS[key](value):
            yield f"{key} = {value!r}: {why}"


def _schedule(value: Any) -> str:
    if isinstance(value, list):
        return "" if value and all(isinstance(uri, str) and uri for uri in value) else "a list of assets' URIs is meant"
    if not isinstance(value, str):
        return 'a cron expression, a list of assets\' URIs, or "" is meant'
    return "" if not value or value in PRESETS or _cron(value) else "this is no cron expression of five fields"


def _cron(text: str) -> bool:
    fields = text.lower().split()
    return len(fields) == len(FIELDS) and all(
        _cron_part(part, *limits) for field, limits in zip(fields, FIELDS, strict=True) for part in field.split(",")
    )


def _cron_part(part: str, lowest: int, highest: int, names: Sequence[str]) -> bool:
    special = "" if highest in (59, 23) else r"|l\d?|\w+#[1-5]|\?"
    if special and re.fullmatch(special[1:], part):
        return True
    found = PART.fullmatch(part)
    ends = [end for end in found.group(1, 2) if end] if found else []
    return found is not None and all(
        end in names or (end.isdecimal() and lowest <= int(end) <= highest) for end in ends
    )


def _timezone(value: Any) -> str:
    try:
        ZoneInfo(value)
    except (TypeError, ValueError, OSError, LookupError):
        return 'there is no such time zone; one is called like "Europe/Stockholm"'
    return ""


def _date(value: Any) -> str:
    is_date = isinstance(value, dt.date) and not isinstance(value, dt.datetime)
    return "" if is_date else "a date is meant, without quotation marks: 2026-01-01"


def _uri(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"s3://[^/]+/.+", value):
        return 'a URI is meant: "s3://bucket/key"'
    try:
        unknown = {name for _, name, _, _ in Formatter().parse(value) if name is not None} - PLACES
    except ValueError as error:
        return str(error)
    return f"{{{unknown.pop()}}} is not known; {{bucket}}, {{project}} and {{run_date}} are" if unknown else ""


def _optional(check: Callable[[Any], str]) -> Callable[[Any], str]:
    return lambda value: "" if value == "" else check(value)


def _above_zero(value: Any) -> str:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return "" if is_number and 0 < value < float("inf") else "a number above 0 is meant"


def _count(value: Any) -> str:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return "" if is_number and value >= 1 else "a whole number from 1 upwards is meant"


def _boolean(value: Any) -> str:
    return "" if isinstance(value, bool) else "true or false is meant"


def _name(value: Any) -> str:
    return "" if isinstance(value, str) and value.strip() else "a name is meant"


def _one_of(*known: str) -> Callable[[Any], str]:
    return lambda value: "" if value in known else f"one of these is meant: {', '.join(known)}"


def _pattern(pattern: str, meant: str) -> Callable[[Any], str]:
    return lambda value: "" if isinstance(value, str) and re.fullmatch(pattern, value) else meant


def _texts(value: Any) -> str:
    if not isinstance(value, dict):
        return 'a table is meant: { ProcessingInstanceType = "ml.m5.4xlarge" }'
    other = [name for name, text in value.items() if not isinstance(text, str)]
    return f"{other[0]} has to be text, in quotation marks, as SageMaker takes it" if other else ""


KEYS: dict[str, Callable[[Any], str]] = {
    "schedule": _schedule,
    "build_schedule": _schedule,
    "truth_schedule": _schedule,
    "timezone": _timezone,
    "start_date": _date,
    "input": _uri,
    "training_input": _uri,
    "retrain_input": _optional(_uri),
    "truth": _uri,
    "truth_days": _count,
    "truth_objects": _count,
    "model": _one_of("then", "now"),
    "input_hours": _above_zero,
    "pipeline_hours": _above_zero,
    "check_seconds": _count,
    "deferrable": _boolean,
    "bucket": _optional(_pattern(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "this is no name of a bucket")),
    "execution_role": _optional(_pattern(r"arn:aws[a-z-]*:iam::\d{12}:role/.+", "the ARN of an IAM role is meant")),
    "image": _optional(_name),
    "connection": _name,
    "pool": _name,
    "notify": _optional(_pattern(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:.+", "the ARN of an SNS topic is meant")),
    "parameters": _texts,
}
