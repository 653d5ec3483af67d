"""Taking a body to disk, and checking what its sender says of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_new.aws_api.http import checksums
from mlops_new.aws_api.http.service_errors import ServiceError
from mlops_new.aws_api.s3.s3_members import ALGORITHMS

if TYPE_CHECKING:
    from mlops_new.aws_api.http.messages import Readable

_BLOCK = 1 << 18
_LARGEST = 5 << 30  # bytes of one request: S3's limit


@dataclass(frozen=True)
class Received:
    """A body that is on disk.

    Args:
        md5: Of its bytes.
        checksums: Which more are known, by the names of S3's members: `ChecksumCRC32`.
    """

    md5: bytes
    checksums: Mapping[str, str] = field(default_factory=dict)

    @property
    def etag(self) -> str:
        """As S3 writes it."""
        return f'"{self.md5.hex()}"'


def receive(params: Mapping[str, Any], path: Path, *, wanted: str = "") -> Received:
    """Write the body of a request to a file, and compare it with the checksums that came before or behind it.

    Args:
        params: The request's.
        path: Where to.
        wanted: An algorithm whose checksum is computed whether one was sent or not.

    Raises:
        ServiceError: The body is not what its sender says, or is not complete.
    """
    body: Readable = params["Body"]
    _check_length(params)
    algorithms = {name.lower() for name in (wanted, str(params.get("ChecksumAlgorithm", ""))) if name}
    algorithms |= {name.lower() for name in ALGORITHMS if f"Checksum{name}" in params}
    hashes = {name: checksums.new(name) for name in sorted(algorithms | {"md5"})}
    with path.open("wb") as writer:
        while block := body.read(_BLOCK):
            writer.write(block)
            for each in hashes.values():
                each.update(block)
    digests = {name: each.digest() for name, each in hashes.items()}
    told = _told(params, body.trailers)
    for name in told.keys() - digests.keys():
        digests[name] = _of_file(name, path)
    _compare(params, told, digests)
    kept = {f"Checksum{name.upper()}": checksums.text(digests[name]) for name in sorted({*told, *algorithms})}
    return Received(digests["md5"], kept)


def _check_length(params: Mapping[str, Any]) -> None:
    if not getattr(params["Body"], "announced", True):
        raise ServiceError("MissingContentLength", "You must provide the Content-Length HTTP header.", _NO_LENGTH)
    if params.get("ContentLength", 0) > _LARGEST:
        raise ServiceError("EntityTooLarge", f"one request stores at most {_LARGEST} bytes; send it in parts")
    if (md5 := params.get("ContentMD5")) is not None:
        checksums.check_md5_form(md5)


def _told(params: Mapping[str, Any], trailers: Mapping[str, str]) -> dict[str, str]:
    """The checksums that the sender tells, by algorithm."""
    sent = {f"x-amz-checksum-{name}": params[f"Checksum{name}"] for name in ALGORITHMS if f"Checksum{name}" in params}
    return checksums.announced({**trailers, **sent})


def _compare(params: Mapping[str, Any], told: Mapping[str, str], digests: Mapping[str, bytes]) -> None:
    for name, value in told.items():
        checksums.compare(name, value, digests[name])
    if (md5 := params.get("ContentMD5")) is not None:
        checksums.compare("md5", md5, digests["md5"])


def _of_file(algorithm: str, path: Path) -> bytes:
    """A checksum that only the trailer told of."""
    whole = checksums.new(algorithm)
    with path.open("rb") as reader:
        while block := reader.read(_BLOCK):
            whole.update(block)
    return whole.digest()


_NO_LENGTH = HTTPStatus.LENGTH_REQUIRED
