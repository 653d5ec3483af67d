"""Taking a body to disk, and checking what its sender says of it."""

import base64
import hashlib
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from mlops_new.platforms.local.serve.faults import ServiceError

if TYPE_CHECKING:
    from mlops_new.platforms.local.serve.messages import Readable

_BLOCK = 1 << 18


class _Hash(Protocol):
    def update(self, block: bytes, /) -> None: ...

    def digest(self) -> bytes: ...


class _Crc32:
    def __init__(self) -> None:
        self._value = 0

    def update(self, block: bytes, /) -> None:
        self._value = zlib.crc32(block, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(4, "big")


def receive(params: Mapping[str, Any], path: Path) -> str:
    """Write the body of a request to a file, and give its ETag.

    CRC-32, SHA-1, SHA-256 and MD5 are compared with what was sent before or behind the body. The others that S3 knows
    (CRC-32C, CRC-64, xxHash) are not: Python has them not, and computed in Python they would take seconds.

    Raises:
        ServiceError: The body is not what its sender says, or is not complete.
    """
    body: Readable = params["Body"]
    hashes = _hashes(params)
    with path.open("wb") as writer:
        while block := body.read(_BLOCK):
            writer.write(block)
            for each in hashes.values():
                each.update(block)
    _compare(params, body.trailers, hashes)
    return f'"{hashes["md5"].digest().hex()}"'


def _hashes(params: Mapping[str, Any]) -> dict[str, _Hash]:
    wanted = {str(params.get("ChecksumAlgorithm", "")).upper()}
    wanted |= {name.removeprefix("Checksum") for name in params if name.startswith("Checksum")}
    hashes: dict[str, _Hash] = {"md5": hashlib.md5(usedforsecurity=False)}
    if "CRC32" in wanted:
        hashes["crc32"] = _Crc32()
    if "SHA1" in wanted:
        hashes["sha1"] = hashlib.sha1(usedforsecurity=False)
    if "SHA256" in wanted:
        hashes["sha256"] = hashlib.sha256()
    return hashes


def _compare(params: Mapping[str, Any], trailers: Mapping[str, str], hashes: Mapping[str, _Hash]) -> None:
    for name, each in hashes.items():
        told = params.get(f"Checksum{name.upper()}", trailers.get(f"x-amz-checksum-{name}"))
        if name == "md5":
            told = params.get("ContentMD5", told)
        if told is not None and told != base64.b64encode(each.digest()).decode():
            raise ServiceError("BadDigest", f"the {name} of the body is not the one that was sent with it")
