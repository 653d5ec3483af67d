"""SageMaker as the commands see it: the protocols of `ports.platform`, by what an account keeps and runs."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from mlops_new import definition as definitions
from mlops_new.definition import Definition
from mlops_new.definition.comparison import differences
from mlops_new.errors import Conflict, Error
from mlops_new.names import Mark
from mlops_new.platforms.code_files import code_files
from mlops_new.platforms.sagemaker import images
from mlops_new.platforms.sagemaker.account import Account
from mlops_new.platforms.sagemaker.execution_control import SageMakerExecutions
from mlops_new.platforms.sagemaker.model_versions import SageMakerModels
from mlops_new.platforms.sagemaker.registry import SageMakerRegistry
from mlops_new.platforms.sagemaker.s3_objects import Objects
from mlops_new.ports.platform import Platform


def sagemaker_platform(
    account: Account, project: str, sleep: Callable[[float], None] = time.sleep, *, options: str = ""
) -> Platform:
    """An account as the platform of one project.

    Args:
        account: Where.
        project: The project's name.
        sleep: Waits so many seconds between two looks at a run.
        options: What a command that is suggested needs to reach it, besides `--platform sagemaker`.
    """
    option = f" --platform sagemaker{options}"
    ready: dict[str, Definition] = {}
    return Platform(
        option=option,
        pipelines=SageMakerPipelines(account, ready, option),
        executions=SageMakerExecutions(account, project, ready, option, sleep),
        models=SageMakerModels(account),
        objects=SageMakerObjects(account),
        sources=SageMakerSources(account),
    )


class SageMakerPipelines:
    """The pipelines of an account that are about to be run.

    Args:
        account: Where.
        ready: Gets the definitions of those that were made ready.
        option: What a command that is suggested needs to reach the platform.
    """

    def __init__(self, account: Account, ready: dict[str, Definition], option: str) -> None:
        self._account, self._ready, self._option = account, ready, option
        self._registry = SageMakerRegistry(account)

    def unsupported(self, definition: Definition) -> list[str]:
        """Nothing: what SageMaker does not take, it says itself."""
        del definition
        return []

    def make_ready(self, name: str, definition: Definition, *, mark: Mark) -> None:
        """Register it where it is absent; others run it too, so another definition is not replaced by the way.

        Raises:
            Conflict: the registered one is another project's, or has another definition.
        """
        found = self._registry.find_pipeline(name)
        if found is not None and found.mark == mark and found.digest != definition.digest:
            first = next(iter(differences(self._registered(name), definition.document)), "it cannot be read")
            raise Conflict(
                f"pipeline {name} is registered with another definition than the one here: {first}",
                hint=f"`mlops-new project {mark.project}{self._option}` registers what is committed; or pull theirs",
            )
        self._registry.register(name, definition, mark=mark)
        self._ready[name] = definition

    def _registered(self, name: str) -> Mapping[str, object]:
        text = self._account.call("sagemaker", "DescribePipeline", about=name, PipelineName=name)["PipelineDefinition"]
        try:
            return definitions.parse(text, source=name).document
        except Error:
            return {}


class SageMakerObjects(Objects):
    """The objects that an account can reach."""

    def upload_code(self, repository: Path, *, project: str) -> str:
        """Store the repository's code, and give the prefix: what `CodeUri` wants."""
        return self.upload_named(code_files(repository), project=project, kind="code")

    def folder(self, uri: str, note: str) -> str:
        """See to it that there is something at a prefix, if only a note, and give it back."""
        if not self.exists(uri):
            self.put(note.encode(), f"{uri}/README.txt")
        return uri

    def place(self, uri: str) -> str:
        """The URI: that is where people find it."""
        return uri


@dataclass(frozen=True)
class SageMakerSources:
    """What a run in an account is given that a person did not name."""

    account: Account

    prefers_sample = False

    @property
    def bucket(self) -> str:
        """The bucket that pipelines read and write."""
        return self.account.bucket

    @property
    def role(self) -> str:
        """The ARN of the role that jobs run as."""
        return self.account.execution_role

    def analyzer(self, parameter: str) -> str:
        """The image of `ModelMonitorImageUri` or `ClarifyImageUri` in this region."""
        return images.analyzer(self.account, parameter)

    def own_image(self, repository: Path, *, project: str, needed: bool, notify: Callable[[str], None]) -> str:
        """The image that CI has made of the commit that is checked out, where the pipeline takes one."""
        del notify
        return images.own_image(self.account, repository, project) if needed else ""
