"""`ci.image`: the image of a commit is built once, proven before it is pushed, and no token is in an argument."""

import io
import json
import os
import shutil
import stat
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.ci.aws import REGION, Aws, Fault
from tests.ci.conftest import PROJECT, Ci

ACCOUNT = "555566667777"
REGISTRY = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
TOKEN = f"{ACCOUNT}-auth-token"  # what moto gives for a password
# Notes down how it is called, and what it finds where it builds. `docker info` says whether there is a daemon.
DOCKER = """#!/bin/sh
echo "$@" >>"$HOME/docker.log"
case "$1" in
build) for last; do :; done; tar -cf "$HOME/context.tar" -C "$last" .; echo "$SOURCE_DATE_EPOCH" >"$HOME/epoch" ;;
run) cat >"$HOME/stdin"; echo "proof: evaluation: wape is 0.2: at most 0.4 is wanted" ;;
login) cat >"$HOME/password"; echo secret >"$DOCKER_CONFIG/config.json"; echo "$DOCKER_CONFIG" >"$HOME/docker-config" ;;
push) test -s "$DOCKER_CONFIG/config.json" || exit 7 ;;
esac
test "$1" != "$(cat "$HOME/fails" 2>/dev/null)"
"""


@pytest.fixture
def docker(build: Ci) -> Iterator[Path]:
    """A program of that name, before any other in PATH; gives the folder that it notes things down in."""
    home = build.path.parent
    program = build.path / "bin" / "docker"
    program.parent.mkdir(exist_ok=True)
    program.write_text(DOCKER, encoding="utf-8")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    (build.path / "data" / "sample.csv").write_text("a,b\n", encoding="utf-8")
    yield home
    for name in ("docker.log", "fails", "password"):
        (home / name).unlink(missing_ok=True)
    program.unlink()


@pytest.fixture(scope="module")
def ecr(aws: Aws) -> Any:
    client = aws.client("ecr", ACCOUNT)
    client.create_repository(repositoryName="mlops-new", imageTagMutability="IMMUTABLE")
    return client


def words(home: Path) -> list[str]:
    return [line.split()[0] for line in (home / "docker.log").read_text(encoding="utf-8").splitlines()]


def test_the_image_of_the_commit_is_built_proven_and_pushed(build: Ci, docker: Path, ecr: Any) -> None:
    (build.path / "left-over.txt").write_text("not committed", encoding="utf-8")
    done = build.run("image", account=ACCOUNT)
    assert (done.returncode, done.stderr) == (0, "")
    uri = f"{REGISTRY}/mlops-new:{PROJECT}-{build.commit}"
    assert done.stdout.splitlines()[-1] == f"{uri} pushed"
    assert words(docker) == ["info", "build", "run", "tag", "login", "push"]
    log = (docker / "docker.log").read_text(encoding="utf-8")
    assert f"--build-arg COMMIT={build.commit}" in log
    assert f"push {uri}" in log
    assert TOKEN not in log
    assert (docker / "password").read_text(encoding="utf-8") == TOKEN
    assert not Path((docker / "docker-config").read_text(encoding="utf-8").strip()).exists()
    assert (docker / "stdin").read_text(encoding="utf-8") == "a,b\n"
    check_context(docker, build)
    assert ecr.list_images(repositoryName="mlops-new")["imageIds"] == []


def check_context(home: Path, build: Ci) -> None:
    """Exactly the files of the commit, as old as it."""
    epoch = int(build.git("show", "--no-patch", "--format=%ct", "HEAD"))
    assert int((home / "epoch").read_text(encoding="utf-8")) == epoch
    with tarfile.open(fileobj=io.BytesIO((home / "context.tar").read_bytes())) as context:
        files = [member for member in context.getmembers() if member.isfile()]
    assert sorted(os.path.normpath(file.name) for file in files) == build.git("ls-files").splitlines()
    assert {int(file.mtime) for file in files} == {epoch}


def test_an_image_that_is_there_is_not_built_again(build: Ci, docker: Path, ecr: Any) -> None:
    put(ecr, f"{PROJECT}-{build.commit}")
    done = build.run("image", account=ACCOUNT)
    assert (done.returncode, done.stderr) == (0, "")
    assert "is there already" in done.stdout
    assert not (docker / "docker.log").exists()


def test_of_two_that_push_at_once_the_later_one_is_content(build: Ci, docker: Path, ecr: Any) -> None:
    """It did not see the image when it began; its push is refused, because tags never change."""
    put(ecr, f"{PROJECT}-{build.commit}")
    (docker / "fails").write_text("push", encoding="utf-8")
    build.aws.faults["DescribeImages"] = [Fault("ImageNotFoundException")]
    done = build.run("image", account=ACCOUNT)
    assert (done.returncode, words(docker)[-1]) == (0, "push")


@pytest.mark.parametrize(
    ("fails", "message"),
    [("build", "docker build failed"), ("run", "docker run failed"), ("login", "docker login failed")],
)
def test_what_does_not_work_is_not_pushed(build: Ci, docker: Path, ecr: Any, fails: str, message: str) -> None:
    del ecr
    (docker / "fails").write_text(fails, encoding="utf-8")
    build.aws.faults["DescribeImages"] = [Fault("ImageNotFoundException")] * 2
    done = build.run("image", account=ACCOUNT)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(f"ci.image: {message}")
    assert "push" not in words(docker)


def test_no_account_is_needed_to_build_and_prove(build: Ci, docker: Path) -> None:
    unset = {"AWS_ROLE_ARN": "", "BITBUCKET_STEP_OIDC_TOKEN": ""}
    done = build.run("image", "--no-push", MLOPS_BASE_IMAGE="python@sha256:1", **unset)
    assert (done.returncode, build.aws.calls) == (0, [])
    assert "--build-arg BASE=python@sha256:1" in (docker / "docker.log").read_text(encoding="utf-8")


def test_without_a_program_that_builds_images_there_is_one_line(build: Ci, docker: Path, tmp_path: Path) -> None:
    """A Docker without its daemon is none."""
    (tmp_path / "git").symlink_to(shutil.which("git") or "git")
    (tmp_path / "cat").symlink_to(shutil.which("cat") or "cat")
    (docker / "fails").write_text("info", encoding="utf-8")
    done = build.run("image", "--no-push", PATH=f"{build.path / 'bin'}{os.pathsep}{tmp_path}")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("ci.image: images cannot be built here: there is no docker daemon")


def put(ecr: Any, tag: str) -> None:
    if ecr.list_images(repositoryName="mlops-new")["imageIds"]:
        return
    kind = "application/vnd.docker.distribution.manifest.v2+json"
    layers = {"config": {"digest": "sha256:c"}, "layers": [{"digest": "sha256:l", "size": 1}]}
    manifest = json.dumps({"schemaVersion": 2, "mediaType": kind, **layers})
    ecr.put_image(repositoryName="mlops-new", imageManifest=manifest, imageTag=tag)
