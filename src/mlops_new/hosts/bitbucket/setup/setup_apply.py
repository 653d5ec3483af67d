"""Performs the steps of a set-up."""

from typing import assert_never

from mlops_new.hosts.bitbucket.host import BitbucketCloud
from mlops_new.hosts.bitbucket.setup import bitbucket_pipelines, rules
from mlops_new.hosts.bitbucket.setup.setup_steps import (
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
        host.projects.create(step.name)
        return
    repository = host.connection.repository(step.slug)
    match step:
        case EnablePipelines():
            bitbucket_pipelines.enable(repository)
        case CreateEnvironment():
            bitbucket_pipelines.create_environment(repository, step.environment)
        case SetVariable():
            bitbucket_pipelines.set_variable(repository, step.variable, step.environment)
        case AddReviewer():
            rules.add_reviewer(repository, step.user)
        case SetWebhook():
            rules.set_webhook(repository, step.webhook)
        case SetSchedule():
            bitbucket_pipelines.set_schedule(repository, step.schedule)
        case Restrict():
            rules.restrict(repository, step.restriction)
        case _:
            assert_never(step)
