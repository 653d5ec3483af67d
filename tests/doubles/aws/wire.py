"""Which operation a request asks for, and how each protocol says no."""

import json
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import parse_qs, urlsplit

_TARGETS = {"SageMaker": "sagemaker", "AmazonEC2ContainerRegistry_V20150921": "ecr"}
_S3_BY_QUERY = {
    ("GET", "list-type"): "ListObjectsV2",
    ("GET", "versions"): "ListObjectVersions",
    ("POST", "delete"): "DeleteObjects",
    ("POST", "uploads"): "CreateMultipartUpload",
    ("POST", "uploadId"): "CompleteMultipartUpload",
    ("PUT", "partNumber"): "UploadPart",
}
_S3_OF_OBJECT = {"GET": "GetObject", "HEAD": "HeadObject", "PUT": "PutObject", "DELETE": "DeleteObject"}
_S3_OF_BUCKET = {"HEAD": "HeadBucket", "PUT": "CreateBucket", "DELETE": "DeleteBucket", "GET": "ListObjects"}


@dataclass(frozen=True)
class Request:
    """What came in."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes = field(repr=False)

    @property
    def service(self) -> str:
        """As boto names it."""
        target = self.headers.get("x-amz-target", "").partition(".")[0]
        if target in _TARGETS:
            return _TARGETS[target]
        scope = self.headers.get("authorization", "").partition("Credential=")[2].split("/")
        return scope[3] if len(scope) > 3 else "s3"

    @property
    def operation(self) -> str:
        """As the API names it."""
        if target := self.headers.get("x-amz-target"):
            return target.partition(".")[2]
        if self.service != "s3":
            return parse_qs(self.body.decode())["Action"][0]
        parts = urlsplit(self.target)
        query = parse_qs(parts.query, keep_blank_values=True)
        for (method, name), operation in _S3_BY_QUERY.items():
            if method == self.method and name in query:
                return operation
        has_key = "/" in parts.path.strip("/")
        return (_S3_OF_OBJECT if has_key else _S3_OF_BUCKET)[self.method]

    @property
    def document(self) -> dict[str, object]:
        """The body of a JSON protocol."""
        return dict(json.loads(self.body or b"{}"))


@dataclass(frozen=True)
class Answer:
    """What goes out."""

    status: int
    headers: dict[str, str]
    body: bytes


def answered(document: object) -> Answer:
    """A success in the JSON protocol."""
    return Answer(HTTPStatus.OK, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(document).encode())


def refused(request: Request, code: str, message: str, status: int = HTTPStatus.BAD_REQUEST) -> Answer:
    """A refusal in the protocol of the request."""
    if "x-amz-target" in request.headers:
        body = json.dumps({"__type": code, "message": message}).encode()
        return Answer(status, {"Content-Type": "application/x-amz-json-1.1"}, body)
    inner = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    text = inner if request.service == "s3" else f"<ErrorResponse>{inner}<RequestId>1</RequestId></ErrorResponse>"
    body = b"" if request.method == "HEAD" else text.encode()
    return Answer(status, {"Content-Type": "text/xml"}, body)
