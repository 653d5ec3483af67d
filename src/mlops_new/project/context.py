"""The outside of a command in one parcel."""

from dataclasses import dataclass, field
from pathlib import Path

from mlops_new.ports.git_host import GitHost
from mlops_new.ports.host_setup import HostSetup
from mlops_new.ports.registry import Registry
from mlops_new.ports.templates import Templates
from mlops_new.system.worker_pool import Helpers, Here


@dataclass(frozen=True)
class World:
    """The outside, as the core sees it.

    Args:
        host: The Git host.
        setup: What the Git host has besides repositories.
        registry: The platform's pipelines.
        templates: Copier.
        scratch: A folder of our own for working copies that nobody sees; private to one command while it applies.
        helpers: Whoever can render at the same time.
    """

    host: GitHost
    setup: HostSetup
    registry: Registry
    templates: Templates
    scratch: Path
    helpers: Helpers = field(default_factory=Here)
