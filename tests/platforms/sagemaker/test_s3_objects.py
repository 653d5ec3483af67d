"""Files on their way to a bucket."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mlops_new.errors import Denied, Error, Invalid, Unreachable
from mlops_new.platforms.sagemaker.account import Account
from mlops_new.platforms.sagemaker.s3_objects import Address, Objects
from mlops_new.platforms.sagemaker.transfers import send
from tests.doubles.aws import AwsServer, Fault, Kind
from tests.doubles.aws.server import BUCKET

PART = 5 << 20


@pytest.fixture
def large(tmp_path: Path) -> Path:
    file = tmp_path / "large.bin"
    file.write_bytes(os.urandom(1 << 10) * (11 << 10))  # two parts and a bit
    return file


def test_a_large_file_arrives_whole_in_parts(aws: AwsServer, large: Path) -> None:
    send(Account(), {"a b/å.bin": large}, BUCKET, PART)
    assert Objects(Account()).read(f"s3://{BUCKET}/a b/å.bin") == large.read_bytes()
    assert aws.calls.count("s3:UploadPart") == 3
    assert "s3:PutObject" not in aws.calls


@pytest.mark.parametrize("operation", ["CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"])
@pytest.mark.parametrize(
    ("kind", "error"), [(Kind.DENIED, Denied), (Kind.THROTTLED, Unreachable), (Kind.DROPPED_BEFORE, Unreachable)]
)
def test_a_large_file_that_is_refused_leaves_no_parts(
    aws: AwsServer, large: Path, operation: str, kind: Kind, error: type[Error]
) -> None:
    aws.faults.append(Fault(f"s3:{operation}", kind, times=1, skip=1 if operation == "UploadPart" else 0))
    with pytest.raises(error, match="s3:"):
        send(Account(), {"large.bin": large}, BUCKET, PART)
    assert aws.client("s3").list_multipart_uploads(Bucket=BUCKET).get("Uploads", []) == []
    assert not Objects(Account()).exists(f"s3://{BUCKET}/large.bin")
    send(Account(), {"large.bin": large}, BUCKET, PART)
    assert Objects(Account()).exists(f"s3://{BUCKET}/large.bin")


def test_ctrl_c_leaves_no_parts(aws: AwsServer, tmp_path: Path) -> None:
    large = tmp_path / "large.bin"
    large.touch()
    os.truncate(large, 20 * PART)
    program = (
        "import pathlib, sys; from mlops_new.platforms.sagemaker.account import Account; "
        "from mlops_new.platforms.sagemaker.transfers import send; "
        f"send(Account(), {{'large.bin': pathlib.Path(sys.argv[1])}}, {BUCKET!r}, {PART})"
    )
    child = subprocess.Popen([sys.executable, "-c", program, str(large)], stderr=subprocess.PIPE, text=True)
    while "s3:UploadPart" not in aws.calls:
        time.sleep(0.02)
    child.send_signal(signal.SIGINT)
    assert "KeyboardInterrupt" in child.communicate(timeout=60)[1]
    assert (aws.calls[-1], "s3:CompleteMultipartUpload" in aws.calls) == ("s3:AbortMultipartUpload", False)
    assert aws.client("s3").list_multipart_uploads(Bucket=BUCKET).get("Uploads", []) == []


def test_a_failure_stops_the_files_beside_it(aws: AwsServer, tmp_path: Path) -> None:
    files = {}
    for name in map(str, range(40)):
        files[name] = tmp_path / name
        files[name].write_text(name, encoding="utf-8")
    aws.faults.append(Fault("s3:PutObject", Kind.DENIED))
    with pytest.raises(Denied, match="s3:PutObject"):
        send(Account(), files, BUCKET)
    assert aws.client("s3").list_objects_v2(Bucket=BUCKET)["KeyCount"] == 0


def test_what_is_there_is_not_sent_again_and_what_is_missing_is(aws: AwsServer, tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / name).write_text(name, encoding="utf-8")
    objects = Objects(Account())
    aws.faults.append(Fault("s3:PutObject", Kind.DENIED, skip=1))
    with pytest.raises(Denied):
        objects.upload(tmp_path, project="sales")
    aws.faults.clear()
    aws.calls.clear()
    uri = objects.upload(tmp_path, project="sales")
    assert aws.calls.count("s3:PutObject") == 2
    assert [objects.read(f"{uri}/{name}") for name in ("a", "b", "c")] == [b"a", b"b", b"c"]


def test_a_file_that_changes_meanwhile_is_not_taken_for_what_it_was(aws: AwsServer, tmp_path: Path) -> None:
    file = tmp_path / "table.csv"
    file.write_text("1\n", encoding="utf-8")
    objects = Objects(Account())
    real = objects._sizes

    class Changing(Objects):
        def _sizes(self, prefix: str, most: int | None = None) -> dict[str, int]:
            file.write_text("22\n", encoding="utf-8")
            return real(prefix, most)

    with pytest.raises(Error, match="has changed while it was sent"):
        Changing(Account()).upload(file, project="sales")


@pytest.mark.parametrize("uri", ["table.csv", "s3://", "https://bucket/key"])
def test_what_is_no_uri_is_refused(uri: str) -> None:
    with pytest.raises(Invalid, match="not an S3 URI"):
        Address.of(uri)
