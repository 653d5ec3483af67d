"""SageMaker as the commands see it: every platform's methods, by the names of `ports.platform.Platform`."""

import secrets
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from mlops_new import definition as definitions
from mlops_new.definition import Definition, parameters
from mlops_new.definition.comparison import differences
from mlops_new.errors import Conflict, Error, Invalid
from mlops_new.names import Mark, pipeline_names
from mlops_new.platforms.code_files import code_files
from mlops_new.platforms.sagemaker import execution_reader, images
from mlops_new.platforms.sagemaker.account import Account
from mlops_new.platforms.sagemaker.aws_errors import Unclear
from mlops_new.platforms.sagemaker.execution_reader import Reader
from mlops_new.platforms.sagemaker.following import follow
from mlops_new.platforms.sagemaker.model_versions import SageMakerModels
from mlops_new.platforms.sagemaker.registry import SageMakerRegistry
from mlops_new.platforms.sagemaker.s3_objects import Objects
from mlops_new.ports.events import Listener
from mlops_new.ports.executions import Execution, ModelPackage, Status


class SageMakerPlatform:
    """A `ports.platform.Platform`: the pipelines, runs, models and data of one project in an account.

    Args:
        account: Where.
        project: The project's name; short ids of executions are looked for in its pipelines.
        sleep: Waits so many seconds between two looks at a run.
    """

    option: str = " --platform sagemaker"
    prefers_sample = False

    def __init__(self, account: Account, project: str, sleep: Callable[[float], None] = time.sleep) -> None:
        self._account, self._project, self._sleep = account, project, sleep
        self._registry = SageMakerRegistry(account)
        self._objects = Objects(account)
        self._models = SageMakerModels(account)
        self._ready: dict[str, Definition] = {}

    @property
    def bucket(self) -> str:
        """The bucket that pipelines read and write."""
        return self._account.bucket

    @property
    def role(self) -> str:
        """The ARN of the role that jobs run as."""
        return self._account.execution_role

    def analyzer(self, parameter: str) -> str:
        """The image of `ModelMonitorImageUri` or `ClarifyImageUri` in this region."""
        return images.analyzer(self._account, parameter)

    def unsupported(self, definition: Definition) -> list[str]:
        """Nothing: what SageMaker does not take, it says itself."""
        del definition
        return []

    # Code and data

    def own_image(self, repository: Path, *, project: str, needed: bool, notify: Callable[[str], None]) -> str:
        """The image that CI has made of the commit that is checked out, where the pipeline takes one."""
        del notify
        return images.own_image(self._account, repository, project) if needed else ""

    def upload(self, path: Path, *, project: str, kind: str = "data") -> str:
        """Store a file or folder by its content, once, and give its URI."""
        return self._objects.upload(path, project=project, kind=kind)

    def upload_code(self, repository: Path, *, project: str) -> str:
        """Store the repository's code, and give the prefix: what `CodeUri` wants."""
        return self._objects.upload_named(code_files(repository), project=project, kind="code")

    def folder(self, uri: str, note: str) -> str:
        """See to it that there is something at a prefix, if only a note, and give it back."""
        if not self._objects.exists(uri):
            self._objects.put(note.encode(), f"{uri}/README.txt")
        return uri

    def exists(self, uri: str) -> bool:
        """Whether there is an object at a URI, or anything below it."""
        return self._objects.exists(uri)

    def read(self, uri: str) -> bytes | None:
        """An object's content; None where there is none."""
        return self._objects.read(uri)

    def place(self, uri: str) -> str:
        """The URI: that is where people find it."""
        return uri

    # Runs

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
                hint=f"`mlops-new project {mark.project}{self.option}` registers what is committed; or pull theirs",
            )
        self._registry.register(name, definition, mark=mark)
        self._ready[name] = definition

    def begin(self, pipeline: str, *, given: Mapping[str, str], image: str) -> Execution:
        """Start a run. A dropped answer does not start it twice.

        Raises:
            Invalid: parameters do not fit.
        """
        del image  # it is among the parameters
        declared = self._ready[pipeline].document.get("Parameters") or []
        values = parameters.resolve(declared, given)
        named = [{"Name": name, "Value": _text(values[name])} for name in given]
        token = secrets.token_hex(16)
        try:
            arn = self._start(pipeline, named, token)
        except Unclear:
            arn = self._start_again(pipeline, named, token)
        return Execution(execution_reader.identity(arn), arn, pipeline, values, Status.EXECUTING, "")

    def run(self, execution: str, listener: Listener) -> Execution:
        """Follow a run to its end; Ctrl-C leaves it running."""
        return follow(Reader(self._account, self._arn(execution)), listener, sleep=self._sleep)

    def resume(self, execution: str, listener: Listener) -> Execution:
        """Run a Stopped or Failed execution again from where it was; one that is running is only followed.

        Raises:
            Invalid: it succeeded, or there is none.
        """
        reader = Reader(self._account, self._arn(execution))
        found = reader.read()
        self._retry(found)
        return follow(reader, listener, told=found, sleep=self._sleep)

    def detach(self, execution: str, *, resume: bool) -> None:
        """It goes on by itself; a Stopped or Failed one is told to."""
        if resume:
            self._retry(self.execution(execution))

    def stop(self, execution: str) -> None:
        """Ask a run to end.

        Raises:
            Invalid: it has ended already, or there is none.
        """
        found = self.execution(execution)
        if found.status is not Status.EXECUTING:
            raise Invalid(f"execution {found.id} is not running: it is {found.status}")
        self._account.call(
            "sagemaker", "StopPipelineExecution", about=f"execution {found.id}", PipelineExecutionArn=found.arn
        )

    def execution(self, execution: str) -> Execution:
        """A run with its steps."""
        return Reader(self._account, self._arn(execution)).read()

    # Models

    def registered_by(self, execution: Execution, group: str) -> ModelPackage | None:
        """The model version that a run has registered, or None."""
        for step in execution.steps:
            if step.type == "RegisterModel" and (arn := step.properties.get("ModelPackageArn")):
                return self._models.model_package(group, int(arn.rpartition("/")[2]))
        return None

    def model_packages(self, group: str) -> list[ModelPackage]:
        """The versions of a group, the latest first."""
        return self._models.model_packages(group)

    def model_package(self, group: str, version: int) -> ModelPackage:
        """One version, or `Invalid`."""
        return self._models.model_package(group, version)

    def set_approval(self, group: str, version: int, status: str, note: str = "") -> ModelPackage:
        """Approve or reject a version."""
        return self._models.set_approval(group, version, status, note)

    def _start(self, pipeline: str, given: list[dict[str, str]], token: str) -> str:
        answer = self._account.call(
            "sagemaker",
            "StartPipelineExecution",
            about=f"pipeline {pipeline}",
            PipelineName=pipeline,
            PipelineParameters=given,
            ClientRequestToken=token,
        )
        return str(answer["PipelineExecutionArn"])

    def _start_again(self, pipeline: str, given: list[dict[str, str]], token: str) -> str:
        """Ask once more; the token makes it the same execution, had it been started."""
        try:
            return self._start(pipeline, given, token)
        except Unclear as error:
            listing = f"`aws sagemaker list-pipeline-executions --pipeline-name {pipeline}`"
            again = f"`mlops-new run{self.option} --resume ID` follows it"
            error.hint = f"it may have been started all the same: {listing} shows it, {again}"
            raise

    def _retry(self, found: Execution) -> None:
        if found.status is Status.SUCCEEDED:
            raise Invalid(f"execution {found.id} is {found.status}: only a Stopped or Failed one can be resumed")
        if found.status is not Status.EXECUTING:
            self._account.call(
                "sagemaker", "RetryPipelineExecution", about=f"execution {found.id}", PipelineExecutionArn=found.arn
            )

    def _arn(self, execution: str) -> str:
        """The ARN of an execution: given as such, or by its short id, which the project's pipelines are asked for."""
        if execution.startswith("arn:"):
            return execution
        for name in pipeline_names(self._project):
            arn = f"{self._account.arn('pipeline', name)}/execution/{execution}"
            about = f"execution {execution}"
            if self._account.find("sagemaker", "DescribePipelineExecution", about=about, PipelineExecutionArn=arn):
                return arn
        raise Invalid(f"{self._project} has no execution {execution!r}", hint="`mlops-new run` says the id first")

    def _registered(self, name: str) -> Mapping[str, object]:
        text = self._account.call("sagemaker", "DescribePipeline", about=name, PipelineName=name)["PipelineDefinition"]
        try:
            return definitions.parse(text, source=name).document
        except Error:
            return {}


def _text(value: object) -> str:
    """A parameter's value as the API takes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)
