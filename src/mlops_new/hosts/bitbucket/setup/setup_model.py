"""What a repository's set-up consists of: the same words for what is wanted and for what is there."""

from dataclasses import dataclass

from mlops_new.hosts.bitbucket.api.credentials import Secret


@dataclass(frozen=True)
class Plain:
    """A variable that everybody may read."""

    key: str
    value: str


@dataclass(frozen=True)
class Secured:
    """A variable whose value Bitbucket never shows again.

    Args:
        key: Its name.
        source: The environment variable that its value comes from; empty for one that is there.
        value: The value; None when it is not known.
    """

    key: str
    source: str = ""
    value: Secret | None = None


Variable = Plain | Secured


def settled(wanted: Variable, variable: Variable | None) -> bool:
    """Whether nothing needs writing. A secured value cannot be compared, so one that is there stays."""
    match wanted, variable:
        case Plain(), Plain():
            return wanted == variable
        case Secured(), Secured():
            return True
        case _:
            return False


@dataclass(frozen=True)
class Environment:
    """A deployment environment; `kind` is Test, Staging or Production."""

    name: str
    kind: str


@dataclass(frozen=True)
class Deployment:
    """An environment and the variables that only its deployments see."""

    environment: Environment
    variables: tuple[Variable, ...] = ()


@dataclass(frozen=True)
class Restriction:
    """A branch rule.

    Args:
        kind: Bitbucket's name of it.
        pattern: The branches.
        value: How many, for the rules that count.
        exempt: Users (or, when there, groups) whom a `push` rule lets through.
    """

    kind: str
    pattern: str = "main"
    value: int | None = None
    exempt: frozenset[str] = frozenset()

    def __str__(self) -> str:
        text = _RULES.get(self.kind, self.kind).format(value=self.value)
        return text + (f", except {', '.join(sorted(self.exempt))}" if self.exempt else "")


_RULES = {
    "force": "no rewritten history",
    "delete": "no deletion",
    "push": "changes by pull request only",
    # Without Premium, Bitbucket shows whether these are met, and merges all the same.
    "require_approvals_to_merge": "{value} approval(s) before a merge (enforced on Premium, else a warning)",
    "require_passing_builds_to_merge": "{value} green build(s) before a merge (enforced on Premium, else a warning)",
}


@dataclass(frozen=True)
class Webhook:
    """Who is told about events.

    Args:
        url: Whom to tell; there is one webhook for each.
        events: About what.
        secret: Signs what is sent; None when there is none or it is not known.
        signed: Whether there is a secret.
        source: The environment variable that the secret comes from.
        active: Whether it is switched on.
    """

    url: str
    events: frozenset[str]
    secret: Secret | None = None
    signed: bool = False
    source: str = ""
    active: bool = True

    def settled(self, webhook: "Webhook | None") -> bool:
        """Whether nothing needs writing. A secret cannot be compared, so one that is there stays."""
        if webhook is None or not webhook.active or webhook.events != self.events:
            return False
        return webhook.signed or not self.signed


@dataclass(frozen=True)
class Schedule:
    """When a custom pipeline of the repository runs; the cron pattern has seven fields, in UTC."""

    pipeline: str
    cron: str
    branch: str = "main"
    enabled: bool = True

    @property
    def target(self) -> tuple[str, str]:
        """What is run: one schedule of ours for each."""
        return self.branch, self.pipeline


@dataclass(frozen=True)
class RepositorySetup:
    """The set-up that one repository should have."""

    variables: tuple[Variable, ...] = ()
    deployments: tuple[Deployment, ...] = ()
    reviewers: tuple[str, ...] = ()
    restrictions: tuple[Restriction, ...] = ()
    webhooks: tuple[Webhook, ...] = ()
    schedules: tuple[Schedule, ...] = ()


@dataclass(frozen=True)
class ObservedSetup:
    """The set-up that a repository has, as far as it was asked about."""

    pipelines: bool = False
    variables: frozenset[Variable] = frozenset()
    deployments: tuple[Deployment, ...] = ()
    reviewers: frozenset[str] = frozenset()
    restrictions: frozenset[Restriction] = frozenset()
    webhooks: tuple[Webhook, ...] = ()
    schedules: tuple[Schedule, ...] = ()

    def deployment(self, name: str) -> Deployment | None:
        """The environment of that name."""
        return next((found for found in self.deployments if found.environment.name == name), None)
