"""Runs of a project's pipelines in an account: begun, followed, resumed, stopped."""

import secrets
import time
from collections.abc import Callable, Mapping

from mlops_new.definition import Definition, parameters
from mlops_new.errors import Invalid
from mlops_new.names import pipeline_names
from mlops_new.platforms.sagemaker import execution_reader
from mlops_new.platforms.sagemaker.account import Account
from mlops_new.platforms.sagemaker.aws_errors import Unclear
from mlops_new.platforms.sagemaker.execution_reader import Reader
from mlops_new.platforms.sagemaker.following import follow
from mlops_new.ports.events import Listener
from mlops_new.ports.executions import Execution, Status


class SageMakerExecutions:
    """The runs of one project in an account.

    Args:
        account: Where.
        project: The project's name; short ids of executions are looked for in its pipelines.
        ready: The definitions of pipelines that were made ready to be run.
        option: What a command that is suggested needs to reach the platform.
        sleep: Waits so many seconds between two looks at a run.
    """

    def __init__(
        self,
        account: Account,
        project: str,
        ready: Mapping[str, Definition],
        option: str = "",
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._account, self._project, self._ready = account, project, ready
        self._option, self._sleep = option, sleep

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
        return follow(reader, listener, execution=found, sleep=self._sleep)

    def detach(self, execution: str, *, resume: bool) -> None:
        """It goes on by itself; a Stopped or Failed one is told to."""
        if resume:
            self._retry(self.describe(execution))

    def stop(self, execution: str) -> None:
        """Ask a run to end.

        Raises:
            Invalid: it has ended already, or there is none.
        """
        found = self.describe(execution)
        if found.status is not Status.EXECUTING:
            raise Invalid(f"execution {found.id} is not running: it is {found.status}")
        self._account.call(
            "sagemaker", "StopPipelineExecution", about=f"execution {found.id}", PipelineExecutionArn=found.arn
        )

    def describe(self, execution: str) -> Execution:
        """A run with its steps."""
        return Reader(self._account, self._arn(execution)).read()

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
            again = f"`mlops-new run{self._option} --resume ID` follows it"
            error.hint = f"it may have been started all the same: {listing} shows it, {again}"
            raise

    def _retry(self, execution: Execution) -> None:
        if execution.status is Status.SUCCEEDED:
            raise Invalid(
                f"execution {execution.id} is {execution.status}: only a Stopped or Failed one can be resumed"
            )
        if execution.status is not Status.EXECUTING:
            self._account.call(
                "sagemaker",
                "RetryPipelineExecution",
                about=f"execution {execution.id}",
                PipelineExecutionArn=execution.arn,
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


def _text(value: object) -> str:
    """A parameter's value as the API takes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)
