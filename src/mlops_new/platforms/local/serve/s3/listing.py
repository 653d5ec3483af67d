"""Listing objects, in both versions of the operation."""

import base64
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from mlops_new.platforms.local.serve.faults import ServiceError
from mlops_new.platforms.local.serve.rest_xml_service import Operation
from mlops_new.platforms.local.serve.s3.details import Details
from mlops_new.platforms.local.serve.s3.keys import Keys
from mlops_new.platforms.local.serve.s3.store import Store

Document = dict[str, Any]

_MOST = 1000
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
        return {"ListObjects": self.list, "ListObjectsV2": self.list_v2}

    def list(self, params: Document) -> Document:
        """Keys behind a marker."""
        marker, delimiter = params.get("Marker", ""), params.get("Delimiter", "")
        grouped = bool(delimiter) and marker.endswith(delimiter)
        found = self._page(params, marker.encode() + (_BEHIND_ALL if grouped else b""))
        return {
            **self._shown(params, found),
            "Marker": _encoded(marker, params),
            "NextMarker": _encoded(found.marker, params) if found.last else None,
        }

    def list_v2(self, params: Document) -> Document:
        """Keys behind a continuation token."""
        token, start = params.get("ContinuationToken"), params.get("StartAfter", "")
        found = self._page(params, _read(token) if token else start.encode())
        shown = self._shown(params, found)
        return {
            **shown,
            "KeyCount": len(shown["Contents"]) + len(shown["CommonPrefixes"]),
            "ContinuationToken": token,
            "NextContinuationToken": base64.urlsafe_b64encode(found.last).decode() if found.last else None,
            "StartAfter": _encoded(start, params) if start else None,
        }

    def _page(self, params: Document, after: bytes) -> _Page:
        prefix, delimiter = params.get("Prefix", ""), params.get("Delimiter", "")
        most = min(params.get("MaxKeys", _MOST), _MOST)
        if most < 0:
            raise ServiceError("InvalidArgument", "max-keys is less than 0")
        keys, found = Keys(self._store.bucket(params["Bucket"]), prefix, after), _Page()
        for key, path in keys if most else ():
            if len(found) == most:
                found.last = keys.after
                break
            group = _group(key, prefix, delimiter)
            found.marker = group or key
            keys.after = found.marker.encode() + (_BEHIND_ALL if group else b"")
            if group:
                found.prefixes.append(group)
            else:
                found.objects.append((key, path))
        return found

    def _shown(self, params: Document, found: _Page) -> Document:
        details = self._store.details.of_all(params["Bucket"], found.objects)
        return {
            "Name": params["Bucket"],
            "Prefix": _encoded(params.get("Prefix", ""), params),
            "Delimiter": _encoded(params["Delimiter"], params) if "Delimiter" in params else None,
            "MaxKeys": params.get("MaxKeys", _MOST),
            "EncodingType": params.get("EncodingType"),
            "IsTruncated": bool(found.last),
            "Contents": [_object(_encoded(key, params), details[key]) for key, _ in found.objects if key in details],
            "CommonPrefixes": [{"Prefix": _encoded(prefix, params)} for prefix in found.prefixes],
        }


def _group(key: str, prefix: str, delimiter: str) -> str:
    head, found, _ = key.removeprefix(prefix).partition(delimiter) if delimiter else ("", "", "")
    return prefix + head + found if found else ""


def _object(key: str, details: Details) -> Document:
    return {
        "Key": key,
        "LastModified": details.modified,
        "ETag": details.etag,
        "Size": details.size,
        "StorageClass": "STANDARD",
    }


def _encoded(text: str, params: Document) -> str:
    return quote(text, safe="/") if params.get("EncodingType") == "url" else text


def _read(token: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(token.encode("ascii"))
    except ValueError:
        raise ServiceError("InvalidArgument", "the continuation token is not one that an earlier answer gave") from None
