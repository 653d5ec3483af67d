"""What is kept of an object beside its bytes, and what answers tell of it."""

import re
from collections.abc import Mapping
from typing import Any

from mlops_new.aws_api.http.service_errors import ServiceError, not_implemented
from mlops_new.aws_api.s3.details import Details

Document = dict[str, Any]

STANDARD = "STANDARD"
_TOLD = (
    *("CacheControl", "ContentDisposition", "ContentEncoding", "ContentLanguage", "ContentType", "Expires"),
    *("Metadata", "StorageClass"),
)
# They differ in price and speed only; the others would have to be restored before they can be read.
_CLASSES = frozenset({STANDARD, "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "REDUCED_REDUNDANCY", "GLACIER_IR"})
_SENT = re.compile(r"\baws-chunked\b\s*,?\s*")
_MOST_METADATA = 2048  # bytes, names and values together: S3's limit
_CONTENT_TYPE = "binary/octet-stream"


def about(params: Mapping[str, Any], checksums: Mapping[str, str] | None = None) -> Document:
    """What is kept of a request that stores an object, and told again with it.

    Args:
        params: The request's.
        checksums: Of the bytes, by the names of S3's members.

    Raises:
        ServiceError: It asks for what this machine cannot keep.
    """
    kept = {name: params[name] for name in _TOLD if name in params}
    _check_class(kept)
    if sum(len(f"{name}{value}".encode()) for name, value in kept.get("Metadata", {}).items()) > _MOST_METADATA:
        raise ServiceError("MetadataTooLarge", f"the metadata of an object has at most {_MOST_METADATA} bytes")
    # How the body was sent is no property of the object.
    if encoding := _SENT.sub("", kept.pop("ContentEncoding", "")).strip(" ,"):
        kept["ContentEncoding"] = encoding
    return {**kept, **({"Checksums": dict(checksums)} if checksums else {})}


def told(details: Details) -> Document:
    """What is told of an object to whoever reads it."""
    kept = {name: details.about[name] for name in _TOLD if name in details.about}
    return {
        "ContentType": _CONTENT_TYPE,
        **kept,
        "AcceptRanges": "bytes",
        "ETag": details.etag,
        "LastModified": details.modified,
    }


def replaced(params: Mapping[str, Any]) -> Document:
    """What a reader wants to be told instead of what is kept."""
    return {name: params[f"Response{name}"] for name in _TOLD if f"Response{name}" in params}


def storage_class(details: Details) -> str:
    """The class that an object was stored in."""
    return str(details.about.get("StorageClass", STANDARD))


def checksum(details: Details) -> Document:
    """The checksums that are known of an object, and of what they are."""
    found = dict(details.about.get("Checksums", {}))
    composite = any("-" in value for value in found.values())
    return {**found, "ChecksumType": "COMPOSITE" if composite else "FULL_OBJECT"} if found else {}


def _check_class(kept: Document) -> None:
    name = kept.get("StorageClass", STANDARD)
    if name not in _CLASSES:
        raise not_implemented(f"StorageClass: this machine has no {name}, only {', '.join(sorted(_CLASSES))}")
    if name == STANDARD:
        kept.pop("StorageClass", None)  # S3 does not tell it either
