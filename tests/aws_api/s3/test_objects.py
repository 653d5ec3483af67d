"""Objects that go to disk and come back, by an unmodified client."""

import hashlib
import os
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from boto3.s3.transfer import TransferConfig

from tests.aws_api.program import Served, refused
from tests.platforms.local.conftest import Local

MEBIBYTE = 1 << 20


@pytest.fixture
def bucket(s3: Any, request: pytest.FixtureRequest) -> str:
    name = request.node.name.replace("_", "-").partition("[")[0][:60].rstrip("-")
    s3.create_bucket(Bucket=name)
    return str(name)


def keys(answer: dict[str, Any]) -> list[str]:
    return [one["Key"] for one in answer.get("Contents", [])]


def etag(content: bytes) -> str:
    return f'"{hashlib.md5(content, usedforsecurity=False).hexdigest()}"'


@pytest.mark.parametrize(
    "key", ["plain", "a/b.csv", "ünïcode/Æ å+b &c=d?e#f%20.txt", "日本/ß", "x" * 255, "tab\there", "a'\"<b>"]
)
def test_round_trip(s3: Any, local: Local, bucket: str, key: str) -> None:
    content = key.encode() + b"\0\xff"
    put = s3.put_object(Bucket=bucket, Key=key, Body=content, ContentType="text/x", Metadata={"one": "1", "Two": "b"})
    assert put["ETag"] == etag(content)
    got = s3.get_object(Bucket=bucket, Key=key)
    assert got["Body"].read() == content
    told = {name: got[name] for name in ("ETag", "ContentType", "ContentLength", "Metadata", "AcceptRanges")}
    assert told == {
        "ETag": etag(content),
        "ContentType": "text/x",
        "ContentLength": len(content),
        "Metadata": {"one": "1", "two": "b"},
        "AcceptRanges": "bytes",
    }
    head = s3.head_object(Bucket=bucket, Key=key)
    assert {name: head[name] for name in told} == told
    assert abs(time.time() - head["LastModified"].timestamp()) < 60
    assert keys(s3.list_objects_v2(Bucket=bucket, Prefix=key)) == [key]
    assert keys(s3.list_objects(Bucket=bucket, Prefix=key)) == [key]
    assert local.platform.stores.objects.path(f"s3://{bucket}/{key}").read_bytes() == content
    s3.delete_object(Bucket=bucket, Key=key)
    s3.delete_object(Bucket=bucket, Key=key)  # gone is fine
    with refused("NoSuchKey"):
        s3.get_object(Bucket=bucket, Key=key)
    with refused("404"):
        s3.head_object(Bucket=bucket, Key=key)


def test_large_objects_are_streamed_in_parts(s3: Any, bucket: str, tmp_path: Path) -> None:
    content = os.urandom(MEBIBYTE) * 20 + b"end"
    (tmp_path / "large").write_bytes(content)
    s3.put_object(Bucket=bucket, Key="whole", Body=content)
    assert s3.head_object(Bucket=bucket, Key="whole")["ETag"] == etag(content)
    config = TransferConfig(multipart_threshold=8 * MEBIBYTE, multipart_chunksize=8 * MEBIBYTE)
    s3.upload_file(str(tmp_path / "large"), bucket, "parts", Config=config, ExtraArgs={"Metadata": {"a": "b"}})
    assert s3.head_object(Bucket=bucket, Key="parts")["Metadata"] == {"a": "b"}
    halves = [
        hashlib.md5(content[at : at + 8 * MEBIBYTE], usedforsecurity=False)
        for at in range(0, len(content), 8 * MEBIBYTE)
    ]
    together = hashlib.md5(b"".join(half.digest() for half in halves), usedforsecurity=False).hexdigest()
    assert s3.head_object(Bucket=bucket, Key="parts")["ETag"] == f'"{together}-3"'
    s3.download_file(bucket, "parts", str(tmp_path / "back"), Config=config)
    assert (tmp_path / "back").read_bytes() == content
    copied = TransferConfig(multipart_threshold=MEBIBYTE, multipart_chunksize=8 * MEBIBYTE)
    s3.copy({"Bucket": bucket, "Key": "parts"}, bucket, "again", Config=copied)
    assert s3.get_object(Bucket=bucket, Key="again")["Body"].read() == content
    assert not s3.list_multipart_uploads(Bucket=bucket).get("Uploads")


def test_ranges(s3: Any, bucket: str) -> None:
    content = bytes(range(100))
    s3.put_object(Bucket=bucket, Key="bytes", Body=content)
    for asked, first, last in (
        ("bytes=0-9", 0, 9),
        ("bytes=90-", 90, 99),
        ("bytes=-5", 95, 99),
        ("bytes=50-1000", 50, 99),
        ("bytes=-1000", 0, 99),
    ):
        got = s3.get_object(Bucket=bucket, Key="bytes", Range=asked)
        assert got["Body"].read() == content[first : last + 1]
        assert got["ContentRange"] == f"bytes {first}-{last}/100"
        assert got["ResponseMetadata"]["HTTPStatusCode"] == 206
    for asked in ("bytes=100-", "bytes=100-200", "bytes=-0"):
        with refused("InvalidRange") as caught:
            s3.get_object(Bucket=bucket, Key="bytes", Range=asked)
        told = caught.value.response["Error"]
        assert (told["ActualObjectSize"], told["RangeRequested"]) == ("100", asked)
    # What is no valid range is passed over (RFC 9110), and several ranges are, too: S3 does so.
    for asked in ("bytes=1-0", "lines=1", "bytes=-", "bytes=a-b", "bytes=0-1,3-4", "bytes=-1-", "bytes=0--1", "bytes"):
        got = s3.get_object(Bucket=bucket, Key="bytes", Range=asked)
        assert (got["Body"].read(), got["ResponseMetadata"]["HTTPStatusCode"]) == (content, 200), asked
    s3.put_object(Bucket=bucket, Key="empty", Body=b"")
    assert s3.get_object(Bucket=bucket, Key="empty")["Body"].read() == b""


def test_conditions(s3: Any, bucket: str) -> None:
    one = s3.put_object(Bucket=bucket, Key="k", Body=b"one", IfNoneMatch="*")["ETag"]
    with refused("PreconditionFailed"):
        s3.put_object(Bucket=bucket, Key="k", Body=b"two", IfNoneMatch="*")
    with refused("PreconditionFailed"):
        s3.put_object(Bucket=bucket, Key="k", Body=b"two", IfMatch='"0"')
    with refused("NoSuchKey"):
        s3.put_object(Bucket=bucket, Key="not-there", Body=b"two", IfMatch=one)
    assert s3.get_object(Bucket=bucket, Key="k", IfMatch=one)["Body"].read() == b"one"
    with refused("304"):
        s3.get_object(Bucket=bucket, Key="k", IfNoneMatch=one)
    modified = s3.head_object(Bucket=bucket, Key="k")["LastModified"]
    with refused("304"):
        s3.head_object(Bucket=bucket, Key="k", IfModifiedSince=modified)
    with refused("PreconditionFailed"):
        s3.get_object(Bucket=bucket, Key="k", IfUnmodifiedSince=modified.replace(year=2001))
    with refused("PreconditionFailed"):
        s3.copy_object(Bucket=bucket, Key="c", CopySource=f"{bucket}/k", CopySourceIfNoneMatch=one)
    two = s3.put_object(Bucket=bucket, Key="k", Body=b"two", IfMatch=one)["ETag"]
    assert two == etag(b"two")
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda number: _new(s3, bucket, number), range(4)))
    assert sum(done) == 1


def _new(s3: Any, bucket: str, number: int) -> bool:
    try:
        s3.put_object(Bucket=bucket, Key="first-one-wins", Body=str(number).encode(), IfNoneMatch="*")
    except s3.exceptions.ClientError as error:
        assert error.response["Error"]["Code"] == "PreconditionFailed"  # noqa: PT017  # it is counted, not expected
        return False
    return True


def test_copies_keep_or_replace_what_is_said_of_them(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="a/ü b", Body=b"x", ContentType="text/one", Metadata={"m": "1"})
    s3.copy_object(Bucket=bucket, Key="kept", CopySource={"Bucket": bucket, "Key": "a/ü b"})
    s3.copy_object(
        Bucket=bucket,
        Key="kept-replaced",
        CopySource={"Bucket": bucket, "Key": "a/ü b"},
        MetadataDirective="REPLACE",
        ContentType="text/two",
    )
    kept, replaced = (s3.head_object(Bucket=bucket, Key=key) for key in ("kept", "kept-replaced"))
    assert (kept["ContentType"], kept["Metadata"]) == ("text/one", {"m": "1"})
    assert (replaced["ContentType"], replaced["Metadata"]) == ("text/two", {})
    with refused("NoSuchKey"):
        s3.copy_object(Bucket=bucket, Key="c", CopySource=f"{bucket}/nothing")
    with refused("NoSuchBucket"):
        s3.copy_object(Bucket=bucket, Key="c", CopySource="no-such-bucket/nothing")


@pytest.fixture(scope="module")
def many(s3: Any, prepared: Local) -> str:
    """A bucket of 1203 objects, most of which nobody has ever sent."""
    s3.create_bucket(Bucket="many")
    root = prepared.platform.stores.home.objects / "many"
    for folder in ("days", "days-old", "days/deep"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    for number in range(1200):
        (root / "days" / f"{number:04d}").touch()
    for name in ("days/deep/x", "days-old/x", "daz"):
        (root / name).touch()
    (root / "empty").mkdir()
    return "many"


def test_listings_come_in_pages_in_s3s_order(s3: Any, many: str) -> None:
    expected = sorted([*(f"days/{number:04d}" for number in range(1200)), "days/deep/x", "days-old/x", "daz"])
    first = s3.list_objects_v2(Bucket=many)
    assert (first["KeyCount"], first["IsTruncated"], first["MaxKeys"]) == (1000, True, 1000)
    for operation in ("list_objects", "list_objects_v2"):
        for size in (1000, 401):
            pages = s3.get_paginator(operation).paginate(Bucket=many, PaginationConfig={"PageSize": size})
            assert [key for page in pages for key in keys(page)] == expected
    assert keys(s3.list_objects_v2(Bucket=many, StartAfter="days/1198")) == ["days/1199", "days/deep/x", "daz"]
    assert keys(s3.list_objects(Bucket=many, Marker="days/deep/")) == ["days/deep/x", "daz"]
    assert keys(s3.list_objects_v2(Bucket=many, Prefix="days/119", MaxKeys=3)) == [
        "days/1190",
        "days/1191",
        "days/1192",
    ]
    none = s3.list_objects_v2(Bucket=many, MaxKeys=0)
    assert (none["KeyCount"], none["IsTruncated"]) == (0, False)
    with refused("InvalidArgument", "continuation token"):
        s3.list_objects_v2(Bucket=many, ContinuationToken="ö")


def test_delimiters_make_folders_of_keys(s3: Any, many: str) -> None:
    def both(**asked: Any) -> tuple[list[str], list[str]]:
        found = []
        for operation in ("list_objects", "list_objects_v2"):
            pages = list(s3.get_paginator(operation).paginate(Bucket=many, PaginationConfig={"PageSize": 1}, **asked))
            prefixes = [one["Prefix"] for page in pages for one in page.get("CommonPrefixes", [])]
            found.append(([key for page in pages for key in keys(page)], prefixes))
        assert found[0] == found[1]
        return found[0]

    assert both(Delimiter="/") == (["daz"], ["days-old/", "days/"])
    assert both(Delimiter="/", Prefix="days/d") == ([], ["days/deep/"])
    assert both(Delimiter="ys", Prefix="d") == (["daz"], ["days"])
    assert both(Delimiter="/", Prefix="da") == (["daz"], ["days-old/", "days/"])
    assert both(Delimiter="/", Prefix="nothing") == ([], [])


def test_deleting_many(s3: Any, bucket: str) -> None:
    for key in ("a/1", "a/2", "b"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"")
    asked = [{"Key": key} for key in ("a/1", "a/2", "never there", "../out")]
    done = s3.delete_objects(Bucket=bucket, Delete={"Objects": asked})
    assert {one["Key"] for one in done["Deleted"]} == {"a/1", "a/2", "never there"}
    assert [(one["Key"], one["Code"]) for one in done["Errors"]] == [("../out", "InvalidArgument")]
    assert keys(s3.list_objects_v2(Bucket=bucket)) == ["b"]
    s3.put_object(Bucket=bucket, Key="a", Body=b"")  # the folder that was there is in nobody's way
    quiet = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "a"}], "Quiet": True})
    assert "Deleted" not in quiet


@pytest.mark.parametrize("key", ["../out", "a/../../out", "a/./b", "y" * 256, "y" * 255 + "/", "nul\0", "ü" * 513])
def test_keys_that_are_no_files_are_refused(s3: Any, prepared: Local, bucket: str, key: str) -> None:
    if key.endswith("/"):  # a folder has a name as well
        key = "y" + key
    before = sorted(prepared.platform.stores.home.root.iterdir())
    with refused("InvalidArgument|KeyTooLongError"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    with refused("InvalidArgument|KeyTooLongError"):
        s3.get_object(Bucket=bucket, Key=key)
    assert sorted(prepared.platform.stores.home.root.iterdir()) == before
    assert not keys(s3.list_objects_v2(Bucket=bucket))


def test_links_that_are_signed(served: Served, s3: Any, bucket: str) -> None:
    where = {"Bucket": bucket, "Key": "a b"}
    connection = HTTPConnection("127.0.0.1", served.port, timeout=300)
    for operation, method, body in (("put_object", "PUT", b"signed"), ("get_object", "GET", None)):
        link = s3.generate_presigned_url(operation, Params=where)
        connection.request(method, link.removeprefix(served.url), body)
        answer = connection.getresponse()
        assert answer.status == 200
        assert answer.read() == (b"" if body else b"signed")
    connection.close()


def test_what_jobs_store_is_told_as_it_is_now(s3: Any, local: Local, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="report", Body=b"by a client", ContentType="text/html")
    local.put(f"s3://{bucket}/report", "by a job")
    got = s3.get_object(Bucket=bucket, Key="report")
    assert (got["Body"].read(), got["ETag"], got["ContentType"]) == (
        b"by a job",
        etag(b"by a job"),
        "binary/octet-stream",
    )
    listed = s3.list_objects_v2(Bucket=bucket)["Contents"][0]
    assert (listed["ETag"], listed["Size"]) == (etag(b"by a job"), 8)


def test_buckets(s3: Any) -> None:
    with refused("NoSuchBucket"):
        s3.list_objects_v2(Bucket="no-such-bucket")
    with refused("NoSuchBucket"):
        s3.put_object(Bucket="no-such-bucket", Key="a", Body=b"")
    with refused("404"):
        s3.head_bucket(Bucket="no-such-bucket")
    s3.create_bucket(Bucket="a-bucket")
    s3.create_bucket(Bucket="a-bucket")
    assert s3.head_bucket(Bucket="a-bucket")["BucketRegion"] == "us-east-1"
    assert s3.get_bucket_location(Bucket="a-bucket")["LocationConstraint"] is None
    assert {"a-bucket", "mlops-new"} <= {one["Name"] for one in s3.list_buckets()["Buckets"]}
    s3.put_object(Bucket="a-bucket", Key="a/b", Body=b"")
    with refused("BucketNotEmpty"):
        s3.delete_bucket(Bucket="a-bucket")
    s3.delete_object(Bucket="a-bucket", Key="a/b")
    s3.delete_bucket(Bucket="a-bucket")
    assert "a-bucket" not in {one["Name"] for one in s3.list_buckets()["Buckets"]}
    with refused("InvalidBucketName"):
        s3.create_bucket(Bucket="NotAName")
    assert "Status" not in s3.get_bucket_versioning(Bucket="mlops-new")  # s3fs asks before it deletes a bucket
    with refused("NotImplemented"):
        s3.get_bucket_policy(Bucket="mlops-new")


def test_uploads_in_parts_are_checked(s3: Any, bucket: str) -> None:
    where = {"Bucket": bucket, "Key": "parts"}
    upload = s3.create_multipart_upload(**where, ContentType="text/parts")["UploadId"]
    large = b"l" * (5 * MEBIBYTE)
    first = s3.upload_part(**where, UploadId=upload, PartNumber=1, Body=b"small")["ETag"]
    last = s3.upload_part(**where, UploadId=upload, PartNumber=3, Body=b"end")["ETag"]

    def complete(*parts: tuple[int, str]) -> Any:
        named = [{"PartNumber": number, "ETag": tag} for number, tag in parts]
        return s3.complete_multipart_upload(**where, UploadId=upload, MultipartUpload={"Parts": named})

    with refused("EntityTooSmall"):
        complete((1, first), (3, last))
    with refused("InvalidPartOrder"):
        complete((3, last), (1, first))
    with refused("InvalidPart"):
        complete((1, first), (2, last))
    with refused("MalformedXML"):
        complete()
    again = s3.upload_part(**where, UploadId=upload, PartNumber=1, Body=large)["ETag"]
    with refused("InvalidPart"):
        complete((1, first), (3, last))
    with refused("InvalidArgument", "10001"):
        s3.upload_part(**where, UploadId=upload, PartNumber=10001, Body=b"")
    pages = s3.get_paginator("list_parts").paginate(**where, UploadId=upload, PaginationConfig={"PageSize": 1})
    parts = [(part["PartNumber"], part["Size"]) for page in pages for part in page.get("Parts", [])]
    assert parts == [(1, len(large)), (3, 3)]
    assert [one["UploadId"] for one in s3.list_multipart_uploads(Bucket=bucket)["Uploads"]] == [upload]
    with refused("404"):
        s3.head_object(**where)
    done = complete((1, again), (3, last))
    assert s3.head_object(**where)["ContentType"] == "text/parts"
    assert s3.get_object(**where)["Body"].read() == large + b"end"
    # The answer may have got lost: said again, it is the same, and nothing is done twice.
    s3.delete_object(**where)
    assert complete((1, again), (3, last))["ETag"] == done["ETag"]
    with refused("404"):
        s3.head_object(**where)
    assert not s3.list_multipart_uploads(Bucket=bucket).get("Uploads")
    for ended in (s3.abort_multipart_upload, s3.list_parts):
        with refused("NoSuchUpload"):
            ended(**where, UploadId=upload)
    dropped = s3.create_multipart_upload(**where)["UploadId"]
    with refused("NoSuchUpload"):
        s3.abort_multipart_upload(Bucket=bucket, Key="another", UploadId=dropped)
    s3.abort_multipart_upload(**where, UploadId=dropped)
    for identity in (dropped, "../../registry.sqlite3"):
        with refused("NoSuchUpload"):
            s3.upload_part(**where, UploadId=identity, PartNumber=1, Body=b"")


class _Broken:
    """Cannot be read."""

    def read(self, _: int = -1) -> bytes:
        raise OSError("the disk went away")


def test_half_an_object_is_none(served: Served, prepared: Local, s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"before")
    with pytest.raises(OSError, match="went away"):
        served.client("s3").upload_fileobj(_Broken(), bucket, "k")
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"before"
    assert not list(prepared.platform.stores.home.objects.glob(".*.partial"))


def test_readers_and_writers_at_once(served: Served, s3: Any, bucket: str) -> None:
    contents = {etag(text): text for text in (bytes([65 + number]) * 200_000 for number in range(4))}
    s3.put_object(Bucket=bucket, Key="k", Body=next(iter(contents.values())), ContentType="text/x")

    def write(text: bytes) -> None:
        served.client("s3").put_object(Bucket=bucket, Key="k", Body=text, ContentType="text/x")

    def read(_: int) -> tuple[str, bytes, str]:
        got = s3.get_object(Bucket=bucket, Key="k")
        return got["ETag"], got["Body"].read(), got["ContentType"]

    with ThreadPoolExecutor(8) as pool:
        writing = [pool.submit(write, text) for text in list(contents.values()) * 5]
        for tag, text, kind in pool.map(read, range(40)):
            assert contents[tag] == text
            assert kind == "text/x"
        for one in writing:
            one.result()
