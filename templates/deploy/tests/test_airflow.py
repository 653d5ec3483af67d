"""What `dags/` goes by, as far as it needs no Airflow: the table `[airflow]`, run dates, which ground truth is new."""

from __future__ import annotations

import importlib.util
import sys
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

ROOT = Path(__file__).parents[1]
AIRFLOW = tomllib.loads((ROOT / "config.toml").read_text(encoding="utf-8"))["airflow"]
WEST, EAST = "America/Los_Angeles", "Asia/Tokyo"


def module(name: str) -> ModuleType:
    """One of `dags/`, which is no package."""
    specification = importlib.util.spec_from_file_location(f"dags_{name}", ROOT / "dags" / f"{name}.py")
    assert specification is not None
    assert specification.loader is not None
    found = sys.modules[f"dags_{name}"] = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(found)
    return found


settings, dates, truth = module("settings"), module("dates"), module("truth")


def test_the_repositorys_own_table_is_valid() -> None:
    assert settings.checked(AIRFLOW)["model"] == AIRFLOW["model"]


def test_an_older_table_gets_what_it_does_not_say() -> None:
    older = {key: value for key, value in AIRFLOW.items() if key not in settings.DEFAULTS}
    assert settings.checked(older).items() >= settings.DEFAULTS.items()


@pytest.mark.parametrize(
    ("key", "value", "why"),
    [
        ("shedule", "", "is no setting; is schedule meant?"),
        ("schedule", "every day", "no cron expression"),
        ("schedule", "0 24 * * *", "no cron expression"),
        ("truth_schedule", "0 5 * *", "no cron expression"),
        ("build_schedule", [], "a list of assets' URIs"),
        ("timezone", "Europe/Atlantis", "no such time zone"),
        ("timezone", "", "no such time zone"),
        ("start_date", "2026-01-01", "without quotation marks"),
        ("input", "s3://{bucket}/{date}.csv", "{date} is not known"),
        ("input", "input.csv", "a URI is meant"),
        ("truth", "s3://b/{run_date", "expected '}'"),
        ("truth_days", 0, "a whole number from 1 upwards"),
        ("check_seconds", 0.5, "a whole number from 1 upwards"),
        ("check_seconds", True, "a whole number from 1 upwards"),
        ("pipeline_hours", -1, "a number above 0"),
        ("input_hours", "6", "a number above 0"),
        ("deferrable", "true", "true or false"),
        ("bucket", "s3://bucket", "no name of a bucket"),
        ("execution_role", "mlops-new-execution", "the ARN of an IAM role"),
        ("notify", "me@example.com", "the ARN of an SNS topic"),
        ("model", "latest", "then, now"),
        ("pool", "", "a name is meant"),
        ("parameters", {"ProcessingInstanceCount": 2}, "ProcessingInstanceCount has to be text"),
    ],
)
def test_what_cannot_be_is_told_with_its_key(key: str, value: object, why: str) -> None:
    with pytest.raises(ValueError, match=rf"config\.toml, \[airflow\]: {key} ") as told:
        settings.checked({**AIRFLOW, key: value})
    assert why in str(told.value)
    assert "\n" not in str(told.value)


def test_everything_that_is_wrong_is_told_at_once() -> None:
    wrong = {**AIRFLOW, "pool": 3, "check_seconds": 0}
    del wrong["timezone"]
    with pytest.raises(ValueError, match="timezone is missing") as told:
        settings.checked(wrong)
    assert len(str(told.value).splitlines()) == 3


@pytest.mark.parametrize(
    "schedule", ["", "@daily", "*/15 2-4,6 1 JAN-MAR mon", "0 4 L * 5#2", "0 4 ? * 7", ["s3://others/table"]]
)
def test_schedules_that_airflow_takes_are_taken(schedule: object) -> None:
    assert settings.checked({**AIRFLOW, "schedule": schedule})["schedule"] == schedule


@pytest.mark.parametrize(
    ("moment", "zone", "by_hand", "date"),
    [
        ("2026-06-04T04:00+00:00", "UTC", False, "2026-06-04"),
        ("2026-06-05T01:00+00:00", WEST, False, "2026-06-04"),  # 18:00 there
        ("2026-06-04T20:00+00:00", EAST, False, "2026-06-05"),
        ("2026-06-04T00:00+00:00", WEST, True, "2026-06-04"),  # somebody has typed the date
        ("2026-06-04T00:00+00:00", WEST, False, "2026-06-03"),  # the schedule is 17:00 there
        ("2026-06-04T00:00:01+00:00", WEST, True, "2026-06-03"),  # somebody has pressed the button
        # Clocks go forward on 8 March and back on 1 November: a day has 23, or 25 hours.
        ("2026-03-08T07:59+00:00", WEST, False, "2026-03-07"),
        ("2026-03-08T08:00+00:00", WEST, False, "2026-03-08"),
        ("2026-03-09T06:59+00:00", WEST, False, "2026-03-08"),
        ("2026-03-09T07:00+00:00", WEST, False, "2026-03-09"),
        ("2026-11-01T07:00+00:00", WEST, False, "2026-11-01"),
        ("2026-11-02T07:59+00:00", WEST, False, "2026-11-01"),
        ("2026-11-02T08:00+00:00", WEST, False, "2026-11-02"),
    ],
)
def test_the_run_date_is_that_of_the_schedules_time_zone(moment: str, zone: str, by_hand: bool, date: str) -> None:  # noqa: FBT001
    assert str(dates.run_date(datetime.fromisoformat(moment), zone, by_hand=by_hand)) == date


@pytest.mark.parametrize(
    ("day", "zone", "end"),
    [
        ("2026-06-30", "UTC", "2026-07-01T00:00+00:00"),
        ("2026-06-30", WEST, "2026-07-01T07:00+00:00"),
        ("2026-03-08", WEST, "2026-03-09T07:00+00:00"),
        ("2026-11-01", WEST, "2026-11-02T08:00+00:00"),
        ("2026-06-30", EAST, "2026-06-30T15:00+00:00"),
    ],
)
def test_a_date_ends_when_its_day_ends_there(day: str, zone: str, end: str) -> None:
    found = dates.end_of(day, zone)
    assert found == datetime.fromisoformat(end)
    assert found.tzinfo is UTC


class Bucket:
    """Lists objects as S3 does: in the order of their keys, two a page; and copies them."""

    def __init__(self, *keys: str, **tags: str) -> None:
        self.objects = {key: key for key in keys} | tags
        self.copies: dict[str, str] = {}

    def get_paginator(self, operation: str) -> Bucket:
        assert operation == "list_objects_v2"
        return self

    def paginate(self, Bucket: str, Prefix: str, StartAfter: str = "") -> Iterator[dict[str, Any]]:  # noqa: N803
        assert Bucket == "b"
        keys = [key for key in sorted(self.objects) if key.startswith(Prefix) and key > StartAfter]
        for place in range(0, len(keys), 2):
            page = [{"Key": key, "ETag": self.objects[key]} for key in keys[place : place + 2]]
            yield {"Contents": page}
        yield {}

    def copy(self, source: dict[str, str], bucket: str, key: str) -> None:
        assert bucket == "b"
        self.copies[key] = source["Key"]


def days(found: list[Any]) -> list[str]:
    return [each.day for each in found]


def test_all_truth_of_the_last_days_is_found_and_none_of_later_dates() -> None:
    dated = [f"t/2026-06-{day:02}.csv" for day in range(1, 13)]
    bucket = Bucket(*dated, "t/readme.txt", "t/2026-06-05.csv.bak", "t/", "u/2026-06-07.csv")
    found = truth.arrived(bucket, "s3://b/t/{run_date}.csv", "2026-06-10", 4)
    assert days(found) == ["2026-06-07", "2026-06-08", "2026-06-09", "2026-06-10"]
    assert found[0].uri == "s3://b/t/2026-06-07.csv"


def test_truth_may_be_a_folder_for_each_date_or_one_for_all() -> None:
    bucket = Bucket("t/2026-06-09/a.csv", "t/2026-06-09/b.csv", "t/2026-06-10/a.csv", "t/2026-06-10/")
    found = truth.arrived(bucket, "s3://b/t/{run_date}/", "2026-06-10", 9)
    assert [(each.uri, len(each.objects)) for each in found] == [
        ("s3://b/t/2026-06-09/", 2),
        ("s3://b/t/2026-06-10/", 1),
    ]
    (only,) = truth.arrived(bucket, "s3://b/t/", "2026-06-10", 1)
    assert (only.day, only.uri, len(only.objects)) == ("", "s3://b/t/", 3)


def test_a_date_that_stands_twice_in_a_key_is_the_same() -> None:
    bucket = Bucket("t/2026-06-09/2026-06-09.csv", "t/2026-06-09/2026-06-08.csv")
    (found,) = truth.arrived(bucket, "s3://b/t/{run_date}/{run_date}.csv", "2026-06-10", 9)
    assert found.objects == (("t/2026-06-09/2026-06-09.csv", "t/2026-06-09/2026-06-09.csv"),)


def test_truth_is_known_by_its_content_alone_or_in_a_batch_that_has_succeeded() -> None:
    bucket = Bucket(**{"t/2026-06-08.csv": "x", "t/2026-06-09.csv": "y", "t/2026-06-10.csv": "x"})
    first, second, third = truth.arrived(bucket, "s3://b/t/{run_date}.csv", "2026-06-10", 9)
    assert first.content == third.content != second.content
    assert truth.name_of([first]) == truth.name_of([first, third]) == f"truth-{first.content}"
    name = truth.name_of([first, second])
    kept = Bucket(f"k/{name}/{first.content}", f"k/{name}/{second.content}", f"k/truth-failed/{'0' * 40}")
    before = truth.compared([name], truth.batches(kept, "b", "k"))
    assert {first.content, second.content} < before
    assert "0" * 40 not in before


def test_one_run_takes_the_oldest_and_leaves_the_rest_to_the_next() -> None:
    bucket = Bucket("t/2026-06-08/a", "t/2026-06-08/b", "t/2026-06-09/a", "t/2026-06-10/a")
    found = truth.arrived(bucket, "s3://b/t/{run_date}/", "2026-06-10", 9)
    assert days(truth.first(found, 3)) == ["2026-06-08", "2026-06-09"]
    assert days(truth.first(found, 1)) == ["2026-06-08"]
    assert truth.first([], 1) == []


def test_several_dates_are_gathered_in_their_order() -> None:
    bucket = Bucket("t/2026-06-09.csv", "t/2026-06-10.csv")
    found = truth.arrived(bucket, "s3://b/t/{run_date}.csv", "2026-06-10", 9)
    assert truth.gather(bucket, found, "b", "batches/n") == "s3://b/batches/n"
    assert bucket.copies == {
        "batches/n/2026-06-09-0000-2026-06-09.csv": "t/2026-06-09.csv",
        "batches/n/2026-06-10-0000-2026-06-10.csv": "t/2026-06-10.csv",
    }
