"""Bitbucket Cloud as the Git host: the parts of one workspace."""

from mlops_new.hosts.bitbucket.api.credentials import Account
from mlops_new.hosts.bitbucket.api.etag_cache import ETagCache
from mlops_new.hosts.bitbucket.api.retry_policy import RetryPolicy
from mlops_new.hosts.bitbucket.api.transport import Transport
from mlops_new.hosts.bitbucket.bitbucket_projects import BitbucketProjects
from mlops_new.hosts.bitbucket.connection import Connection, Hosting
from mlops_new.hosts.bitbucket.git_access import BitbucketAccess
from mlops_new.hosts.bitbucket.hosted_repositories import BitbucketRepositories
from mlops_new.hosts.bitbucket.pull_requests import BitbucketPullRequests
from mlops_new.hosts.bitbucket.workspaces import BitbucketWorkspace
from mlops_new.ports.git_host import Workspace


class BitbucketCloud:
    """The Git host of one workspace. Threads may share it.

    Args:
        account: Whose requests they are.
        hosting: The settings.
        retry_policy: How long is waited for what.
        etag_cache: Keeps what was read and rarely changes.
    """

    def __init__(
        self,
        account: Account,
        hosting: Hosting | None = None,
        retry_policy: RetryPolicy | None = None,
        etag_cache: ETagCache | None = None,
    ) -> None:
        transport = Transport(account, retry_policy or RetryPolicy(), etag_cache)
        self.connection = Connection(transport, hosting or Hosting())
        self.visible = BitbucketWorkspace(self.connection)
        self.projects = BitbucketProjects(self.connection)
        self.repositories = BitbucketRepositories(self.connection, self.visible, self.projects)
        self.pull_requests = BitbucketPullRequests(self.connection)
        self.access = BitbucketAccess(self.connection)

    def workspace(self) -> Workspace:
        """The workspace with its UUID.

        Raises:
            Denied: Bitbucket does not show it.
        """
        return self.visible.look()
