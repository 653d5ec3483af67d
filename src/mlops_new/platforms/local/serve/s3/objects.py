"""Objects: get, put, copy, delete."""

import shutil
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from mlops_new.platforms.local.serve.faults import ServiceError
from mlops_new.platforms.local.serve.messages import Slice
from mlops_new.platforms.local.serve.rest_xml_service import Operation
from mlops_new.platforms.local.serve.s3.conditions import SOURCE, pass_reader, span, writable
from mlops_new.platforms.local.serve.s3.details import Found
from mlops_new.platforms.local.serve.s3.receiving import receive
from mlops_new.platforms.local.serve.s3.store import Store

Document = dict[str, Any]

_ABOUT = (
    "CacheControl",
    "ContentDisposition",
    "ContentEncoding",
    "ContentLanguage",
    "ContentType",
    "Metadata",
)
_CONTENT_TYPE = "binary/octet-stream"


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

    def put(self, params: Document) -> Document:
        """Store an object; it is there when all of it is."""
        bucket, key = params["Bucket"], params["Key"]
        self._store.check(bucket, key)
        with self._store.staging() as staged:
            etag = receive(params, staged)
            self._store.keep(staged, bucket, key, etag, about(params), writable(params))
        return {"ETag": etag}

    def copy(self, params: Document) -> Document:
        """Store an object that is here already under another key."""
        self._store.check(params["Bucket"], params["Key"])
        source = self._store.source(params["CopySource"])
        with source.file, self._store.staging() as staged:
            pass_reader(source.details, params, SOURCE)
            with staged.open("wb") as writer:
                shutil.copyfileobj(source.file, writer, 1 << 20)
            kept = about(params) if params.get("MetadataDirective") == "REPLACE" else source.details.about
            self._store.keep(staged, params["Bucket"], params["Key"], source.details.etag, kept, writable(params))
        copied = self._store.find(params["Bucket"], params["Key"])
        copied.file.close()
        return {"CopyObjectResult": {"ETag": copied.details.etag, "LastModified": copied.details.modified}}

    def delete(self, params: Document) -> Document:
        """Remove an object; gone is fine."""
        self._store.remove(params["Bucket"], params["Key"])
        return {}

    def delete_several(self, params: Document) -> Document:
        """Remove objects; each that cannot be is told."""
        if "Delete" not in params:
            raise ServiceError("MalformedXML", "the request does not say what to delete")
        self._store.bucket(params["Bucket"])
        deleted, errors = [], []
        for named in params["Delete"]["Objects"]:
            try:
                self._store.remove(params["Bucket"], named["Key"])
            except ServiceError as error:
                errors.append({"Key": named["Key"], "Code": error.code, "Message": error.message})
            else:
                deleted.append({"Key": named["Key"]})
        return {"Deleted": [] if params["Delete"].get("Quiet") else deleted, "Errors": errors}


def about(params: Mapping[str, Any]) -> Document:
    """What is kept of a request that stores an object, and told again with it."""
    kept = {name: params[name] for name in _ABOUT if name in params}
    encodings = [part.strip() for part in kept.pop("ContentEncoding", "").split(",")]
    # How the body was sent is no property of the object.
    if left := ",".join(part for part in encodings if part and part != "aws-chunked"):
        kept["ContentEncoding"] = left
    return kept


def _part(found: Found, params: Mapping[str, Any]) -> tuple[Document, int, int]:
    """What is told of an object, and which bytes of it are wanted."""
    details = found.details
    pass_reader(details, params)
    wanted = span(params.get("Range", ""), details.size)
    start, length = wanted or (0, details.size)
    answer = {
        "ContentType": _CONTENT_TYPE,
        **details.about,
        **{name: params[f"Response{name}"] for name in _ABOUT if f"Response{name}" in params},
        "AcceptRanges": "bytes",
        "ETag": details.etag,
        "LastModified": details.modified,
        "ContentLength": length,
    }
    if wanted is None:
        return answer, start, length
    told = {"ContentRange": f"bytes {start}-{start + length - 1}/{details.size}"}
    return {**answer, **told, "_Status": HTTPStatus.PARTIAL_CONTENT}, start, length
