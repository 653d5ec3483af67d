"""What steps do: the jobs, models and model packages that they make in moto, and the files that jobs leave."""

import json
import re
import secrets
from collections.abc import Callable, Mapping
from typing import Any

from tests.doubles.aws.definition import Step
from tests.doubles.aws.packages import Document, Packages
from tests.doubles.aws.variables import Undefined

_JOBS = {"Processing": "processing_job", "Training": "training_job", "Transform": "transform_job"}
_ROLES = {"Processing": "RoleArn", "Training": "RoleArn", "Model": "ExecutionRoleArn"}
_LONGEST = 63
Files = Mapping[str, Mapping[str, bytes]]


class Jobs:
    """Makes what steps ask for.

    Args:
        client: A boto client of moto.
        packages: Where RegisterModel steps register.
    """

    def __init__(self, client: Callable[[str], Any], packages: Packages) -> None:
        self._client, self._packages = client, packages

    def make(self, step: Step, name: str, arguments: Document, role: str) -> Document:
        """Make what a step asks for; what the Describe call says of it. A job without a role has the pipeline's."""
        if step.type in _ROLES:
            arguments = {_ROLES[step.type]: role, **arguments}
        if step.type in _JOBS:
            named = {f"{step.type}JobName": name}
            self._sagemaker(f"create_{_JOBS[step.type]}", **arguments, **named)
            return self._sagemaker(f"describe_{_JOBS[step.type]}", **named)
        match step.type:
            case "Model":
                self._sagemaker("create_model", **arguments, ModelName=name)
                return self._sagemaker("describe_model", ModelName=name)
            case "RegisterModel":
                arn = self._packages.create(arguments)["ModelPackageArn"]
                return self._packages.describe({"ModelPackageName": arn})
            case _:
                return arguments

    def write(self, described: Document, files: Files) -> None:
        """Leave in the store what the outputs of a job hold: by the output's name, then the file's."""
        for output in described.get("ProcessingOutputConfig", {}).get("Outputs", []):
            bucket, key = _place(output["S3Output"]["S3Uri"])
            for file, content in files.get(output["OutputName"], {}).items():
                self._client("s3").put_object(Bucket=bucket, Key=f"{key.rstrip('/')}/{file}", Body=content)

    def read(self, uri: str) -> Any:
        """The content of a JSON object."""
        bucket, key = _place(uri)
        content = self._client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
        try:
            return json.loads(content)
        except ValueError as error:
            raise Undefined(f"{uri} is not JSON") from error

    def _sagemaker(self, operation: str, **request: Any) -> Document:
        answer: Document = getattr(self._client("sagemaker"), operation)(**request)
        return answer


def metadata(step: Step, described: Document) -> Document:
    """What ListPipelineExecutionSteps tells of what a step made."""
    match step.type:
        case "Condition":
            return {"Condition": {"Outcome": described["Outcome"]}}
        case "Fail":
            return {"Fail": {"ErrorMessage": described["ErrorMessage"]}}
        case "Model":
            return {"Model": {"Arn": described["ModelArn"]}}
        case "RegisterModel":
            return {"RegisterModel": {"Arn": described["ModelPackageArn"]}}
        case _:
            return {f"{step.type}Job": {"Arn": described[f"{step.type}JobArn"]}}


def job_name(execution: str, step: str) -> str:
    """How the service names the jobs of an execution: with no underscores, and no longer than jobs' names may be."""
    ending = secrets.token_hex(3)
    beginning = f"pipelines-{execution}-"
    middle = re.sub("[^a-zA-Z0-9]+", "-", step)[: _LONGEST - len(beginning) - len(ending) - 1].strip("-")
    return f"{beginning}{middle}-{ending}"


def property_file(step: Step, name: str, described: Document) -> str:
    """The URI of a property file: in the output that it names."""
    for file in step.body.get("PropertyFiles", []):
        for output in described["ProcessingOutputConfig"]["Outputs"]:
            if file["PropertyFileName"] == name and file["OutputName"] == output["OutputName"]:
                return f"{output['S3Output']['S3Uri'].rstrip('/')}/{file['FilePath']}"
    raise Undefined(f"step {step.name} has no property file {name}")


def _place(uri: str) -> tuple[str, str]:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key
