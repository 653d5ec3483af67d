"""Sending files to a bucket by boto3's s3transfer: whole, or in parts where they are large."""

from collections.abc import Mapping
from pathlib import Path

from s3transfer.manager import TransferConfig, TransferManager

from mlops_new.platforms.sagemaker.account import SIDE_BY_SIDE, Account

PART_BYTES = 16 << 20


def send(account: Account, files: Mapping[str, Path], bucket: str, part_bytes: int = PART_BYTES) -> None:
    """Send files, several at once; one that fails leaves nothing in the bucket, and stops the others.

    Parts that are left cost money: s3transfer aborts an upload that fails or is interrupted. Where even that fails, the
    bucket's lifecycle removes them.

    Args:
        account: Where to.
        files: What, by the object's key.
        bucket: The bucket.
        part_bytes: What is as large is sent in parts; S3 takes none smaller than 5 MiB but the last.

    Raises:
        Error: AWS refuses it or does not answer.
    """
    config = TransferConfig(
        multipart_threshold=part_bytes, multipart_chunksize=part_bytes, max_request_concurrency=SIDE_BY_SIDE
    )
    with TransferManager(account.client("s3"), config) as manager:
        sent = [manager.upload(str(file), bucket, key) for key, file in files.items()]
        for one in sent:
            with account.translating("s3", "PutObject", f"bucket {bucket}"):
                one.result()
