"""Making one object of parts."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlops_new.aws_api.http import checksums
from mlops_new.aws_api.http.service_errors import ServiceError
from mlops_new.aws_api.s3.uploads import Part

_SMALLEST = 5 << 20  # bytes of a part that is not the last one
_BLOCK = 1 << 20


@dataclass(frozen=True)
class Joined:
    """An object that was made of parts.

    Args:
        etag: As S3 computes it: the MD5 of the parts' MD5s, and how many they are.
        sizes: Of the parts.
        checksums: Of the whole, by the names of S3's members.
    """

    etag: str
    sizes: list[int]
    checksums: Mapping[str, str]

    def composite(self, algorithm: str, parts: Sequence[Part]) -> dict[str, str]:
        """The checksum of the parts' checksums, with their number."""
        whole = checksums.new(algorithm)
        for part in parts:
            whole.update(part.checksums.get(f"Checksum{algorithm}", b""))
        return {f"Checksum{algorithm}": f"{checksums.text(whole.digest())}-{len(parts)}"}


def chosen(there: Sequence[Part], named: Sequence[Mapping[str, Any]]) -> list[Part]:
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
    found = [_part(by_number.get(number), name) for name, number in zip(named, numbers, strict=True)]
    if any(part.path.stat().st_size < _SMALLEST for part in found[:-1]):
        raise ServiceError("EntityTooSmall", f"every part but the last has at least {_SMALLEST} bytes")
    return found


def join(parts: Sequence[Part], target: Path, algorithms: Collection[str]) -> Joined:
    """Write parts one behind the other.

    Args:
        parts: In their order.
        target: Where to.
        algorithms: Whose checksums of the whole are wanted.

    Raises:
        FileNotFoundError: A part went away.
    """
    hashes = {name: checksums.new(name) for name in sorted(algorithms)}
    sizes = []
    with target.open("wb") as writer:
        for part in parts:
            before = writer.tell()
            _append(part.path, writer, list(hashes.values()))
            sizes.append(writer.tell() - before)
    digests = b"".join(bytes.fromhex(part.md5) for part in parts)
    etag = f'"{hashlib.md5(digests, usedforsecurity=False).hexdigest()}-{len(parts)}"'
    return Joined(etag, sizes, {f"Checksum{name}": checksums.text(each.digest()) for name, each in hashes.items()})


def _append(path: Path, writer: Any, hashes: Sequence[checksums.Hash]) -> None:
    with path.open("rb") as reader:
        while block := reader.read(_BLOCK):
            writer.write(block)
            for each in hashes:
                each.update(block)


def _part(part: Part | None, named: Mapping[str, Any]) -> Part:
    number = named.get("PartNumber", 0)
    if part is None or named.get("ETag", part.etag).strip('"') != part.md5:
        raise ServiceError("InvalidPart", f"part {number} was not uploaded, or is another one")
    for name, digest in part.checksums.items():
        if named.get(name, checksums.text(digest)) != checksums.text(digest):
            raise ServiceError("InvalidPart", f"part {number} has another {name}")
    if unknown := [name for name in named if name.startswith("Checksum") and name not in part.checksums]:
        raise ServiceError("InvalidPart", f"part {number} was uploaded without {', '.join(unknown)}")
    return part
