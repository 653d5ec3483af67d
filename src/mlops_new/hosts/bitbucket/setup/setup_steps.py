"""One frozen dataclass for each thing that sets a repository up; its sentence is what the plan shows.

`needs_main` says that `main` must have been pushed; `depends` says the rest of the order.
"""

from dataclasses import dataclass
from typing import ClassVar

from mlops_new.hosts.bitbucket.setup.setup_model import Environment, Restriction, Schedule, Variable, Webhook
from mlops_new.ports.step import Step


@dataclass(frozen=True)
class _OfRepository(Step):
    """What every step of the set-up has.

    Args:
        slug: The repository, which exists when the step is performed.
    """

    slug: str

    subject = "slug"
    needs_main: ClassVar[bool] = False


@dataclass(frozen=True)
class CreateProject(Step):
    """Create the Bitbucket project that holds a project's repositories; they wait for it."""

    name: str
    key: str

    action = "create project"
    subject = "key"

    def __str__(self) -> str:
        return f"Create Bitbucket project {self.key}"


@dataclass(frozen=True)
class DeleteProject(Step):
    """Delete the Bitbucket project, which holds nothing any more."""

    name: str
    key: str

    action = "delete project"
    subject = "key"
    sign = "-"

    def __str__(self) -> str:
        return f"Delete Bitbucket project {self.key}"


@dataclass(frozen=True)
class EnablePipelines(_OfRepository):
    """Switch Pipelines on."""

    action = "enable pipelines"

    def __str__(self) -> str:
        return f"Switch on Pipelines for {self.slug}"


@dataclass(frozen=True)
class CreateEnvironment(_OfRepository):
    """Create a deployment environment."""

    environment: Environment

    action = "create environment"

    def __str__(self) -> str:
        return f"Create the deployment environment {self.environment.name} of {self.slug}"


@dataclass(frozen=True)
class SetVariable(_OfRepository):
    """Create a variable or put it right."""

    variable: Variable
    environment: str | None = None

    action = "set variable"

    def __str__(self) -> str:
        where = f"{self.slug}, {self.environment}" if self.environment else self.slug
        return f"Set the variable {self.variable.key} of {where}"


@dataclass(frozen=True)
class AddReviewer(_OfRepository):
    """Make someone a default reviewer."""

    user: str

    action = "add reviewer"

    def __str__(self) -> str:
        return f"Make {self.user} a default reviewer of {self.slug}"


@dataclass(frozen=True)
class SetWebhook(_OfRepository):
    """Create a webhook or put it right."""

    webhook: Webhook

    action = "set webhook"

    def __str__(self) -> str:
        return f"Tell {self.webhook.url} about {', '.join(sorted(self.webhook.events))} of {self.slug}"


@dataclass(frozen=True)
class SetSchedule(_OfRepository):
    """Create a schedule or put it right."""

    schedule: Schedule

    action = "set schedule"
    needs_main = True

    def __str__(self) -> str:
        return f"Run {self.schedule.pipeline} of {self.slug} at {self.schedule.cron}"


@dataclass(frozen=True)
class Restrict(_OfRepository):
    """Create a branch rule or put it right."""

    restriction: Restriction

    action = "restrict"
    needs_main = True

    def __str__(self) -> str:
        return f"Restrict {self.restriction.pattern} of {self.slug}: {self.restriction}"


SetupStep = EnablePipelines | CreateEnvironment | SetVariable | AddReviewer | SetWebhook | SetSchedule | Restrict


def depends(step: SetupStep, earlier: SetupStep) -> bool:
    """Whether one step waits for another.

    Besides, every step waits for its repository, and those that say `needs_main` for the push of `main`.
    """
    if step.slug != earlier.slug:
        return False
    match step, earlier:
        case Restrict(), Restrict():
            return False
        case Restrict(), _:
            return True  # a rule may shut out whoever is not finished
        case CreateEnvironment() | SetVariable() | SetSchedule(), EnablePipelines():
            return True
        case SetVariable(), CreateEnvironment():
            return step.environment == earlier.environment.name
        case _:
            return False
