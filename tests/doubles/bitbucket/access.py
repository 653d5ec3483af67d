"""Who may do what: tokens, their scopes, and which scopes an operation asks for."""

import base64
import re
from dataclasses import dataclass
from functools import cache

# Written down from the public documentation, apart from the program's own table: each checks the other.
_OPERATIONS = """
GET /user                                                      read:user:bitbucket
GET /workspaces/*                                              read:workspace:bitbucket
GET /workspaces/*/projects                                     read:project:bitbucket
GET /workspaces/*/projects/*                                   read:project:bitbucket
POST /workspaces/*/projects                                    admin:project:bitbucket
DELETE /workspaces/*/projects/*                                admin:project:bitbucket
GET /repositories/*                                            read:repository:bitbucket
GET /repositories/*/*                                          read:repository:bitbucket
POST /repositories/*/*                                         admin:repository:bitbucket
PUT /repositories/*/*                                          admin:repository:bitbucket
DELETE /repositories/*/*                                       delete:repository:bitbucket
GET /repositories/*/*/refs/branches/*                          read:repository:bitbucket
GET /repositories/*/*/src/*/*                                  read:repository:bitbucket
GET /repositories/*/*/pipelines_config                         admin:repository:bitbucket
PUT /repositories/*/*/pipelines_config                         admin:repository:bitbucket
GET /repositories/*/*/pipelines_config/variables               read:pipeline:bitbucket
POST /repositories/*/*/pipelines_config/variables              admin:pipeline:bitbucket
PUT /repositories/*/*/pipelines_config/variables/*             admin:pipeline:bitbucket
GET /repositories/*/*/environments                             read:pipeline:bitbucket
POST /repositories/*/*/environments                            admin:pipeline:bitbucket
GET /repositories/*/*/deployments_config/environments/*/variables    read:pipeline:bitbucket
POST /repositories/*/*/deployments_config/environments/*/variables   admin:pipeline:bitbucket
PUT /repositories/*/*/deployments_config/environments/*/variables/*  admin:pipeline:bitbucket
GET /repositories/*/*/pipelines_config/schedules               read:pipeline:bitbucket
POST /repositories/*/*/pipelines_config/schedules              read:pipeline:bitbucket write:pipeline:bitbucket
GET /repositories/*/*/pipelines_config/schedules/*             read:pipeline:bitbucket
PUT /repositories/*/*/pipelines_config/schedules/*             read:pipeline:bitbucket write:pipeline:bitbucket
DELETE /repositories/*/*/pipelines_config/schedules/*          write:pipeline:bitbucket
GET /repositories/*/*/branch-restrictions                      admin:repository:bitbucket
POST /repositories/*/*/branch-restrictions                     admin:repository:bitbucket
PUT /repositories/*/*/branch-restrictions/*                    admin:repository:bitbucket
GET /repositories/*/*/default-reviewers                        read:pullrequest:bitbucket
PUT /repositories/*/*/default-reviewers/*                      admin:repository:bitbucket
GET /repositories/*/*/hooks                                    read:webhook:bitbucket
POST /repositories/*/*/hooks                                   read:webhook:bitbucket write:webhook:bitbucket
PUT /repositories/*/*/hooks/*                                  read:webhook:bitbucket write:webhook:bitbucket
DELETE /repositories/*/*/hooks/*                               delete:webhook:bitbucket
GET /repositories/*/*/pullrequests                             read:pullrequest:bitbucket
POST /repositories/*/*/pullrequests                            read:pullrequest:bitbucket write:pullrequest:bitbucket
"""


def _pattern(line: str) -> tuple[re.Pattern[str], frozenset[str]]:
    method, path, *scopes = line.split()
    return re.compile(f"{method} {re.escape(path).replace(re.escape('*'), '[^/]+')}"), frozenset(scopes)


OPERATIONS = [_pattern(line) for line in _OPERATIONS.strip().splitlines()]
EVERY_SCOPE = frozenset[str]().union(*(scopes for _, scopes in OPERATIONS)) | {"write:repository:bitbucket"}


@cache
def required(method: str, path: str) -> frozenset[str] | None:
    """The scopes of an operation; None when there is no such operation."""
    return next((scopes for pattern, scopes in OPERATIONS if pattern.fullmatch(f"{method} {path}")), None)


@dataclass(frozen=True)
class Token:
    """A credential that the double accepts; `email` is None for an access token."""

    secret: str
    email: str | None
    scopes: frozenset[str] = EVERY_SCOPE

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
