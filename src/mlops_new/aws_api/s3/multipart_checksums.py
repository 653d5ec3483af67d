"""Checksums of objects that are sent in parts: which kind is wanted, which are computed, whether they are right."""

import base64
from typing import Any

from mlops_new.aws_api.http import checksums
from mlops_new.aws_api.http.service_errors import ServiceError, not_implemented
from mlops_new.aws_api.s3.joining import Joined
from mlops_new.aws_api.s3.receiving import Received
from mlops_new.aws_api.s3.s3_members import ALGORITHMS
from mlops_new.aws_api.s3.uploads import Part

Document = dict[str, Any]

COMPOSITE, FULL = "COMPOSITE", "FULL_OBJECT"
_ONLY_FULL = frozenset({"CRC64NVME"})
_NEVER_FULL = frozenset({"SHA1", "SHA256", "SHA512", "MD5", "XXHASH64", "XXHASH3", "XXHASH128"})


def wanted_checksum(params: Document) -> tuple[str, str]:
    """The algorithm and the type of the checksum that the object is to have."""
    algorithm, kind = params.get("ChecksumAlgorithm", "").upper(), params.get("ChecksumType", "").upper()
    if not algorithm:
        if kind:
            raise ServiceError("InvalidRequest", "The x-amz-checksum-type header needs x-amz-checksum-algorithm")
        return "", ""
    checksums.new(algorithm)
    kind = kind or (FULL if algorithm in _ONLY_FULL else COMPOSITE)
    if (kind == COMPOSITE and algorithm in _ONLY_FULL) or (kind == FULL and algorithm in _NEVER_FULL):
        raise ServiceError("InvalidRequest", f"The {kind} checksum type cannot be used with the {algorithm} algorithm")
    if kind not in {COMPOSITE, FULL}:
        raise ServiceError("InvalidRequest", f"there is no checksum type {kind}")
    return algorithm, kind


def check_algorithm(params: Document, algorithm: str) -> None:
    """Pass a part whose checksums are of the algorithm that the upload was begun with."""
    sent = {name for name in ALGORITHMS if f"Checksum{name}" in params}
    if algorithm and sent - {algorithm}:
        why = f"the upload was begun with {algorithm}, and a part comes with {', '.join(sorted(sent))}"
        raise ServiceError("InvalidRequest", f"Checksum Type mismatch occurred: {why}")


def kept_digest(received: Received) -> tuple[str, bytes] | None:
    """The algorithm and the digest that are kept of a part; None where it came without."""
    for name, value in received.checksums.items():
        return name.removeprefix("Checksum"), base64.b64decode(value)
    return None


def check_kind(params: Document, kind: str) -> None:
    """Pass a completion that wants the type of checksum that the upload was begun with."""
    wanted = params.get("ChecksumType", kind).upper()
    if kind and wanted != kind:
        raise ServiceError("InvalidRequest", f"the upload was begun with the checksum type {kind}, not {wanted}")
    if not kind and wanted == COMPOSITE:
        raise not_implemented("ChecksumType: the upload was begun without an algorithm, so it is FULL_OBJECT")


def computed(params: Document, algorithm: str, kind: str) -> set[str]:
    """Which checksums of the whole object are to be computed."""
    told = {name for name in ALGORITHMS if f"Checksum{name}" in params}
    return (told | {algorithm} if kind == FULL else told if not kind else set()) - {""}


def compare(params: Document, joined: Joined, parts: list[Part], kind: str) -> None:
    """Pass an object that is what the client says of it."""
    if params.get("MpuObjectSize", sum(joined.sizes)) != sum(joined.sizes):
        raise ServiceError("InvalidRequest", f"the object has {sum(joined.sizes)} bytes, not x-amz-mp-object-size")
    for name in ALGORITHMS:
        if (told := params.get(f"Checksum{name}")) is None:
            continue
        known = joined.composite(name, parts) if kind == COMPOSITE else joined.checksums
        # Clients write a composite checksum with and without the number of parts behind it.
        if told not in {known.get(f"Checksum{name}"), known.get(f"Checksum{name}", "").partition("-")[0]}:
            raise ServiceError("BadDigest", f"The {name} you specified did not match the calculated checksum.")
