"""The jobs that a pipeline of this project is made of, so that a pipeline module reads like a recipe.

Composing calls no AWS: what would, fails by name. Everything that differs between accounts is a pipeline parameter.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
import botocore.session
from sagemaker.core.model_metrics import MetricsSource
from sagemaker.core.processing import Processor
from sagemaker.core.shapes import ProcessingInput, ProcessingOutput, ProcessingS3Input, ProcessingS3Output
from sagemaker.core.transformer import Transformer
from sagemaker.core.workflow.execution_variables import ExecutionVariables
from sagemaker.core.workflow.functions import Join
from sagemaker.core.workflow.parameters import ParameterString
from sagemaker.core.workflow.pipeline_context import PipelineSession
from sagemaker.mlops.workflow.model_step import ModelStep
from sagemaker.mlops.workflow.pipeline import Pipeline
from sagemaker.mlops.workflow.steps import ProcessingStep, TrainingStep, TransformStep
from sagemaker.serve.model_builder import ModelBuilder
from sagemaker.train.configs import Compute, InputData, OutputDataConfig, StoppingCondition
from sagemaker.train.model_trainer import ModelTrainer

from definition import REGION, RecipeError, placeholder

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

Value = Any  # text, or a pipeline variable, which becomes text when the pipeline runs

ROLE = ParameterString("ExecutionRoleArn")
IMAGE = ParameterString("ImageUri")
BUCKET = ParameterString("Bucket")
INPUT_DATA = ParameterString("InputDataUri")
COMMIT = ParameterString("Commit", default_value="unknown")
HISTORY = ParameterString("HistoryUri")  # whoever starts a pipeline sees to it that there is something, if only a note
EXECUTION_ID = ExecutionVariables.PIPELINE_EXECUTION_ID
STARTED = ExecutionVariables.START_DATETIME

MONITORING = ("own", "managed")
PROCESSING = ("pipeline", "airflow")
VOLUME_GB = 30
MAX_SECONDS = 4 * 60 * 60  # a job that hangs is stopped after this


@dataclass(frozen=True)
class Settings:
    """What a pipeline takes from `config.toml`."""

    project: str
    problem_type: str
    monitoring: str
    processing: str
    refit: bool
    instances: Mapping[str, str]

    def instance_type(self, job: str) -> ParameterString:
        """The parameter that says what kind of machine runs a kind of job, with the configured one as default."""
        if job not in self.instances:
            raise RecipeError(f"[instances] in config.toml lacks {job!r}: say which machine runs it, like ml.m5.xlarge")
        return ParameterString(f"{job.capitalize()}InstanceType", default_value=self.instances[job])


def settings(config: Path) -> Settings:
    """Read `config.toml`.

    Raises:
        RecipeError: It is no TOML, lacks the project's name or the table of instances, or says what is not known.
    """
    try:
        tables = tomllib.loads(config.read_text(encoding="utf-8"))
        project = tables["project"]
        found = Settings(
            project=project["name"],
            problem_type=project["problem_type"],
            monitoring=project.get("monitoring", MONITORING[0]),
            processing=project.get("processing", PROCESSING[0]),
            refit=tables.get("model", {}).get("refit", True),
            instances=tables["instances"],
        )
    except (KeyError, OSError, tomllib.TOMLDecodeError) as error:
        raise RecipeError(f"{config} cannot be used: {type(error).__name__}: {error}") from error
    _refuse_others("monitoring", found.monitoring, MONITORING)
    _refuse_others("processing", found.processing, PROCESSING)
    return found


def _refuse_others(name: str, value: str, choices: Sequence[str]) -> None:
    if value not in choices:
        raise RecipeError(f"[project] {name} in config.toml is {value!r}: {' or '.join(choices)} was expected")


@cache
def session() -> PipelineSession:
    """A session that composes pipelines and reaches nothing."""
    botocore_session = botocore.session.Session()
    # Credentials are given so that none are looked for.
    botocore_session.set_credentials("offline", "offline")
    botocore_session.register("before-call.*.*", _refuse)
    return PipelineSession(boto_session=boto3.Session(botocore_session=botocore_session, region_name=REGION))


def _refuse(model: Any, **_: object) -> None:
    raise RecipeError(
        f"composing a pipeline called {model.service_model.service_name}:{model.name}, but a definition must not "
        "depend on an account: give code by the image or by a job's input, and everything else by parameters"
    )


def output(step: ProcessingStep, name: str) -> Value:
    """Where a processing step has put one of its outputs."""
    return step.properties.ProcessingOutputConfig.Outputs[name].S3Output.S3Uri


def within(folder: Value, name: str) -> Value:
    """The URI of a file in a folder."""
    return Join(on="/", values=[folder, name])


def module(name: str, *words: str) -> list[str]:
    """The command that runs a module of the model's image."""
    return ["python3", "-m", name, *words]


def script(name: str) -> list[str]:
    """The command that runs one of this repository's scripts, which reach the job as its input `code`."""
    return ["python3", f"/opt/ml/processing/input/code/steps/{name}.py"]


def document(file: Value) -> MetricsSource:
    """A JSON file, as a model package refers to it."""
    return MetricsSource(content_type="application/json", s3_uri=file)


@dataclass(frozen=True)
class Jobs:
    """Makes a pipeline and its steps. Outputs go to `s3://<bucket>/<project>/<pipeline>/<execution>/<name>`.

    Processing jobs run on `machine`. What later executions read has a place where they find it: `shared`, `history`.
    """

    project: str
    name: str
    machine: Value

    def pipeline(self, *, parameters: Sequence[Any], steps: Sequence[Any]) -> Pipeline:
        """Put steps together; what depends on what follows from their inputs."""
        return Pipeline(
            name=f"{self.project}-{self.name}",
            parameters=list(parameters),
            steps=list(steps),
            pipeline_experiment_config=None,  # the SDK's default would make an experiment, of a service in retirement
            sagemaker_session=session(),
        )

    def folder(self, name: str) -> Value:
        """Where this execution puts what is called `name`: a place of its own, so that lineage stays clear."""
        return Join(on="/", values=["s3:/", BUCKET, f"{self.project}/{self.name}", EXECUTION_ID, name])

    def shared(self, name: str) -> Value:
        """Where all executions put what is called `name`, each in a folder of its own."""
        return Join(on="/", values=["s3:/", BUCKET, f"{self.project}/{name}"])

    def history(self, name: str) -> Value:
        """Where this execution leaves something for later ones to look back on."""
        return Join(on="/", values=[HISTORY, self.name, EXECUTION_ID, name])

    def processing(
        self,
        name: str,
        command: Sequence[str],
        *,
        inputs: Mapping[str, Value],
        outputs: Sequence[str] | Mapping[str, Value],
        arguments: Sequence[Value] = (),
        property_files: Sequence[Any] = (),
        after: Sequence[Any] = (),
    ) -> ProcessingStep:
        """Run a command of the project's image on `/opt/ml/processing/input/<name>` to `…/output/<name>`.

        An output goes to its own folder of this execution, where no other place is given. It waits for the steps in
        `after` beside those it takes something from.
        """
        places = outputs if isinstance(outputs, Mapping) else {output: self.folder(output) for output in outputs}
        processor = Processor(
            role=ROLE,
            image_uri=IMAGE,
            entrypoint=list(command),
            instance_count=1,
            instance_type=self.machine,
            volume_size_in_gb=VOLUME_GB,
            max_runtime_in_seconds=MAX_SECONDS,
            sagemaker_session=session(),
        )
        job = processor.run(
            inputs=[job_input(key, uri, f"/opt/ml/processing/input/{key}") for key, uri in inputs.items()],
            outputs=[job_output(key, uri, f"/opt/ml/processing/output/{key}") for key, uri in places.items()],
            arguments=list(arguments) or None,
        )
        return ProcessingStep(name, step_args=job, property_files=list(property_files), depends_on=list(after) or None)

    def training(
        self, name: str, *, channels: Mapping[str, Value], instance_type: Value, place: str = "artifacts"
    ) -> TrainingStep:
        """Run the image's `train` on channels, each a folder under `/opt/ml/input/data`. The model goes to `place`."""
        trainer = ModelTrainer(
            base_job_name=name,  # the SDK would derive one from the image, which it does not know yet
            training_image=IMAGE,
            role=placeholder(ROLE.name),
            compute=Compute(instance_type=instance_type, instance_count=1, volume_size_in_gb=VOLUME_GB),
            output_data_config=OutputDataConfig(s3_output_path=self.folder(place)),
            stopping_condition=StoppingCondition(max_runtime_in_seconds=MAX_SECONDS),
            sagemaker_session=session(),
        )
        data = [InputData(channel_name=channel, data_source=uri) for channel, uri in channels.items()]
        return TrainingStep(name, step_args=trainer.train(input_data_config=data))

    def model(self, name: str, *, data: Value) -> ModelStep:
        """Make a model, for transform jobs, of the image and of a `model.tar.gz`."""
        return ModelStep(name, step_args=model_builder(data).build())

    def transform(
        self, name: str, *, model: ModelStep, data: Value, instance_type: Value, after: Sequence[Any] = ()
    ) -> TransformStep:
        """Send the lines of CSV files to the image's `serve`; each comes back with the prediction behind it.

        It waits for the steps in `after` beside those it takes something from.
        """
        transformer = Transformer(
            model_name=model.properties.ModelName,
            instance_count=1,
            instance_type=instance_type,
            strategy="MultiRecord",
            assemble_with="Line",
            accept="text/csv",
            # Inputs are read by prefix: a name must not begin another's, as "transform" would "transform_input".
            output_path=self.folder("transformed"),
            sagemaker_session=session(),
        )
        job = transformer.transform(data=data, content_type="text/csv", split_type="Line", join_source="Input")
        return TransformStep(name, step_args=job, depends_on=list(after) or None)


def model_builder(data: Value) -> ModelBuilder:
    """The project's image with a `model.tar.gz`, to be created or registered."""
    return ModelBuilder(
        image_uri=placeholder(IMAGE.name),
        s3_model_data_url=data,
        role_arn=placeholder(ROLE.name),
        dependencies={},  # without it the SDK adds variables for code of its own, which this image does not use
        sagemaker_session=session(),
    )


def job_input(name: str, uri: Value, folder: str) -> ProcessingInput:
    """An input of a processing job, as a folder of its container."""
    source = ProcessingS3Input(s3_uri=uri, local_path=folder, s3_data_type="S3Prefix", s3_input_mode="File")
    return ProcessingInput(input_name=name, s3_input=source)


def job_output(name: str, uri: Value, folder: str) -> ProcessingOutput:
    """An output of a processing job, from a folder of its container."""
    target = ProcessingS3Output(s3_uri=uri, local_path=folder, s3_upload_mode="EndOfJob")
    return ProcessingOutput(output_name=name, s3_output=target)
