"""The only place that names concrete adapters."""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, assert_never

from mlops_new.cli.suggested_commands import typed
from mlops_new.cost.prices import Prices
from mlops_new.hosts.local import LocalHost, NoSetup
from mlops_new.platforms.local.activity import LocalActivities
from mlops_new.platforms.local.registry import LocalRegistry, LocalRemoval, NothingToCheck
from mlops_new.ports.account_setup import AccountSetup, AccountTemplate
from mlops_new.ports.activity import Activities
from mlops_new.ports.aws_service import AwsService
from mlops_new.ports.checks import HostChecks, PlatformChecks
from mlops_new.ports.git_host import GitHost
from mlops_new.ports.host_setup import HostSetup
from mlops_new.ports.registry import PlatformRemoval, Registry
from mlops_new.project.context import Context
from mlops_new.settings.load import Host, PlatformName, Settings
from mlops_new.system import locks, worker_pool
from mlops_new.system.environment import SECRET_VARIABLES, withhold
from mlops_new.template.copier import Copier

if TYPE_CHECKING:
    from mlops_new.platforms.sagemaker.account import Account
    from mlops_new.ports.platform import EmbeddedPlatform, Platform

Say = Callable[[str], None]
Connect = Callable[[Settings, Say], Context]


def connect(settings: Settings, say: Say) -> Context:
    """The outside world that the settings name; nothing is touched yet.

    Args:
        settings: In force.
        say: Told when something makes us wait.
    """
    settings.judge(*_tables(settings))
    host, setup, host_checks = _host(settings, say)
    registry, platform_checks, removal = _registry(settings)
    return Context(
        host=host,
        setup=setup,
        host_checks=host_checks,
        registry=registry,
        platform_checks=platform_checks,
        removal=removal,
        templates=Copier(),
        scratch=settings.home / "scratch",
        helpers=worker_pool.helpers(1),  # a project has two repositories
    )


def _tables(settings: Settings) -> list[str]:
    """The tables of the settings file that are used."""
    tables = {"bitbucket": settings.git is Host.BITBUCKET, "sagemaker": settings.platform is PlatformName.SAGEMAKER}
    return [name for name, is_used in tables.items() if is_used]


def platform(settings: Settings, project: str) -> "Platform":
    """Where the pipelines of a project run."""
    match settings.platform:
        case PlatformName.LOCAL:
            from mlops_new.platforms.local.engine import Engine
            from mlops_new.platforms.local.platform import local_platform as embedded

            return embedded(Engine(settings.home), typed(settings, "platform", "config"))
        case PlatformName.SAGEMAKER:
            from mlops_new.platforms.sagemaker.platform import sagemaker_platform

            return sagemaker_platform(account(settings), project, options=typed(settings, "config"))
        case _:
            assert_never(settings.platform)


@contextmanager
def local_platform(settings: Settings) -> "Iterator[EmbeddedPlatform]":
    """The platform of this machine, for as long as the block runs."""
    from mlops_new.platforms.local.engine import Engine
    from mlops_new.platforms.local.platform import local_platform as embedded

    with closing(Engine(settings.home)) as engine:
        yield embedded(engine)


def environment(settings: Settings, code: Path, say: Say) -> Path:
    """The interpreter of the environment that the image of some code has; it is made where it is missing.

    Args:
        settings: Say where environments are kept.
        code: The folder of the code; it says its requirements.
        say: Told what takes a while.
    """
    from mlops_new.platforms.local.home import Home
    from mlops_new.platforms.local.images import python_environments
    from mlops_new.platforms.local.images.local_image import REQUIREMENTS

    made = python_environments.environment(Home.open(settings.home), code / REQUIREMENTS, say)
    return made / "bin" / "python"


def aws_service(settings: Settings, address: tuple[str, int], say: Say) -> AbstractContextManager[AwsService]:
    """The platform of this machine as AWS's interface; the address is taken for as long as the block runs."""
    from mlops_new.aws_api.local_service import local_service

    return local_service(address, settings.home, say)


@dataclass(frozen=True)
class CostSettings:
    """What the settings say about the costs of a run.

    Args:
        prices: What machines cost; None where nothing is said.
        cap: What a run may cost at most; None where nothing is said.
    """

    prices: Prices | None
    cap: Decimal | None


def cost_settings(settings: Settings) -> CostSettings:
    """What the settings say about the costs of a run.

    Raises:
        Invalid: they say something that cannot be.
    """
    from mlops_new.platforms.sagemaker.account_settings import parse

    settings.judge("sagemaker")
    about = parse(settings.sagemaker)
    return CostSettings(about.prices, about.cost_cap)


def activities(settings: Settings) -> Activities:
    """What happens where the pipelines run."""
    match settings.platform:
        case PlatformName.LOCAL:
            return LocalActivities(settings.home)
        case PlatformName.SAGEMAKER:
            from mlops_new.platforms.sagemaker.activity import SageMakerActivities

            return SageMakerActivities(account(settings))
        case _:
            assert_never(settings.platform)


def lock(settings: Settings, name: str, waiting: Say) -> AbstractContextManager[None]:
    """One command at a time on what the name says, on this machine."""
    return locks.hold(settings.home / "locks", name, waiting=waiting)


def account_setup(settings: Settings) -> AccountSetup:
    """The stack of the AWS account that the settings name; nothing is asked of it yet."""
    from mlops_new.platforms.sagemaker.bootstrap.stack_setup import StackSetup

    return StackSetup(account(settings))


def account_template() -> AccountTemplate:
    """What is deployed to an account."""
    from mlops_new.platforms.sagemaker.bootstrap import stack_setup

    return stack_setup.Template()


def bitbucket_workspace(settings: Settings) -> str | None:
    """The workspace's name, by the environment or the settings; None where neither says it."""
    from mlops_new.hosts.bitbucket.setup import bitbucket_settings

    named = os.environ.get("BITBUCKET_WORKSPACE")
    return named or bitbucket_settings.parse(settings.bitbucket, os.environ).workspace


def _host(settings: Settings, say: Say) -> tuple[GitHost, HostSetup, HostChecks]:
    match settings.git:
        case Host.LOCAL:
            return LocalHost(settings.home / "git"), NoSetup(), NoSetup()
        case Host.BITBUCKET:
            return _bitbucket(settings, say)
        case _:
            assert_never(settings.git)


def _registry(settings: Settings) -> tuple[Registry, PlatformChecks, PlatformRemoval]:
    match settings.platform:
        case PlatformName.LOCAL:
            return LocalRegistry(settings.home), NothingToCheck(), LocalRemoval(settings.home)
        case PlatformName.SAGEMAKER:
            from mlops_new.platforms.sagemaker.registry import SageMakerRegistry

            registry = SageMakerRegistry(account(settings))
            return registry, registry, registry
        case _:
            assert_never(settings.platform)


def account(settings: Settings) -> "Account":
    """The AWS account that the settings name; nothing is asked of it yet."""
    from mlops_new.platforms.sagemaker.account import Account
    from mlops_new.platforms.sagemaker.account_settings import parse

    settings.judge("sagemaker")
    return Account(parse(settings.sagemaker))


def listed_prices(settings: Settings) -> Prices:
    """What machines cost where the account is, by AWS's Price List."""
    from mlops_new.platforms.sagemaker.price_list import PriceList

    return PriceList(account(settings), settings.home / "prices").prices()


def _bitbucket(settings: Settings, say: Say) -> tuple[GitHost, HostSetup, HostChecks]:
    # Whoever hosts elsewhere pays nothing for it.
    from mlops_new.hosts.bitbucket.api import credentials
    from mlops_new.hosts.bitbucket.api.etag_cache import ETagCache
    from mlops_new.hosts.bitbucket.api.retry_policy import RetryPolicy
    from mlops_new.hosts.bitbucket.host import BitbucketCloud
    from mlops_new.hosts.bitbucket.project_setup import BitbucketSetup
    from mlops_new.hosts.bitbucket.setup import bitbucket_settings

    wanted = bitbucket_settings.parse(settings.bitbucket, os.environ)
    account = credentials.account(os.environ, wanted.workspace)
    withhold([*SECRET_VARIABLES, *wanted.secret_variables()])
    host = BitbucketCloud(account, wanted.hosting, RetryPolicy(say=say), ETagCache(settings.home / "bitbucket"))
    setup = BitbucketSetup(host, wanted)
    return host, setup, setup
