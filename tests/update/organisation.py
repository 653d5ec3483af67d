"""An organisation on the double of Bitbucket, with a project of the oldest template version."""

from pathlib import Path

from mlops_new.cli.commands import project
from mlops_new.cli.console import Console
from mlops_new.names import Mark
from mlops_new.project.context import Context
from tests.doubles.bitbucket import BitbucketServer
from tests.e2e.acme import NAME, SLUGS, context, settings
from tests.e2e.program import Ended
from tests.hosts.bitbucket.client import Waits
from tests.update.fork import OLDEST
from tests.update.running import Remembering, Updates


class Acme:
    """An organisation with a project of the oldest template version.

    Args:
        server: Its Bitbucket.
        place: Gets the working copies and the home.
        renders: What was rendered already.
    """

    def __init__(self, server: BitbucketServer, place: Path, renders: Path) -> None:
        self.server = server
        self.place = place
        self.waits = Waits()
        self._updates = Updates(renders, self.context)

    def context(self) -> Context:
        """The outside of a command."""
        return context(self.server.url, self.place / "home", Remembering(self._updates.renders), self.waits)

    def mark(self, kind: str) -> Mark:
        """What its repositories carry."""
        return Mark(NAME, kind)

    def make(self, template: Path) -> None:
        """`mlops-new project`."""
        version = f"{template}@{OLDEST}"
        request = project.Request(NAME, self.place / "here", {}, dry_run=False, yes=True, template=version)
        project.run(request, settings(self.place / "home"), Console(as_json=True), lambda *_: self.context())

    def update(self, *, every: bool = False) -> Ended:
        """`mlops-new update`."""
        return self._updates(None if every else NAME, self.place / "here", self.place / "home", every=every)

    def pull_requests(self) -> list[list[str]]:
        """The titles of the pull requests of each repository."""
        return [[one["title"] for one in self.server.repository(slug).pull_requests.values()] for slug in SLUGS]
