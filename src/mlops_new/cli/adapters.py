"""The only place that names concrete adapters."""

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, assert_never

from mlops_new.cli.suggested_commands import typed
from mlops_new.hosts.local import LocalHost, NoSetup
from mlops_new.platforms.local.activity import LocalActivities
from mlops_new.platforms.local.registry import LocalPipelines
from mlops_new.ports.activity import Activities
from mlops_new.ports.git_host import GitHost
from mlops_new.ports.host_setup import HostSetup
from mlops_new.ports.platform import Platform
from mlops_new.ports.registry import Registry
from mlops_new.project.context import World
from mlops_new.settings.load import Host, PlatformName, Settings
from mlops_new.system import locks, worker_pool
from mlops_new.system.environment import SECRET_VARIABLES, withhold
from mlops_new.template.copier import Copier

if TYPE_CHECKING:
    from mlops_new.platforms.local.platform import LocalRuns
    from mlops_new.platforms.sagemaker.account import Account

Say = Callable[[str], None]
Connect = Callable[[Settings, Say], World]


def connect(settings: Settings, say: Say) -> World:
    """The outside world that the settings name; nothing is touched yet.

    Args:
        settings: In force.
        say: Told when something makes us wait.
    """
    host, setup = _host(settings, say)
    return World(
        host=host,
        setup=setup,
        registry=_registry(settings),
        templates=Copier(),
        scratch=settings.home / "scratch",
        helpers=worker_pool.helpers(1),  # a project has two repositories
    )


def platform(settings: Settings, project: str) -> Platform:
    """Where the pipelines of a project run."""
    match settings.platform:
        case PlatformName.LOCAL:
            here = local_platform(settings)
            here.option = typed(settings, "platform", "config")
            return here
        case PlatformName.SAGEMAKER:
            return _sagemaker(settings, project)
        case _:
            assert_never(settings.platform)


def local_platform(settings: Settings) -> "LocalRuns":
    """The platform of this machine."""
    from mlops_new.platforms.local.platform import LocalRuns

    return LocalRuns(settings.home)


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


def _host(settings: Settings, say: Say) -> tuple[GitHost, HostSetup]:
    match settings.git:
        case Host.LOCAL:
            return LocalHost(settings.home / "git"), NoSetup()
        case Host.BITBUCKET:
            return _bitbucket(settings, say)
        case _:
            assert_never(settings.git)


def _registry(settings: Settings) -> Registry:
    match settings.platform:
        case PlatformName.LOCAL:
            return LocalPipelines(settings.home)
        case PlatformName.SAGEMAKER:
            from mlops_new.platforms.sagemaker.registry import SageMakerRegistry

            return SageMakerRegistry(account(settings))
        case _:
            assert_never(settings.platform)


def _sagemaker(settings: Settings, project: str) -> Platform:
    from mlops_new.platforms.sagemaker.platform import SageMakerPlatform

    found = SageMakerPlatform(account(settings), project)
    found.option += typed(settings, "config")
    return found


def account(settings: Settings) -> "Account":
    """The AWS account that the settings name; nothing is asked of it yet."""
    from mlops_new.platforms.sagemaker.account import Account
    from mlops_new.platforms.sagemaker.account_settings import parse

    return Account(parse(settings.sagemaker))


def _bitbucket(settings: Settings, say: Say) -> tuple[GitHost, HostSetup]:
    # Whoever hosts elsewhere pays nothing for it.
    from mlops_new.hosts.bitbucket.api import credentials
    from mlops_new.hosts.bitbucket.api.etag_cache import Memory
    from mlops_new.hosts.bitbucket.api.retry_policy import Patience
    from mlops_new.hosts.bitbucket.host import BitbucketCloud
    from mlops_new.hosts.bitbucket.project_setup import BitbucketSetup
    from mlops_new.hosts.bitbucket.setup import bitbucket_settings

    wanted = bitbucket_settings.parse(settings.bitbucket, os.environ)
    account = credentials.account(os.environ, wanted.workspace)
    withhold([*SECRET_VARIABLES, *wanted.secret_variables()])
    host = BitbucketCloud(account, wanted.hosting, Patience(say=say), Memory(settings.home / "bitbucket"))
    return host, BitbucketSetup(host, wanted)
