"""What S3's requests say beside bucket and key is done: conditions, versions, owners, checksums, parts."""

import base64
import hashlib
import time
import zlib
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from typing import Any
from urllib.parse import quote

import pytest
from awscrt import checksums as awscrt

from mlops_new.aws_api.http import checksums
from mlops_new.aws_api.s3.s3_members import ALGORITHMS
from tests.aws_api.program import Served, ask, refused

MEBIBYTE = 1 << 20
LARGE = b"l" * (5 * MEBIBYTE)
BUCKET = "members"


@pytest.fixture(scope="module")
def bucket(s3: Any) -> str:
    s3.create_bucket(Bucket=BUCKET)
    return BUCKET


def there(s3: Any, key: str) -> bool:
    return bool(s3.list_objects_v2(Bucket=BUCKET, Prefix=key).get("KeyCount"))


def put(s3: Any, key: str, content: bytes = b"content", **more: Any) -> dict[str, Any]:
    return dict(s3.put_object(Bucket=BUCKET, Key=key, Body=content, **more))


def read(s3: Any, key: str, **more: Any) -> bytes:
    return bytes(s3.get_object(Bucket=BUCKET, Key=key, **more)["Body"].read())


def test_only_the_object_that_is_meant_is_deleted(s3: Any, bucket: str) -> None:
    tag = put(s3, "guarded")["ETag"]
    stored = s3.head_object(Bucket=bucket, Key="guarded")["LastModified"]
    where = {"Bucket": bucket, "Key": "guarded"}
    for wrong in (
        {"IfMatch": '"0"'},
        {"IfMatchSize": 6},
        {"IfMatchLastModifiedTime": stored - timedelta(seconds=1)},
        {"IfMatch": tag, "IfMatchSize": 8},
    ):
        with refused("PreconditionFailed"):
            s3.delete_object(**where, **wrong)
    for version in ("0", "3/L4kqtJlcpXroDTDmJ"):
        with refused("NoSuchVersion"):
            s3.delete_object(**where, VersionId=version)
        with refused("NoSuchVersion"):
            s3.get_object(**where, VersionId=version)
    assert read(s3, "guarded", VersionId="null") == b"content"
    s3.delete_object(**where, VersionId="null", IfMatch=tag, IfMatchSize=7, IfMatchLastModifiedTime=stored)
    assert not there(s3, "guarded")
    s3.delete_object(**where, IfMatch='"0"')  # gone is gone


def test_each_of_several_is_deleted_only_if_it_is_meant(s3: Any, bucket: str) -> None:
    tags = {key: put(s3, f"several/{key}", key.encode())["ETag"] for key in "abcde"}
    named = [
        {"Key": "several/a", "ETag": tags["b"]},
        {"Key": "several/b", "Size": 2},
        {"Key": "several/c", "LastModifiedTime": datetime(2015, 1, 1, tzinfo=UTC)},
        {"Key": "several/d", "VersionId": "1"},
        {"Key": "several/e", "ETag": tags["e"], "Size": 1, "VersionId": "null"},
    ]
    done = s3.delete_objects(Bucket=bucket, Delete={"Objects": named})
    assert done["Deleted"] == [{"Key": "several/e", "VersionId": "null"}]
    assert {one["Key"][-1]: one["Code"] for one in done["Errors"]} == {
        **dict.fromkeys("abc", "PreconditionFailed"),
        "d": "NoSuchVersion",
    }
    with refused("MalformedXML", "1000"):
        s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": str(number)} for number in range(1001)]})
    assert len(s3.list_objects_v2(Bucket=bucket, Prefix="several/")["Contents"]) == 4


def test_the_owner_is_the_one_that_is_expected(s3: Any, bucket: str) -> None:
    put(s3, "owned", ExpectedBucketOwner="000000000000")
    where = {"Bucket": bucket, "Key": "owned"}
    other = {"ExpectedBucketOwner": "111122223333"}
    with refused("AccessDenied"):
        s3.put_object(**where, Body=b"other", **other)
    with refused("AccessDenied"):
        s3.delete_object(**where, **other)
    with refused("AccessDenied"):
        s3.copy_object(Bucket=bucket, Key="new", CopySource=where, ExpectedSourceBucketOwner="111122223333")
    with refused("403"):
        s3.head_bucket(Bucket=bucket, **other)
    assert read(s3, "owned") == b"content"
    assert not there(s3, "new")


def test_what_is_kept_with_an_object(s3: Any, bucket: str) -> None:
    ends = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
    put(s3, "about", Expires=ends, StorageClass="STANDARD_IA", CacheControl="no-cache", ContentEncoding="gzip, br")
    head = s3.head_object(Bucket=bucket, Key="about")
    assert (head["Expires"], head["StorageClass"], head["CacheControl"]) == (ends, "STANDARD_IA", "no-cache")
    assert head["ContentEncoding"] == "gzip, br"
    assert s3.list_objects_v2(Bucket=bucket, Prefix="about")["Contents"][0]["StorageClass"] == "STANDARD_IA"
    told = s3.get_object(
        Bucket=bucket, Key="about", ResponseExpires=ends + timedelta(days=1), ResponseContentType="a/b"
    )
    assert (told["Expires"], told["ContentType"]) == (ends + timedelta(days=1), "a/b")
    for name in ("GLACIER", "DEEP_ARCHIVE", "OUTPOSTS"):
        with refused("NotImplemented", "StorageClass"):
            put(s3, "archived", StorageClass=name)
    with refused("MetadataTooLarge"):
        put(s3, "archived", Metadata={"a": "x" * 2048})
    assert not there(s3, "archived")
    put(s3, "plain", ACL="bucket-owner-full-control", StorageClass="STANDARD", RequestPayer="requester")
    assert "StorageClass" not in s3.head_object(Bucket=bucket, Key="plain")


def checksum(algorithm: str, content: bytes) -> str:
    """Computed by the clients' own library."""
    match algorithm:
        case "CRC32":
            digest = zlib.crc32(content).to_bytes(4, "big")
        case "CRC32C":
            digest = awscrt.crc32c(content).to_bytes(4, "big")
        case "CRC64NVME":
            digest = awscrt.crc64nvme(content).to_bytes(8, "big")
        case "XXHASH64":
            digest = awscrt.XXHash.compute_xxhash64(content)
        case "XXHASH3":
            digest = awscrt.XXHash.compute_xxhash3_64(content)
        case "XXHASH128":
            digest = awscrt.XXHash.compute_xxhash3_128(content)
        case _:
            digest = hashlib.new(algorithm.lower(), content, usedforsecurity=False).digest()
    return base64.b64encode(digest).decode()


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_checksums_are_compared_and_kept(s3: Any, served: Served, bucket: str, algorithm: str) -> None:
    name, key = f"Checksum{algorithm}", f"checksum/{algorithm}"
    right, wrong = checksum(algorithm, b"content"), checksum(algorithm, b"other")
    path = f"/{bucket}/{key}"
    for told in (wrong, "AA==", "?", ""):
        status, text = ask(served, "PUT", path, b"content", {f"x-amz-checksum-{algorithm.lower()}": told})
        assert (status, b"<Code>BadDigest" in text) == (400, True), text
    assert not there(s3, key)
    assert ask(served, "PUT", path, b"content", {f"x-amz-checksum-{algorithm.lower()}": right})[0] == 200
    assert s3.head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED")[name] == right
    assert name not in s3.head_object(Bucket=bucket, Key=key)
    attributes = s3.get_object_attributes(Bucket=bucket, Key=key, ObjectAttributes=["Checksum", "ObjectSize", "ETag"])
    assert (attributes["Checksum"][name], attributes["ObjectSize"]) == (right, 7)
    assert s3.list_objects_v2(Bucket=bucket, Prefix=key)["Contents"][0]["ChecksumAlgorithm"] == [algorithm]
    how = {name: right} if algorithm == "MD5" else {"ChecksumAlgorithm": algorithm}  # the client computes no MD5
    s3.put_object(Bucket=bucket, Key=f"{key}/by-the-client", Body=b"content", **how)
    assert s3.head_object(Bucket=bucket, Key=f"{key}/by-the-client", ChecksumMode="ENABLED")[name] == right
    s3.copy_object(Bucket=bucket, Key=f"{key}/copy", CopySource=f"{bucket}/{key}", ChecksumAlgorithm=algorithm)
    assert s3.head_object(Bucket=bucket, Key=f"{key}/copy", ChecksumMode="ENABLED")[name] == right


def test_what_is_no_checksum(s3: Any, served: Served, bucket: str) -> None:
    put(s3, "about")
    crc, sha = checksum("CRC32", b"content"), checksum("SHA1", b"content")
    for headers, code in (
        ({"x-amz-checksum-crc32": crc, "x-amz-checksum-sha1": sha}, b"InvalidRequest"),
        ({"x-amz-sdk-checksum-algorithm": "CRC7"}, b"InvalidRequest"),
        ({"Content-MD5": "short"}, b"InvalidDigest"),
        ({"Content-MD5": ""}, b"InvalidDigest"),
    ):
        status, text = ask(served, "PUT", f"/{bucket}/none", b"content", headers)
        assert (status, b"<Code>" + code in text) == (400, True), text
    document = b"<Delete><Object><Key>about</Key></Object></Delete>"
    for headers in ({"x-amz-checksum-crc32": crc}, {"Content-MD5": checksum("MD5", b"other")}):
        assert b"<Code>BadDigest" in ask(served, "POST", f"/{bucket}?delete", document, headers)[1]
    assert there(s3, "about")
    unknown = document.replace(b"<Key>", b"<Colour>red</Colour><Key>")
    assert b"<Code>MalformedXML" in ask(served, "POST", f"/{bucket}?delete", unknown)[1]
    assert there(s3, "about")


@pytest.mark.parametrize(
    ("algorithm", "kind"),
    [("CRC32", "COMPOSITE"), ("CRC32", "FULL_OBJECT"), ("CRC64NVME", "FULL_OBJECT"), ("SHA256", "COMPOSITE")],
)
def test_checksums_of_objects_in_parts(s3: Any, bucket: str, algorithm: str, kind: str) -> None:
    where, name = {"Bucket": bucket, "Key": f"parts/{algorithm}/{kind}"}, f"Checksum{algorithm}"
    made = s3.create_multipart_upload(**where, ChecksumAlgorithm=algorithm, ChecksumType=kind)
    assert (made["ChecksumAlgorithm"], made["ChecksumType"]) == (algorithm, kind)
    upload = {**where, "UploadId": made["UploadId"]}
    sent = [
        s3.upload_part(**upload, PartNumber=number, Body=body, ChecksumAlgorithm=algorithm)
        for number, body in ((1, LARGE), (2, b"end"))
    ]
    parts = [{"PartNumber": n, "ETag": part["ETag"], name: part[name]} for n, part in enumerate(sent, 1)]
    assert [part[name] for part in s3.list_parts(**upload)["Parts"]] == [part[name] for part in sent]
    whole = checksum(algorithm, LARGE + b"end")
    if kind == "COMPOSITE":
        digests = b"".join(base64.b64decode(part[name]) for part in sent)
        whole = f"{checksum(algorithm, digests)}-2"
    other = {**parts[0], name: checksum(algorithm, b"other")}
    with refused("InvalidPart"):
        s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": [other, parts[1]]})
    with refused("BadDigest"):
        s3.complete_multipart_upload(
            **upload, MultipartUpload={"Parts": parts}, **{name: checksum(algorithm, b"other")}, ChecksumType=kind
        )
    with refused("InvalidRequest"):
        s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts}, MpuObjectSize=1)
    done = s3.complete_multipart_upload(
        **upload, MultipartUpload={"Parts": parts}, **{name: whole.partition("-")[0]}, ChecksumType=kind
    )
    assert (done[name], done["ChecksumType"]) == (whole, kind)
    head = s3.head_object(**where, ChecksumMode="ENABLED")
    assert (head[name], head["ChecksumType"]) == (whole, kind)
    second = s3.get_object(**where, PartNumber=2, ChecksumMode="ENABLED")
    assert (second["Body"].read(), second[name], second["ChecksumType"]) == (b"end", sent[1][name], kind)
    listed = s3.get_object_attributes(**where, ObjectAttributes=["ObjectParts"])["ObjectParts"]["Parts"]
    assert [(part["Size"], part[name]) for part in listed] == [(len(LARGE), sent[0][name]), (3, sent[1][name])]


def test_parts_are_read_by_number(s3: Any, bucket: str) -> None:
    where = {"Bucket": bucket, "Key": "numbered"}
    upload = {**where, "UploadId": s3.create_multipart_upload(**where)["UploadId"]}
    bodies = [LARGE, b"m" * (6 * MEBIBYTE), b"end"]
    tags = [s3.upload_part(**upload, PartNumber=n * 2, Body=body)["ETag"] for n, body in enumerate(bodies, 1)]
    parts = [{"PartNumber": n * 2, "ETag": tag} for n, tag in enumerate(tags, 1)]
    s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
    for number, body in enumerate(bodies, 1):
        got = s3.get_object(**where, PartNumber=number)
        assert got["Body"].read() == body
        assert (got["PartsCount"], got["ResponseMetadata"]["HTTPStatusCode"]) == (3, 206)
        head = s3.head_object(**where, PartNumber=number)
        assert (head["ContentLength"], head["PartsCount"]) == (len(body), 3)
    with refused("InvalidPartNumber"):
        s3.get_object(**where, PartNumber=4)
    with refused("InvalidRequest"):
        s3.get_object(**where, PartNumber=1, Range="bytes=0-1")
    attributes = s3.get_object_attributes(**where, ObjectAttributes=["ObjectParts"], MaxParts=2, PartNumberMarker=1)
    assert [part["Size"] for part in attributes["ObjectParts"]["Parts"]] == [6 * MEBIBYTE, 3]
    put(s3, "single")
    assert read(s3, "single", PartNumber=1) == b"content"
    with refused("InvalidPartNumber"):
        read(s3, "single", PartNumber=2)
    put(s3, "empty", b"")
    assert read(s3, "empty", PartNumber=1) == b""


def test_parts_are_copied_from_ranges(s3: Any, bucket: str) -> None:
    put(s3, "source", bytes(range(100)))
    where = {"Bucket": bucket, "Key": "copied-parts"}
    upload = {**where, "UploadId": s3.create_multipart_upload(**where)["UploadId"], "PartNumber": 1}
    source = {"CopySource": f"{bucket}/source"}
    for wrong in ("bytes=0", "bytes=5-", "bytes=-5", "bytes=9-1", "0-9", "bytes=a-b", "bytes=0-1,3-4", "bytes=0--1"):
        with refused("InvalidArgument", "bytes=first-last"):
            s3.upload_part_copy(**upload, **source, CopySourceRange=wrong)
    for outside in ("bytes=0-100", "bytes=100-100", "bytes=1000-2000"):
        with refused("InvalidRange"):
            s3.upload_part_copy(**upload, **source, CopySourceRange=outside)
    with refused("PreconditionFailed"):
        s3.upload_part_copy(**upload, **source, CopySourceIfMatch='"0"')
    tag = s3.upload_part_copy(**upload, **source, CopySourceRange="bytes=10-19")["CopyPartResult"]["ETag"]
    del upload["PartNumber"]
    s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": tag}]})
    assert read(s3, "copied-parts") == bytes(range(10, 20))


@pytest.mark.parametrize(
    "key", ["a+b", "a b", "a%20b", "a%2Bb", "a?b", "a?versionId=x", "a=b&c", "ü/日本", "a//b", "d/"]
)
def test_sources_of_copies_are_percent_encoded(s3: Any, served: Served, bucket: str, key: str) -> None:
    put(s3, f"from/{key}", key.encode())
    for source in (
        {"Bucket": bucket, "Key": f"from/{key}"},
        {"Bucket": bucket, "Key": f"from/{key}", "VersionId": "null"},
    ):
        s3.copy_object(Bucket=bucket, Key=f"to/{key}", CopySource=source)
        assert read(s3, f"to/{key}") == key.encode()
        s3.delete_object(Bucket=bucket, Key=f"to/{key}")
    written = quote(f"/{bucket}/from/{key}", safe="/").replace("%20", "+")
    assert ask(served, "PUT", f"/{bucket}/raw", b"", {"x-amz-copy-source": written})[0] == 200
    assert read(s3, "raw") == key.encode()
    with refused("NoSuchVersion"):
        s3.copy_object(
            Bucket=bucket, Key="raw", CopySource={"Bucket": bucket, "Key": f"from/{key}", "VersionId": "other"}
        )


def test_copies(s3: Any, bucket: str) -> None:
    put(s3, "original", ContentType="text/a", Metadata={"a": "1"}, StorageClass="ONEZONE_IA")
    where = {"Bucket": bucket, "Key": "copy", "CopySource": f"{bucket}/original"}
    with refused("InvalidRequest", "itself"):
        s3.copy_object(**{**where, "Key": "original"})
    s3.copy_object(**{**where, "Key": "original"}, MetadataDirective="REPLACE", ContentType="text/b")
    head = s3.head_object(Bucket=bucket, Key="original")
    assert (head["ContentType"], head["Metadata"], "StorageClass" in head) == ("text/b", {}, False)
    s3.copy_object(**where, IfNoneMatch="*")
    with refused("PreconditionFailed"):
        s3.copy_object(**where, IfNoneMatch="*")
    with refused("PreconditionFailed"):
        s3.copy_object(**where, CopySourceIfNoneMatch=head["ETag"])
    with refused("InvalidArgument"):
        s3.copy_object(**where, MetadataDirective="MERGE")
    for wrong in ("nothing", "/bucket-only", "bucket/", ""):
        with refused("InvalidArgument|NoSuchKey|NoSuchBucket|NotImplemented"):
            s3.copy_object(**{**where, "CopySource": wrong})
    assert read(s3, "copy") == b"content"


def test_the_same_is_told_of_what_is_unchanged(s3: Any, served: Served, bucket: str) -> None:
    tag = put(s3, "cached")["ETag"]
    connection = HTTPConnection("127.0.0.1", served.port, timeout=300)
    connection.request("GET", f"/{bucket}/cached", headers={"If-None-Match": tag})
    answer = connection.getresponse()
    assert (answer.status, answer.read(), answer.headers["ETag"]) == (304, b"", tag)
    connection.request("GET", f"/{bucket}/never-there")
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    assert f"<RequestId>{answer.headers['x-amz-request-id']}</RequestId>" in text
    assert "<Key>never-there</Key>" in text


def test_uploads_are_listed_by_page(s3: Any) -> None:
    s3.create_bucket(Bucket="uploads")
    keys = ["a", "a", "b/1", "b/2", "c", "d e"]
    for key in keys:
        s3.create_multipart_upload(Bucket="uploads", Key=key)
    pages = s3.get_paginator("list_multipart_uploads").paginate(Bucket="uploads", PaginationConfig={"PageSize": 1})
    assert [one["Key"] for page in pages for one in page.get("Uploads", [])] == keys
    found = s3.list_multipart_uploads(Bucket="uploads", Delimiter="/", MaxUploads=3)
    assert [one["Key"] for one in found["Uploads"]] == ["a", "a"]
    assert (found["CommonPrefixes"], found["IsTruncated"]) == ([{"Prefix": "b/"}], True)
    rest = s3.list_multipart_uploads(Bucket="uploads", Delimiter="/", KeyMarker=found["NextKeyMarker"])
    assert [one["Key"] for one in rest["Uploads"]] == ["c", "d e"]
    encoded = s3.list_multipart_uploads(Bucket="uploads", Prefix="d", EncodingType="url")
    assert encoded["Uploads"][0]["Key"] in {"d e", "d%20e"}
    upload = s3.list_multipart_uploads(Bucket="uploads", Prefix="c")["Uploads"][0]
    where = {"Bucket": "uploads", "Key": "c", "UploadId": upload["UploadId"]}
    with refused("PreconditionFailed"):
        s3.abort_multipart_upload(**where, IfMatchInitiatedTime=upload["Initiated"] - timedelta(days=1))
    s3.abort_multipart_upload(**where, IfMatchInitiatedTime=upload["Initiated"])
    assert not s3.list_multipart_uploads(Bucket="uploads", Prefix="c").get("Uploads")


def test_versions_are_listed_by_page(s3: Any) -> None:
    s3.create_bucket(Bucket="versions")
    for key in ("a", "b/1", "b/2", "c", "d e"):
        s3.put_object(Bucket="versions", Key=key, Body=b"x")
    pages = s3.get_paginator("list_object_versions").paginate(Bucket="versions", PaginationConfig={"PageSize": 2})
    found = [(one["Key"], one["VersionId"], one["IsLatest"]) for page in pages for one in page["Versions"]]
    assert found == [(key, "null", True) for key in ("a", "b/1", "b/2", "c", "d e")]
    grouped = s3.list_object_versions(Bucket="versions", Delimiter="/")
    assert [one["Key"] for one in grouped["Versions"]] == ["a", "c", "d e"]
    assert grouped["CommonPrefixes"] == [{"Prefix": "b/"}]
    boto3_resource = [{"Key": key, "VersionId": version} for key, version, _ in found]
    s3.delete_objects(Bucket="versions", Delete={"Objects": boto3_resource})
    assert "Versions" not in s3.list_object_versions(Bucket="versions")


def test_lists(s3: Any) -> None:
    s3.create_bucket(Bucket="lists")
    for key in ("a", "b/1", "b/2", "c"):
        s3.put_object(Bucket="lists", Key=key, Body=b"x")
    none = s3.list_objects_v2(Bucket="lists", MaxKeys=0)
    assert (none["KeyCount"], none["IsTruncated"], "Contents" in none) == (0, False, False)
    assert s3.list_objects_v2(Bucket="lists", MaxKeys=5000)["MaxKeys"] == 1000
    first = s3.list_objects(Bucket="lists", MaxKeys=1)
    assert (first["IsTruncated"], "NextMarker" in first, first["Contents"][0]["Owner"]["ID"]) == (True, False, "local")
    grouped = s3.list_objects(Bucket="lists", Delimiter="/", MaxKeys=2)
    assert grouped["NextMarker"] == "b/"
    rest = s3.list_objects(Bucket="lists", Delimiter="/", Marker="b/")
    assert [one["Key"] for one in rest["Contents"]] == ["c"]
    assert "Owner" not in s3.list_objects_v2(Bucket="lists")["Contents"][0]
    assert s3.list_objects_v2(Bucket="lists", FetchOwner=True)["Contents"][0]["Owner"]["ID"] == "local"
    after = s3.list_objects_v2(Bucket="lists", StartAfter="b/1", MaxKeys=1)
    assert [one["Key"] for one in after["Contents"]] == ["b/2"]
    for wrong in (
        {"ContinuationToken": ""},
        {"ContinuationToken": "no token!"},
        {"EncodingType": "base64"},
        {"MaxKeys": 1 << 31},
    ):
        with refused("InvalidArgument"):
            s3.list_objects_v2(Bucket="lists", **wrong)


@pytest.mark.parametrize(
    "name",
    [
        *("ab", "a" * 64, "Upper", "under_score", "-a-b", "a-b-", ".ab", "ab.", "a..b", "a.-b", "a-.b", "192.168.5.4"),
        *("xn--abc", "sthree-abc", "amzn-s3-demo-abc", "abc-s3alias", "abc--ol-s3", "abc.mrap", "abc--table-s3"),
    ],
)
def test_names_that_are_none_of_a_bucket(served: Served, s3: Any, name: str) -> None:
    status, text = ask(served, "PUT", f"/{name}")
    assert (status, b"InvalidBucketName" in text) == (400, True), text
    assert name not in {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}


def test_regions_of_buckets(s3: Any) -> None:
    constraint = {"CreateBucketConfiguration": {"LocationConstraint": "eu-north-1"}}
    s3.create_bucket(Bucket="in-stockholm", **constraint)
    s3.create_bucket(Bucket="in-stockholm", **constraint)
    with refused("BucketAlreadyOwnedByYou"):
        s3.create_bucket(Bucket="in-stockholm")
    assert s3.get_bucket_location(Bucket="in-stockholm")["LocationConstraint"] == "eu-north-1"
    assert s3.head_bucket(Bucket="in-stockholm")["BucketRegion"] == "eu-north-1"
    (listed,) = s3.list_buckets(BucketRegion="eu-north-1")["Buckets"]
    s3.put_object(Bucket="in-stockholm", Key="a", Body=b"")
    assert s3.list_buckets(Prefix="in-stock")["Buckets"] == [listed]  # made when it was made, whatever came into it
    s3.create_bucket(Bucket="in-virginia", CreateBucketConfiguration={"LocationConstraint": "us-east-1"})
    assert s3.get_bucket_location(Bucket="in-virginia")["LocationConstraint"] is None
    for wrong in ("nowhere", ""):
        with refused("InvalidLocationConstraint"):
            s3.create_bucket(Bucket="lost", CreateBucketConfiguration={"LocationConstraint": wrong})
    with refused("NotImplemented", "tags"):
        s3.create_bucket(Bucket="lost", CreateBucketConfiguration={"Tags": [{"Key": "a", "Value": "b"}]})
    names = {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}
    assert "lost" not in names
    pages = s3.get_paginator("list_buckets").paginate(PaginationConfig={"PageSize": 1})
    assert {bucket["Name"] for page in pages for bucket in page["Buckets"]} == names


@pytest.mark.parametrize("signature", ["s3", "s3v4"])
def test_links_carry_headers_and_run_out(served: Served, s3: Any, bucket: str, signature: str) -> None:
    signer = served.client("s3", signature_version=signature)
    where = {"Bucket": bucket, "Key": f"link {signature}"}
    link = signer.generate_presigned_url(
        "put_object", Params={**where, "ContentType": "text/x", "Metadata": {"a": "1"}}
    )
    headers = {"Content-Type": "text/x", "x-amz-meta-a": "1"}
    assert ask(served, "PUT", link.removeprefix(served.url), b"linked", headers)[0] == 200
    assert s3.head_object(**where)["Metadata"] == {"a": "1"}
    for operation, verb in (("head_object", "HEAD"), ("get_object", "GET"), ("list_objects_v2", "GET")):
        params = {**where, "ResponseContentType": "a/b"} if operation == "get_object" else where
        params = {"Bucket": bucket} if operation == "list_objects_v2" else params
        link = signer.generate_presigned_url(operation, Params=params)
        assert ask(served, verb, link.removeprefix(served.url))[0] == 200
    old = signer.generate_presigned_url("delete_object", Params=where, ExpiresIn=1)
    time.sleep(2)
    status, text = ask(served, "DELETE", old.removeprefix(served.url))
    assert (status, b"Request has expired" in text) == (403, True)
    link = signer.generate_presigned_url("delete_object", Params=where)
    assert ask(served, "DELETE", link.removeprefix(served.url))[0] == 204
    assert not there(s3, f"link {signature}")


def test_a_length_must_be_told(served: Served, bucket: str) -> None:
    connection = HTTPConnection("127.0.0.1", served.port, timeout=300)
    connection.putrequest("PUT", f"/{bucket}/no-length")
    connection.endheaders()
    answer = connection.getresponse()
    assert (answer.status, b"MissingContentLength" in answer.read()) == (411, True)
    connection.close()


@pytest.mark.parametrize("name", ["crc32c", "crc64nvme"])
@pytest.mark.parametrize("size", [0, 1, 9, 1000])
def test_checksums_are_the_same_where_awss_library_is_not_installed(name: str, size: int) -> None:
    content = bytes(range(256)) * 4
    whole = getattr(awscrt, name)(content[:size])
    assert checksums.crc(name, content[:size]) == whole
    assert checksums.crc(name, content[size // 2 : size], checksums.crc(name, content[: size // 2])) == whole
    assert checksums.crc("crc32c", b"123456789") == 0xE3069283  # the check value of RFC 3720
