"""Which scope each request needs, and for which of our steps. Scopes of API tokens do not imply each other."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from mlops_new.hosts.bitbucket.api.credentials import AccessToken, Credentials


@dataclass(frozen=True)
class Scope:
    """A right of a token, under both of its names.

    Args:
        name: In an API token.
        classic: In an access token; the wider ones hold the narrower ones. None where any access token will do.
        purpose: What we do with it.
    """

    name: str
    classic: str | None
    purpose: str

    def named(self, credentials: Credentials) -> str | None:
        """Its name for this kind of token; None where that needs none."""
        return self.classic if isinstance(credentials, AccessToken) else self.name


READ_USER = Scope("read:user:bitbucket", "account", "see whose token it is")
READ_WORKSPACE = Scope("read:workspace:bitbucket", None, "see the workspace")
READ_PROJECT = Scope("read:project:bitbucket", "project", "look for the Bitbucket project")
ADMIN_PROJECT = Scope("admin:project:bitbucket", "project:admin", "create the Bitbucket project")
READ_REPOSITORY = Scope("read:repository:bitbucket", "repository", "look for repositories and fetch them")
WRITE_REPOSITORY = Scope("write:repository:bitbucket", "repository:write", "push")
ADMIN_REPOSITORY = Scope(
    "admin:repository:bitbucket", "repository:admin", "create repositories, switch Pipelines on, set branch rules"
)
DELETE_REPOSITORY = Scope("delete:repository:bitbucket", "repository:delete", "destroy repositories")
READ_PIPELINE = Scope("read:pipeline:bitbucket", "pipeline", "look at variables, environments and schedules")
ADMIN_PIPELINE = Scope("admin:pipeline:bitbucket", "pipeline:variable", "set variables and environments")
CREATE_ENVIRONMENT = Scope("admin:pipeline:bitbucket", "pipeline", "create environments")
WRITE_PIPELINE = Scope("write:pipeline:bitbucket", "pipeline:write", "set schedules")
READ_WEBHOOK = Scope("read:webhook:bitbucket", "webhook", "look at webhooks")
WRITE_WEBHOOK = Scope("write:webhook:bitbucket", "webhook", "set webhooks")
DELETE_WEBHOOK = Scope("delete:webhook:bitbucket", "webhook", "remove a webhook that was set twice")
READ_PULL_REQUEST = Scope("read:pullrequest:bitbucket", "pullrequest", "look at reviewers and pull requests")
WRITE_PULL_REQUEST = Scope("write:pullrequest:bitbucket", "pullrequest:write", "open pull requests")

# What a scope of an access token holds besides itself.
_IMPLIED = {
    "project": ("repository",),
    "repository:write": ("repository",),
    "pullrequest": ("repository",),
    "pullrequest:write": ("pullrequest", "repository:write", "repository"),
    "pipeline:write": ("pipeline",),
    "pipeline:variable": ("pipeline:write", "pipeline"),
}


def held(granted: Iterable[str]) -> frozenset[str]:
    """The scopes that a token has, with those that they imply."""
    return frozenset(scope for one in granted for scope in (one, *_IMPLIED.get(one, ())))


_READ, _WRITE = r"GET", r"POST|PUT"
_REPOSITORY = r"repositories/[^/]+/[^/]+"
# The first pattern that fits "METHOD path" decides.
_NEEDS: tuple[tuple[str, tuple[Scope, ...]], ...] = (
    (rf"({_READ}) user", (READ_USER,)),
    (rf"({_READ}) workspaces/[^/]+", (READ_WORKSPACE,)),
    (rf"({_READ}) workspaces/[^/]+/projects(/.*)?", (READ_PROJECT,)),
    (r"\w+ workspaces/[^/]+/projects(/.*)?", (ADMIN_PROJECT,)),
    (rf"({_READ}) repositories/[^/]+(/[^/]+(/(refs|src)/.*)?)?", (READ_REPOSITORY,)),
    (rf"DELETE {_REPOSITORY}", (DELETE_REPOSITORY,)),
    (rf"({_READ}) {_REPOSITORY}/(pipelines_config/|environments|deployments_config/).*", (READ_PIPELINE,)),
    (rf"DELETE {_REPOSITORY}/pipelines_config/schedules.*", (WRITE_PIPELINE,)),
    (rf"({_WRITE}) {_REPOSITORY}/pipelines_config/schedules.*", (READ_PIPELINE, WRITE_PIPELINE)),
    (rf"POST {_REPOSITORY}/environments", (CREATE_ENVIRONMENT,)),
    (rf"\w+ {_REPOSITORY}/(pipelines_config/|environments|deployments_config/).*", (ADMIN_PIPELINE,)),
    (rf"({_READ}) {_REPOSITORY}/default-reviewers.*", (READ_PULL_REQUEST,)),
    (rf"({_READ}) {_REPOSITORY}/hooks.*", (READ_WEBHOOK,)),
    (rf"({_WRITE}) {_REPOSITORY}/hooks.*", (READ_WEBHOOK, WRITE_WEBHOOK)),
    (rf"DELETE {_REPOSITORY}/hooks.*", (DELETE_WEBHOOK,)),
    (rf"({_READ}) {_REPOSITORY}/pullrequests.*", (READ_PULL_REQUEST,)),
    (rf"\w+ {_REPOSITORY}/pullrequests.*", (READ_PULL_REQUEST, WRITE_PULL_REQUEST)),
    (rf"\w+ {_REPOSITORY}.*", (ADMIN_REPOSITORY,)),
)


def needed(method: str, path: str) -> tuple[Scope, ...]:
    """The scopes that a request needs."""
    request = f"{method} {path.partition('?')[0]}"
    return next((scopes for pattern, scopes in _NEEDS if re.fullmatch(pattern, request)), ())


def names(scopes: Iterable[Scope], credentials: Credentials) -> list[str]:
    """Their names for this kind of token, each once."""
    named = (scope.named(credentials) for scope in scopes)
    return list(dict.fromkeys(name for name in named if name is not None))
