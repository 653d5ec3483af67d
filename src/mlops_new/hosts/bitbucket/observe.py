"""A repository's set-up as it is. Reads only."""

from mlops_new.hosts.bitbucket import pipelines, rules
from mlops_new.hosts.bitbucket.host import BitbucketCloud
from mlops_new.hosts.bitbucket.model import ObservedSetup, RepositorySetup


def observe_setup(host: BitbucketCloud, slug: str, wanted: RepositorySetup) -> ObservedSetup:
    """Look at the set-up of a repository that exists. Reads only, and only what matters to what is wanted."""
    repository = host.repository(slug)
    with_variables = {one.environment.name for one in wanted.deployments if one.variables}
    return ObservedSetup(
        pipelines=pipelines.enabled(repository),
        variables=pipelines.variables(repository) if wanted.variables else frozenset(),
        deployments=pipelines.deployments(repository, with_variables) if wanted.deployments else (),
        reviewers=rules.reviewers(repository) if wanted.reviewers else frozenset(),
        restrictions=rules.restrictions(repository) if wanted.restrictions else frozenset(),
        webhooks=rules.webhooks(repository) if wanted.webhooks else (),
        schedules=pipelines.schedules(repository) if wanted.schedules else (),
    )
