"""What the double remembers, and a picture of it without anything accidental."""

import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Json = dict[str, Any]


@dataclass
class Environment:
    document: Json
    variables: dict[str, Json] = field(default_factory=dict)


@dataclass
class Repository:
    document: Json
    git: Path
    heads: dict[str, str] = field(default_factory=dict)
    pipelines: bool | None = None  # None: never switched on
    variables: dict[str, Json] = field(default_factory=dict)
    environments: dict[str, Environment] = field(default_factory=dict)
    restrictions: dict[int, Json] = field(default_factory=dict)
    reviewers: dict[str, Json] = field(default_factory=dict)
    hooks: dict[str, Json] = field(default_factory=dict)
    schedules: dict[str, Json] = field(default_factory=dict)
    pull_requests: dict[int, Json] = field(default_factory=dict)


@dataclass
class Workspace:
    slug: str
    uuid: str
    projects: dict[str, Json] = field(default_factory=dict)
    repositories: dict[str, Repository] = field(default_factory=dict)
    users: dict[str, Json] = field(default_factory=dict)


def new_uuid() -> str:
    """An identifier as Bitbucket writes them."""
    return f"{{{uuid.uuid4()}}}"


_ACCIDENTAL = {"uuid", "id", "links", "created_on", "updated_on"}


def picture(workspace: Workspace) -> Json:
    """Everything that matters, in an order that does not depend on when it was made."""
    return {
        "projects": {key: _plain(project) for key, project in sorted(workspace.projects.items())},
        "repositories": {slug: _repository(one) for slug, one in sorted(workspace.repositories.items())},
    }


def _repository(one: Repository) -> Json:
    return {
        "about": _plain(one.document),
        "heads": dict(sorted(one.heads.items())),
        "pipelines": one.pipelines,
        "variables": _sorted(one.variables.values()),
        "environments": sorted((_environment(environment) for environment in one.environments.values()), key=str),
        "restrictions": _sorted(one.restrictions.values()),
        "reviewers": sorted(one.reviewers),
        "hooks": _sorted(one.hooks.values()),
        "schedules": _sorted(one.schedules.values()),
        "pull_requests": _sorted(one.pull_requests.values()),
    }


def _environment(one: Environment) -> Json:
    return _plain(one.document) | {"variables": _sorted(one.variables.values())}


def _sorted(documents: Any) -> list[Json]:
    return sorted((_plain(document) for document in documents), key=str)


def _plain(document: Json) -> Json:
    return {
        name: _plain(value) if isinstance(value, dict) else value
        for name, value in sorted(document.items())
        if name not in _ACCIDENTAL
    }
