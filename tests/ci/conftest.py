"""A project's two repositories as they are rendered, and accounts of AWS that their CI works in."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from rendering import render
from tests.ci.aws import REGION, Aws

TEST, STAGING = "111122223333", "444455556666"
TRAINED = "999988887777"  # where promoted models come from
PROJECT = "fresh-sales"
SOMEBODY = ("-c", "user.name=Test", "-c", "user.email=test@localhost")


def role(account: str) -> str:
    return f"arn:aws:iam::{account}:role/mlops-new-ci"


@dataclass(frozen=True)
class Ci:
    """One of the repositories, in a step of Bitbucket Pipelines with `oidc: true`.

    Args:
        path: The clone.
        aws: Where it signs in.
    """

    path: Path
    aws: Aws

    def run(
        self, script: str, *arguments: str, account: str = TEST, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a script of ci/ as a process of its own; a variable that is empty is not set."""
        environment = {
            "PATH": f"{self.path / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(self.path.parent),
            "AWS_ENDPOINT_URL": self.aws.url,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_REGION": REGION,
            "AWS_MAX_ATTEMPTS": "2",
            "AWS_ROLE_ARN": role(account),
            "BITBUCKET_STEP_OIDC_TOKEN": "a-token-of-this-step",
            "GIT_CONFIG_GLOBAL": os.environ["GIT_CONFIG_GLOBAL"],
            **variables,
        }
        return subprocess.run(
            [sys.executable, "-m", f"ci.{script}", *arguments],
            cwd=self.path,
            env={name: value for name, value in environment.items() if value},
            capture_output=True,
            text=True,
            check=False,
        )

    def git(self, *arguments: str) -> str:
        done = subprocess.run(["git", *arguments], cwd=self.path, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    @property
    def commit(self) -> str:
        return self.git("rev-parse", "HEAD")


@pytest.fixture(scope="session")
def aws() -> Iterator[Aws]:
    with Aws() as server:
        for account in (TEST, STAGING, TRAINED):
            server.client("s3", account).create_bucket(
                Bucket=f"mlops-new-{account}-{REGION}", CreateBucketConfiguration={"LocationConstraint": REGION}
            )
            server.client("ecr", account).create_repository(repositoryName="mlops-new", imageTagMutability="IMMUTABLE")
        yield server


@pytest.fixture(autouse=True)
def _from_the_beginning(aws: Aws) -> None:
    aws.forget()


def cloned(kind: str, folder: Path, **answers: str) -> Path:
    """A repository as CI has it: committed, with a remote."""
    render(kind, folder, **answers)
    for command in (
        ["init", "--quiet", "--initial-branch", "main"],
        ["add", "--all"],
        ["commit", "--quiet", "-m", "x"],
    ):
        subprocess.run(["git", *SOMEBODY, *command], cwd=folder, check=True)
    subprocess.run(["git", "clone", "--quiet", "--bare", folder, folder.with_suffix(".git")], check=True)
    subprocess.run(["git", "remote", "add", "origin", folder.with_suffix(".git")], cwd=folder, check=True)
    return folder


@pytest.fixture(scope="session")
def repositories(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("ci")
    return {kind: cloned(kind, folder / kind) for kind in ("build", "deploy")}


@pytest.fixture
def build(repositories: dict[str, Path], aws: Aws) -> Ci:
    return Ci(repositories["build"], aws)


@pytest.fixture
def deploy(repositories: dict[str, Path], aws: Aws) -> Ci:
    return Ci(repositories["deploy"], aws)
