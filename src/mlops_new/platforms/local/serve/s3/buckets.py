"""Buckets."""

import re
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

from mlops_new.platforms.local import files
from mlops_new.platforms.local.objects import BUCKET_NAME
from mlops_new.platforms.local.records import REGION
from mlops_new.platforms.local.serve.faults import ServiceError
from mlops_new.platforms.local.serve.rest_xml_service import Operation
from mlops_new.platforms.local.serve.s3.keys import Keys
from mlops_new.platforms.local.serve.s3.store import Store

Document = dict[str, Any]

_MOST = 10_000


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
            "ListBuckets": self.list,
            "DeleteBucket": self.delete,
        }

    def create(self, params: Document) -> Document:
        """Make one; one that is there is fine, as it is in S3's first region."""
        name = params["Bucket"]
        if not re.fullmatch(BUCKET_NAME, name):
            raise ServiceError("InvalidBucketName", f"{name} is not a name for a bucket")
        (self._store.home.objects / name).mkdir(exist_ok=True)
        return {"Location": f"/{name}"}

    def head(self, params: Document) -> Document:
        """Whether there is one."""
        self._store.bucket(params["Bucket"])
        return {"BucketRegion": REGION}

    def location(self, params: Document) -> Document:
        """Its region; S3's first one is told by an empty answer."""
        self._store.bucket(params["Bucket"])
        return {}

    def list(self, params: Document) -> Document:
        """All of them, by name."""
        first, prefix = params.get("ContinuationToken", ""), params.get("Prefix", "")
        found = [path for path in sorted(self._store.home.objects.iterdir()) if _is_bucket(path)]
        found = [path for path in found if path.name.startswith(prefix) and path.name > first]
        chosen = found[: params.get("MaxBuckets", _MOST)]
        return {
            "Buckets": [{"Name": path.name, "CreationDate": _created(path)} for path in chosen],
            "Owner": {"ID": "local"},
            "ContinuationToken": chosen[-1].name if len(found) > len(chosen) else None,
            "Prefix": prefix or None,
        }

    def delete(self, params: Document) -> None:
        """Remove one that holds nothing."""
        folder = self._store.bucket(params["Bucket"])
        with self._store.home.lock("objects"):
            if next(iter(Keys(folder)), None) is not None:
                raise ServiceError("BucketNotEmpty", f"the bucket {folder.name} holds objects", HTTPStatus.CONFLICT)
            files.remove(folder)


def _is_bucket(path: Path) -> bool:
    return path.is_dir() and re.fullmatch(BUCKET_NAME, path.name) is not None


def _created(path: Path) -> datetime:
    return datetime.fromtimestamp(int(path.stat().st_ctime), UTC)
