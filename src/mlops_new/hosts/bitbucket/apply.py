"""Performs the steps of a set-up."""

from typing import assert_never

from mlops_new.hosts.bitbucket import pipelines, rules
from mlops_new.hosts.bitbucket.host import BitbucketCloud
from mlops_new.hosts.bitbucket.steps import (
    AddReviewer,
    CreateEnvironment,
    CreateProject,
    EnablePipelines,
    Restrict,
    SetSchedule,
    SetupStep,
    SetVariable,
    SetWebhook,
)


def perform(step: SetupStep | CreateProject, host: BitbucketCloud) -> None:
    """Do one thing; what is done already is left as it is. Steps that do not `depends` may run side by side."""
    if isinstance(step, CreateProject):
        host.create_project(step.name)
        return
    repository = host.repository(step.slug)
    match step:
        case EnablePipelines():
            pipelines.enable(repository)
        case CreateEnvironment():
            pipelines.create_environment(repository, step.environment)
        case SetVariable():
            pipelines.set_variable(repository, step.variable, step.environment)
        case AddReviewer():
            rules.add_reviewer(repository, step.user)
        case SetWebhook():
            rules.set_webhook(repository, step.webhook)
        case SetSchedule():
            pipelines.set_schedule(repository, step.schedule)
        case Restrict():
            rules.restrict(repository, step.restriction)
        case _:
            assert_never(step)
