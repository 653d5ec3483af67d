"""Sending files to a bucket: whole, or in parts where they are large; never read into memory as a whole."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from mlops_new.errors import Error
from mlops_new.platforms.sagemaker.account import Account, side_by_side

PART_BYTES = 16 << 20  # as many as are sent at once are in memory
_MOST_PARTS = 10_000


@dataclass(frozen=True)
class Transfer:
    """One file on its way.

    Args:
        account: Where to.
        file: What.
        bucket: The bucket,
        key: and the object's key.
        part_bytes: What is larger is sent in parts; S3 takes none smaller than 5 MiB but the last.
    """

    account: Account
    file: Path
    bucket: str
    key: str
    part_bytes: int = PART_BYTES

    def send(self) -> None:
        """Send it; a transfer that fails leaves nothing in the bucket."""
        size = self.file.stat().st_size
        if size <= self.part_bytes:
            with self.file.open("rb") as reader:
                self._ask("PutObject", Body=reader)
            return
        length = max(self.part_bytes, -(-size // _MOST_PARTS))
        with self._in_parts() as upload:
            parts = side_by_side(partial(self._part, upload, length), range(-(-size // length)))
            self._ask("CompleteMultipartUpload", UploadId=upload, MultipartUpload={"Parts": parts})

    def _part(self, upload: str, length: int, index: int) -> dict[str, Any]:
        with self.file.open("rb") as reader:
            reader.seek(index * length)
            answer = self._ask("UploadPart", UploadId=upload, PartNumber=index + 1, Body=reader.read(length))
        return {"PartNumber": index + 1, "ETag": answer["ETag"]}

    @contextmanager
    def _in_parts(self) -> Iterator[str]:
        upload = str(self._ask("CreateMultipartUpload")["UploadId"])
        try:
            yield upload
        except BaseException:
            self._abort(upload)
            raise

    def _abort(self, upload: str) -> None:
        """Parts that are left cost money; where even this fails, the bucket's lifecycle removes them."""
        try:
            self._ask("AbortMultipartUpload", UploadId=upload)
        except Error:
            return  # what went wrong first is what has to be told

    def _ask(self, operation: str, **members: Any) -> dict[str, Any]:
        place = {"Bucket": self.bucket, "Key": self.key}
        return self.account.call("s3", operation, about=f"bucket {self.bucket}", **place, **members)
