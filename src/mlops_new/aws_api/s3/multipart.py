"""Objects that are sent in parts: kept apart, also over a restart, until all are there."""

from datetime import UTC, datetime
from typing import Any

from mlops_new.aws_api.http import checksums
from mlops_new.aws_api.http.rest_xml_service import Operation
from mlops_new.aws_api.http.service_errors import ServiceError
from mlops_new.aws_api.http.wire_values import moment
from mlops_new.aws_api.s3.about import STANDARD, about
from mlops_new.aws_api.s3.joining import chosen, join
from mlops_new.aws_api.s3.list_objects import OWNER, encoded, group, limit
from mlops_new.aws_api.s3.multipart_checksums import (
    COMPOSITE,
    FULL,
    check_algorithm,
    check_kind,
    compare,
    computed,
    kept_digest,
    wanted_checksum,
)
from mlops_new.aws_api.s3.preconditions import SOURCE, pass_reader, writable
from mlops_new.aws_api.s3.ranges import of_source
from mlops_new.aws_api.s3.receiving import receive
from mlops_new.aws_api.s3.store import Store
from mlops_new.aws_api.s3.uploads import Part, Upload, Uploads, no_upload
from mlops_new.platforms.local.store import file_copies

Document = dict[str, Any]

_MOST_PARTS = 10_000


class Multipart:
    """The operations on uploads in parts.

    Args:
        store: Where the objects go.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._uploads = Uploads(store.home.uploads)

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
        algorithm, kind = wanted_checksum(params)
        kept = {**about(params), **({"Algorithm": algorithm, "Type": kind} if algorithm else {})}
        made = self._uploads.create(bucket, key, kept)
        told = {"ChecksumAlgorithm": algorithm or None, "ChecksumType": kind or None}
        return {"Bucket": bucket, "Key": key, "UploadId": made.identity, **told}

    def upload(self, params: Document) -> Document:
        """Take a part; one of its number that is there is replaced."""
        found, number = self._find(params), _number(params)
        algorithm = found.document["About"].get("Algorithm", "")
        check_algorithm(params, algorithm)
        with self._store.staging() as staged:
            received = receive(params, staged, wanted=algorithm)
            found.keep(staged, number, received.md5, kept_digest(received))
        return {"ETag": received.etag, **received.checksums}

    def copy(self, params: Document) -> Document:
        """Take a part from an object that is here already."""
        found, number = self._find(params), _number(params)
        _, _, source = self._store.source(params["CopySource"])
        with source.file, self._store.staging() as staged:
            pass_reader(source.details, params, SOURCE)
            start, length = of_source(params.get("CopySourceRange", ""), source.details.size)
            source.file.seek(start)
            wanted = found.document["About"].get("Algorithm", "")
            received = receive({"Body": _Limited(source.file, length)}, staged, wanted=wanted)
            found.keep(staged, number, received.md5, kept_digest(received))
        told = {"ETag": received.etag, "LastModified": datetime.now(UTC), **received.checksums}
        return {"CopyPartResult": told}

    def parts(self, params: Document) -> Document:
        """Those that are there."""
        found = self._find(params)
        marker, most = params.get("PartNumberMarker", 0), limit(params, "MaxParts")
        behind = [part for part in found.parts() if part.number > marker]
        shown, kept = behind[:most], found.document["About"]
        return {
            **{name: params[name] for name in ("Bucket", "Key", "UploadId")},
            "PartNumberMarker": marker,
            "NextPartNumberMarker": shown[-1].number if shown else marker,
            "MaxParts": most,
            "IsTruncated": len(behind) > len(shown),
            "Parts": [_shown(part) for part in shown],
            "Owner": OWNER,
            "Initiator": OWNER,
            "StorageClass": kept.get("StorageClass", STANDARD),
            "ChecksumAlgorithm": kept.get("Algorithm"),
            "ChecksumType": kept.get("Type"),
        }

    def uploads(self, params: Document) -> Document:
        """Those of a bucket that are not complete."""
        self._store.bucket(params["Bucket"])
        most, prefix = limit(params, "MaxUploads"), params.get("Prefix", "")
        ours = [one for one in self._uploads.begun(params["Bucket"]) if one.document["Key"].startswith(prefix)]
        entries = _entries([one for one in ours if _is_behind(one, params)], params)
        shown = entries[:most]
        truncated = bool(most) and len(entries) > len(shown)
        last = shown[-1] if truncated else None
        return {
            "Bucket": params["Bucket"],
            "KeyMarker": encoded(params.get("KeyMarker", ""), params),
            "UploadIdMarker": params.get("UploadIdMarker", ""),
            "NextKeyMarker": encoded(_name(last), params) if last else None,
            "NextUploadIdMarker": last.identity if isinstance(last, Upload) else None,
            "Prefix": encoded(prefix, params),
            "Delimiter": encoded(params["Delimiter"], params) if params.get("Delimiter") else None,
            "EncodingType": params.get("EncodingType"),
            "MaxUploads": most,
            "IsTruncated": truncated,
            "Uploads": [_begun(entry, params) for entry in shown if isinstance(entry, Upload)],
            "CommonPrefixes": [{"Prefix": encoded(entry, params)} for entry in shown if isinstance(entry, str)],
        }

    def complete(self, params: Document) -> Document:
        """Put the parts together; the object is there at once and whole. Said twice, it is done once."""
        found = self._find(params, ended=True)
        if "Result" in found.document:
            return dict(found.document["Result"])
        try:
            return self._complete(found, params)
        except FileNotFoundError:  # another request has ended it meanwhile
            return dict(self._find(params, ended=True).document.get("Result") or {})

    def _complete(self, upload: Upload, params: Document) -> Document:
        bucket, key = params["Bucket"], params["Key"]
        kept = dict(upload.document["About"])
        algorithm, kind = kept.pop("Algorithm", ""), kept.pop("Type", "")
        check_kind(params, kind)
        parts = chosen(upload.parts(), params.get("MultipartUpload", {}).get("Parts", []))
        with self._store.staging() as staged:
            joined = join(parts, staged, computed(params, algorithm, kind))
            compare(params, joined, parts, kind)
            sums = joined.checksums if kind != COMPOSITE else joined.composite(algorithm, parts)
            kept |= {
                "Parts": joined.sizes,
                "PartChecksums": [_texts(part) for part in parts],
                **({"Checksums": sums} if sums else {}),
            }
            self._store.keep(staged, bucket, key, joined.etag, kept, writable(params))
        told = {"Bucket": bucket, "Key": key, "ETag": joined.etag, "Location": f"/{bucket}/{key}"}
        result = {**told, **sums, **({"ChecksumType": kind or FULL} if sums else {})}
        upload.end(result)
        return result

    def abort(self, params: Document) -> Document:
        """Drop one."""
        found = self._find(params)
        initiated = params.get("IfMatchInitiatedTime")
        if initiated and moment(found.document["Initiated"]).replace(microsecond=0) != initiated.replace(microsecond=0):
            raise ServiceError("PreconditionFailed", "the upload was begun at another time", 412)
        file_copies.remove(found.folder)
        return {}

    def _find(self, params: Document, *, ended: bool = False) -> Upload:
        self._store.bucket(params["Bucket"])
        found = self._uploads.find(params["Bucket"], params["Key"], params["UploadId"])
        if "Result" in found.document and not ended:
            raise no_upload(found.identity)
        return found


class _Limited:
    """So many bytes of a file, as a body."""

    def __init__(self, file: Any, length: int) -> None:
        self._file, self._left = file, length
        self.trailers: dict[str, str] = {}

    def read(self, size: int, /) -> bytes:
        block: bytes = self._file.read(min(size, self._left))
        self._left -= len(block)
        return block


def _number(params: Document) -> int:
    number = int(params["PartNumber"])
    if not 1 <= number <= _MOST_PARTS:
        raise ServiceError("InvalidArgument", f"a part's number is from 1 to {_MOST_PARTS}, not {number}")
    return number


def _shown(part: Part) -> Document:
    status = part.path.stat()
    modified = datetime.fromtimestamp(int(status.st_mtime), UTC)
    told = {"PartNumber": part.number, "ETag": part.etag, "Size": status.st_size, "LastModified": modified}
    return {**told, **_texts(part)}


def _texts(part: Part) -> dict[str, str]:
    return {name: checksums.text(digest) for name, digest in part.checksums.items()}


def _is_behind(upload: Upload, params: Document) -> bool:
    marker, identity = str(params.get("KeyMarker", "")), str(params.get("UploadIdMarker", ""))
    key = str(upload.document["Key"])
    if key == marker and identity:
        return upload.identity > identity
    common = group(key, params.get("Prefix", ""), params.get("Delimiter", ""))
    return key.encode() > marker.encode() and not (common and common == marker)


def _entries(uploads: list[Upload], params: Document) -> list[Upload | str]:
    """What a list shows: uploads, and the common prefixes of those that it does not show."""
    found: list[Upload | str] = []
    for upload in uploads:
        common = group(upload.document["Key"], params.get("Prefix", ""), params.get("Delimiter", ""))
        if not common:
            found.append(upload)
        elif common not in found:
            found.append(common)
    return found


def _name(entry: Upload | str) -> str:
    return entry if isinstance(entry, str) else str(entry.document["Key"])


def _begun(upload: Upload, params: Document) -> Document:
    kept = upload.document["About"]
    return {
        "Key": encoded(upload.document["Key"], params),
        "UploadId": upload.identity,
        "Initiated": upload.document["Initiated"],
        "StorageClass": kept.get("StorageClass", STANDARD),
        "Owner": OWNER,
        "Initiator": OWNER,
        "ChecksumAlgorithm": kept.get("Algorithm"),
        "ChecksumType": kept.get("Type"),
    }
