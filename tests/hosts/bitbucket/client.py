"""The program's own Git host, pointed at the double of Bitbucket, with waits that take no time."""

from dataclasses import dataclass, field

from mlops_new.hosts.bitbucket.api.credentials import Account, account
from mlops_new.hosts.bitbucket.api.retry_policy import RetryPolicy
from mlops_new.hosts.bitbucket.connection import Hosting
from mlops_new.hosts.bitbucket.host import BitbucketCloud
from tests.doubles.bitbucket.access import Token
from tests.doubles.bitbucket.server import PERSONAL, BitbucketServer


def environment(server: BitbucketServer, token: Token = PERSONAL) -> dict[str, str]:
    """The environment variables that lead to the double."""
    named = {"BITBUCKET_API_URL": server.url, "BITBUCKET_WORKSPACE": server.workspace.slug}
    if token.email is None:
        return named | {"BITBUCKET_ACCESS_TOKEN": token.secret}
    return named | {"BITBUCKET_EMAIL": token.email, "BITBUCKET_API_TOKEN": token.secret}


def account_at(server: BitbucketServer, token: Token = PERSONAL) -> Account:
    """The account as the program reads it."""
    return account(environment(server, token))


@dataclass
class Waits:
    """Patience that only writes down what it would have waited for."""

    seconds: list[float] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def retry_policy(self, *, attempts: int = 5, looks: int = 6, read: float = 20.0) -> RetryPolicy:
        """Patience for so many attempts and looks."""
        return RetryPolicy(
            connect=5.0,
            read=read,
            pauses=(1.0,) * (attempts - 1),
            lag=(1.0,) * (looks - 1),
            longest=100.0,
            sleep=self.seconds.append,
            say=self.said.append,
        )


def host_at(
    server: BitbucketServer,
    *,
    token: Token = PERSONAL,
    hosting: Hosting | None = None,
    retry_policy: RetryPolicy | None = None,
) -> BitbucketCloud:
    """The Git host."""
    return BitbucketCloud(account_at(server, token), hosting, retry_policy or Waits().retry_policy())
