"""A disk that is full, and the rights of what is stored."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.aws_api.program import Served, refused, started
from tests.platforms.local.conftest import Local

MEBIBYTE = 1 << 20


def serve(home: Path, before: str) -> Served:
    """A server whose shell said something first."""
    program = [sys.executable, "-m", "mlops_new", "serve", "--json", "--port", "0"]
    return started(["sh", "-c", f'{before}; exec "$@"', "sh", *program], home)


def test_a_full_disk_is_told_and_nothing_is_half_made(own: Local) -> None:
    home = own.platform.stores.home.root
    server = serve(home, f"ulimit -f {4 * MEBIBYTE // 512}")
    s3 = server.client("s3")
    s3.create_bucket(Bucket="full")
    s3.put_object(Bucket="full", Key="kept", Body=b"kept")
    with refused("InsufficientStorage", "is full") as caught:
        s3.put_object(Bucket="full", Key="large", Body=b"x" * (5 * MEBIBYTE))
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 507
    with refused("InsufficientStorage"):
        s3.put_object(Bucket="full", Key="kept", Body=b"x" * (5 * MEBIBYTE))
    upload = s3.create_multipart_upload(Bucket="full", Key="parts")["UploadId"]
    with refused("InsufficientStorage"):
        s3.upload_part(Bucket="full", Key="parts", UploadId=upload, PartNumber=1, Body=b"x" * (5 * MEBIBYTE))
    assert "Parts" not in s3.list_parts(Bucket="full", Key="parts", UploadId=upload)
    assert [one["Key"] for one in s3.list_objects_v2(Bucket="full")["Contents"]] == ["kept"]
    assert s3.get_object(Bucket="full", Key="kept")["Body"].read() == b"kept"
    assert not list((home / "objects").glob(".*.partial"))
    server.process.terminate()
    _, err = server.process.communicate(timeout=300)
    assert err.count("the disk is full: PUT /full/large was refused") == 1
    assert "bug" not in err
    assert not list(home.glob("logs/*"))


@pytest.mark.parametrize(
    ("umask", "file", "folder"), [("077", 0o600, 0o700), ("002", 0o664, 0o775), ("027", 0o640, 0o750)]
)
def test_what_is_stored_has_the_rights_that_the_umask_leaves(
    tmp_path: Path, umask: str, file: int, folder: int
) -> None:
    home = tmp_path / "rights"
    server = serve(home, f"umask {umask}")
    s3: Any = server.client("s3")
    s3.create_bucket(Bucket="rights")
    s3.put_object(Bucket="rights", Key="a/b", Body=b"x")
    s3.copy_object(Bucket="rights", Key="c/d", CopySource="rights/a/b")
    upload = {
        "Bucket": "rights",
        "Key": "e",
        "UploadId": s3.create_multipart_upload(Bucket="rights", Key="e")["UploadId"],
    }
    part = s3.upload_part(**upload, PartNumber=1, Body=b"x")
    s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]})
    assert server.end() == 0
    modes = {str(path.relative_to(home)): path.stat().st_mode & 0o777 for path in home.rglob("*")}
    wrong = {name: oct(mode) for name, mode in modes.items() if mode != (folder if (home / name).is_dir() else file)}
    assert wrong == {}


@pytest.mark.parametrize(("umask", "plain", "program"), [(0o077, 0o600, 0o700), (0o002, 0o664, 0o775)])
def test_copies_have_the_rights_that_the_umask_leaves(tmp_path: Path, umask: int, plain: int, program: int) -> None:
    for name, mode in (("plain", 0o644), ("program", 0o755)):
        (tmp_path / name).write_text("x")
        (tmp_path / name).chmod(mode)
    code = (
        "import pathlib, sys; from mlops_new.platforms.local.store import file_copies\n"
        "folder = pathlib.Path(sys.argv[1])\n"
        "for name in ('plain', 'program'): file_copies.copy(folder / name, folder / 'to' / name)"
    )
    environment = {**os.environ, "PYTHONPATH": ":".join(sys.path)}
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True, umask=umask, env=environment)
    assert (tmp_path / "to" / "plain").stat().st_mode & 0o777 == plain
    assert (tmp_path / "to" / "program").stat().st_mode & 0o777 == program
