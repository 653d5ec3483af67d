"""The types of steps that SageMaker has: what each takes and gives."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_JOB: Final = ("CacheConfig", "RetryPolicies")
_CHECK: Final = (*_JOB, "CheckType", "ModelPackageGroupName", "SkipCheck", "FailOnViolation", "RegisterNewBaseline")


@dataclass(frozen=True)
class StepKind:
    """What a type of step takes and gives.

    Attributes:
        request: The shape of its arguments; empty where they are free.
        answers: The shapes whose members are its properties; empty where nothing is known of them.
        named: The member of the request that names the job: the service makes one up.
        members: What a step of this type has besides the members that all steps have.
        needed: Those of `members` that it must have.
        properties: False where nothing may refer to the step's properties.
        service: Whose shapes they are.
    """

    request: str = ""
    answers: tuple[str, ...] = ()
    named: str = ""
    members: tuple[str, ...] = ()
    needed: tuple[str, ...] = ()
    properties: bool = True
    service: str = "sagemaker"


def _job(name: str, *members: str) -> StepKind:
    return StepKind(f"Create{name}Request", (f"Describe{name}Response",), f"{name}Name", (*_JOB, *members))


def _resource(name: str, *members: str) -> StepKind:
    return StepKind(f"Create{name}Input", (f"Describe{name}Output",), f"{name}Name", members)


def _opaque() -> StepKind:
    return StepKind(members=_JOB)


KINDS: Final[Mapping[str, StepKind]] = {
    "Processing": _job("ProcessingJob", "PropertyFiles"),
    "Training": _job("TrainingJob"),
    "Transform": _job("TransformJob"),
    "Tuning": StepKind(
        "CreateHyperParameterTuningJobRequest",
        ("DescribeHyperParameterTuningJobResponse", "ListTrainingJobsForHyperParameterTuningJobResponse"),
        "HyperParameterTuningJobName",
        _JOB,
    ),
    "AutoML": StepKind(
        "CreateAutoMLJobRequest", ("DescribeAutoMLJobResponse", "pipeline.AutoMLProperties"), "AutoMLJobName", _JOB
    ),
    "Job": _job("Job"),
    "Model": _resource("Model", "RetryPolicies"),
    "RegisterModel": _resource("ModelPackage", "RetryPolicies"),
    "EndpointConfig": _resource("EndpointConfig", *_JOB),
    "Endpoint": _resource("Endpoint", "CacheConfig"),
    "InferenceComponent": _resource("InferenceComponent"),
    "QualityCheck": StepKind(
        "CreateProcessingJobRequest",
        ("pipeline.QualityCheckProperties",),
        "ProcessingJobName",
        (*_CHECK, "SuppliedBaselineStatistics", "SuppliedBaselineConstraints"),
        needed=("CheckType",),
    ),
    "ClarifyCheck": StepKind(
        "CreateProcessingJobRequest",
        ("pipeline.ClarifyCheckProperties",),
        "ProcessingJobName",
        (*_CHECK, "SuppliedBaselineConstraints", "ModelName"),
        needed=("CheckType",),
    ),
    "Condition": StepKind("pipeline.ConditionArguments", ("pipeline.ConditionProperties",)),
    "Fail": StepKind("pipeline.FailArguments", properties=False),
    "Lambda": StepKind(
        members=("CacheConfig", "FunctionArn", "OutputParameters"),
        needed=("FunctionArn",),
    ),
    "Callback": StepKind(
        members=("CacheConfig", "SqsQueueUrl", "OutputParameters"),
        needed=("SqsQueueUrl",),
    ),
    "EMR": StepKind(
        "pipeline.EMRArguments", ("Step", "pipeline.EMRArguments"), members=("CacheConfig",), service="emr"
    ),
    "EMRServerless": StepKind(
        "pipeline.EMRServerlessArguments", ("GetJobRunResponse",), members=_JOB, service="emr-serverless"
    ),
    "ForEach": StepKind("pipeline.ForEachArguments"),
    "Cleanup": StepKind("pipeline.CleanupArguments", properties=False),
    "Lineage": StepKind(answers=("LineageMetadata",)),
    "Athena": _opaque(),
    "BedrockCustomModel": _opaque(),
    "BedrockCustomModelDeployment": _opaque(),
    "BedrockModelImport": _opaque(),
    "BedrockProvisionedModelThroughput": _opaque(),
    "HubContent": _opaque(),
}
"""The step types that SageMaker has. Of the last ones only the names are known: their arguments are not judged."""
