"""Listing objects, in all versions of the operation."""

import base64
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from mlops_new.aws_api.http.rest_xml_service import Operation
from mlops_new.aws_api.http.service_errors import ServiceError
from mlops_new.aws_api.s3.about import checksum, storage_class
from mlops_new.aws_api.s3.details import Details
from mlops_new.aws_api.s3.keys import Keys
from mlops_new.aws_api.s3.store import VERSION, Store

Document = dict[str, Any]

_MOST = 1000
_LARGEST = (1 << 31) - 1
OWNER = {"ID": "local", "DisplayName": "local"}
"""Whose everything on this machine is."""
_BEHIND_ALL = b"\xff"  # no UTF-8 has this byte: behind every key that begins with what stands before it


@dataclass
class _Page:
    """Some keys and common prefixes.

    Args:
        objects: Keys and files.
        prefixes: What keys that are not listed have in common.
        last: Where the next page begins, as UTF-8; empty at the end.
        marker: The last key or prefix.
    """

    objects: list[tuple[str, Path]] = field(default_factory=list)
    prefixes: list[str] = field(default_factory=list)
    last: bytes = b""
    marker: str = ""

    def __len__(self) -> int:
        return len(self.objects) + len(self.prefixes)


class Listing:
    """The operations that list.

    Args:
        store: Where the objects are.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def operations(self) -> dict[str, Operation]:
        """By S3's names."""
        return {
            "ListObjects": self.list,
            "ListObjectsV2": self.list_v2,
            "ListObjectVersions": self.list_versions,
        }

    def list(self, params: Document) -> Document:
        """Keys behind a marker."""
        marker = params.get("Marker", "")
        found = self._page(params, _behind(marker, params))
        shown = self._shown(params, found)
        return {
            **shown,
            "Contents": [{**one, "Owner": OWNER} for one in shown["Contents"]],
            "Marker": encoded(marker, params),
            "NextMarker": encoded(found.marker, params) if found.last and params.get("Delimiter") else None,
        }

    def list_v2(self, params: Document) -> Document:
        """Keys behind a continuation token."""
        token, start = params.get("ContinuationToken"), params.get("StartAfter", "")
        found = self._page(params, start.encode() if token is None else _read(token))
        shown = self._shown(params, found)
        owner = {"Owner": OWNER} if params.get("FetchOwner") else {}
        return {
            **shown,
            "Contents": [{**one, **owner} for one in shown["Contents"]],
            "KeyCount": len(shown["Contents"]) + len(shown["CommonPrefixes"]),
            "ContinuationToken": token,
            "NextContinuationToken": base64.urlsafe_b64encode(found.last).decode() if found.last else None,
            "StartAfter": encoded(start, params) if start else None,
        }

    def list_versions(self, params: Document) -> Document:
        """Keys behind a marker, with the one version that each has."""
        marker = params.get("KeyMarker", "")
        if not marker and params.get("VersionIdMarker"):
            raise ServiceError("InvalidArgument", "A version-id marker cannot be specified without a key marker.")
        found = self._page(params, _behind(marker, params))
        shown = self._shown(params, found)
        version = {"VersionId": VERSION, "IsLatest": True, "Owner": OWNER}
        return {
            **{name: value for name, value in shown.items() if name != "Contents"},
            "Versions": [{**one, **version} for one in shown["Contents"]],
            "KeyMarker": encoded(marker, params),
            "VersionIdMarker": params.get("VersionIdMarker", ""),
            "NextKeyMarker": encoded(found.marker, params) if found.last else None,
            "NextVersionIdMarker": VERSION if found.last else None,
        }

    def _page(self, params: Document, after: bytes) -> _Page:
        prefix, delimiter = params.get("Prefix", ""), params.get("Delimiter", "")
        most = limit(params, "MaxKeys")
        keys, found = Keys(self._store.bucket(params["Bucket"]), prefix, after), _Page()
        for key, path in keys if most else ():
            if len(found) == most:
                found.last = keys.after
                break
            common = group(key, prefix, delimiter)
            found.marker = common or key
            keys.after = found.marker.encode() + (_BEHIND_ALL if common else b"")
            if common:
                found.prefixes.append(common)
            else:
                found.objects.append((key, path))
        return found

    def _shown(self, params: Document, page: _Page) -> Document:
        details = self._store.details.of_all(params["Bucket"], page.objects)
        return {
            "Name": params["Bucket"],
            "Prefix": encoded(params.get("Prefix", ""), params),
            "Delimiter": encoded(params["Delimiter"], params) if params.get("Delimiter") else None,
            "MaxKeys": limit(params, "MaxKeys"),
            "EncodingType": params.get("EncodingType"),
            "IsTruncated": bool(page.last),
            "Contents": [_object(encoded(key, params), details[key]) for key, _ in page.objects if key in details],
            "CommonPrefixes": [{"Prefix": encoded(prefix, params)} for prefix in page.prefixes],
        }


def group(key: str, prefix: str, delimiter: str) -> str:
    """The common prefix that a key is listed under; empty where it is listed itself."""
    head, found, _ = key.removeprefix(prefix).partition(delimiter) if delimiter else ("", "", "")
    return prefix + head + found if found else ""


def _object(key: str, details: Details) -> Document:
    return {
        "Key": key,
        "LastModified": details.modified,
        "ETag": details.etag,
        "Size": details.size,
        "StorageClass": storage_class(details),
        **_algorithms(details),
    }


def _algorithms(details: Details) -> Document:
    known = checksum(details)
    if not known:
        return {}
    names = [name.removeprefix("Checksum") for name in known if name != "ChecksumType"]
    return {"ChecksumAlgorithm": names, "ChecksumType": known["ChecksumType"]}


def limit(params: Document, name: str) -> int:
    """How many things a page holds at most.

    Raises:
        ServiceError: Less than none are asked for, or in an encoding that there is not.
    """
    most = int(params.get(name, _MOST))
    if not 0 <= most <= _LARGEST:
        raise ServiceError("InvalidArgument", f"{name} is an integer between 0 and {_LARGEST}")
    if params.get("EncodingType", "url") != "url":
        raise ServiceError("InvalidArgument", "Invalid Encoding Method specified in Request")
    return min(most, _MOST)


def _behind(marker: str, params: Document) -> bytes:
    """Where a page begins whose predecessor ended with this key, or with all keys below this common prefix."""
    delimiter, prefix = params.get("Delimiter", ""), params.get("Prefix", "")
    grouped = bool(delimiter) and marker.endswith(delimiter) and marker.startswith(prefix) and marker != prefix
    return marker.encode() + (_BEHIND_ALL if grouped else b"")


def encoded(text: str, params: Document) -> str:
    """A key as a list shows it, percent-encoded where the request wants it so."""
    return quote(text, safe="/") if params.get("EncodingType") == "url" else text


def _read(token: str) -> bytes:
    try:
        found = base64.b64decode(token.encode("ascii"), altchars=b"-_", validate=True)
    except ValueError:
        found = b""
    if not found:
        raise ServiceError("InvalidArgument", "the continuation token is not one that an earlier answer gave")
    return found
