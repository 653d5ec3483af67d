"""What an organisation writes once about its repositories: the `[bitbucket]` table of the settings file."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mlops_new.hosts.bitbucket.host import Hosting
from mlops_new.hosts.bitbucket.setup.setting_values import Table
from mlops_new.hosts.bitbucket.setup.setup_model import (
    Deployment,
    Environment,
    Plain,
    RepositorySetup,
    Restriction,
    Schedule,
    Secured,
    Variable,
    Webhook,
)
from mlops_new.names import Kind, slug

KINDS = ("Test", "Staging", "Production")
FORK_POLICIES = ("no_forks", "no_public_forks", "allow_forks")


@dataclass(frozen=True)
class Main:
    """The rules of `main`.

    Args:
        pull_request: It changes by pull request only.
        may_push: Users (by UUID) who may push all the same.
        approvals: How many a pull request needs; 0 for none.
        green_builds: How many of its builds must be green; 0 for none.
        force_push: History may be rewritten.
        deletion: The branch may be deleted.
    """

    pull_request: bool = True
    may_push: tuple[str, ...] = ()
    approvals: int = 1
    green_builds: int = 1
    force_push: bool = False
    deletion: bool = False

    def restrictions(self) -> tuple[Restriction, ...]:
        """The same as Bitbucket's branch rules."""
        wanted = {
            Restriction("force"): not self.force_push,
            Restriction("delete"): not self.deletion,
            Restriction("require_approvals_to_merge", value=self.approvals): self.approvals > 0,
            Restriction("require_passing_builds_to_merge", value=self.green_builds): self.green_builds > 0,
            Restriction("push", exempt=frozenset(self.may_push)): self.pull_request,
        }
        return tuple(restriction for restriction, is_wanted in wanted.items() if is_wanted)


@dataclass(frozen=True)
class Part:
    """What both repositories get, or what one of them gets beyond that; None: not said."""

    variables: tuple[Variable, ...] = ()
    deployments: tuple[Deployment, ...] | None = None
    reviewers: tuple[str, ...] = ()
    webhooks: tuple[Webhook, ...] = ()
    schedules: tuple[Schedule, ...] = ()
    main: Main | None = None


@dataclass(frozen=True)
class Setup:
    """The whole table.

    Args:
        workspace: The workspace, unless the environment names one.
        hosting: How repositories are hosted.
        both: What both repositories get.
        only: What one kind gets beyond that; where both say something, this is what counts.
    """

    workspace: str | None = None
    hosting: Hosting = field(default_factory=Hosting)
    both: Part = field(default_factory=Part)
    only: Mapping[Kind, Part] = field(default_factory=dict)

    def of(self, project: str, kind: Kind) -> RepositorySetup:
        """The set-up that one repository of a project should have."""
        both, only = self.both, self.only.get(kind, Part())
        names = {"{project}": project, "{repository}": slug(project, kind), "{kind}": kind.value}
        deployments = _merged_deployments(both.deployments, only.deployments)
        return RepositorySetup(
            variables=_filled(_merged(both.variables, only.variables), names),
            deployments=tuple(Deployment(one.environment, _filled(one.variables, names)) for one in deployments),
            reviewers=tuple(dict.fromkeys(both.reviewers + only.reviewers)),
            restrictions=(only.main or both.main or Main()).restrictions(),
            webhooks=tuple({one.url: one for one in both.webhooks + only.webhooks}.values()),
            schedules=tuple({one.target: one for one in both.schedules + only.schedules}.values()),
        )

    def secret_variables(self) -> frozenset[str]:
        """The environment variables that the settings name as the sources of secrets."""
        parts = (self.both, *self.only.values())
        variables = [one for part in parts for one in part.variables]
        variables += [one for part in parts for deployment in part.deployments or () for one in deployment.variables]
        webhooks = [one.source for part in parts for one in part.webhooks if one.source]
        return frozenset([*webhooks, *(one.source for one in variables if isinstance(one, Secured) and one.source)])


_USUAL = tuple(Deployment(Environment(kind, kind)) for kind in KINDS)


def parse(values: object, environ: Mapping[str, str]) -> Setup:
    """Read the table.

    Args:
        values: The `[bitbucket]` table as TOML gives it; None where there is none.
        environ: Where the values of secured variables and the secrets of webhooks come from.

    Raises:
        Invalid: naming the place and what may stand there.
    """
    table = Table.of("bitbucket", {} if values is None else values, environ)
    workspace = table.text("workspace", pattern=r"[A-Za-z0-9_-]+", example="acme, as in https://bitbucket.org/acme")
    project = table.text("project", pattern=r"[A-Z][A-Z0-9_]*", example="DATA, a project's key")
    hosting = Hosting(project, table.choice("fork_policy", FORK_POLICIES, Hosting().fork_policy))
    nested = {kind: inner for kind in Kind if (inner := table.table(kind.value))}
    both = _part(table, Main())
    only = {kind: _part(inner, both.main or Main()) for kind, inner in nested.items()}
    return Setup(workspace, hosting, both, only)


def _part(table: Table, usual: Main) -> Part:
    environments = table.table("environments")
    main = table.table("main")
    part = Part(
        variables=_variables(table),
        deployments=_deployments(environments) if environments else None,
        reviewers=table.texts("reviewers"),
        webhooks=tuple(_webhook(one) for one in table.tables("webhooks")),
        schedules=tuple(_schedule(one) for one in table.tables("schedules")),
        main=_main(main, usual) if main else None,
    )
    table.finish()
    return part


def _variables(table: Table) -> tuple[Variable, ...]:
    nested = table.table("variables")
    return tuple(nested.variable(name) for name in nested.names()) if nested else ()


def _deployments(table: Table) -> tuple[Deployment, ...]:
    return tuple(_deployment(name, nested) for name in table.names() if (nested := table.table(name)))


def _deployment(name: str, table: Table) -> Deployment:
    kind = table.choice("type", KINDS, name if name in KINDS else None)
    deployment = Deployment(Environment(name, kind), _variables(table))
    table.finish()
    return deployment


def _webhook(table: Table) -> Webhook:
    source = table.variable_name("secret") or ""
    webhook = Webhook(
        url=table.https("url"),
        events=frozenset(table.texts("events", pattern=r"[a-z]+:[a-z_]+", example="repo:push", least=1)),
        secret=table.secret(source),
        signed=bool(source),
        source=source,
    )
    table.finish()
    return webhook


def _schedule(table: Table) -> Schedule:
    schedule = Schedule(
        pipeline=table.needed("pipeline"),
        cron=table.needed("cron", pattern=r"\S+( \S+){6}", example="0 0 3 * * ? * (seven fields, in UTC)"),
        branch=table.text("branch") or "main",
    )
    table.finish()
    return schedule


def _main(table: Table, usual: Main) -> Main:
    main = Main(
        pull_request=table.flag("pull_request", default=usual.pull_request),
        may_push=table.texts("may_push", pattern=r"\{[0-9a-f-]+\}", example="{12345678-…}, a user's UUID")
        or usual.may_push,
        approvals=table.number("approvals", usual.approvals),
        green_builds=table.number("green_builds", usual.green_builds),
        force_push=table.flag("force_push", default=usual.force_push),
        deletion=table.flag("deletion", default=usual.deletion),
    )
    table.finish()
    return main


def _merged(both: tuple[Variable, ...], only: tuple[Variable, ...]) -> tuple[Variable, ...]:
    return tuple({variable.key: variable for variable in both + only}.values())


def _merged_deployments(
    both: tuple[Deployment, ...] | None, only: tuple[Deployment, ...] | None
) -> tuple[Deployment, ...]:
    if both is None and only is None:
        return _USUAL
    merged: dict[str, Deployment] = {}
    for one in (both or ()) + (only or ()):
        earlier = merged.get(one.environment.name)
        variables = _merged(earlier.variables if earlier else (), one.variables)
        merged[one.environment.name] = Deployment(one.environment, variables)
    return tuple(merged.values())


def _filled(variables: tuple[Variable, ...], names: Mapping[str, str]) -> tuple[Variable, ...]:
    """Plain values with the names of the project and the repository filled in."""
    return tuple(Plain(one.key, _fill(one.value, names)) if isinstance(one, Plain) else one for one in variables)


def _fill(text: str, names: Mapping[str, Any]) -> str:
    for placeholder, name in names.items():
        text = text.replace(placeholder, name)
    return text
