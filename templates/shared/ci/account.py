"""The AWS account that a step of CI works in: how it signs in, and what things are called there."""

from __future__ import annotations

import atexit
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ci.errors import CiError

if TYPE_CHECKING:
    from collections.abc import Mapping

CONNECT_SECONDS, READ_SECONDS, ATTEMPTS = 10, 60, 6
TOKEN_FILE = "AWS_WEB_IDENTITY_TOKEN_FILE"  # noqa: S105 (the name of a variable)


@dataclass(frozen=True)
class Account:
    """One account in one region.

    Args:
        id: Twelve digits.
        region: Like `eu-north-1`.
        partition: `aws`, or China's or a government's.
        session: A boto3 session that has signed in.
        environment: Variables that give other names than the usual ones.
    """

    id: str
    region: str
    partition: str
    session: Any
    environment: Mapping[str, str]

    def client(self, service: str) -> Any:
        """A client that gives up after a while and tries again what may be tried again."""
        return self.session.client(service, config=configuration())

    @property
    def bucket(self) -> str:
        """Where everything is stored."""
        return self.environment.get("MLOPS_BUCKET") or f"mlops-new-{self.id}-{self.region}"

    @property
    def execution_role(self) -> str:
        """What the pipelines and their jobs run as."""
        usual = f"arn:{self.partition}:iam::{self.id}:role/mlops-new-execution"
        return self.environment.get("MLOPS_EXECUTION_ROLE") or usual

    @property
    def ecr_repository(self) -> str:
        """Where the images of all projects are."""
        return self.environment.get("MLOPS_ECR_REPOSITORY") or "mlops-new"

    @property
    def registry(self) -> str:
        """The host of this account's images."""
        suffix = "amazonaws.com.cn" if self.partition == "aws-cn" else "amazonaws.com"
        return f"{self.id}.dkr.ecr.{self.region}.{suffix}"

    def image(self, tag: str) -> str:
        """The URI of an image in this account's repository."""
        return f"{self.registry}/{self.ecr_repository}:{tag}"


def image_tag(project: str, commit: str) -> str:
    """The tag of a project's image, which is never used for another one."""
    return f"{project}-{commit}"


def tags(project: str, repository: str) -> list[dict[str, str]]:
    """What marks a thing in AWS as made for a repository of this project, and groups it in SageMaker Studio."""
    marks = {"mlops-new:project": project, "mlops-new:repository": repository, "sagemaker:project-name": project}
    return [{"Key": key, "Value": value} for key, value in marks.items()]


def is_ours(found: list[dict[str, str]], wanted: list[dict[str, str]]) -> bool:
    """Whether tags say that a thing was made for the same repository of the same project."""
    marks = ({tag["Key"]: tag["Value"] for tag in given} for given in (found, wanted))
    first, second = ((mark.get("mlops-new:project"), mark.get("mlops-new:repository")) for mark in marks)
    return first == second


def configuration() -> Any:
    """Time limits and retries of every client."""
    from botocore.config import Config

    attempts = int(os.environ.get("AWS_MAX_ATTEMPTS") or ATTEMPTS)
    retries = {"mode": "standard", "total_max_attempts": attempts}
    return Config(connect_timeout=CONNECT_SECONDS, read_timeout=READ_SECONDS, retries=retries)


def connect() -> Account:
    """Sign in, in CI as the role `AWS_ROLE_ARN` by the token that Bitbucket gives this step."""
    import boto3

    offer_token(os.environ)
    return account_of(boto3.Session(region_name=os.environ.get("AWS_REGION") or None), os.environ)


def account_of(session: Any, environment: Mapping[str, str]) -> Account:
    """The account that a session has signed in to."""
    identity = session.client("sts", config=configuration()).get_caller_identity()
    return Account(
        id=identity["Account"],
        region=session.region_name,
        partition=identity["Arn"].split(":")[1],
        session=session,
        environment=environment,
    )


def offer_token(environment: Any) -> None:
    """Put the token of a step with `oidc: true` where boto3 looks for it: a file that only this user can read.

    Raises:
        CiError: There is a token, but nothing says which role it is for.
    """
    token = environment.get("BITBUCKET_STEP_OIDC_TOKEN")
    if not token or environment.get(TOKEN_FILE):
        return
    if not environment.get("AWS_ROLE_ARN"):
        where = environment.get("BITBUCKET_DEPLOYMENT_ENVIRONMENT") or "this repository"
        raise CiError(f"the variable AWS_ROLE_ARN of {where} is not set: it says which role CI signs in as")
    descriptor, name = tempfile.mkstemp(prefix="oidc-")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(token)
    atexit.register(Path(name).unlink, missing_ok=True)
    environment[TOKEN_FILE] = name
    environment.setdefault("AWS_ROLE_SESSION_NAME", f"bitbucket-{environment.get('BITBUCKET_BUILD_NUMBER', '0')}")


def as_role(role: str, here: Account) -> Account:
    """The account of another role, in the same region unless `MLOPS_SOURCE_REGION` says another.

    In CI the same token signs in there; elsewhere the role is assumed from the account that one is in.

    Args:
        role: Its ARN.
        here: Where the work is done.
    """
    import boto3

    sts, name = here.client("sts"), "mlops-new-promote"
    token = os.environ.get(TOKEN_FILE)
    if token:
        secret = Path(token).read_text(encoding="utf-8")
        answer = sts.assume_role_with_web_identity(RoleArn=role, RoleSessionName=name, WebIdentityToken=secret)
    else:
        answer = sts.assume_role(RoleArn=role, RoleSessionName=name)
    keys = answer["Credentials"]
    session = boto3.Session(
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
        region_name=os.environ.get("MLOPS_SOURCE_REGION") or here.region,
    )
    # What is called otherwise here need not be called so there.
    names = ("BUCKET", "ECR_REPOSITORY")
    return account_of(session, {f"MLOPS_{name}": os.environ.get(f"MLOPS_SOURCE_{name}", "") for name in names})
