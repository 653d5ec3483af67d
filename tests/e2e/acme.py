"""An organisation on the double of Bitbucket: its settings, its secrets, and a project made in this process.

Making a project in this process, from repositories that Copier has rendered once, takes a third of the time of the
program as a whole: hundreds of faults are tried like this.
"""

import shutil
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mlops_new.cli import adapters
from mlops_new.cli.commands import project
from mlops_new.cli.console import Console
from mlops_new.hosts.bitbucket.api.credentials import account
from mlops_new.hosts.bitbucket.api.etag_cache import ETagCache
from mlops_new.hosts.bitbucket.host import BitbucketCloud
from mlops_new.hosts.bitbucket.project_setup import BitbucketSetup
from mlops_new.hosts.bitbucket.setup import bitbucket_settings
from mlops_new.names import Kind
from mlops_new.platforms.local.registry import LocalRegistry, LocalRemoval, NothingToCheck
from mlops_new.ports.templates import Template, Templates
from mlops_new.project.context import Context
from mlops_new.settings.load import Host, PlatformName, Settings
from mlops_new.template.answers import read_answers
from mlops_new.template.copier import Copier
from tests.doubles.bitbucket import BitbucketServer
from tests.doubles.bitbucket.state import Repository, new_uuid
from tests.hosts.bitbucket.client import Waits, environment

NAME = "fresh-sales"
SLUGS = [f"{NAME}-build", f"{NAME}-deploy"]
REVIEWER = "{0d5f1d6e-0000-4000-8000-000000000001}"
SECRETS = {"TEAM_TOKEN": "team-s3cret", "HOOK_SECRET": "hook-s3cret"}
SETTINGS = f"""
git = "bitbucket"

[bitbucket]
reviewers = ["{REVIEWER}"]

[bitbucket.variables]
AWS_ROLE_ARN = "arn:aws:iam::111122223333:role/{{project}}-{{kind}}"
TEAM_TOKEN = {{ secret = "TEAM_TOKEN" }}

[bitbucket.environments.Production]
variables = {{ AWS_ACCOUNT = "444455556666" }}

[bitbucket.environments.Canary]
type = "Staging"

[[bitbucket.webhooks]]
url = "https://hooks.example.com/mlops"
events = ["repo:push"]
secret = "HOOK_SECRET"

[[bitbucket.deploy.schedules]]
pipeline = "inference"
cron = "0 0 3 * * ? *"
"""
# Commits that one person makes at one moment are the same commits, so final states can be compared as they are.
ONE_MOMENT = {
    f"GIT_{role}_{what}": value
    for role in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "Ann"), ("EMAIL", "ann@example.com"), ("DATE", "2026-01-01T00:00:00Z"))
}


def new_server() -> BitbucketServer:
    """A workspace with a member, and with things of other people."""
    server = BitbucketServer()
    server.add_user(REVIEWER, "557058:ann")
    server.workspace.projects["THEIRS"] = {"key": "THEIRS", "name": "not ours", "description": "by hand"}
    about = {"full_name": "acme/theirs", "description": "by hand", "project": {"key": "THEIRS"}, "uuid": new_uuid()}
    server.workspace.repositories["theirs"] = Repository(about, server.rest.folder / "theirs.git")
    return server


def variables(server: BitbucketServer) -> dict[str, str]:
    """The environment of a member of the organisation."""
    return environment(server) | SECRETS | ONE_MOMENT


@dataclass(frozen=True)
class Rendered:
    """Repositories that are rendered already.

    Args:
        folder: Holds one for each kind, and what the questions were answered with.
        answers: Those answers.
    """

    folder: Path
    answers: Mapping[str, Any]

    def resolve(
        self,
        template: Template | None,
        data: Mapping[str, Any],
        *,
        ask: bool,
        env: Mapping[str, str] | None = None,
        recorded: Mapping[str, Any] | None = None,
        proposed: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """The answers that they were rendered with."""
        del template, data, ask, env, recorded, proposed
        return dict(self.answers)

    def render(
        self,
        template: Template,
        kind: Kind,
        answers: Mapping[str, Any],
        destination: Path,
        env: Mapping[str, str],
    ) -> None:
        """Copy one."""
        del template, answers, env
        shutil.copytree(self.folder / kind, destination, ignore=shutil.ignore_patterns(".git"))

    def rerender(self, template: Template, answers: str, destination: Path, env: Mapping[str, str]) -> None:
        """Copy the one whose answers these are."""
        self.render(template, Kind(read_answers(answers)["repository_kind"]), {}, destination, env)


def render_once(folder: Path, template: Template) -> Rendered:
    """Have Copier render both repositories."""
    copier = Copier()
    answers = copier.resolve(None, {"project_name": NAME}, ask=False)
    for kind in Kind:
        copier.render(template, kind, answers, folder / kind, {})
    return Rendered(folder, answers)


def settings(home: Path) -> Settings:
    """The settings of a command."""
    return Settings(Host.BITBUCKET, PlatformName.LOCAL, home)


def context(url: str, home: Path, rendered: Templates, waits: Waits | None = None) -> Context:
    """The outside of a command, whose waits take no time."""
    environ = {"BITBUCKET_API_URL": url, "BITBUCKET_WORKSPACE": "acme", **SECRETS}
    environ |= {"BITBUCKET_EMAIL": "ann@example.com", "BITBUCKET_API_TOKEN": "ATATT-personal-secret"}
    wanted = bitbucket_settings.parse(tomllib.loads(SETTINGS)["bitbucket"], environ)
    retry_policy = (waits or Waits()).retry_policy(looks=4)
    host = BitbucketCloud(account(environ), wanted.hosting, retry_policy, ETagCache(home / "bitbucket"))
    setup = BitbucketSetup(host, wanted)
    return Context(
        host=host,
        setup=setup,
        host_checks=setup,
        registry=LocalRegistry(home),
        platform_checks=NothingToCheck(),
        removal=LocalRemoval(home),
        templates=rendered,
        scratch=home / "scratch",
    )


def make(url: str, place: Path, rendered: Templates) -> None:
    """`mlops-new project fresh-sales --yes`, in this process; `place` gets the working copies and the home."""
    request = project.Request(NAME, place / "here", {}, dry_run=False, yes=True)
    home = place / "home"
    project.run(request, settings(home), Console(as_json=True), lambda *_: context(url, home, rendered))


def make_here(place: Path, home: Path, rendered: Templates) -> int:
    """`mlops-new project fresh-sales --yes` with everything on this machine, in this process."""

    def connect(settings: Settings, _: object) -> Context:
        return replace(adapters.connect(settings, print), templates=rendered)

    request = project.Request(NAME, place, {}, dry_run=False, yes=True)
    project.run(request, Settings(Host.LOCAL, PlatformName.LOCAL, home), Console(as_json=True), connect)
    return 0
