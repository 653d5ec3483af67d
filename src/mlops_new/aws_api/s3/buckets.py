"""Buckets."""

import re
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

from mlops_new.aws_api.http.rest_xml_service import Operation
from mlops_new.aws_api.http.service_errors import ServiceError
from mlops_new.aws_api.s3.keys import Keys
from mlops_new.aws_api.s3.store import Store
from mlops_new.platforms.local.database.records import REGION, now
from mlops_new.platforms.local.store import file_copies
from mlops_new.platforms.local.store.object_store import BUCKET_NAME

Document = dict[str, Any]

_MOST = 10_000
_RESERVED = re.compile(
    r"xn--.*|sthree-.*|amzn-s3-demo-.*|.*-s3alias|.*--ol-s3|.*\.mrap|.*--x-s3|.*--table-s3"
    r"|.*\.\..*|.*\.-.*|.*-\..*|\d+\.\d+\.\d+\.\d+"
)
_REGION = re.compile(r"EU|[a-z]{2,}(-[a-z]+)+-\d")


class Buckets:
    """The operations on buckets.

    Args:
        store: Where they are.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def operations(self) -> dict[str, Operation]:
        """By S3's names."""
        return {
            "CreateBucket": self.create,
            "HeadBucket": self.head,
            "GetBucketLocation": self.location,
            "GetBucketVersioning": self.versioning,
            "ListBuckets": self.list,
            "DeleteBucket": self.delete,
        }

    def create(self, params: Document) -> Document:
        """Make one; one that is there is fine, as it is in S3's first region."""
        name = params["Bucket"]
        if not re.fullmatch(BUCKET_NAME, name) or _RESERVED.fullmatch(name):
            raise ServiceError("InvalidBucketName", f"{name} is not a name that S3 allows for a bucket")
        region = _constraint(params.get("CreateBucketConfiguration", {}).get("LocationConstraint"))
        with self._store.home.lock("objects"):
            folder = self._store.home.objects / name
            if folder.is_dir() and region != self._region(name):
                raise ServiceError("BucketAlreadyOwnedByYou", "you have it, in another region", HTTPStatus.CONFLICT)
            if not folder.is_dir():
                self._store.details.keep_bucket(name, {"Region": region, "Created": now()})
                folder.mkdir()
        return {"Location": f"/{name}"}

    def head(self, params: Document) -> Document:
        """Whether there is one."""
        self._store.bucket(params["Bucket"])
        return {"BucketRegion": self._region(params["Bucket"])}

    def location(self, params: Document) -> Document:
        """Its region; S3's first one is told by an empty answer."""
        self._store.bucket(params["Bucket"])
        region = self._region(params["Bucket"])
        return {} if region == REGION else {"LocationConstraint": region}

    def versioning(self, params: Document) -> Document:
        """Whether it keeps versions: it never has, which S3 tells by an empty answer."""
        self._store.bucket(params["Bucket"])
        return {}

    def list(self, params: Document) -> Document:
        """All of them, by name."""
        first, prefix, most = params.get("ContinuationToken", ""), params.get("Prefix", ""), _most(params)
        found = [path for path in sorted(self._store.home.objects.iterdir()) if _is_bucket(path)]
        found = [path for path in found if path.name.startswith(prefix) and path.name > first]
        if region := params.get("BucketRegion"):
            found = [path for path in found if self._region(path.name) == region]
        chosen = found[:most]
        return {
            "Buckets": [self._shown(path) for path in chosen],
            "Owner": {"ID": "local"},
            "ContinuationToken": chosen[-1].name if len(found) > len(chosen) else None,
            "Prefix": prefix or None,
        }

    def delete(self, params: Document) -> None:
        """Remove one that holds nothing."""
        folder = self._store.bucket(params["Bucket"])
        with self._store.home.lock("objects"):
            if next(iter(Keys(folder)), None) is not None:
                why = "The bucket you tried to delete is not empty"
                raise ServiceError("BucketNotEmpty", why, HTTPStatus.CONFLICT, {"BucketName": folder.name})
            file_copies.remove(folder)
            self._store.details.forget_bucket(folder.name)

    def _region(self, name: str) -> str:
        return str(self._store.details.of_bucket(name).get("Region", REGION))

    def _shown(self, path: Path) -> Document:
        known = self._store.details.of_bucket(path.name)
        return {
            "Name": path.name,
            "CreationDate": known.get("Created") or _created(path),
            "BucketRegion": known.get("Region", REGION),
        }


def _constraint(region: str | None) -> str:
    """The region that a request wants a bucket in."""
    if region in {None, REGION}:  # S3 wants its first region to be left out; s3fs says it
        return REGION
    if region is None or not _REGION.fullmatch(region):
        raise ServiceError("InvalidLocationConstraint", f"The specified location-constraint is not valid: {region!r}")
    return region


def _most(params: Document) -> int:
    most = int(params.get("MaxBuckets", _MOST))
    if not 1 <= most <= _MOST:
        raise ServiceError("InvalidArgument", f"max-buckets is from 1 to {_MOST}, not {most}")
    return most


def _is_bucket(path: Path) -> bool:
    return path.is_dir() and re.fullmatch(BUCKET_NAME, path.name) is not None


def _created(path: Path) -> datetime:
    return datetime.fromtimestamp(int(path.stat().st_ctime), UTC)
