"""Pipeline definitions in a few words, as somebody with an SDK would get them in many."""

import json
from typing import Any

Document = dict[str, Any]

IMAGE = {"Get": "Parameters.ImageUri"}
ROLE = "arn:aws:iam::000000000000:role/tests"
OUTPUT = "/opt/ml/processing/output"
INPUT = "/opt/ml/processing/input"


def definition(*steps: Document, **parameters: Any) -> str:
    """A definition with the parameter ImageUri and others; a value is a default, a dict the rest of a declaration."""
    declared = [{"Name": "ImageUri", "Type": "String"}]
    for name, value in parameters.items():
        more = value if isinstance(value, dict) else {"Type": "String", "DefaultValue": value}
        declared.append({"Name": name, **more})
    return json.dumps({"Version": "2020-12-01", "Parameters": declared, "Steps": list(steps)})


def get(path: str) -> Document:
    return {"Get": path}


def join(*values: Any, on: str = "") -> Document:
    return {"Std:Join": {"On": on, "Values": list(values)}}


def json_get(step: str, file: str, path: str) -> Document:
    return {"Std:JsonGet": {"PropertyFile": get(f"Steps.{step}.PropertyFiles.{file}"), "Path": path}}


def output_of(step: str, name: str) -> Document:
    return get(f"Steps.{step}.ProcessingOutputConfig.Outputs['{name}'].S3Output.S3Uri")


def run_uri(name: str) -> Document:
    return join("s3://mlops-new/tests/", get("Execution.PipelineExecutionId"), "/", name)


def processing(
    name: str,
    code: str,
    *arguments: Any,
    inputs: Document | None = None,
    outputs: tuple[str, ...] = (),
    request: Document | None = None,
    **members: Any,
) -> Document:
    """A Processing step that runs Python code; inputs are URIs by name."""
    body: Document = {
        "AppSpecification": {"ImageUri": IMAGE, "ContainerEntrypoint": ["python3", "-c", code]},
        "ProcessingResources": {
            "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
        },
        "RoleArn": ROLE,
        "ProcessingInputs": [
            {
                "InputName": given,
                "S3Input": {
                    "S3Uri": uri,
                    "LocalPath": f"{INPUT}/{given}",
                    "S3DataType": "S3Prefix",
                    "S3InputMode": "File",
                },
            }
            for given, uri in (inputs or {}).items()
        ],
        "ProcessingOutputConfig": {
            "Outputs": [
                {
                    "OutputName": output,
                    "S3Output": {
                        "S3Uri": run_uri(output),
                        "LocalPath": f"{OUTPUT}/{output}",
                        "S3UploadMode": "EndOfJob",
                    },
                }
                for output in outputs
            ]
        },
    }
    if arguments:
        body["AppSpecification"]["ContainerArguments"] = list(arguments)
    return {"Name": name, "Type": "Processing", "Arguments": body | (request or {}), **members}


def training(name: str, code: str, *, channels: Document | None = None, request: Document | None = None) -> Document:
    """A Training step; the image's `train` runs the code. Channels are URIs by name."""
    body: Document = {
        "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        "Environment": {"CODE": code},
        "InputDataConfig": [
            {"ChannelName": channel, "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri}}}
            for channel, uri in (channels or {}).items()
        ],
        "OutputDataConfig": {"S3OutputPath": run_uri("model")},
        "ResourceConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1},
        "RoleArn": ROLE,
        "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
    }
    return {"Name": name, "Type": "Training", "Arguments": body | (request or {})}


def model(name: str, data: Any = None, **environment: str) -> Document:
    container = {"Image": IMAGE, "Environment": environment} | ({"ModelDataUrl": data} if data else {})
    return {"Name": name, "Type": "Model", "Arguments": {"ExecutionRoleArn": ROLE, "PrimaryContainer": container}}


def transform(name: str, model_step: str, source: Any, *, request: Document | None = None, **given: Any) -> Document:
    """A Transform step over CSV lines; `given` goes to TransformInput, or to TransformOutput by its names."""
    target = {key: given.pop(key) for key in ("Accept", "AssembleWith") if key in given}
    body: Document = {
        "ModelName": get(f"Steps.{model_step}.ModelName"),
        "TransformInput": {
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": source}},
            "ContentType": "text/csv",
            "SplitType": "Line",
            **given,
        },
        "TransformOutput": {"S3OutputPath": run_uri(name), "AssembleWith": "Line", **target},
        "TransformResources": {"InstanceCount": 1, "InstanceType": "ml.m5.large"},
    }
    return {"Name": name, "Type": "Transform", "Arguments": body | (request or {})}


def condition(
    name: str, *conditions: Document, then: tuple[Document, ...] = (), otherwise: tuple[Document, ...] = ()
) -> Document:
    arguments = {"Conditions": list(conditions), "IfSteps": list(then), "ElseSteps": list(otherwise)}
    return {"Name": name, "Type": "Condition", "Arguments": arguments}


def equals(left: Any, right: Any) -> Document:
    return {"Type": "Equals", "LeftValue": left, "RightValue": right}


def fail(name: str, message: Any) -> Document:
    return {"Name": name, "Type": "Fail", "Arguments": {"ErrorMessage": message}}


def register(name: str, data: Any, group: str = "tests") -> Document:
    arguments = {
        "ModelPackageGroupName": group,
        "ModelApprovalStatus": "PendingManualApproval",
        "InferenceSpecification": {
            "Containers": [{"Image": IMAGE, "ModelDataUrl": data}],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        },
        "CustomerMetadataProperties": {"execution": get("Execution.PipelineExecutionArn")},
    }
    return {"Name": name, "Type": "RegisterModel", "Arguments": arguments}
