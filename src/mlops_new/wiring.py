"""The only place that names concrete adapters."""

from collections.abc import Callable
from contextlib import AbstractContextManager

from mlops_new import locks
from mlops_new.apply import World
from mlops_new.hosts.local import LocalHost
from mlops_new.platforms.local.pipelines import LocalPipelines
from mlops_new.platforms.local.platform import LocalPlatform
from mlops_new.settings import Settings
from mlops_new.templates import Copier


def connect(settings: Settings) -> World:
    """The outside world that the settings name; nothing is touched yet."""
    return World(
        host=LocalHost(settings.home / "git"),
        registry=LocalPipelines(settings.home),
        templates=Copier(),
        scratch=settings.home / "scratch",
    )


def local_platform(settings: Settings) -> LocalPlatform:
    """The platform of this machine."""
    return LocalPlatform(settings.home)


def lock(settings: Settings, name: str, waiting: Callable[[str], None]) -> AbstractContextManager[None]:
    """One command at a time on what the name says, on this machine."""
    return locks.hold(settings.home / "locks", name, waiting=waiting)
