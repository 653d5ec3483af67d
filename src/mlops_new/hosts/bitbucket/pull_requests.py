"""Pull requests of the repositories of a workspace."""

from collections.abc import Collection, Mapping

from mlops_new.errors import Error
from mlops_new.hosts.bitbucket import listing
from mlops_new.hosts.bitbucket.api.answer_fields import Document, created, identifier
from mlops_new.hosts.bitbucket.connection import Connection, quoted


class BitbucketPullRequests:
    """The pull requests of one workspace. Threads may share it."""

    supported = True

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def find(self, slug: str, branch: str) -> str | None:
        """The address of the open pull request from a branch to `main`; None where there is none."""
        query = f'state = "OPEN" AND source.branch.name = {quoted(branch)} AND destination.branch.name = "main"'
        found = self._connection.repository(slug).list("pullrequests", what="look for a pull request", q=query)
        return next((_address(one) for one in found if identifier(one, "id", "look for a pull request")), None)

    def open(self, slug: str, branch: str, title: str, description: str) -> str:
        """Open a pull request from a branch to `main`, or find the one that is open, and give its address."""
        repository = self._connection.repository(slug)
        body = {
            "title": title,
            "description": description,
            "source": {"branch": {"name": branch}},
            "destination": {"branch": {"name": "main"}},
            "close_source_branch": True,
        }

        def act(seen: str | None) -> str:
            del seen
            made = repository.post("pullrequests", what="open a pull request", body=body)
            created(made, "id", "open a pull request")
            return _address(made)

        found = repository.settle(lambda: self.find(slug, branch), lambda seen: seen is not None, act, unique=False)
        if found is None:
            raise Error(f"{slug} has no pull request from {branch}", hint="run the same command again")
        return found

    def open_updates(self, slugs: Collection[str], branches: str) -> Mapping[str, str]:
        """By slug, the open pull request from a branch named so."""
        return listing.open_updates(self._connection.transport, slugs, branches)


def _address(document: Document) -> str:
    links = document.get("links") or {}
    return str((links.get("html") or {}).get("href", ""))
