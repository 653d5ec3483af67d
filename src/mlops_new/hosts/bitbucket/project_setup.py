"""Bitbucket's side of the plan: what a project has there besides its two repositories."""

from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from mlops_new.errors import Conflict, Invalid
from mlops_new.hosts.bitbucket import doctor
from mlops_new.hosts.bitbucket.host import BitbucketCloud
from mlops_new.hosts.bitbucket.setup import setup_apply, setup_plan, setup_steps
from mlops_new.hosts.bitbucket.setup.bitbucket_settings import Setup
from mlops_new.hosts.bitbucket.setup.pipelines_file import custom_pipelines
from mlops_new.hosts.bitbucket.setup.setup_observe import observe_setup
from mlops_new.hosts.bitbucket.setup.setup_steps import CreateProject, DeleteProject, SetupStep
from mlops_new.names import Kind, Mark, slug
from mlops_new.ports.checks import Check
from mlops_new.ports.git_host import HostedRepository
from mlops_new.ports.host_setup import SetUp
from mlops_new.ports.step import Step

_Ours = SetupStep | CreateProject | DeleteProject


@dataclass(frozen=True)
class BitbucketSetup:
    """The set-up that an organisation's settings ask for.

    Args:
        host: The workspace.
        wanted: The settings.
    """

    host: BitbucketCloud
    wanted: Setup

    def missing(self, project: str, hosted: Mapping[Kind, HostedRepository | None]) -> tuple[SetUp, ...]:
        """What the set-up lacks. Reads only.

        Raises:
            Conflict: the Bitbucket project exists and is not ours.
        """
        with ThreadPoolExecutor() as pool:
            holder = pool.submit(lambda: list(self._holder(project, hosted)))
            parts = [pool.submit(self._of_repository, project, kind, found) for kind, found in hosted.items()]
            return (*holder.result(), *(step for part in parts for step in part.result()))

    def require(self, steps: Iterable[SetUp]) -> None:
        """Make sure that every secret which must be written is known."""
        setup_plan.require_secrets(cast("SetupStep", step.what) for step in steps if step.kind is not None)

    def check_rendered(self, project: str, kind: Kind, repository: Path) -> None:
        """Make sure that what is scheduled is there: Bitbucket takes any name, and a wrong one never runs.

        Raises:
            Invalid: the repository has no such custom pipeline.
        """
        wanted = self.wanted.of(project, kind).schedules
        custom = custom_pipelines(repository) if wanted else frozenset()
        for schedule in wanted:
            if schedule.branch == "main" and schedule.pipeline not in custom:
                raise Invalid(
                    f"the settings schedule {schedule.pipeline!r}, which {slug(project, kind)} does not have",
                    hint=f"custom pipelines of its bitbucket-pipelines.yml: {', '.join(sorted(custom)) or 'none'}; "
                    f"correct `schedules` in [bitbucket] or [bitbucket.{kind}] of the settings file",
                )

    def notes(self, project: str) -> tuple[str, ...]:
        """That CI needs an AWS account before it can do more than test, where the settings name no role."""
        wanted = self.wanted.of(project, Kind.BUILD)
        test = next((one.variables for one in wanted.deployments if one.environment.name == "Test"), ())
        if any(variable.key == "AWS_ROLE_ARN" for variable in (*wanted.variables, *test)):
            return ()
        return (_NO_ACCOUNT,)

    def depends(self, what: Step, earlier: Step) -> bool:
        """Whether one step waits for another."""
        match what, earlier:
            case (CreateProject() | DeleteProject(), _) | (_, CreateProject() | DeleteProject()):
                return False  # its repositories wait for it, and the core sees to that
            case _:
                return setup_steps.depends(cast("SetupStep", what), cast("SetupStep", earlier))

    def perform(self, what: Step) -> None:
        """Do one thing."""
        step = cast("_Ours", what)
        match step:
            case DeleteProject():
                self.host.projects.delete(step.name)
            case _:
                setup_apply.perform(step, self.host)

    def examine(self, project: str | None) -> list[Check]:
        """Whether token and workspace allow what `project` does."""
        setups = [self.wanted.of(project or "any", kind) for kind in Kind]
        return doctor.examine(self.host, doctor.needs_of_project(self.host, setups), project)

    def removable(self, project: str, slugs: Collection[str]) -> tuple[Step, ...]:
        """The Bitbucket project, if it is ours and holds nothing else."""
        if self.host.connection.hosting.project is not None:
            return ()
        try:
            found = self.host.projects.find(project)
        except Conflict:
            return ()
        if found is None or self.host.projects.held(project) - set(slugs):
            return ()
        return (DeleteProject(project, self.host.projects.key(project)),)

    def _holder(self, project: str, hosted: Mapping[Kind, HostedRepository | None]) -> Iterable[SetUp]:
        found = self.host.projects.find(project)
        if found is None and None in hosted.values():
            yield SetUp(CreateProject(project, self.host.projects.key(project)), kind=None)

    def _of_repository(self, project: str, kind: Kind, repository: HostedRepository | None) -> list[SetUp]:
        name, wanted = slug(project, kind), self.wanted.of(project, kind)
        if repository is not None and repository.mark != Mark(project, kind.value):
            return []  # the plan refuses it
        seen = observe_setup(self.host, name, wanted) if repository else setup_plan.NOTHING
        return [_step(what, kind) for what in setup_plan.missing(name, wanted, seen)]


_NO_ACCOUNT = (
    "the settings name no AWS_ROLE_ARN, so the first pipeline of main tests, and stops red where it signs in to AWS. "
    "`mlops-new bootstrap --git bitbucket` makes the role; set it in [bitbucket.environments.Test] of the settings and "
    "run the same command again, or set it in Bitbucket, and start the pipeline again"
)


def _step(what: SetupStep, kind: Kind) -> SetUp:
    # The first push starts the first pipeline, which needs Pipelines and the variables.
    before_push = isinstance(what, setup_steps.EnablePipelines | setup_steps.SetVariable)
    return SetUp(what, kind, before_push=before_push, needs_main=what.needs_main)
