"""The checksums that AWS's clients send with a body, before it or behind it, and the comparison with what came."""

import base64
import binascii
import hashlib
import zlib
from collections.abc import Callable, Mapping
from email.message import Message
from functools import cache, partial
from typing import Any, Protocol

from mlops_new.aws_api.http.service_errors import ServiceError

_PREFIX = "x-amz-checksum-"
_MD5_BYTES = 16


class Hash(Protocol):
    """A checksum that is being computed."""

    def update(self, block: bytes, /) -> None:
        """Go on with these bytes."""
        ...

    def digest(self) -> bytes:
        """The checksum of all bytes so far."""
        ...


class _Crc:
    def __init__(self, compute: Callable[[bytes, int], int], size: int) -> None:
        self._compute, self._size, self._value = compute, size, 0

    def update(self, block: bytes, /) -> None:
        self._value = self._compute(block, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(self._size, "big")


class _XxHash:
    def __init__(self, name: str) -> None:
        try:
            from awscrt.checksums import XXHash
        except ImportError:
            why = "xxHash takes `pip install 'mlops-new[serve]'` where mlops-new is installed"
            raise ServiceError("NotImplemented", why) from None

        self._hash = getattr(XXHash, {"xxhash64": "new_xxhash64", "xxhash3": "new_xxhash3_64"}.get(name, _LONG))()

    def update(self, block: bytes, /) -> None:
        self._hash.update(block)

    def digest(self) -> bytes:
        return bytes(self._hash.finalize())


_LONG = "new_xxhash3_128"
_SIZES = {
    "crc32": 4,
    "crc32c": 4,
    "crc64nvme": 8,
    "sha1": 20,
    "sha256": 32,
    "sha512": 64,
    "md5": 16,
    "xxhash64": 8,
    "xxhash3": 8,
    "xxhash128": 16,
}


def new(algorithm: str) -> Hash:
    """The beginning of a checksum.

    Args:
        algorithm: As S3 names it, in any case.

    Raises:
        ServiceError: S3 knows no such one.
    """
    match algorithm.lower():
        case "crc32":
            return _Crc(zlib.crc32, 4)
        case "crc32c" | "crc64nvme" as name:
            return _Crc(_reflected(name), _SIZES[name])
        case "sha1" | "sha256" | "sha512" | "md5" as name:
            return hashlib.new(name, usedforsecurity=False)
        case "xxhash64" | "xxhash3" | "xxhash128" as name:
            return _XxHash(name)
        case _:
            raise ServiceError("InvalidRequest", f"there is no checksum algorithm {algorithm}")


def _reflected(name: str) -> Callable[[bytes, int], int]:
    """AWS's own implementation where it is installed; else one in Python, which takes about 0.1 s for a MB."""
    try:
        from awscrt import checksums
    except ImportError:
        return partial(crc, name)
    computed: Callable[[bytes, int], int] = getattr(checksums, name)
    return computed


def crc(name: str, block: bytes, before: int = 0) -> int:
    """A reflected cyclic redundancy check, byte by byte, that begins and ends with all bits inverted.

    Args:
        name: `crc32c` (RFC 3720, appendix B.4) or `crc64nvme` (NVM Express, NVM command set, 5.2.1.3.4).
        block: The next bytes.
        before: The check of the bytes before them.
    """
    table, ones = _table(name), (1 << 8 * _SIZES[name]) - 1
    value = before ^ ones
    for byte in block:
        value = table[(value ^ byte) & 0xFF] ^ (value >> 8)
    return value ^ ones


_POLYNOMIALS = {"crc32c": 0x82F63B78, "crc64nvme": 0x9A6C9329AC4BC9B5}


@cache
def _table(name: str) -> tuple[int, ...]:
    values = []
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = (value >> 1) ^ (_POLYNOMIALS[name] if value & 1 else 0)
        values.append(value)
    return tuple(values)


def text(digest: bytes) -> str:
    """A checksum as headers and answers have it."""
    return base64.b64encode(digest).decode()


def announced(headers: Message | Mapping[str, str]) -> dict[str, str]:
    """The checksums among headers, by algorithm in lower case.

    Raises:
        ServiceError: There are several.
    """
    names = {name.lower(): str(value) for name, value in headers.items()}
    found = {name.removeprefix(_PREFIX): value for name, value in names.items() if name.startswith(_PREFIX)}
    found = {name: value for name, value in found.items() if name in _SIZES}
    if len(found) > 1:
        raise ServiceError("InvalidRequest", "Expecting a single x-amz-checksum- header. Multiple checksum Types sent")
    return found


def check_document(document: bytes, headers: Message, trailers: Mapping[str, str], *, checksums: bool) -> None:
    """Pass a document that is what its sender says.

    Args:
        document: The body.
        headers: The request's.
        trailers: What came behind the body.
        checksums: Whether checksums among the headers are those of the body.

    Raises:
        ServiceError: It is another one.
    """
    told = announced({**trailers, **{name: str(value) for name, value in headers.items()}}) if checksums else {}
    for name, value in told.items():
        whole = new(name)
        whole.update(document)
        compare(name, value, whole.digest())
    if (md5 := headers.get("Content-MD5")) is not None:
        check_md5_form(str(md5))
        compare("md5", str(md5), hashlib.md5(document, usedforsecurity=False).digest())


def check_md5_form(value: str) -> None:
    """Pass what can be the value of Content-MD5.

    Raises:
        ServiceError: It cannot.
    """
    if len(_decoded(value)) != _MD5_BYTES:
        raise ServiceError("InvalidDigest", "The Content-MD5 you specified was invalid.")


def compare(name: str, told: Any, digest: bytes) -> None:
    """Pass a body whose checksum is the one that was sent.

    Raises:
        ServiceError: It is another one.
    """
    if told != text(digest):
        raise ServiceError("BadDigest", f"the {name} of the body is not the one that was sent with it")


def _decoded(value: str) -> bytes:
    try:
        return base64.b64decode(value.encode("ascii", "replace"), validate=True)
    except binascii.Error:
        return b""
