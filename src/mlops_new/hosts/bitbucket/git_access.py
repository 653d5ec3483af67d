"""How git gets to the repositories of a workspace."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from mlops_new.hosts.bitbucket import git_credentials
from mlops_new.hosts.bitbucket.api.retry_policy import NOT_YET
from mlops_new.hosts.bitbucket.connection import Connection
from mlops_new.system import git


class BitbucketAccess:
    """Git's way into one workspace. Threads may share it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def appears(self, url: str) -> bool:
        """After git did not find a repository: wait, if it was created a moment ago, and say whether it is there."""
        if url not in self._connection.unseen_by_git:
            return False
        self._connection.unseen_by_git.discard(url)
        for pause in self._connection.retry_policy.lag:
            if self._git_sees(url):
                return True
            self._connection.retry_policy.wait(pause, NOT_YET)
        return False

    @contextmanager
    def credentials(self, url: str) -> Iterator[Mapping[str, str]]:
        """The environment that lets git read and write the URL, for one command."""
        if not url.startswith(f"{self._connection.account.git}/"):
            yield {}
            return
        with git_credentials.environment(self._connection.account) as environment:
            yield environment

    def _git_sees(self, url: str) -> bool:
        try:
            with git_credentials.environment(self._connection.account) as environment:
                git.remote_refs(url, environment)
        except git.GitError:
            return False
        return True
