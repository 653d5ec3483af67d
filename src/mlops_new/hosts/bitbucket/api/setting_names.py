"""Which setting of an organisation asks for a request. Pure."""

import re

_REPOSITORY = r"repositories/[^/]+/[^/]+"
# The first pattern that fits "METHOD path" decides.
_SETTINGS: tuple[tuple[str, str], ...] = (
    (r"POST workspaces/[^/]+/projects", "`project` in [bitbucket], which names one that exists,"),
    (rf"POST {_REPOSITORY}", "`fork_policy` in [bitbucket]"),
    (rf"\w+ {_REPOSITORY}/pipelines_config/variables.*", "[bitbucket.variables]"),
    (rf"\w+ {_REPOSITORY}/pipelines_config/schedules.*", "[[bitbucket.deploy.schedules]]"),
    (rf"\w+ {_REPOSITORY}/(environments|deployments_config).*", "[bitbucket.environments]"),
    (rf"\w+ {_REPOSITORY}/branch-restrictions.*", "[bitbucket.main]"),
    (rf"\w+ {_REPOSITORY}/default-reviewers.*", "`reviewers` in [bitbucket]"),
    (rf"\w+ {_REPOSITORY}/hooks.*", "[[bitbucket.webhooks]]"),
)


def setting_of(method: str, path: str) -> str:
    """The setting, as the settings file spells it; empty where none asks for it."""
    request = f"{method} {path.partition('?')[0]}"
    return next((setting for pattern, setting in _SETTINGS if re.fullmatch(pattern, request)), "")
