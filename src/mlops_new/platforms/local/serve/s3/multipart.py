"""Objects that are sent in parts: kept apart, also over a restart, until all are there."""

import hashlib
import json
import re
import secrets
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

from mlops_new.platforms.local import files
from mlops_new.platforms.local.records import now
from mlops_new.platforms.local.serve.faults import ServiceError
from mlops_new.platforms.local.serve.rest_xml_service import Operation
from mlops_new.platforms.local.serve.s3.conditions import SOURCE, pass_reader, span, writable
from mlops_new.platforms.local.serve.s3.objects import about
from mlops_new.platforms.local.serve.s3.receiving import receive
from mlops_new.platforms.local.serve.s3.store import Store

Document = dict[str, Any]

_SMALLEST = 5 << 20  # bytes of a part that is not the last one
_MOST_PARTS = 10_000
_ID = re.compile(r"[0-9a-f]{32}")
_PART = re.compile(r"(?P<number>\d{5})\.(?P<md5>[0-9a-f]{32})")
_MOST = 1000


@dataclass(frozen=True)
class _Part:
    number: int
    md5: str
    path: Path

    @property
    def etag(self) -> str:
        return f'"{self.md5}"'


class Multipart:
    """The operations on uploads in parts.

    Args:
        store: Where the objects go.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._folder = store.home.uploads

    def operations(self) -> dict[str, Operation]:
        """By S3's names."""
        return {
            "CreateMultipartUpload": self.create,
            "UploadPart": self.upload,
            "UploadPartCopy": self.copy,
            "ListParts": self.parts,
            "ListMultipartUploads": self.uploads,
            "CompleteMultipartUpload": self.complete,
            "AbortMultipartUpload": self.abort,
        }

    def create(self, params: Document) -> Document:
        """Begin one."""
        bucket, key = params["Bucket"], params["Key"]
        self._store.check(bucket, key)
        identity = secrets.token_hex(16)
        self._folder.mkdir(exist_ok=True)
        document = {"Bucket": bucket, "Key": key, "Initiated": now(), "About": about(params)}
        with files.temporary_folder(self._folder) as staged:
            (staged / "upload.json").write_text(json.dumps(document, default=str), encoding="utf-8")
            files.move_folder(staged, self._folder / identity)
        return {"Bucket": bucket, "Key": key, "UploadId": identity}

    def upload(self, params: Document) -> Document:
        """Take a part; one of its number that is there is replaced."""
        folder, number = self._find(params)[0], _number(params)
        with self._store.staging() as staged:
            etag = receive(params, staged)
            _keep(staged, folder, number, etag)
        return {"ETag": etag}

    def copy(self, params: Document) -> Document:
        """Take a part from an object that is here already."""
        folder, number = self._find(params)[0], _number(params)
        source = self._store.source(params["CopySource"])
        with source.file, self._store.staging() as staged:
            pass_reader(source.details, params, SOURCE)
            start, length = span(params.get("CopySourceRange", ""), source.details.size) or (0, source.details.size)
            source.file.seek(start)
            etag = receive({"Body": _Limited(source.file, length)}, staged)
            _keep(staged, folder, number, etag)
        return {"CopyPartResult": {"ETag": etag, "LastModified": datetime.now(UTC)}}

    def parts(self, params: Document) -> Document:
        """Those that are there."""
        folder, _ = self._find(params)
        marker, most = params.get("PartNumberMarker", 0), min(params.get("MaxParts", _MOST), _MOST)
        behind = [part for part in _parts(folder) if part.number > marker]
        shown = behind[:most]
        return {
            **{name: params[name] for name in ("Bucket", "Key", "UploadId")},
            "PartNumberMarker": marker,
            "NextPartNumberMarker": shown[-1].number if shown else marker,
            "MaxParts": most,
            "IsTruncated": len(behind) > len(shown),
            "Parts": [_shown(part) for part in shown],
            "StorageClass": "STANDARD",
        }

    def uploads(self, params: Document) -> Document:
        """Those of a bucket that are not complete."""
        self._store.bucket(params["Bucket"])
        begun = [(path, _about(path)) for path in self._folder.glob("*") if _ID.fullmatch(path.name)]
        ours = [(about_it, path.name) for path, about_it in begun if about_it.get("Bucket") == params["Bucket"]]
        found = sorted((it["Key"], it["Initiated"], name) for it, name in ours)
        prefix = params.get("Prefix", "")
        return {
            "Bucket": params["Bucket"],
            "Prefix": prefix,
            "MaxUploads": _MOST,
            "IsTruncated": False,
            "Uploads": [
                {"Key": key, "UploadId": name, "Initiated": initiated, "StorageClass": "STANDARD"}
                for key, initiated, name in found
                if key.startswith(prefix)
            ],
        }

    def complete(self, params: Document) -> Document:
        """Put the parts together; the object is there at once and whole."""
        bucket, key = params["Bucket"], params["Key"]
        folder, document = self._find(params)
        chosen = _chosen(_parts(folder), params.get("MultipartUpload", {}).get("Parts", []))
        digests = b"".join(bytes.fromhex(part.md5) for part in chosen)
        etag = f'"{hashlib.md5(digests, usedforsecurity=False).hexdigest()}-{len(chosen)}"'
        with self._store.staging() as staged:
            _join(chosen, staged)
            self._store.keep(staged, bucket, key, etag, document["About"], writable(params))
        files.remove(folder)
        return {"Bucket": bucket, "Key": key, "ETag": etag, "Location": f"/{bucket}/{key}"}

    def abort(self, params: Document) -> Document:
        """Drop one."""
        files.remove(self._find(params)[0])
        return {}

    def _find(self, params: Document) -> tuple[Path, Document]:
        self._store.bucket(params["Bucket"])
        identity = params["UploadId"]
        folder = self._folder / identity
        document = _about(folder) if _ID.fullmatch(identity) else {}
        if (document.get("Bucket"), document.get("Key")) != (params["Bucket"], params["Key"]):
            raise ServiceError("NoSuchUpload", f"there is no upload {identity} of this key", HTTPStatus.NOT_FOUND)
        return folder, document


class _Limited:
    """So many bytes of a file, as a body."""

    def __init__(self, file: Any, length: int) -> None:
        self._file, self._left = file, length
        self.trailers: Mapping[str, str] = {}

    def read(self, size: int, /) -> bytes:
        block: bytes = self._file.read(min(size, self._left))
        self._left -= len(block)
        return block


def _about(folder: Path) -> Document:
    try:
        document: Document = json.loads((folder / "upload.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return document


def _number(params: Document) -> int:
    number = int(params["PartNumber"])
    if not 1 <= number <= _MOST_PARTS:
        raise ServiceError("InvalidArgument", f"a part's number is from 1 to {_MOST_PARTS}, not {number}")
    return number


def _keep(staged: Path, folder: Path, number: int, etag: str) -> None:
    target = folder / f"{number:05d}.{etag.strip(chr(34))}"
    files.move(staged, target)
    for other in folder.glob(f"{number:05d}.*"):
        if other != target:
            files.remove(other)


def _parts(folder: Path) -> list[_Part]:
    found = [(match, path) for path in sorted(folder.iterdir()) if (match := _PART.fullmatch(path.name))]
    return [_Part(int(match["number"]), match["md5"], path) for match, path in found]


def _shown(part: _Part) -> Document:
    status = part.path.stat()
    modified = datetime.fromtimestamp(int(status.st_mtime), UTC)
    return {"PartNumber": part.number, "ETag": part.etag, "Size": status.st_size, "LastModified": modified}


def _chosen(there: Sequence[_Part], named: Sequence[Mapping[str, Any]]) -> list[_Part]:
    """The parts that a request names.

    Raises:
        ServiceError: It names none, one that is not there, or not in their order; or one is too small.
    """
    by_number = {part.number: part for part in there}
    numbers = [name.get("PartNumber", 0) for name in named]
    if not numbers:
        raise ServiceError("MalformedXML", "the request names no parts")
    if numbers != sorted(set(numbers)):
        raise ServiceError("InvalidPartOrder", "the parts are not in the order of their numbers")
    chosen = []
    for name, number in zip(named, numbers, strict=True):
        part = by_number.get(number)
        if part is None or name.get("ETag", part.etag).strip('"') != part.md5:
            raise ServiceError("InvalidPart", f"part {number} was not uploaded, or is another one")
        chosen.append(part)
    if any(part.path.stat().st_size < _SMALLEST for part in chosen[:-1]):
        raise ServiceError("EntityTooSmall", f"every part but the last has at least {_SMALLEST} bytes")
    return chosen


def _join(parts: Sequence[_Part], target: Path) -> None:
    with target.open("wb") as writer:
        for part in parts:
            with part.path.open("rb") as reader:
                shutil.copyfileobj(reader, writer, 1 << 20)
