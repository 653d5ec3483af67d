"""Every operation and every member of the services' models, as the installed botocore has them."""

import hashlib
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.model import OperationModel, Shape

from mlops_new.aws_api.http.request_members import of_shape
from mlops_new.aws_api.http.service_models import model
from mlops_new.aws_api.s3 import operations
from mlops_new.aws_api.s3.s3_members import ALGORITHMS, MEMBERS
from mlops_new.aws_api.sagemaker import operations as sagemaker_operations
from mlops_new.aws_api.sagemaker.sagemaker_members import MEMBERS as SAGEMAKER_MEMBERS
from tests.aws_api.program import Served, ask
from tests.platforms.local.conftest import Local

S3 = model("s3")
BUCKET, KEY = "every-operation", "folder/object"
DONE = {
    *("AbortMultipartUpload", "CompleteMultipartUpload", "CopyObject", "CreateBucket", "CreateMultipartUpload"),
    *(
        "DeleteBucket",
        "DeleteObject",
        "DeleteObjects",
        "GetBucketLocation",
        "GetBucketVersioning",
        "GetObject",
        "GetObjectAttributes",
    ),
    *("HeadBucket", "HeadObject", "ListBuckets", "ListMultipartUploads", "ListObjectVersions", "ListObjects"),
    *("ListObjectsV2", "ListParts", "PutObject", "UploadPart", "UploadPartCopy"),
}


def minimal(shape: Shape) -> Any:
    """The least that a request of this shape says."""
    match shape.type_name:
        case "structure" if shape.is_tagged_union:
            first = next(iter(shape.members))
            return {first: minimal(shape.members[first])}
        case "structure":
            return {name: minimal(shape.members[name]) for name in shape.required_members}
        case "list":
            return [minimal(shape.member)]
        case "map":
            return {"key": minimal(shape.value)}
        case "integer" | "long":
            return 1
        case "boolean":
            return True
        case "timestamp":
            return "2026-01-01T00:00:00Z"
        case "blob":
            return b"x"
        case "string":
            return shape.enum[0] if shape.enum else "x" * int(shape.metadata.get("min", 1))
        case _:
            return {}


def request_of(operation: OperationModel) -> dict[str, Any]:
    params: dict[str, Any] = minimal(operation.input_shape) if operation.input_shape else {}
    places = {"Bucket": BUCKET, "Key": KEY, "CopySource": f"{BUCKET}/{KEY}", "RenameSource": f"/{BUCKET}/{KEY}"}
    return {name: places.get(name, value) for name, value in params.items()}


def method(client: Any, operation: str) -> Any:
    names = {api: python for python, api in client.meta.method_to_api_mapping.items()}
    return getattr(client, names[operation])


def content(home: Path) -> dict[str, str]:
    """Every file of the store, and its hash."""
    found = [path for place in ("objects", "uploads") for path in (home / place).rglob("*")]
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder" for path in found}


@pytest.fixture(scope="module")
def client(served: Served) -> Any:
    client = served.client("s3", inject_host_prefix=False)
    client.create_bucket(Bucket=BUCKET)
    for key in (KEY, "other"):
        client.put_object(Bucket=BUCKET, Key=key, Body=b"content")
    return client


def test_the_list_of_what_is_done_is_complete(prepared: Local) -> None:
    assert set(operations(prepared.platform)) == set(MEMBERS.honoured) == DONE


@pytest.mark.parametrize("name", sorted(set(S3.operation_names) - DONE))
def test_what_is_not_implemented_says_so_and_changes_nothing(client: Any, prepared: Local, name: str) -> None:
    before = content(prepared.platform.stores.home.root)
    with pytest.raises(ClientError) as caught:
        method(client, name)(**request_of(S3.operation_model(name)))
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501, caught.value
    if S3.operation_model(name).http["method"] != "HEAD":
        assert caught.value.response["Error"]["Code"] == "NotImplemented"
    assert content(prepared.platform.stores.home.root) == before


def test_what_is_implemented_is_done(client: Any) -> None:
    """All of them in one life of a bucket: each does what its name says, and nothing else."""
    done: list[str] = []

    def call(name: str, **params: Any) -> Any:
        done.append(name)
        return method(client, name)(Bucket="one-life", **params)

    call("CreateBucket")
    assert call("HeadBucket")["BucketRegion"] == "us-east-1"
    assert call("GetBucketLocation")["LocationConstraint"] is None
    assert "Status" not in call("GetBucketVersioning")
    assert call("PutObject", Key="a", Body=b"one")["ETag"]
    assert call("GetObject", Key="a")["Body"].read() == b"one"
    assert call("HeadObject", Key="a")["ContentLength"] == 3
    assert call("GetObjectAttributes", Key="a", ObjectAttributes=["ObjectSize"])["ObjectSize"] == 3
    call("CopyObject", Key="b", CopySource="one-life/a")
    upload = {"Key": "c", "UploadId": call("CreateMultipartUpload", Key="c")["UploadId"]}
    first = call("UploadPart", **upload, PartNumber=1, Body=b"1" * (5 << 20))["ETag"]
    last = call("UploadPartCopy", **upload, PartNumber=2, CopySource="one-life/a")["CopyPartResult"]["ETag"]
    assert [part["PartNumber"] for part in call("ListParts", **upload)["Parts"]] == [1, 2]
    assert [one["Key"] for one in call("ListMultipartUploads")["Uploads"]] == ["c"]
    parts = [{"PartNumber": 1, "ETag": first}, {"PartNumber": 2, "ETag": last}]
    call("CompleteMultipartUpload", **upload, MultipartUpload={"Parts": parts})
    dropped = client.create_multipart_upload(Bucket="one-life", Key="d")["UploadId"]
    call("AbortMultipartUpload", Key="d", UploadId=dropped)
    for name, member in (
        ("ListObjects", "Contents"),
        ("ListObjectsV2", "Contents"),
        ("ListObjectVersions", "Versions"),
    ):
        assert [(one["Key"], one["Size"]) for one in call(name)[member]] == [("a", 3), ("b", 3), ("c", (5 << 20) + 3)]
    call("DeleteObject", Key="a")
    call("DeleteObjects", Delete={"Objects": [{"Key": "b"}, {"Key": "c"}]})
    done.append("ListBuckets")
    assert "one-life" in {bucket["Name"] for bucket in client.list_buckets()["Buckets"]}
    call("DeleteBucket")
    assert "one-life" not in {bucket["Name"] for bucket in client.list_buckets()["Buckets"]}
    assert set(done) == DONE


SAGEMAKER = model("sagemaker")


def test_what_sagemaker_does_is_complete(prepared: Local) -> None:
    assert set(sagemaker_operations(prepared.platform)) == set(SAGEMAKER_MEMBERS.honoured)


@pytest.mark.parametrize("name", sorted(SAGEMAKER_MEMBERS.honoured))
def test_each_member_of_sagemaker_is_honoured_harmless_or_refused(name: str) -> None:
    members = list(SAGEMAKER.operation_model(name).input_shape.members)
    found = {member: SAGEMAKER_MEMBERS.treatments(name, member) for member in members}
    assert {member: len(treatments) for member, treatments in found.items()} == dict.fromkeys(members, 1)


@pytest.mark.parametrize("name", sorted(set(SAGEMAKER.operation_names) - set(SAGEMAKER_MEMBERS.honoured))[::25])
def test_what_sagemaker_does_not_do_is_refused(served: Served, name: str) -> None:
    headers = {"X-Amz-Target": f"SageMaker.{name}", "Content-Type": "application/x-amz-json-1.1"}
    status, text = ask(served, "POST", "/", b"{}", headers)
    assert (status, b"UnknownOperationException" in text) == (400, True)


@pytest.mark.parametrize("name", sorted(DONE))
def test_each_member_is_honoured_harmless_or_refused(name: str) -> None:
    shape = S3.operation_model(name).input_shape
    members = list(of_shape(shape)) if shape else []
    assert {member: len(MEMBERS.treatments(name, member)) for member in members} == dict.fromkeys(members, 1)


def _refusable() -> list[tuple[str, str]]:
    return [
        (name, member)
        for name in sorted(DONE)
        for member, inner in S3.operation_model(name).input_shape.members.items()
        if member in MEMBERS.refused and member not in MEMBERS.honoured[name] and inner.type_name != "structure"
    ]


@pytest.mark.parametrize(("name", "member"), _refusable())
def test_what_is_refused_changes_nothing(client: Any, prepared: Local, name: str, member: str) -> None:
    operation = S3.operation_model(name)
    value = next(value for value in _values(operation.input_shape.members[member]) if _is_refused(member, value))
    more = {"SSECustomerKey": {"SSECustomerAlgorithm": "AES256"}, "CopySourceSSECustomerKey": {}}.get(member, {})
    before = content(prepared.platform.stores.home.root)
    with pytest.raises(ClientError) as caught:
        method(client, name)(**{**request_of(operation), member: value, **more})
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501, caught.value
    told = caught.value.response["Error"]["Message"]
    assert operation.http["method"] == "HEAD" or member.split("Key", maxsplit=1)[0] in told
    assert content(prepared.platform.stores.home.root) == before


def _values(shape: Shape) -> list[Any]:
    more = ["GOVERNANCE"] if shape.type_name == "string" else []
    return [*(getattr(shape, "enum", None) or []), minimal(shape), *more]


def _is_refused(member: str, value: Any) -> bool:
    return value not in MEMBERS.refused[member].but


def test_algorithms_are_those_of_the_model() -> None:
    names = {name.removeprefix("Checksum") for name in S3.operation_model("PutObject").input_shape.members}
    assert names & set(ALGORITHMS) == set(S3.shape_for("ChecksumAlgorithm").enum)


@pytest.mark.parametrize(
    ("verb", "path", "headers"),
    [
        ("DELETE", f"/{BUCKET}/{KEY}?annotation", {}),
        ("DELETE", f"/{BUCKET}/{KEY}?something-new", {}),
        ("DELETE", f"/{BUCKET}/{KEY}?something=new", {}),
        ("DELETE", f"/{BUCKET}/{KEY}", {"If-None-Match": "*"}),
        ("DELETE", f"/{BUCKET}?something-new", {}),
        ("PUT", "/new-bucket?something-new", {}),
        ("PUT", "/new-bucket?abac=", {}),
        ("PUT", f"/{BUCKET}/new?renameObject", {"x-amz-rename-source": KEY}),
        ("PUT", f"/{BUCKET}/new", {"x-amz-rename-source": KEY}),
        ("PUT", f"/{BUCKET}/new", {"x-amz-something-new": "1"}),
        ("PUT", f"/{BUCKET}/{KEY}", {"If-Unmodified-Since": "Thu, 01 Jan 2015 00:00:00 GMT"}),
        ("PUT", f"/{BUCKET}/new?partNumber=1", {}),
        ("PUT", f"/{BUCKET}/new?x-id=RenameObject", {}),
        ("GET", f"/{BUCKET}/{KEY}?response-something=1", {}),
        ("GET", f"/{BUCKET}/{KEY}", {"If-Range": '"x"'}),
        ("GET", "/?x-id=ListDirectoryBuckets", {}),
        ("POST", f"/{BUCKET}", {}),
        ("POST", f"/{BUCKET}/{KEY}?select", {}),
        ("OPTIONS", f"/{BUCKET}/{KEY}", {}),
        ("PATCH", f"/{BUCKET}/{KEY}", {}),
    ],
)
def test_what_no_operation_knows_is_refused(
    client: Any, served: Served, prepared: Local, verb: str, path: str, headers: dict[str, str]
) -> None:
    before = content(prepared.platform.stores.home.root)
    status, text = ask(served, verb, path, b"", headers)
    assert (status, b"<Code>NotImplemented</Code>" in text) == (501, True), text
    assert content(prepared.platform.stores.home.root) == before


def test_how_clients_speak_is_passed_over(client: Any, served: Served) -> None:
    headers = {"x-amz-api-version": "2006-03-01", "amz-sdk-request": "attempt=1", "x-amzn-trace-id": "Root=1"}
    assert ask(served, "GET", f"/{BUCKET}/{KEY}", headers=headers) == (200, b"content")


def test_what_users_write_for_access_logs_is_passed_over(client: Any, served: Served) -> None:
    assert ask(served, "GET", f"/{BUCKET}/{KEY}?x-reason=audit&x-id=GetObject") == (200, b"content")
