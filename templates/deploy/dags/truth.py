"""Which ground truth has arrived that was not compared with predictions yet: looked for by listing, within bounds.

Plain Python, without Airflow; what it asks S3 goes through a boto3 client.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

DATE = r"(\d{4}-\d{2}-\d{2})"


@dataclass(frozen=True)
class Truth:
    """The ground truth of one date.

    Args:
        day: The date; empty where `truth` in `config.toml` does not tell dates apart.
        uri: Where it is: an object, or the folder of some.
        objects: Keys and ETags.
    """

    day: str
    uri: str
    objects: tuple[tuple[str, str], ...]

    @property
    def content(self) -> str:
        """A short name for what it says: the same content under another name is not compared twice."""
        return digest(*sorted(tag for _, tag in self.objects))


def digest(*parts: str) -> str:
    """A short name for some texts."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:40]


def arrived(s3: Any, places: str, until: str, days: int) -> list[Truth]:
    """All ground truth of the last days, the oldest first.

    Args:
        s3: A boto3 client.
        places: Where it arrives, with `{run_date}` still in it.
        until: The run date: what is of a later one is left to later runs.
        days: How many days, the run date's own included, are looked at.
    """
    bucket, _, key = places.removeprefix("s3://").partition("/")
    start, dated, _ = key.partition("{run_date}")
    first = str(date.fromisoformat(until) - timedelta(days=days - 1))
    # Dates sort as texts do, so what is older is not even listed.
    after = {"StartAfter": start + first} if dated else {}
    found: dict[str, list[tuple[str, str]]] = {}
    for name, tag in _listed(s3, bucket, start, **after):
        day = _day(key, name)
        if day is not None and (not day or first <= day <= until):
            found.setdefault(day, []).append((name, tag))
    return [
        Truth(day, f"s3://{bucket}/{key.replace('{run_date}', day)}", tuple(sorted(objects)))
        for day, objects in sorted(found.items())
    ]


def _day(key: str, name: str) -> str | None:
    """The date of an object; empty where keys have none, None where it is no ground truth."""
    if name.endswith("/"):
        return None  # what consoles make of an empty folder
    first, *rest = [re.escape(part) for part in key.split("{run_date}")]
    pattern = first + "".join((r"\1" if place else DATE) + part for place, part in enumerate(rest))
    found = re.fullmatch(pattern + (".*" if key.endswith("/") or not rest else "(?:/.*)?"), name)
    return None if found is None else (found[1] if rest else "")


def _listed(s3: Any, bucket: str, prefix: str, **more: str) -> Iterator[tuple[str, str]]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix, **more)
    return ((found["Key"], found["ETag"]) for page in pages for found in page.get("Contents", []))


def compared(names: Iterable[str], batches: Mapping[str, set[str]]) -> set[str]:
    """The content that executions which have succeeded have compared.

    Args:
        names: Their display names.
        batches: The content of batches, by name.
    """
    known = set(names)
    alone = {name.removeprefix("truth-") for name in known}
    return alone.union(*(contents for name, contents in batches.items() if name in known))


def batches(s3: Any, bucket: str, folder: str) -> dict[str, set[str]]:
    """What each batch is made of, by its name."""
    found: dict[str, set[str]] = {}
    for key, _ in _listed(s3, bucket, f"{folder}/"):
        name, _, content = key.removeprefix(f"{folder}/").partition("/")
        found.setdefault(name, set()).add(content)
    return found


def first(new: list[Truth], most: int) -> list[Truth]:
    """The oldest of the new ones, about so many objects of them; what is left over is for the next run."""
    taken: list[Truth] = []
    count = 0
    for each in new:
        if taken and count + len(each.objects) > most:
            break
        taken.append(each)
        count += len(each.objects)
    return taken


def name_of(taken: list[Truth]) -> str:
    """The display name of the execution that compares them."""
    contents = sorted({each.content for each in taken})
    return f"truth-{contents[0] if len(contents) == 1 else digest(*contents)}"


def gather(s3: Any, taken: list[Truth], bucket: str, folder: str) -> str:
    """Copy several dates' ground truth into one folder, in the order of their dates; returns its URI.

    Args:
        s3: A boto3 client.
        taken: What is gathered.
        bucket: Where the folder is.
        folder: Its key.
    """
    for each in taken:
        source = each.uri.removeprefix("s3://").partition("/")[0]
        for number, (key, _) in enumerate(each.objects):
            target = f"{folder}/{each.day}-{number:04}-{key.rpartition('/')[2]}"
            s3.copy({"Bucket": source, "Key": key}, bucket, target)
    return f"s3://{bucket}/{folder}"
