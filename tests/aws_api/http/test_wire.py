"""What goes over the wire, byte by byte: what clients may send, what strangers may not, and what is never believed."""

import base64
import json
import socket
import zlib
from typing import Any

import pytest
from botocore.model import OperationModel

from mlops_new.aws_api.http import json_service, xml_text
from mlops_new.aws_api.http.service_errors import Unmodelled
from mlops_new.aws_api.http.service_models import fit, model
from tests.aws_api.program import Served, ask, refused

TARGET = "X-Amz-Target"
JSON = {"Content-Type": "application/x-amz-json-1.1"}


def operation(served: Served, target: str, body: bytes) -> tuple[int, dict[str, Any]]:
    status, text = ask(served, "POST", "/", body, {**JSON, TARGET: target})
    return status, json.loads(text)


@pytest.mark.parametrize(
    ("target", "body", "code"),
    [
        ("SageMaker.MakeCoffee", b"{}", "UnknownOperationException"),
        ("SageMaker.CreateEndpoint", b"{}", "UnknownOperationException"),
        ("Logs_20140328.GetLogEvents", b"{}", "UnknownOperationException"),
        ("DescribePipeline", b"{}", "UnknownOperationException"),
        ("SageMaker.DescribePipeline", b"{", "SerializationException"),
        ("SageMaker.DescribePipeline", b"\xff\xfe", "SerializationException"),
        ("SageMaker.DescribePipeline", b"[]", "SerializationException"),
        ("SageMaker.DescribePipeline", b"[" * 100_000, "SerializationException"),
        ("SageMaker.DescribePipeline", b"", "ValidationException"),
        ("SageMaker.DescribePipeline", b'{"PipelineName": 1}', "ValidationException"),
        ("SageMaker.DescribePipeline", b'{"PipelineName": {"Get": "a"}}', "ValidationException"),
        ("SageMaker.DescribePipeline", b'{"PipelineName": "a", "Colour": "red"}', "ValidationException"),
        ("SageMaker.DescribePipeline", b'{"PipelineName": "not a name"}', "ValidationException"),
        ("SageMaker.DescribePipeline", b'{"PipelineName": "not-there"}', "ResourceNotFound"),
        ("SageMaker.ListPipelines", b'{"MaxResults": 0}', "ValidationException"),
        ("SageMaker.ListPipelines", b'{"MaxResults": 101}', "ValidationException"),
        ("SageMaker.ListPipelines", b'{"SortOrder": "Sideways"}', "ValidationException"),
        ("SageMaker.ListPipelines", b'{"CreatedAfter": "yesterday"}', "ValidationException"),
        ("SageMaker.ListPipelineExecutionSteps", b"{}", "ValidationException"),
    ],
)
def test_wrong_requests_are_told_what_is_wrong(served: Served, target: str, body: bytes, code: str) -> None:
    status, answer = operation(served, target, body)
    assert (status, answer["__type"]) == (400, code)
    assert answer["message"]


def test_times_are_numbers_or_text(served: Served) -> None:
    for written in ("1000000000", '"2001-09-09T01:46:40Z"', "1.0e9"):
        status, answer = operation(served, "SageMaker.ListPipelines", f'{{"CreatedBefore": {written}}}'.encode())
        assert (status, answer) == (200, {"PipelineSummaries": []})


def test_strangers_are_refused(served: Served) -> None:
    for host in ("example.com", f"example.com:{served.port}", "127.0.0.1.example.com", "localhost.example.com", ""):
        status, text = ask(served, "GET", "/", headers={"Host": host})
        assert (status, b"AccessDenied" in text) == (403, True), host
    for headers in ({"Origin": "http://localhost"}, {"Sec-Fetch-Site": "cross-site"}):
        status, text = ask(served, "POST", "/mlops-new?delete", b"<Delete/>", headers)
        assert (status, b"web pages" in text) == (403, True)
    status, text = ask(served, "POST", "/", b"{}", {"Host": "example.com", TARGET: "SageMaker.ListPipelines"})
    assert (status, json.loads(text)["__type"]) == (403, "AccessDenied")
    for host in (f"localhost:{served.port}", "127.0.0.1", "[::1]:80"):
        assert ask(served, "GET", "/", headers={"Host": host})[0] == 200


def test_buckets_in_the_host_name(served: Served, s3: Any) -> None:
    s3.create_bucket(Bucket="virtual.host")
    there = {"Host": f"virtual.host.localhost:{served.port}"}
    assert ask(served, "PUT", "/a%20b/c", b"content", there)[0] == 200
    assert s3.get_object(Bucket="virtual.host", Key="a b/c")["Body"].read() == b"content"
    assert b"<Key>a b/c</Key>" in ask(served, "GET", "/?list-type=2", headers=there)[1]
    assert ask(served, "POST", "/", b"Action=GetCallerIdentity", {**there, "Content-Type": "text/plain"})[0] == 501


def test_who_am_i(served: Served) -> None:
    sts = served.client("sts")
    assert sts.get_caller_identity()["Account"] == "000000000000"
    with refused("InvalidAction"):
        sts.get_session_token()


def _streamed(*chunks: bytes, trailers: str = "") -> bytes:
    parts = [f"{len(chunk):x};chunk-signature=0\r\n".encode() + chunk + b"\r\n" for chunk in (*chunks, b"")]
    return b"".join(parts)[:-2] + trailers.encode() + b"\r\n"


def test_bodies_that_aws_clients_stream(served: Served, s3: Any) -> None:
    content = b"one" * 1000 + b"two"
    crc = base64.b64encode(zlib.crc32(content).to_bytes(4, "big")).decode()
    headers = {
        "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "x-amz-decoded-content-length": str(len(content)),
        "x-amz-trailer": "x-amz-checksum-crc32",
        "x-amz-sdk-checksum-algorithm": "CRC32",
        "Content-Encoding": "aws-chunked",
    }
    body = _streamed(content[:3000], content[3000:], trailers=f"x-amz-checksum-crc32:{crc}\r\n")
    assert ask(served, "PUT", "/mlops-new/wire/streamed", body, headers)[0] == 200
    got = s3.get_object(Bucket="mlops-new", Key="wire/streamed")
    assert got["Body"].read() == content
    assert "ContentEncoding" not in got
    for wrong, code in (
        (body.replace(crc.encode(), b"AAAAAA=="), b"BadDigest"),
        (_streamed(content[:3000]), b"IncompleteBody"),
        (_streamed(content), b"MalformedTrailerError"),
        (b"zz\r\nnot a chunk", b"InvalidChunkSizeError"),
        (b"-5\r\nnot a chunk", b"InvalidChunkSizeError"),
        (b"5\r\nmore than five\r\n0\r\n\r\n", b"InvalidChunkSizeError"),
        (b"ffff\r\nless", b"IncompleteBody"),
        (b"0" * 20_000, b"InvalidChunkSizeError"),
    ):
        status, text = ask(served, "PUT", "/mlops-new/wire/wrong", wrong, headers)
        assert (status, code in text) == (400, True), text
    without = {name: value for name, value in headers.items() if name != "x-amz-decoded-content-length"}
    status, text = ask(served, "PUT", "/mlops-new/wire/wrong", body, without)
    assert (status, b"MissingContentLength" in text) == (411, True)
    with refused("404"):
        s3.head_object(Bucket="mlops-new", Key="wire/wrong")


@pytest.mark.parametrize(
    "told",
    [
        {"Content-MD5": "AAAAAAAAAAAAAAAAAAAAAA=="},
        {"x-amz-checksum-crc32": "AAAAAA=="},
        {"x-amz-checksum-sha1": "A" * 27 + "="},
        {"x-amz-checksum-sha256": "A" * 43 + "="},
        {"x-amz-checksum-sha512": "A" * 86 + "=="},
        {"x-amz-checksum-md5": "A" * 22 + "=="},
        {"x-amz-checksum-crc32c": "AAAAAA=="},
        {"x-amz-checksum-crc64nvme": "AAAAAAAAAAA="},
        {"x-amz-checksum-xxhash64": "AAAAAAAAAAA="},
        {"x-amz-checksum-xxhash3": "AAAAAAAAAAA="},
        {"x-amz-checksum-xxhash128": "A" * 22 + "=="},
    ],
)
def test_a_body_that_is_another_one_is_not_kept(served: Served, told: dict[str, str]) -> None:
    status, text = ask(served, "PUT", "/mlops-new/wire/other", b"content", told)
    assert (status, b"BadDigest" in text) == (400, True)
    assert ask(served, "GET", "/mlops-new/wire/other")[0] == 404


def _raw(served: Served, *parts: bytes) -> bytes:
    """Send bytes as they are, and read until the server closes, or has answered what was asked."""
    with socket.create_connection(("127.0.0.1", served.port), timeout=300) as connection:
        for part in parts:
            connection.sendall(part)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while block := connection.recv(65_536):
            answer += block
    return answer


def test_connections_are_kept_whatever_was_answered(served: Served) -> None:
    host = b"Host: localhost\r\n"
    answer = _raw(
        served,
        b"PUT /mlops-new/wire/kept HTTP/1.1\r\n" + host + b"Transfer-Encoding: chunked\r\n\r\n",
        b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
        b"PUT /no-such-bucket/k HTTP/1.1\r\n" + host + b"Content-Length: 5\r\n\r\nabcde",
        b"GET /mlops-new/wire/kept HTTP/1.1\r\n" + host + b"\r\n",
        b"HEAD /mlops-new/wire/kept HTTP/1.1\r\n" + host + b"\r\n",
        b"DELETE /mlops-new/wire/kept HTTP/1.1\r\n" + host + b"\r\n",
        b"BREW /coffee HTTP/1.1\r\n" + host + b"\r\n",
    )
    statuses = [part.split(b" ")[0] for part in answer.split(b"HTTP/1.1 ")[1:]]
    assert statuses == [b"200", b"404", b"200", b"200", b"204", b"501"]
    assert b"abcde" in answer


def test_bodies_are_asked_for_when_they_are_wanted(served: Served) -> None:
    head = b"PUT /mlops-new/wire/late HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n"
    with socket.create_connection(("127.0.0.1", served.port), timeout=300) as connection:
        connection.sendall(head)
        assert connection.recv(65_536) == b"HTTP/1.1 100 Continue\r\n\r\n"  # before any of the body was sent
        connection.sendall(b"late")
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200 ")


def test_half_a_body_ends_the_connection(served: Served) -> None:
    answer = _raw(served, b"PUT /mlops-new/wire/half HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nhalf")
    assert b" 400 " in answer
    assert b"IncompleteBody" in answer
    assert ask(served, "GET", "/mlops-new/wire/half")[0] == 404
    wrong = _raw(served, b"PUT /mlops-new/wire/half HTTP/1.1\r\nHost: localhost\r\nContent-Length: many\r\n\r\n")
    assert b" 400 " in wrong


@pytest.mark.parametrize(
    ("method", "path", "body", "code"),
    [
        ("POST", "/mlops-new?delete", b"<Delete>", b"MalformedXML"),
        ("POST", "/mlops-new?delete", b"<Delete/>", b"MalformedXML"),
        ("POST", "/mlops-new?delete", b"", b"MalformedXML"),
        ("POST", "/mlops-new?delete", b'<!DOCTYPE a [<!ENTITY b "c">]><Delete>&b;</Delete>', b"MalformedXML"),
        ("POST", "/mlops-new?delete", b"x" * (17 << 20), b"RequestEntityTooLarge"),
        ("GET", "/mlops-new?list-type=2&max-keys=many", b"", b"InvalidArgument"),
        ("GET", "/mlops-new?list-type=2&max-keys=-1", b"", b"InvalidArgument"),
        ("GET", "/mlops-new/%ff", b"", b"InvalidURI"),
        ("PUT", "/mlops-new/a?acl", b"", b"NotImplemented"),
        ("POST", "/mlops-new/a", b"", b"NotImplemented"),
        ("GET", "/2015-03-31/functions/", b"", b"NoSuchBucket"),
        ("GET", "/mlops-new/not-%0Athere", b"", b"NoSuchKey"),
    ],
)
def test_wrong_requests_for_objects(served: Served, method: str, path: str, body: bytes, code: bytes) -> None:
    status, text = ask(served, method, path, body)
    assert 400 <= status <= 501
    assert b"<Code>" + code + b"</Code>" in text


# What the services' models do not know is never answered.


def _output(service: str, name: str) -> OperationModel:
    return model(service).operation_model(name).output_shape


@pytest.mark.parametrize(
    "answer",
    [
        {"PipelineArn": "a", "Colour": "red"},
        {"PipelineArn": 1},
        {"CreationTime": 1.5},
        {"CreatedBy": {"Shoe": "size"}},
        {"ParallelismConfiguration": {"MaxParallelExecutionSteps": True}},
    ],
)
def test_answers_that_json_clients_would_not_know_are_bugs(answer: dict[str, Any]) -> None:
    with pytest.raises(Unmodelled):
        json_service.write(answer, _output("sagemaker", "DescribePipeline"))


def test_answers_that_xml_clients_would_not_know_are_bugs() -> None:
    for answer in ({"Colour": "red"}, {"KeyCount": "1"}, {"Contents": [{"Size": "1"}]}, {"IsTruncated": 1}):
        with pytest.raises(Unmodelled):
            xml_text.element("ListBucketResult", answer, _output("s3", "ListObjectsV2"))
    with pytest.raises(Unmodelled, match="missing"):
        json_service.write({}, _output("sagemaker", "DescribeModelPackage"))


def test_what_an_answer_has_no_member_for_is_left_out_on_purpose_only() -> None:
    document = {
        "ModelPackageName": "a",
        "Tags": [],
        "ModelPackageStatusDetails": {"ValidationStatuses": [{"Name": "n", "X": 1}]},
    }
    assert fit(document, _output("sagemaker", "DescribeModelPackage")) == {
        "ModelPackageName": "a",
        "ModelPackageStatusDetails": {"ValidationStatuses": [{"Name": "n"}]},
    }
