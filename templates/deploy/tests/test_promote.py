"""Which model package is promoted, and what becomes of what it refers to."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ci import images, promote
from ci.errors import CiError
from ci.objects import Objects

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def package(version: int, status: str = "Approved", **more: Any) -> dict[str, Any]:
    return {"ModelPackageArn": f"arn/{version}", "ModelPackageVersion": version, "ModelApprovalStatus": status, **more}


def test_the_version_that_was_asked_for_or_the_latest_approved() -> None:
    found = [package(3, "Rejected"), package(2), package(1)]
    assert promote.chosen(found, "latest", "p")["ModelPackageVersion"] == 2
    assert promote.chosen(found, "1", "p")["ModelPackageVersion"] == 1


@pytest.mark.parametrize(
    ("version", "message"),
    [("3", "version 3 of p is Rejected"), ("9", "there is no version 9 of p .*: 3"), ("latest", "no model")],
)
def test_what_is_not_approved_is_not_promoted(version: str, message: str) -> None:
    with pytest.raises(CiError, match=message):
        promote.chosen([package(3, "Rejected")], version, "p")


def test_a_package_is_known_again_by_where_it_came_from() -> None:
    here = [package(1), package(2, CustomerMetadataProperties={"promoted_from": "arn/elsewhere/7"})]
    assert promote.promoted(here, "arn/elsewhere/7") == here[1]
    assert promote.promoted(here, "arn/elsewhere/8") is None


class Store:
    """S3 in memory: several buckets, as far as copying goes."""

    def __init__(self, objects: Mapping[str, bytes]) -> None:
        self.objects = dict(objects)

    def get_paginator(self, operation: str) -> Store:
        assert operation == "list_objects_v2"
        return self

    def paginate(self, Bucket: str, Prefix: str) -> Iterator[dict[str, Any]]:  # noqa: N803 (S3's own names)
        del Bucket
        for key in self.objects:
            if key.startswith(Prefix):
                yield {"Contents": [{"Key": key}]}
        yield {}

    def download_file(self, _bucket: str, key: str, path: str) -> None:
        Path(path).write_bytes(self.objects[key])

    def head_object(self, Bucket: str, Key: str) -> dict[str, int]:  # noqa: N803 (S3's own names)
        del Bucket
        return {"ContentLength": len(self.objects.get(Key, b"")) if Key in self.objects else -1}

    def upload_file(self, path: str, _bucket: str, key: str) -> None:
        self.objects[key] = Path(path).read_bytes()


def test_a_file_is_copied_with_what_lies_beside_it(tmp_path: Path) -> None:
    source = Store({"x/baseline/statistics.json": b"s", "x/baseline/constraints.json": b"c", "x/other.json": b"o"})
    target = Store({})
    copies = promote.Copies(source, Objects(target, "there", "p"), tmp_path)
    document = {
        "A": {"S3Uri": "s3://here/x/baseline/statistics.json"},
        "B": [{"S3Uri": "s3://here/x/baseline/constraints.json"}],
    }
    made = promote.copied(document, copies.beside)
    folder = made["A"]["S3Uri"].rpartition("/")[0]
    assert made == {"A": {"S3Uri": f"{folder}/statistics.json"}, "B": [{"S3Uri": f"{folder}/constraints.json"}]}
    assert sorted(target.objects.values()) == [b"c", b"s"]
    alone = copies.file("s3://here/x/other.json")
    assert target.objects[alone.removeprefix("s3://there/")] == b"o"


@pytest.mark.parametrize(
    ("uri", "reference"),
    [("1.dkr.ecr/r:p-abc", {"imageTag": "p-abc"}), ("1.dkr.ecr/r@sha256:12", {"imageDigest": "sha256:12"})],
)
def test_an_image_is_asked_for_by_tag_or_digest(uri: str, reference: dict[str, str]) -> None:
    assert promote.image_reference(uri) == reference


def test_a_layer_that_is_another_one_is_refused(tmp_path: Path) -> None:
    layer = tmp_path / "layer"
    layer.write_bytes(b"content")
    digest = f"sha256:{hashlib.sha256(b'content').hexdigest()}"
    file = io.BytesIO()
    images.fetch(layer.as_uri(), digest, file)
    assert file.read() == b"content"
    with pytest.raises(CiError, match="did not arrive whole"):
        images.fetch(layer.as_uri(), "sha256:0", io.BytesIO())
    with pytest.raises(CiError, match="cannot be fetched"):
        images.fetch((tmp_path / "gone").as_uri(), digest, io.BytesIO())
