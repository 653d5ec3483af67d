"""A repository's set-up as it is. Reads only."""

from concurrent.futures import ThreadPoolExecutor

from mlops_new.hosts.bitbucket.host import BitbucketCloud
from mlops_new.hosts.bitbucket.setup import bitbucket_pipelines, rules
from mlops_new.hosts.bitbucket.setup.setup_model import ObservedSetup, RepositorySetup


def observe_setup(host: BitbucketCloud, slug: str, wanted: RepositorySetup) -> ObservedSetup:
    """Look at the set-up of a repository that exists: only at what matters to what is wanted, all at once."""
    repository = host.connection.repository(slug)
    named = {one.environment.name for one in wanted.deployments if one.variables}
    with ThreadPoolExecutor() as pool:
        is_on = pool.submit(bitbucket_pipelines.enabled, repository)
        variables = pool.submit(bitbucket_pipelines.variables, repository) if wanted.variables else None
        deployments = pool.submit(bitbucket_pipelines.deployments, repository, named) if wanted.deployments else None
        reviewers = pool.submit(rules.reviewers, repository) if wanted.reviewers else None
        restrictions = pool.submit(rules.restrictions, repository) if wanted.restrictions else None
        webhooks = pool.submit(rules.webhooks, repository) if wanted.webhooks else None
        schedules = pool.submit(bitbucket_pipelines.schedules, repository) if wanted.schedules else None
        return ObservedSetup(
            pipelines=is_on.result(),
            variables=variables.result() if variables else frozenset(),
            deployments=deployments.result() if deployments else (),
            reviewers=reviewers.result() if reviewers else frozenset(),
            restrictions=restrictions.result() if restrictions else frozenset(),
            webhooks=webhooks.result() if webhooks else (),
            schedules=schedules.result() if schedules else (),
        )
