"""Who may do what: tokens, their scopes, and which scopes an operation asks for."""

import base64
import re
from dataclasses import dataclass
from functools import cache

# Written down from the public documentation, apart from the program's own table: each checks the other. Scopes of API
# tokens, whose names end in `:bitbucket`; then those of access tokens.
_OPERATIONS = """
GET /user  read:user | account
GET /workspaces/*  read:workspace |
GET /workspaces/*/projects  read:project | project
GET /workspaces/*/projects/*  read:project | project
POST /workspaces/*/projects  admin:project | project:admin
DELETE /workspaces/*/projects/*  admin:project | project:admin
GET /repositories/*  read:repository | repository
GET /repositories/*/*  read:repository | repository
POST /repositories/*/*  admin:repository | repository:admin
PUT /repositories/*/*  admin:repository | repository:admin
DELETE /repositories/*/*  delete:repository | repository:delete
GET /repositories/*/*/refs/branches/*  read:repository | repository
GET /repositories/*/*/src/*/*  read:repository | repository
GET /repositories/*/*/pipelines_config  admin:repository | repository:admin
PUT /repositories/*/*/pipelines_config  admin:repository | repository:admin
GET /repositories/*/*/pipelines_config/variables  read:pipeline | pipeline
POST /repositories/*/*/pipelines_config/variables  admin:pipeline | pipeline:variable
PUT /repositories/*/*/pipelines_config/variables/*  admin:pipeline | pipeline:variable
GET /repositories/*/*/environments  read:pipeline | pipeline
POST /repositories/*/*/environments  admin:pipeline | pipeline
GET /repositories/*/*/deployments_config/environments/*/variables  read:pipeline | pipeline
POST /repositories/*/*/deployments_config/environments/*/variables  admin:pipeline | pipeline:variable
PUT /repositories/*/*/deployments_config/environments/*/variables/*  admin:pipeline | pipeline:variable
GET /repositories/*/*/pipelines_config/schedules  read:pipeline | pipeline
POST /repositories/*/*/pipelines_config/schedules  read:pipeline write:pipeline | pipeline:write
GET /repositories/*/*/pipelines_config/schedules/*  read:pipeline | pipeline
PUT /repositories/*/*/pipelines_config/schedules/*  read:pipeline write:pipeline | pipeline:write
DELETE /repositories/*/*/pipelines_config/schedules/*  write:pipeline | pipeline:write
GET /repositories/*/*/branch-restrictions  admin:repository | repository:admin
POST /repositories/*/*/branch-restrictions  admin:repository | repository:admin
PUT /repositories/*/*/branch-restrictions/*  admin:repository | repository:admin
GET /repositories/*/*/default-reviewers  read:pullrequest | pullrequest
PUT /repositories/*/*/default-reviewers/*  admin:repository | repository:admin
GET /repositories/*/*/hooks  read:webhook | webhook
POST /repositories/*/*/hooks  read:webhook write:webhook | webhook
PUT /repositories/*/*/hooks/*  read:webhook write:webhook | webhook
DELETE /repositories/*/*/hooks/*  delete:webhook | webhook
GET /repositories/*/*/pullrequests  read:pullrequest | pullrequest
POST /repositories/*/*/pullrequests  read:pullrequest write:pullrequest | pullrequest:write
"""


@dataclass(frozen=True)
class Operation:
    """What the API can do.

    Args:
        pattern: Of its method and path.
        scopes: What an API token needs for it.
        classic: What an access token, or OAuth, needs for it.
    """

    pattern: re.Pattern[str]
    scopes: frozenset[str]
    classic: frozenset[str]

    @property
    def example(self) -> tuple[str, str]:
        """A method and a path of it."""
        method, path = self.pattern.pattern.replace("[^/]+", "x").replace("\\", "").split()
        return method, path


def _operation(line: str) -> Operation:
    left, _, classic = line.partition("|")
    method, path, *scopes = left.split()
    pattern = re.compile(f"{method} {re.escape(path).replace(re.escape('*'), '[^/]+')}")
    return Operation(pattern, frozenset(f"{scope}:bitbucket" for scope in scopes), frozenset(classic.split()))


OPERATIONS = [_operation(line) for line in _OPERATIONS.strip().splitlines()]
EVERY_SCOPE = frozenset[str]().union(*(one.scopes for one in OPERATIONS)) | {"write:repository:bitbucket"}
# An access token can be given none that tells of a person's account.
EVERY_CLASSIC_SCOPE = frozenset[str]().union(*(one.classic for one in OPERATIONS)) - {"account"} | {"repository:write"}
# What a classic scope holds besides itself, as the documentation of OAuth scopes has it.
_HELD = {
    "project": {"repository"},
    "repository:write": {"repository"},
    "pullrequest": {"repository"},
    "pullrequest:write": {"pullrequest", "repository:write", "repository"},
    "pipeline:write": {"pipeline"},
    "pipeline:variable": {"pipeline:write", "pipeline"},
}


@cache
def operation(method: str, path: str) -> Operation | None:
    """The operation of a request; None when there is no such one."""
    return next((one for one in OPERATIONS if one.pattern.fullmatch(f"{method} {path}")), None)


@dataclass(frozen=True)
class Token:
    """A credential that the double accepts; `email` is None for an access token, whose scopes are the classic ones."""

    secret: str
    email: str | None
    scopes: frozenset[str] = EVERY_SCOPE

    def lacks(self, wanted: Operation) -> frozenset[str]:
        """The scopes of an operation that it has not been given."""
        if self.email is not None:
            return wanted.scopes - self.scopes
        return wanted.classic - self.scopes.union(*(_HELD.get(scope, frozenset()) for scope in self.scopes))

    def may(self, verb: str) -> bool:
        """Whether git may `read` or `write` with it."""
        classic = {"read": "repository", "write": "repository:write"}[verb]
        held = self.scopes.union(*(_HELD.get(scope, frozenset()) for scope in self.scopes))
        return (f"{verb}:repository:bitbucket" if self.email is not None else classic) in held

    @property
    def authorization(self) -> str:
        """The header that REST requests carry."""
        if self.email is None:
            return f"Bearer {self.secret}"
        return basic(self.email, self.secret)

    @property
    def git_authorization(self) -> str:
        """The header that git requests carry; the e-mail address is refused there."""
        return basic("x-token-auth" if self.email is None else "x-bitbucket-api-token-auth", self.secret)


def basic(user: str, password: str) -> str:
    """HTTP Basic credentials."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
