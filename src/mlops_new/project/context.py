"""The outside of a command in one parcel."""

from dataclasses import dataclass, field
from pathlib import Path

from mlops_new.ports.checks import HostChecks, PlatformChecks
from mlops_new.ports.git_host import GitHost
from mlops_new.ports.host_setup import HostSetup
from mlops_new.ports.registry import PlatformRemoval, Registry
from mlops_new.ports.templates import Templates
from mlops_new.system.worker_pool import Helpers, Here


@dataclass(frozen=True)
class Context:
    """The outside, as the core sees it.

    Args:
        host: The Git host.
        setup: What the Git host has besides repositories.
        host_checks: Whether the Git host is ready.
        registry: The platform's pipelines and model package groups.
        platform_checks: Whether the platform is ready.
        removal: What the platform has of a project besides.
        templates: Copier.
        scratch: A folder of our own for working copies that nobody sees; private to one command while it applies.
        helpers: Whoever can render at the same time.
    """

    host: GitHost
    setup: HostSetup
    host_checks: HostChecks
    registry: Registry
    platform_checks: PlatformChecks
    removal: PlatformRemoval
    templates: Templates
    scratch: Path
    helpers: Helpers = field(default_factory=Here)
