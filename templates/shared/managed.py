"""Checks by SageMaker's Model Monitor and Clarify, for accounts that have them: AWS has closed both to new customers.

Their analyzers read one table of a form of their own, so a step of the model's image, `PrepareChecks`, makes it first.
Where the analyzers' images are differs between regions, so the pipeline is told when it starts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sagemaker.core.processing import Processor
from sagemaker.core.workflow.parameters import ParameterString
from sagemaker.core.workflow.properties import Properties, PropertyFile
from sagemaker.mlops.workflow.steps import ProcessingStep, StepTypeEnum

import jobs
from jobs import Value, module, output, within
from own import Made, Truth

if TYPE_CHECKING:
    from collections.abc import Mapping

MONITOR_IMAGE = ParameterString("ModelMonitorImageUri")
CLARIFY_IMAGE = ParameterString("ClarifyImageUri")
DATASET = "/opt/ml/processing/input/baseline_dataset_input"
RESULT = "/opt/ml/processing/output"
STATISTICS, CONSTRAINTS = ("statistics", "constraints")
# What an answer is called in the table that `PrepareChecks` makes: see `monitoring/managed.py`.
ANSWER: Mapping[str, Mapping[str, str]] = {
    "regression": {"problem_type": "Regression", "inference_attribute": "prediction"},
    "binary_classification": {
        "problem_type": "BinaryClassification",
        "inference_attribute": "prediction",
        "probability_attribute": "probability",
    },
    "multiclass_classification": {"problem_type": "MulticlassClassification", "inference_attribute": "prediction"},
}


class CheckStep(ProcessingStep):
    """A step of type QualityCheck or ClarifyCheck, from the processing job that it is.

    The SDK's own classes cannot compose a definition without an account: they look up the analyzer's image for a
    region, and Clarify's uploads its configuration from the constructor.
    """

    def __init__(self, name: str, kind: StepTypeEnum, job: Any, rules: Mapping[str, Any]) -> None:
        super().__init__(name, step_args=job)
        self.step_type = kind
        self._rules = rules
        self._properties = Properties(step_name=name, step=self)
        files = (STATISTICS, CONSTRAINTS) if kind is StepTypeEnum.QUALITY_CHECK else (CONSTRAINTS,)
        for path in [f"{what}{file.capitalize()}" for what in (CALCULATED, USED) for file in files]:
            self._properties.__dict__[path] = Properties(step_name=name, step=self, path=path)

    def to_request(self) -> dict[str, Any]:
        """The step as the definition holds it."""
        return {**super().to_request(), **self._rules}

    def files(self, what: str) -> dict[str, Value]:
        """The properties that tell where statistics and constraints are, `CALCULATED` or `USED`."""
        known = self._properties.__dict__
        return {file: known[path] for file in (STATISTICS, CONSTRAINTS) if (path := what + file.capitalize()) in known}


CALCULATED, USED = "CalculatedBaseline", "BaselineUsedForDriftCheck"


class Checks:
    """Makes the steps of one pipeline's monitoring. Without a baseline, a step makes one.

    Attributes:
        steps: Those made so far, in order.
        parameters: What they need to be told when the pipeline starts.
        after: Steps to wait for before their files are read: they do not tell a folder that another step could take.
    """

    def __init__(self, jobs: jobs.Jobs, problem_type: str) -> None:
        self._jobs, self._problem_type = jobs, problem_type
        self._prepared: list[tuple[Value, ProcessingStep]] = []
        self.steps: list[Any] = []
        self.parameters: list[Any] = []
        self.after: list[Any] = []

    def data_quality(self, data: Value, *, baseline: Value | None = None, run_date: Any = None) -> Made:
        """Statistics and constraints of a table, or its violations of those of a baseline."""
        del run_date  # Model Monitor does not ask how old data is
        table = output(self._tables(data), "checked")
        return self._quality("DataQuality", table, {}, baseline, self._jobs.folder("data_quality"))

    def attribution(self, data: Value, *, model: Any, model_data: Value, baseline: Value | None = None) -> Made:
        """What predictions for a table rest on, or how far that drifted from a baseline."""
        del model_data  # Clarify starts the model on a machine of its own
        prepared, folder = self._tables(data), self._jobs.folder("attribution")
        inputs = {
            "analysis_config": (output(prepared, "analysis_config"), "/opt/ml/processing/input/config"),
            "dataset": (output(prepared, "explained"), "/opt/ml/processing/input/data"),
        }
        job = self._job(CLARIFY_IMAGE, inputs, ("analysis_result", folder), {})
        known = {} if baseline is None else {"SuppliedBaselineConstraints": within(baseline, "analysis.json")}
        rules = {"CheckType": "MODEL_EXPLAINABILITY", "ModelName": model.properties.ModelName, **self._rules(known)}
        return self._made("Attribution", StepTypeEnum.CLARIFY_CHECK, job, rules, folder)

    def model_quality(self, predictions: Value, ground_truth: Value) -> Made:
        """The metrics of predictions, as a baseline."""
        prepared = self._jobs.processing(
            "PrepareAnswers",
            module("monitoring.managed", "--answers"),
            inputs={"predictions": predictions, "ground_truth": ground_truth},
            outputs=["answers"],
        )
        self.steps.append(prepared)
        return self._model_quality(output(prepared, "answers"), None, self._jobs.folder("model_quality"))

    def truth(self, predictions: Value, ground_truth: Value, *, baseline: Value, model_package: Value) -> Truth:
        """Predictions of a model package against ground truth, where that has not been compared before."""
        news = PropertyFile(name="News", output_name="compared", path="new.json")
        prepared = self._jobs.processing(
            "PrepareAnswers",
            module("monitoring.managed", "--new-answers"),
            inputs={"predictions": predictions, "ground_truth": ground_truth, "compared": jobs.HISTORY},
            outputs=["answers", "compared"],
            arguments=["--model-package", model_package],
            property_files=[news],
        )
        self.steps.append(prepared)
        check = self._model_quality(output(prepared, "answers"), baseline, self._jobs.history("model_quality"))
        self.steps.remove(check.step)  # it belongs to the branch
        # Not before the check: rows whose check failed are to be compared by the next execution.
        remember = self._jobs.processing(
            "Remember",
            module("monitoring.managed", "--remember"),
            inputs={"compared": output(prepared, "compared"), "checked": check.files[STATISTICS]},
            outputs={"remembered": self._jobs.history("compared")},
        )
        return Truth(prepared, news, (check.step, remember), check.folder)

    def _tables(self, data: Value) -> ProcessingStep:
        """The step that makes of a table what both analyzers read."""
        for known, step in self._prepared:
            if known is data:  # pipeline variables are compared by what they are, not by what they become
                return step
        step = self._jobs.processing(
            "PrepareChecks",
            module("monitoring.managed", "--tables"),
            inputs={"data": data},
            outputs=["checked", "explained", "analysis_config"],
        )
        self._prepared.append((data, step))
        self.steps.append(step)
        return step

    def _model_quality(self, answers: Value, baseline: Value | None, folder: Value) -> Made:
        told = {**ANSWER[self._problem_type], "analysis_type": "MODEL_QUALITY", "ground_truth_attribute": "actual"}
        return self._quality("ModelQuality", answers, told, baseline, folder)

    def _quality(
        self, name: str, table: Value, environment: Mapping[str, str], baseline: Value | None, folder: Value
    ) -> Made:
        told = {
            "dataset_format": '{"csv": {"header": true, "output_columns_position": "START"}}',
            "dataset_source": DATASET,
            "output_path": RESULT,
            "publish_cloudwatch_metrics": "Disabled",  # the analyzer only publishes from schedules
            **environment,
        }
        inputs = {"baseline_dataset_input": (table, DATASET)}
        job = self._job(MONITOR_IMAGE, inputs, ("quality_check_output", folder), told)
        known = {} if baseline is None else _supplied(baseline)
        kind = "MODEL_QUALITY" if environment else "DATA_QUALITY"
        return self._made(name, StepTypeEnum.QUALITY_CHECK, job, {"CheckType": kind, **self._rules(known)}, folder)

    def _made(self, name: str, kind: StepTypeEnum, job: Any, rules: Mapping[str, Any], folder: Value) -> Made:
        step = CheckStep(f"{name}{'Baseline' if rules['SkipCheck'] else 'Check'}", kind, job, rules)
        self.steps.append(step)
        self.after.append(step)
        return Made(step, folder, step.files(CALCULATED), step.files(USED))

    def _rules(self, supplied: Mapping[str, Value]) -> dict[str, Any]:
        """Make a baseline and nothing else, or check against the supplied one and keep that."""
        making = not supplied
        return {
            "SkipCheck": making,
            "RegisterNewBaseline": making,
            "FailOnViolation": False,
            "ModelPackageGroupName": self._jobs.project,
            **supplied,
        }

    def _job(
        self,
        image: ParameterString,
        inputs: Mapping[str, tuple[Value, str]],
        result: tuple[str, Value],
        environment: Mapping[str, str],
    ) -> Any:
        if not any(image is known for known in self.parameters):
            self.parameters.append(image)
        processor = Processor(
            role=jobs.ROLE,
            image_uri=image,
            env=dict(environment) or None,
            instance_count=1,
            instance_type=self._jobs.machine,
            volume_size_in_gb=jobs.VOLUME_GB,
            max_runtime_in_seconds=jobs.MAX_SECONDS,
            sagemaker_session=jobs.session(),
        )
        name, folder = result
        return processor.run(
            inputs=[jobs.job_input(key, uri, place) for key, (uri, place) in inputs.items()],
            outputs=[jobs.job_output(name, folder, RESULT)],
        )


def _supplied(baseline: Value) -> dict[str, Value]:
    return {
        "SuppliedBaselineStatistics": within(baseline, "statistics.json"),
        "SuppliedBaselineConstraints": within(baseline, "constraints.json"),
    }
