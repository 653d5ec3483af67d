"""What a set-up lacks, as steps. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from mlops_new.errors import Invalid
from mlops_new.hosts.bitbucket.setup.setup_model import (
    ObservedSetup,
    RepositorySetup,
    Secured,
    Variable,
    Webhook,
    settled,
)
from mlops_new.hosts.bitbucket.setup.setup_steps import (
    AddReviewer,
    CreateEnvironment,
    EnablePipelines,
    Restrict,
    SetSchedule,
    SetupStep,
    SetVariable,
    SetWebhook,
)

NOTHING = ObservedSetup()


def missing(slug: str, wanted: RepositorySetup, observed: ObservedSetup = NOTHING) -> tuple[SetupStep, ...]:
    """What it takes to get from what is there to what is wanted, in the order of a plan. Pure.

    Args:
        slug: The repository.
        wanted: Its set-up.
        observed: What `observe_setup` saw; `NOTHING` for a repository that is to be created.
    """
    return tuple(_steps(slug, wanted, observed))


def require_secrets(steps: Iterable[SetupStep]) -> None:
    """Before anything is done, make sure that everything secret that must be written is known.

    Raises:
        Invalid: naming the environment variable that is not set.
    """
    for step in steps:
        _check_secret(step)


def _steps(slug: str, wanted: RepositorySetup, seen: ObservedSetup) -> Iterator[SetupStep]:
    if not seen.pipelines:
        yield EnablePipelines(slug)
    for variable in _unsettled(wanted.variables, seen.variables):
        yield SetVariable(slug, variable)
    yield from _deployments(slug, wanted, seen)
    yield from (AddReviewer(slug, user) for user in wanted.reviewers if user not in seen.reviewers)
    for webhook in wanted.webhooks:
        yield from _webhook(slug, webhook, seen)
    for schedule in wanted.schedules:
        if [one for one in seen.schedules if one.target == schedule.target] != [schedule]:
            yield SetSchedule(slug, schedule)
    yield from (Restrict(slug, rule) for rule in wanted.restrictions if rule not in seen.restrictions)


def _deployments(slug: str, wanted: RepositorySetup, seen: ObservedSetup) -> Iterator[SetupStep]:
    for deployment in wanted.deployments:
        name = deployment.environment.name
        found = seen.deployment(name)
        if found is None:
            yield CreateEnvironment(slug, deployment.environment)
        for variable in _unsettled(deployment.variables, found.variables if found else ()):
            yield SetVariable(slug, variable, name)


def _unsettled(wanted: Iterable[Variable], seen: Iterable[Variable]) -> list[Variable]:
    found = {variable.key: variable for variable in seen}
    return [variable for variable in wanted if not settled(variable, found.get(variable.key))]


def _webhook(slug: str, wanted: Webhook, seen: ObservedSetup) -> Iterator[SetupStep]:
    found = [one for one in seen.webhooks if one.url == wanted.url]
    if len(found) == 1 and wanted.settled(found[0]):
        return
    signed = any(one.signed for one in found)
    yield SetWebhook(slug, replace(wanted, signed=False, secret=None) if signed else wanted)  # its secret stays


def _check_secret(step: SetupStep) -> None:
    match step:
        case SetVariable(variable=Secured(source=source, value=None)):
            what = str(step)
        case SetWebhook(webhook=Webhook(signed=True, secret=None, source=source)):
            what = f"Sign what {step.webhook.url} is told"
        case _:
            return
    raise Invalid(
        f"cannot {what[0].lower()}{what[1:]}: {source} is not set", hint=f"set the environment variable {source}"
    )
