"""What is on disk of the objects that are sent in parts: one folder an upload, one file a part."""

import json
import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any

from mlops_new.aws_api.http.service_errors import ServiceError
from mlops_new.platforms.local.database.records import now
from mlops_new.platforms.local.store import file_copies
from mlops_new.system.files import replacing

Document = dict[str, Any]

_ID = re.compile(r"[0-9a-f]{32}")
_PART = re.compile(r"(?P<number>\d{5})\.(?P<md5>[0-9a-f]{32})(?:\.(?P<algorithm>[A-Z0-9]+)-(?P<digest>[0-9a-f]+))?")
_UPLOAD = "upload.json"
_MOST_KEPT = 1000


@dataclass(frozen=True)
class Part:
    """A part that is here.

    Args:
        number: Which.
        md5: Of its bytes, in hexadecimal.
        path: The file.
        checksums: By the names of S3's members, the digests.
    """

    number: int
    md5: str
    path: Path
    checksums: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def etag(self) -> str:
        """As S3 writes it."""
        return f'"{self.md5}"'


@dataclass(frozen=True)
class Upload:
    """An upload.

    Args:
        identity: Its id.
        folder: Where its parts are.
        document: Bucket, Key, Initiated, About; Result when it is complete.
    """

    identity: str
    folder: Path
    document: Document

    def parts(self) -> list[Part]:
        """The parts that are here, by number."""
        found = [(match, path) for path in sorted(self.folder.iterdir()) if (match := _PART.fullmatch(path.name))]
        return [_part(match, path) for match, path in found]

    def keep(self, staged: Path, number: int, md5: bytes, checksum: tuple[str, bytes] | None) -> None:
        """Take a part; one of its number that is there goes.

        Raises:
            ServiceError: The upload has ended meanwhile.
        """
        name = f"{number:05d}.{md5.hex()}"
        target = self.folder / (f"{name}.{checksum[0]}-{checksum[1].hex()}" if checksum else name)
        try:
            staged.replace(target)
        except FileNotFoundError:
            raise no_upload(self.identity) from None
        for other in self.folder.glob(f"{number:05d}.*"):
            if other != target:
                file_copies.remove(other)

    def end(self, result: Mapping[str, Any]) -> None:
        """Drop the parts, and keep what the client was told: it asks once more when the answer got lost."""
        with suppress(FileNotFoundError), replacing(self.folder / _UPLOAD) as temporary:
            temporary.write_text(json.dumps({**self.document, "Result": result}), encoding="utf-8")
        for part in self.parts():
            file_copies.remove(part.path)


class Uploads:
    """All uploads of a home.

    Args:
        folder: Where they are.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def create(self, bucket: str, key: str, about: Mapping[str, Any]) -> Upload:
        """Begin one."""
        self._forget_old()
        identity = secrets.token_hex(16)
        self._folder.mkdir(exist_ok=True)
        document = {"Bucket": bucket, "Key": key, "Initiated": now(), "About": dict(about)}
        with file_copies.temporary_folder(self._folder) as staged:
            (staged / _UPLOAD).write_text(json.dumps(document, default=str), encoding="utf-8")
            file_copies.move_folder(staged, self._folder / identity)
        return Upload(identity, self._folder / identity, document)

    def find(self, bucket: str, key: str, identity: str) -> Upload:
        """One of a key, complete or not.

        Raises:
            ServiceError: There is none.
        """
        found = self._read(self._folder / identity) if _ID.fullmatch(identity) else None
        if found is None or (found.document["Bucket"], found.document["Key"]) != (bucket, key):
            raise no_upload(identity)
        return found

    def begun(self, bucket: str) -> list[Upload]:
        """Those of a bucket that are not complete, by key and time."""
        ours = [upload for upload in self._all() if upload.document["Bucket"] == bucket]
        open_ones = [upload for upload in ours if "Result" not in upload.document]
        return sorted(open_ones, key=lambda upload: (upload.document["Key"].encode(), upload.identity))

    def _all(self) -> Iterator[Upload]:
        for path in self._folder.glob("*"):
            if _ID.fullmatch(path.name) and (upload := self._read(path)):
                yield upload

    def _read(self, folder: Path) -> Upload | None:
        try:
            return Upload(folder.name, folder, json.loads((folder / _UPLOAD).read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None

    def _forget_old(self) -> None:
        """Remove the oldest of those that are complete where there are many."""
        complete = [upload for upload in self._all() if "Result" in upload.document]
        complete.sort(key=lambda upload: str(upload.document["Initiated"]))
        for upload in complete[:-_MOST_KEPT]:
            file_copies.remove(upload.folder)


def no_upload(identity: str) -> ServiceError:
    """S3's answer where there is no such upload."""
    why = f"The specified multipart upload does not exist: there is no upload {identity} of this key"
    return ServiceError("NoSuchUpload", why, HTTPStatus.NOT_FOUND, {"UploadId": identity})


def _part(match: re.Match[str], path: Path) -> Part:
    known = {f"Checksum{match['algorithm']}": bytes.fromhex(match["digest"])} if match["algorithm"] else {}
    return Part(int(match["number"]), match["md5"], path, known)
