"""What a pipeline document is made of, in the language of the service's own shapes.

botocore describes the requests that steps end in, not the document around them. The rest is described here in the same
terms, so that one checker judges both. Three terms are added: the type `any`, which is not judged; the type `document`,
JSON as text or as it is; and `literal`, for what must be written out because it is read before a run begins and no
variable has a value yet.

What the service documents and its shapes do not say is added to them here: `_STRICTER`. What a pipeline may leave out
of a request, because the service fills it in, is taken from what they require: `_FILLED_IN`.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from mlops_new.definition.document import VERSION
from mlops_new.definition.kinds import KINDS, StepKind
from mlops_new.definition.shapes import Catalogue, Shape, service

MAX_PARAMETERS: Final = 200
"""How many parameters a pipeline may have (AWS General Reference, SageMaker quotas)."""


def _structure(required: str = "", **members: str) -> dict[str, Any]:
    shapes = {name: {"shape": shape} for name, shape in members.items()}
    return {"type": "structure", "required": required.split(), "members": shapes, "literal": True}


def _list(shape: str, **rules: Any) -> dict[str, Any]:
    return {"type": "list", "member": {"shape": shape}, "literal": True, **rules}


def _choice(*values: str) -> dict[str, Any]:
    return {"type": "string", "enum": list(values), "literal": True}


_OWN: Final[Catalogue] = {
    "Any": {"type": "any"},
    "Text": {"type": "string", "min": 1, "literal": True},
    "TextOrVariable": {"type": "string"},
    "Boolean": {"type": "boolean"},
    "Switch": {"type": "boolean", "literal": True},
    "Count": {"type": "integer", "min": 1, "max": 20, "literal": True},
    "Minutes": {"type": "integer", "min": 0, "max": 14400, "literal": True},
    "Seconds": {"type": "integer", "min": 0, "literal": True},
    "Rate": {"type": "double", "min": 0, "literal": True},
    "Concurrency": {"type": "integer", "min": 1, "max": 50, "literal": True},
    "AnyMap": {"type": "map", "key": {"shape": "Text"}, "value": {"shape": "Any"}, "literal": True},
    "AnyList": _list("Any"),
    "SomeList": _list("Any", min=1),
    "Steps": _list("Any", min=1),
    "Document": _structure(
        "Version Steps",
        Version="Version",
        Metadata="AnyMap",
        Parameters="Parameters",
        PipelineExperimentConfig="PipelineExperimentConfig",
        MlflowConfig="MLflowConfiguration",
        Steps="Steps",
    ),
    "Version": _choice(VERSION),
    "Parameters": _list("Parameter", max=MAX_PARAMETERS),
    "Parameter": _structure(
        "Name Type",
        Name="ParameterName",
        Type="ValueType",
        DefaultValue="Any",
        EnumValues="SomeList",
        Description="ParameterDescription",
    ),
    "ParameterDescription": {"type": "string", "max": 4096, "literal": True},
    "ParameterName": {"type": "string", "min": 1, "max": 256, "pattern": r"[A-Za-z0-9\-_]*", "literal": True},
    "ValueType": _choice("String", "Integer", "Float", "Boolean"),
    "StepName": {"type": "string", "min": 1, "max": 64, "pattern": r"[A-Za-z0-9\-_]*", "literal": True},
    "Label": {"type": "string", "max": 256, "literal": True},
    "Description": {"type": "string", "max": 3072, "literal": True},
    "CacheConfig": _structure("Enabled", Enabled="Switch", ExpireAfter="Text"),
    "RetryPolicies": _list("RetryPolicy"),
    "RetryPolicy": _structure(
        "ExceptionType",
        ExceptionType="ExceptionTypes",
        BackoffRate="Rate",
        IntervalSeconds="Seconds",
        MaxAttempts="Count",
        ExpireAfterMin="Minutes",
    ),
    "ExceptionTypes": _list("ExceptionType", min=1),
    "ExceptionType": _choice(
        "Step.SERVICE_FAULT",
        "Step.THROTTLING",
        "SageMaker.JOB_INTERNAL_ERROR",
        "SageMaker.CAPACITY_ERROR",
        "SageMaker.RESOURCE_LIMIT",
        "Emr.RESOURCE_LIMIT",
    ),
    "PropertyFiles": _list("PropertyFile"),
    "PropertyFile": _structure(
        "PropertyFileName OutputName FilePath", PropertyFileName="Text", OutputName="Text", FilePath="Text"
    ),
    "OutputParameters": _list("OutputParameter"),
    "OutputParameter": _structure("OutputName OutputType", OutputName="Text", OutputType="ValueType"),
    "QualityCheckType": _choice("DATA_QUALITY", "MODEL_QUALITY"),
    "ClarifyCheckType": _choice("DATA_BIAS", "MODEL_BIAS", "MODEL_EXPLAINABILITY"),
    "ConditionArguments": _structure("Conditions", Conditions="AnyList", IfSteps="AnyList", ElseSteps="AnyList"),
    "Comparison": _structure("Type LeftValue RightValue", Type="Text", LeftValue="Any", RightValue="Any"),
    "In": _structure("Type QueryValue Values", Type="Text", QueryValue="Any", Values="SomeList"),
    "Not": _structure("Type Condition", Type="Text", Condition="Any"),
    "Or": _structure("Type Conditions", Type="Text", Conditions="SomeList"),
    "FailArguments": _structure("ErrorMessage", ErrorMessage="String3072"),
    "ForEachArguments": _structure(
        "IterableItems MaxConcurrency ForEachBody",
        IterableItems="Any",
        MaxConcurrency="Concurrency",
        Selector="Selector",
        ForEachBody="SomeList",
    ),
    "Selector": _structure("Pick Field", Pick="Pick", Field="Any"),
    "Pick": _choice("MaxBy", "MinBy"),
    "CleanupArguments": _structure("Resources", Resources="CleanupResources"),
    "CleanupResources": _structure("S3", S3="CleanupSources"),
    "CleanupSources": _list("CleanupSource", min=1),
    "CleanupSource": _structure("StepName", StepName="StepName", S3Uris="AnyList"),
    "ConditionProperties": _structure(Outcome="TextOrVariable"),
    "ClarifyCheckProperties": _structure(
        CalculatedBaselineConstraints="TextOrVariable", BaselineUsedForDriftCheckConstraints="TextOrVariable"
    ),
    "QualityCheckProperties": _structure(
        CalculatedBaselineConstraints="TextOrVariable",
        CalculatedBaselineStatistics="TextOrVariable",
        BaselineUsedForDriftCheckConstraints="TextOrVariable",
        BaselineUsedForDriftCheckStatistics="TextOrVariable",
    ),
    "AutoMLProperties": _structure(BestCandidateProperties="BestCandidateProperties"),
    "BestCandidateProperties": _structure(
        ModelInsightsJsonReportPath="TextOrVariable", ExplainabilityJsonReportPath="TextOrVariable"
    ),
    "Join": _structure("Values", On="Separator", Values="SomeList"),
    "Separator": {"type": "string", "literal": True},
    "JsonGet": _structure("Path", Path="Text", PropertyFile="Any", S3Uri="TextOrVariable"),
    "EMRArguments": _structure(
        "StepConfig",
        ClusterId="TextOrVariable",
        ClusterConfig="EMRCluster",
        ExecutionRoleArn="TextOrVariable",
        StepConfig="EMRStepConfig",
    ),
    "EMRServerlessArguments": _structure(
        "ExecutionRoleArn JobConfig",
        ExecutionRoleArn="TextOrVariable",
        ApplicationId="TextOrVariable",
        ApplicationConfig="EMRServerlessApplication",
        JobConfig="EMRServerlessJob",
    ),
}

_COMMON: Final[Mapping[str, str]] = {
    "Name": "StepName",
    "Type": "Text",
    "Arguments": "AnyMap",
    "DependsOn": "AnyList",
    "DisplayName": "Label",
    "Description": "Description",
}
"""The shape of what every step may have."""

_MEMBERS: Final[Mapping[str, str]] = {
    "CacheConfig": "CacheConfig",
    "CheckType": "Text",
    "RetryPolicies": "RetryPolicies",
    "PropertyFiles": "PropertyFiles",
    "OutputParameters": "OutputParameters",
    "FunctionArn": "TextOrVariable",
    "SqsQueueUrl": "TextOrVariable",
    "ModelPackageGroupName": "TextOrVariable",
    "ModelName": "TextOrVariable",
    "SkipCheck": "Boolean",
    "FailOnViolation": "Boolean",
    "RegisterNewBaseline": "Boolean",
    "SuppliedBaselineStatistics": "TextOrVariable",
    "SuppliedBaselineConstraints": "TextOrVariable",
}
"""The shape of what a step may have besides the members that all steps have."""

_CHECK_TYPES: Final[Mapping[str, str]] = {"QualityCheck": "QualityCheckType", "ClarifyCheck": "ClarifyCheckType"}

_ADAPTED: Final[Mapping[str, tuple[tuple[str, str, tuple[str, ...]], ...]]] = {
    "sagemaker": (),
    "emr": (
        ("EMRStepConfig", "StepConfig", ("Name",)),
        ("EMRCluster", "RunJobFlowInput", ("Name",)),
    ),
    "emr-serverless": (
        ("EMRServerlessJob", "StartJobRunRequest", ("applicationId", "clientToken")),
        ("EMRServerlessApplication", "CreateApplicationRequest", ("clientToken",)),
    ),
}
"""Of other services: our name, the request it is made of, and what is not required because SageMaker adds it."""

_FILLED_IN: Final = frozenset({"RoleArn"})
"""What a step may leave out: "by default, each step takes on the pipeline execution role" (Developer Guide)."""

_STRICTER: Final[Mapping[str, Mapping[str, Any]]] = {
    "ContainerArgument": {"min": 1},
    "TrainingContainerArgument": {"min": 1},
    "MaxPayloadInMB": {"max": 100},
}
"""Limits of single values that the service's documentation or its answers tell, and its shapes do not."""

_DOCUMENT: Final = "Document"
"""How the names of text shapes end that hold a JSON document: a pipeline may give and read its members."""

_UNTOLD: Final[Mapping[str, Mapping[str, str]]] = {"CreateJobRequest": {"VpcConfig": "VpcConfig"}}
"""Members that the SageMaker SDK sends and that botocore's description does not have yet."""

_MADE: Final = frozenset({"Arguments", *(ours for adapted in _ADAPTED.values() for ours, _, _ in adapted)})


@cache
def shape(name: str, of: str = "sagemaker") -> Shape:
    """A shape of ours (`pipeline.…`) or of a service."""
    return Shape(name, _catalogue(of))


@cache
def step_shape(type_: str) -> Shape:
    """The shape of a whole step: what all have and what its type has; whatever any type has for an unknown one."""
    kind = KINDS.get(type_) or StepKind(members=tuple(_MEMBERS))
    members = {**_COMMON, **{member: _MEMBERS[member] for member in kind.members}}
    if type_ in _CHECK_TYPES:
        members["CheckType"] = _CHECK_TYPES[type_]
    if kind.request:
        members["Arguments"] = "Arguments"
    required = ("Name", "Type", *(["Arguments"] if kind.request else []), *kind.needed)
    step = _structure(" ".join(required), **members)
    made = {"pipeline.Step": _prefixed(step), "pipeline.Arguments": _arguments(kind)}
    return Shape("pipeline.Step", {**_catalogue(kind.service), **made})


def arguments_shape(type_: str) -> Shape | None:
    """The shape of the arguments of a step; None where they are free or the type is not known."""
    return step_shape(type_).member("Arguments") if type_ in KINDS and KINDS[type_].request else None


def _arguments(kind: StepKind) -> Mapping[str, Any]:
    if not kind.request:
        return {"type": "any"}
    return {**_without(_catalogue(kind.service)[kind.request], optional=(kind.named,)), "literal": True}


def _without(rules: Mapping[str, Any], *, optional: tuple[str, ...]) -> dict[str, Any]:
    return {**rules, "required": [name for name in rules.get("required", ()) if name not in optional]}


@cache
def _catalogue(name: str) -> Catalogue:
    shapes = _as_in_pipelines(service(name))
    adapted = {
        f"pipeline.{ours}": _without(shapes[theirs], optional=optional) for ours, theirs, optional in _ADAPTED[name]
    }
    return {**shapes, **{f"pipeline.{ours}": _prefixed(rules) for ours, rules in _OWN.items()}, **adapted}


def _as_in_pipelines(shapes: Catalogue) -> Catalogue:
    """The shapes of a service as they hold for a step's arguments."""
    return {name: _as_in_a_pipeline(name, rules) for name, rules in shapes.items()}


def _as_in_a_pipeline(name: str, rules: Mapping[str, Any]) -> Mapping[str, Any]:
    if rules.get("document"):
        return {"type": "any"}
    if name.endswith(_DOCUMENT) and rules["type"] == "string":
        return {**rules, "type": "document"}
    if not _FILLED_IN.isdisjoint(rules.get("required", ())):
        rules = _without(rules, optional=tuple(_FILLED_IN))
    if name in _UNTOLD:
        added = {member: {"shape": shape} for member, shape in _UNTOLD[name].items()}
        rules = {**rules, "members": {**added, **rules["members"]}}
    return {**rules, **_STRICTER[name]} if name in _STRICTER else rules


def _prefixed(rules: Mapping[str, Any]) -> dict[str, Any]:
    """Our shapes name each other without the prefix that keeps them apart from the service's."""
    prefixed = dict(rules)
    for role in ("member", "key", "value"):
        if role in rules:
            prefixed[role] = _reference(rules[role])
    if "members" in rules:
        prefixed["members"] = {name: _reference(member) for name, member in rules["members"].items()}
    return prefixed


def _reference(member: Mapping[str, str]) -> dict[str, str]:
    name = member["shape"]
    ours = name in _OWN or name in _MADE
    return {"shape": f"pipeline.{name}" if ours else name}
