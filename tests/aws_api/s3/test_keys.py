"""Keys that no file can be named like: folder markers, empty parts, objects that are folders, too."""

from pathlib import Path
from typing import Any

import pytest

from mlops_new.platforms.local.store import key_files
from tests.aws_api.program import Served, ask
from tests.platforms.local.conftest import Local

KEYS = [
    *(
        "a",
        "a/",
        "a/b",
        "a/b/",
        "a/b/c",
        "a//b",
        "a///",
        "/",
        "/a",
        "//",
        "b/",
        "b/.%object",
        "c.%object",
        "c.%folder/d",
    ),
    *("c.%name", "c.%name.%object", ".0123456789abcdef.partial", "e/.0123456789abcdef.partial/f", "f" * 248, "g.txt"),
    *("%2F", "a b/ü+?#", ".hidden", "..a", "...", "h\\i", "x\u2028y"),
]


def keys(s3: Any, bucket: str, **wanted: Any) -> list[str]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, PaginationConfig={"PageSize": 3}, **wanted)
    return [one["Key"] for page in pages for one in page.get("Contents", [])]


def read(s3: Any, bucket: str, key: str) -> bytes:
    return bytes(s3.get_object(Bucket=bucket, Key=key)["Body"].read())


@pytest.mark.parametrize("order", [1, -1])
def test_all_of_them_beside_each_other(s3: Any, order: int) -> None:
    bucket = f"all-keys{order}"
    s3.create_bucket(Bucket=bucket)
    for key in KEYS[::order]:
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode(), Metadata={"length": str(len(key))})
    assert keys(s3, bucket) == sorted(KEYS, key=str.encode)
    for key in KEYS:
        assert read(s3, bucket, key) == key.encode()
        assert s3.head_object(Bucket=bucket, Key=key)["Metadata"] == {"length": str(len(key))}
    assert keys(s3, bucket, Prefix="a/") == sorted((key for key in KEYS if key.startswith("a/")), key=str.encode)
    grouped = s3.list_objects_v2(Bucket=bucket, Prefix="a/", Delimiter="/")
    assert [one["Key"] for one in grouped["Contents"]] == ["a/", "a/b"]
    assert [one["Prefix"] for one in grouped["CommonPrefixes"]] == ["a//", "a/b/"]
    left = set(KEYS)
    for key in sorted(KEYS, key=len):
        s3.delete_object(Bucket=bucket, Key=key)
        left.remove(key)
        assert set(keys(s3, bucket)) == left
    s3.delete_bucket(Bucket=bucket)


def test_folder_markers(s3: Any, local: Local) -> None:
    """What consoles, s3fs, pyarrow and Hadoop make of folders."""
    s3.create_bucket(Bucket="markers")
    s3.put_object(Bucket="markers", Key="table/", Body=b"")
    assert keys(s3, "markers") == ["table/"]
    head = s3.head_object(Bucket="markers", Key="table/")
    assert (head["ContentLength"], head["ETag"]) == (0, '"d41d8cd98f00b204e9800998ecf8427e"')
    for name in ("region=north/", "region=north/part-0.parquet", "region=south/part-0.parquet"):
        s3.put_object(Bucket="markers", Key=f"table/{name}", Body=name.encode() if name[-1] != "/" else b"")
    found = local.platform.stores.objects.find("s3://markers/table/")
    assert [key for key, _ in found] == ["region=north/part-0.parquet", "region=south/part-0.parquet"]
    file = local.platform.stores.objects.path("s3://markers/table/region=north/part-0.parquet")
    assert file == local.platform.stores.home.objects / "markers" / "table" / "region=north" / "part-0.parquet"
    assert file.read_bytes() == b"region=north/part-0.parquet"
    s3.delete_object(Bucket="markers", Key="table/")
    assert keys(s3, "markers", Prefix="table/")[0] == "table/region=north/"
    s3.copy_object(Bucket="markers", Key="copy/", CopySource="markers/table/region=north/")
    assert "copy/" in keys(s3, "markers")


def test_what_was_stored_before_is_read(s3: Any, local: Local) -> None:
    folder = local.platform.stores.home.objects / "older"
    (folder / "a").mkdir(parents=True)
    (folder / "a" / "b.csv").write_text("older")
    (folder / "top").write_text("top")
    assert keys(s3, "older") == ["a/b.csv", "top"]
    assert read(s3, "older", "a/b.csv") == b"older"
    objects = local.platform.stores.objects
    for uri in (
        "s3://older/a//b.csv",
        "s3://older//a/b.csv",
        "s3://older/a//",
    ):  # versions before passed over empty parts
        assert objects.find(uri) == [("b.csv", folder / "a" / "b.csv")]
    assert objects.path("s3://older//a//b.csv").read_text() == "older"
    s3.put_object(Bucket="older", Key="a//b.csv", Body=b"newer")
    assert objects.path("s3://older/a//b.csv").read_text() == "newer"
    assert objects.path("s3://older/a/b.csv").read_text() == "older"
    for key in ("a//b.csv", "a/b.csv"):
        s3.delete_object(Bucket="older", Key=key)
    s3.put_object(Bucket="older", Key="top/below", Body=b"below")
    assert (read(s3, "older", "top"), read(s3, "older", "top/below")) == (b"top", b"below")
    assert local.platform.stores.objects.path("s3://older/top").read_text() == "top"
    s3.delete_object(Bucket="older", Key="top")
    s3.delete_object(Bucket="older", Key="top/below")
    s3.put_object(Bucket="older", Key="top", Body=b"again")
    assert (folder / "top").read_text() == "again"  # nothing is in the way any more


def test_each_key_has_a_file_of_its_own(tmp_path: Path) -> None:
    files = {}
    for key in KEYS:
        file = key_files.for_writing(tmp_path, key)
        file.write_text(key)
        files[key] = file
    found = {key: key_files.find(tmp_path, key) for key in KEYS}
    assert {key: file.read_text() for key, file in found.items() if file} == {key: key for key in KEYS}


def test_parts_that_begin_like_others(s3: Any, served: Served) -> None:
    s3.create_bucket(Bucket="order")
    names = ["a", "a!", "a-b/c", "a/b", "a0", "ab"]
    for name in names:
        assert ask(served, "PUT", f"/order/{name}", b"x")[0] == 200
    assert keys(s3, "order") == sorted(names, key=str.encode)
    assert [one["Key"] for one in s3.list_objects_v2(Bucket="order", StartAfter="a/")["Contents"]] == [
        "a/b",
        "a0",
        "ab",
    ]
