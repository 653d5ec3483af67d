"""The door to AWS: one account and region, its clients, its names, and its refusals in our words."""

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import boto3.session
import botocore.session
from botocore import xform_name
from botocore.config import Config

from mlops_new.errors import Invalid
from mlops_new.platforms.sagemaker.account_settings import AccountSettings
from mlops_new.platforms.sagemaker.aws_environment import connecting
from mlops_new.platforms.sagemaker.aws_errors import Absent, Call, judge

# Most calls wait for a server; more at once would only be throttled.
SIDE_BY_SIDE = 12
_CONNECT_SECONDS = 10
_READ_SECONDS = 60
_ATTEMPTS = 6
_DOMAINS = {
    "aws-cn": "amazonaws.com.cn",
    "aws-eusc": "amazonaws.eu",
    "aws-iso": "c2s.ic.gov",
    "aws-iso-b": "sc2s.sgov.gov",
    "aws-iso-e": "cloud.adc-e.uk",
    "aws-iso-f": "csp.hci.ic.gov",
}

Given = TypeVar("Given")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Identity:
    """Who the credentials belong to.

    Args:
        account: Twelve digits.
        arn: The user or the assumed role.
    """

    account: str
    arn: str

    @property
    def partition(self) -> str:
        """Such as aws, aws-cn, aws-us-gov."""
        return self.arn.split(":")[1]


class Account:
    """An AWS account in one region. Nothing is asked before it is needed; calls may come from several threads.

    Args:
        settings: The `[sagemaker]` table.
    """

    def __init__(self, settings: AccountSettings | None = None) -> None:
        self.settings = settings or AccountSettings()
        self._clients: dict[str, Any] = {}
        self._turn = threading.RLock()  # a session makes clients for one thread at a time

    # Calls

    def call(self, service: str, operation: str, *, about: str = "", **members: Any) -> dict[str, Any]:
        """Ask AWS for one thing.

        Args:
            service: As boto names it.
            operation: As the API names it.
            about: What it is about, for the sentence that says what went wrong.
            members: Of the request, as the API names them.

        Raises:
            Absent: there is no such thing.
            Taken: there is one already.
            Unclear: there was no answer, or not now: a write may have happened all the same.
            Denied: the credentials do not allow it, or are none.
            Invalid: no region, or the request itself is wrong.
            Error: any other refusal.
        """
        client = self.client(service)
        with self.translating(service, operation, about):
            answer: dict[str, Any] = getattr(client, xform_name(operation))(**members)
        return answer

    def find(self, service: str, operation: str, *, about: str = "", **members: Any) -> dict[str, Any] | None:
        """The same, and None where there is no such thing."""
        try:
            return self.call(service, operation, about=about, **members)
        except Absent:
            return None

    def pages(self, service: str, operation: str, *, about: str = "", **members: Any) -> Iterator[dict[str, Any]]:
        """The same for an operation that answers page by page."""
        client = self.client(service)
        with self.translating(service, operation, about):
            yield from client.get_paginator(xform_name(operation)).paginate(**members)

    def find_pages(self, service: str, operation: str, *, about: str = "", **members: Any) -> Iterator[dict[str, Any]]:
        """The same, and no page where there is no such thing."""
        try:
            yield from self.pages(service, operation, about=about, **members)
        except Absent:
            return

    @contextmanager
    def translating(self, service: str, operation: str, about: str = "") -> Iterator[None]:
        """Whatever AWS refuses in the block is told in our words."""
        try:
            yield
        except Exception as error:  # boto's errors have no common base; what is none of them goes on as it is
            told = judge(error, Call(service, operation, about))
            if told is None:
                raise
            raise told from error

    def client(self, service: str) -> Any:
        """A boto client, made once: region, time limits and a bounded number of attempts are set."""
        with self._turn:
            if service not in self._clients:
                region = self.region
                with self.translating(service, "Connect"), connecting():
                    config = self._config
                    if service == "pricing":
                        config, region = config.merge(_OF_PRICES), _prices_region(region)
                    self._clients[service] = self._session.client(service, region_name=region, config=config)
            return self._clients[service]

    # Names

    @cached_property
    def region(self) -> str:
        """The region that AWS's variables, the settings or the profile name.

        Raises:
            Invalid: none of them does, or AWS has no such region.
        """
        session = self._session
        with self.translating("sts", "Connect"), connecting():
            named = _variable("AWS_REGION", "AWS_DEFAULT_REGION") or self.settings.region
            named = named or session.region_name
            if not named:
                raise Invalid(
                    "there is no region to work in",
                    hint="set AWS_REGION, or region in [sagemaker] of the settings file",
                )
            session.get_partition_for_region(named)  # refuses what cannot be a region, without asking anybody
        return str(named)

    @cached_property
    def identity(self) -> Identity:
        """Who we are. It needs no permission, so it also shows whether the credentials are good."""
        answer = self.call("sts", "GetCallerIdentity")
        return Identity(answer["Account"], answer["Arn"])

    @cached_property
    def bucket(self) -> str:
        """The bucket of code, data and whatever pipelines write."""
        return self.settings.bucket or f"mlops-new-{self.identity.account}-{self.region}"

    @cached_property
    def execution_role(self) -> str:
        """The ARN of the role that pipelines and their jobs run as."""
        return self.role(self.settings.execution_role)

    def role(self, name: str) -> str:
        """The ARN of a role of this account; an ARN stays as it is."""
        identity = self.identity
        return name if name.startswith("arn:") else f"arn:{identity.partition}:iam::{identity.account}:role/{name}"

    @cached_property
    def image_repository(self) -> str:
        """The URI of the ECR repository, without a tag."""
        domain = _DOMAINS.get(self.identity.partition, "amazonaws.com")
        return f"{self.identity.account}.dkr.ecr.{self.region}.{domain}/{self.settings.ecr_repository}"

    def arn(self, kind: str, name: str) -> str:
        """The ARN of something of SageMaker's: `kind` is pipeline, model-package-group, …."""
        identity = self.identity
        return f"arn:{identity.partition}:sagemaker:{self.region}:{identity.account}:{kind}/{name}"

    @cached_property
    def _session(self) -> Any:
        with self._turn, self.translating("sts", "Connect"), connecting():
            return boto3.session.Session(botocore_session=self._core)

    @cached_property
    def _core(self) -> Any:
        """What boto3 is configured by; its own session does not tell how many attempts the configuration asks for."""
        with self._turn, self.translating("sts", "Connect"), connecting():
            return botocore.session.Session(profile=_variable("AWS_PROFILE") or self.settings.profile)

    @cached_property
    def _config(self) -> Config:
        retries: dict[str, Any] = {"mode": "standard"}
        if not self._core.get_config_variable("max_attempts"):
            retries["total_max_attempts"] = _ATTEMPTS
        return Config(
            connect_timeout=_CONNECT_SECONDS,
            read_timeout=_READ_SECONDS,
            retries=retries,
            max_pool_connections=SIDE_BY_SIDE,
            user_agent_appid="mlops-new",
        )


# Nothing depends on prices, so nobody waits long for them where that service cannot be reached.
_OF_PRICES = Config(connect_timeout=3, read_timeout=15, retries={"mode": "standard", "total_max_attempts": 2})


def _prices_region(region: str) -> str:
    """The Price List answers for all regions in a few of them only."""
    return "cn-northwest-1" if region.startswith("cn-") else "us-east-1"


def _variable(*names: str) -> str | None:
    """The first of some environment variables that says something; the environment goes before the settings file."""
    return next((value for name in names if (value := os.environ.get(name))), None)


def side_by_side(act: Callable[[Given], Result], given: Iterable[Given]) -> list[Result]:
    """Do something for each, several at once, and give the results in order."""
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        return list(pool.map(act, given))
