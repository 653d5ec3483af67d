"""What an organisation writes once about its repositories: the `[bitbucket]` table of the settings file."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from mlops_new.hosts.bitbucket.api.credentials import Secret
from mlops_new.hosts.bitbucket.connection import Hosting
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

if TYPE_CHECKING:
    from mlops_new.settings.bitbucket_schema import (
        EnvironmentTable,
        MainTable,
        RepositoriesTable,
        Variables,
        WebhookTable,
    )

KINDS = ("Test", "Staging", "Production")


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
        Invalid: naming every place that is wrong and what may stand there.
    """
    # Whoever has no such table does not wait for the models.
    from mlops_new.settings.bitbucket_schema import BitbucketTable
    from mlops_new.settings.reading import read

    table = read(BitbucketTable, "bitbucket", values)
    read_part = Reader(environ).part
    both = read_part(table, Main())
    nested = {Kind.BUILD: table.build, Kind.DEPLOY: table.deploy}
    only = {kind: read_part(inner, both.main or Main()) for kind, inner in nested.items() if inner}
    return Setup(table.workspace, Hosting(table.project, table.fork_policy), both, only)


@dataclass(frozen=True)
class Reader:
    """What tables become.

    Args:
        environ: Where secrets come from.
    """

    environ: Mapping[str, str]

    def part(self, table: "RepositoriesTable", usual: Main) -> Part:
        """What repositories get; rules of `main` that are not said are the usual ones."""
        return Part(
            variables=self._variables(table.variables),
            deployments=None if table.environments is None else self._deployments(table.environments),
            reviewers=tuple(table.reviewers),
            webhooks=tuple(map(self._webhook, table.webhooks)),
            schedules=tuple(Schedule(one.pipeline, one.cron, one.branch) for one in table.schedules),
            main=_main(table.main, usual) if table.main else None,
        )

    def _variables(self, table: "Variables") -> tuple[Variable, ...]:
        return tuple(
            Plain(name, value) if isinstance(value, str) else Secured(name, value.secret, self._secret(value.secret))
            for name, value in table.items()
        )

    def _deployments(self, tables: Mapping[str, "EnvironmentTable"]) -> tuple[Deployment, ...]:
        return tuple(
            Deployment(Environment(name, one.type), self._variables(one.variables)) for name, one in tables.items()
        )

    def _webhook(self, table: "WebhookTable") -> Webhook:
        source = table.secret or ""
        return Webhook(table.url, frozenset(table.events), self._secret(source), signed=bool(source), source=source)

    def _secret(self, source: str) -> Secret | None:
        value = self.environ.get(source) if source else None
        return Secret(value) if value else None


def _main(table: "MainTable", usual: Main) -> Main:
    said = {name: value for name, value in dict(table).items() if value is not None}
    may_push = tuple(said.pop("may_push", ())) or usual.may_push
    return replace(usual, **said, may_push=may_push)


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
