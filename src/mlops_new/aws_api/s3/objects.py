"""Objects: get, put, copy, delete."""

import shutil
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from mlops_new.aws_api.http import checksums
from mlops_new.aws_api.http.messages import Slice
from mlops_new.aws_api.http.rest_xml_service import Operation
from mlops_new.aws_api.http.service_errors import ServiceError
from mlops_new.aws_api.s3.about import about, checksum, replaced, storage_class, told
from mlops_new.aws_api.s3.details import Details, Found
from mlops_new.aws_api.s3.preconditions import SOURCE, pass_reader, removable, writable
from mlops_new.aws_api.s3.ranges import chosen
from mlops_new.aws_api.s3.receiving import receive
from mlops_new.aws_api.s3.store import Store, check_version

Document = dict[str, Any]

_MOST_DELETED = 1000
_BLOCK = 1 << 20


class Objects:
    """The operations on single objects.

    Args:
        store: Where they are.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def operations(self) -> dict[str, Operation]:
        """By S3's names."""
        return {
            "GetObject": self.get,
            "HeadObject": self.head,
            "GetObjectAttributes": self.attributes,
            "PutObject": self.put,
            "CopyObject": self.copy,
            "DeleteObject": self.delete,
            "DeleteObjects": self.delete_several,
        }

    def get(self, params: Document) -> Document:
        """An object, or a range of it."""
        found = self._store.find(params["Bucket"], params["Key"])
        try:
            answer, start, length = _part(found, params)
        except BaseException:
            found.file.close()
            raise
        return {**answer, "Body": Slice(found.file, start, length)}

    def head(self, params: Document) -> Document:
        """What is known of an object."""
        found = self._store.find(params["Bucket"], params["Key"])
        with found.file:
            return _part(found, params)[0]

    def attributes(self, params: Document) -> Document:
        """Some of what is known of an object."""
        found = self._store.find(params["Bucket"], params["Key"])
        found.file.close()
        known = {
            "ETag": found.details.etag.strip('"'),
            "Checksum": checksum(found.details) or None,
            "ObjectParts": _parts(found.details, params),
            "StorageClass": storage_class(found.details),
            "ObjectSize": found.details.size,
        }
        wanted = params["ObjectAttributes"]
        if unknown := sorted(set(wanted) - known.keys()):
            raise ServiceError("InvalidArgument", f"Invalid attribute name specified: {', '.join(unknown)}")
        return {**{name: known[name] for name in wanted}, "LastModified": found.details.modified}

    def put(self, params: Document) -> Document:
        """Store an object; it is there when all of it is."""
        bucket, key = params["Bucket"], params["Key"]
        self._store.check(bucket, key)
        about(params)  # refused before the body is read
        with self._store.staging() as staged:
            received = receive(params, staged)
            kept = about(params, received.checksums)
            self._store.keep(staged, bucket, key, received.etag, kept, writable(params))
        return {"ETag": received.etag, **received.checksums}

    def copy(self, params: Document) -> Document:
        """Store an object that is here already under another key."""
        bucket, key = params["Bucket"], params["Key"]
        self._store.check(bucket, key)
        source_bucket, source_key, source = self._store.source(params["CopySource"])
        with source.file, self._store.staging() as staged:
            pass_reader(source.details, params, SOURCE)
            if (source_bucket, source_key) == (bucket, key) and not _changes(params):
                raise ServiceError("InvalidRequest", _SELF)
            with staged.open("wb") as writer:
                shutil.copyfileobj(source.file, writer, _BLOCK)
            kept = _copied(source, params)
            self._store.keep(staged, bucket, key, _etag(source), kept, writable(params))
        copied = self._store.find(bucket, key)
        copied.file.close()
        result = {"ETag": copied.details.etag, "LastModified": copied.details.modified, **checksum(copied.details)}
        return {"CopyObjectResult": result}

    def delete(self, params: Document) -> Document:
        """Remove an object; gone is fine."""
        conditions = (params.get(name) for name in ("IfMatch", "IfMatchLastModifiedTime", "IfMatchSize"))
        self._store.remove(params["Bucket"], params["Key"], removable(*conditions))
        return {}

    def delete_several(self, params: Document) -> Document:
        """Remove objects; each that cannot be is told."""
        named = params.get("Delete", {}).get("Objects", [])
        if not 0 < len(named) <= _MOST_DELETED:
            raise ServiceError("MalformedXML", f"the request names from 1 to {_MOST_DELETED} objects to delete")
        self._store.bucket(params["Bucket"])
        outcomes = [self._delete_one(params["Bucket"], each) for each in named]
        errors = [outcome for outcome in outcomes if "Code" in outcome]
        deleted = [outcome for outcome in outcomes if "Code" not in outcome]
        return {"Deleted": [] if params["Delete"].get("Quiet") else deleted, "Errors": errors}

    def _delete_one(self, bucket: str, named: Mapping[str, Any]) -> Document:
        told_of = {name: named[name] for name in ("Key", "VersionId") if name in named}
        try:
            if "VersionId" in named:
                check_version(named["VersionId"])
            conditions = (named.get(name) for name in ("ETag", "LastModifiedTime", "Size"))
            self._store.remove(bucket, named["Key"], removable(*conditions))
        except ServiceError as error:
            return {**told_of, "Code": error.code, "Message": error.message}
        return told_of


def _part(found: Found, params: Mapping[str, Any]) -> tuple[Document, int, int]:
    """What is told of an object, and which bytes of it are wanted."""
    details = found.details
    pass_reader(details, params)
    wanted = chosen(params, details)
    start, length = wanted or (0, details.size)
    answer = {**told(details), **replaced(params), "ContentLength": length}
    if params.get("ChecksumMode", "").upper() == "ENABLED" and length == details.size:
        answer |= checksum(details)
    if "PartNumber" in params and (parts := details.about.get("Parts")):
        answer |= {"PartsCount": len(parts), **(_of_part(details, params) if len(parts) > 1 else {})}
    if wanted is None or not details.size:
        return answer, start, length
    place = {"ContentRange": f"bytes {start}-{start + length - 1}/{details.size}"}
    return {**answer, **place, "_Status": HTTPStatus.PARTIAL_CONTENT}, start, length


def _of_part(details: Details, params: Mapping[str, Any]) -> Document:
    """The checksum of the part that is asked for."""
    kept = details.about.get("PartChecksums", [])
    if params.get("ChecksumMode", "").upper() != "ENABLED" or not kept or not kept[params["PartNumber"] - 1]:
        return {}
    return {**kept[params["PartNumber"] - 1], "ChecksumType": checksum(details).get("ChecksumType", "COMPOSITE")}


def _parts(details: Details, params: Mapping[str, Any]) -> Document | None:
    """The parts that an object was sent in."""
    sizes = details.about.get("Parts")
    if not sizes:
        return None
    marker, most = params.get("PartNumberMarker", 0), params.get("MaxParts", _MOST_DELETED)
    sums = details.about.get("PartChecksums") or [{}] * len(sizes)
    numbered = enumerate(zip(sizes, sums, strict=True), 1)
    listed = [{"PartNumber": at, "Size": size, **known} for at, (size, known) in numbered if at > marker]
    shown = listed[:most]
    return {
        "TotalPartsCount": len(sizes),
        "PartNumberMarker": marker,
        "NextPartNumberMarker": shown[-1]["PartNumber"] if shown else marker,
        "MaxParts": most,
        "IsTruncated": len(listed) > len(shown),
        "Parts": shown,
    }


def _copied(source: Found, params: Mapping[str, Any]) -> Document:
    """What is kept of the copy."""
    directive = params.get("MetadataDirective", "COPY")
    if directive not in {"COPY", "REPLACE"}:
        raise ServiceError("InvalidArgument", f"Unknown metadata directive: {directive}")
    kept = dict(source.details.about)
    for name in ("Parts", "PartChecksums", "StorageClass", "Checksums"):
        kept.pop(name, None)
    sums = {name: value for name, value in source.details.about.get("Checksums", {}).items() if "-" not in value}
    if algorithm := params.get("ChecksumAlgorithm"):
        sums = {f"Checksum{algorithm.upper()}": _checksum(source, algorithm)}
    given = {"StorageClass": params["StorageClass"]} if "StorageClass" in params else {}
    return about(params if directive == "REPLACE" else {**kept, **given}, sums)


def _checksum(source: Found, algorithm: str) -> str:
    whole = checksums.new(algorithm)
    source.file.seek(0)
    while block := source.file.read(_BLOCK):
        whole.update(block)
    return checksums.text(whole.digest())


def _etag(source: Found) -> str:
    """The MD5 of a copy: it is stored in one part, whatever its source was."""
    etag = source.details.etag
    if "-" not in etag:
        return etag
    whole = checksums.new("md5")
    source.file.seek(0)
    while block := source.file.read(_BLOCK):
        whole.update(block)
    return f'"{whole.digest().hex()}"'


def _changes(params: Mapping[str, Any]) -> bool:
    return params.get("MetadataDirective") == "REPLACE" or bool(
        params.keys() & {"StorageClass", "ChecksumAlgorithm", "WebsiteRedirectLocation"}
    )


_SELF = (
    "This copy request is illegal because it is trying to copy an object to itself without changing the object's "
    "metadata, storage class, website redirect location or encryption attributes."
)
