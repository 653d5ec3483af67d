"""One fault planted at a time: it is reported, once, with its place, and nothing else is."""

import copy
import json
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import pytest

from mlops_new.definition import Definition, validate

DEFINITIONS = Path(__file__).parent / "definitions"
BUILD = json.loads((DEFINITIONS / "build.json").read_text(encoding="utf-8"))
EVERY_TYPE = json.loads((DEFINITIONS / "every_type.json").read_text(encoding="utf-8"))

Document = dict[str, Any]


class Removal(Enum):
    """Has one name in every process: test runners that share the work compare the names of their tests."""

    REMOVE = "removed"


REMOVE = Removal.REMOVE


def step(document: Document, name: str) -> Document:
    found = Definition(document).step(name)
    assert found is not None
    assert isinstance(found.body, dict)
    return found.body


def put(document: Document, case: "Case") -> Document:
    start, *keys = case.place.split("/")
    here: Any = document if start.startswith(":") else step(document, start)
    keys = [start[1:], *keys] if start.startswith(":") else keys
    for key in keys[:-1]:
        here = here[int(key)] if isinstance(here, list) else here[key]
    last: Any = int(keys[-1]) if isinstance(here, list) else keys[-1]
    if case.value is REMOVE:
        del here[last]
    elif isinstance(here, list) and last == len(here):
        here.append(case.value)
    else:
        here[last] = case.value
    return document


def get(reference: str) -> Document:
    return {"Get": reference}


def json_get(path: object = "a", **members: object) -> Document:
    return {"Std:JsonGet": {"PropertyFile": get("Steps.Evaluate.PropertyFiles.Evaluation"), "Path": path, **members}}


@dataclass(frozen=True)
class Case:
    """A change that makes one fault.

    Attributes:
        place: What to change: `Step/Arguments/…`, or `:Parameters/0/…` from the top of the document.
        value: What to put there.
        words: What the fault says.
        below: Where it is reported, from the changed place.
        at: Where it is reported, where that is somewhere else.
        more: The change breaks other places too, because they refer to what was changed.
    """

    place: str
    value: object
    words: str
    below: str = ""
    at: str = ""
    more: bool = False

    def reported_at(self) -> str:
        if self.at:
            return self.at
        start, *keys = self.place.split("/")
        if start == ":Parameters" and len(keys) > 1:
            head, keys = f"parameter {BUILD['Parameters'][int(keys[0])]['Name']}, ", keys[1:]
        elif start.startswith(":"):
            head, keys = "", [start[1:], *keys]
        else:
            head = f"step {start}, "
        return head + "".join(f"[{key}]" if key.isdigit() else f".{key}" for key in keys).lstrip(".") + self.below


CLUSTER = "Evaluate/Arguments/ProcessingResources/ClusterConfig"
RAW = "Preprocess/Arguments/ProcessingInputs/0/S3Input"
NEVER = {"Type": "Equals", "LeftValue": 1, "RightValue": 2}
CONDITION = "CheckMetrics/Arguments/Conditions/0"
LEFT = f"{CONDITION}/LeftValue"
FILE = get("Steps.Evaluate.PropertyFiles.Evaluation")

IN_BUILD = [
    Case(":Extra", 1, "unknown member"),
    Case(":Metadata", [], "a list; an object is expected"),
    Case(":MlflowConfig", {"MlflowResourceArn": "nothing"}, "does not match arn:aws", below=".MlflowResourceArn"),
    Case(":PipelineExperimentConfig", {"ExperimentName": "a b"}, "not match", below=".ExperimentName"),
    Case(
        ":PipelineExperimentConfig",
        {"TrialName": get("Steps.Train.TrainingJobName")},
        "no step has run",
        below=".TrialName",
    ),
    Case(":Parameters/0", "Bucket", "an object is expected", more=True),
    Case(":Parameters/4/Name", "Bucket", "another parameter", at="parameter Bucket, Name", more=True),
    Case(":Parameters/4/Type", "Text", "String"),
    Case(":Parameters/4/Default", "x", "did you mean DefaultValue?"),
    Case(":Parameters/4/DefaultValue", 3, "3 is an integer; text is expected"),
    Case(":Parameters/7/DefaultValue", 1.5, "an integer is expected"),
    Case(":Parameters/7/DefaultValue", value=True, words="a Boolean; an integer"),
    Case(":Parameters/8/DefaultValue", "0.4", '"0.4" is text; a number is expected'),
    Case(
        ":Parameters/6/EnumValues",
        ["ml.m5.2xlarge"],
        "not one of the",
        at="parameter TrainingInstanceType, DefaultValue",
    ),
    Case(":Parameters/6/EnumValues", ["ml.m5.xlarge", 4], "4 is an int", below="[1]"),
    Case(":Parameters/0/Name", "Execution Role", "does not match", at='parameter "Execution Role", Name', more=True),
    Case(":Steps/6", "Later", '"Later" is text; a step is expected'),
    Case("Train/Name", "Train it", "does not match", at='step "Train it", Name', more=True),
    Case(
        "Transform/Name",
        "T" * 65,
        "at most 64",
        at="step TTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTT, Name",
        more=True,
    ),
    Case("Transform/Name", "CreateModel", "another step is called", at="step CreateModel, Name", more=True),
    Case("Evaluate/Typ", "Processing", "did you mean Type?"),
    Case("Transform/Type", "Transfrom", "did you mean Transform?"),
    Case("NotGoodEnough/Type", REMOVE, "missing"),
    Case("Train/Arguments/AlgorithmSpecification/TrainingImages", "x", "did you mean TrainingImage?"),
    Case("Train/Arguments/OutputDataConfig", REMOVE, "missing; an object"),
    Case("Train/Arguments/RoleArn", 5, "5 is an integer; text is expected"),
    Case("Train/Arguments/HyperParameters/depth", 6, "6 is an integer; text"),
    Case(
        "Train/Arguments/HyperParameters/depth",
        get("Parameters.MaxWape"),
        "Parameters.MaxWape gives a number; text is expected",
    ),
    Case("Train/Arguments/Environment", {"1A": "x"}, 'the key "1A" does not match', below=".1A"),
    Case("Train/Arguments/Tags/0/Value", "a" * 257, "at most 256"),
    Case("Train/Arguments/Tags/0/Value", "räksmörgås?", "does not match"),
    Case("Train/Arguments/Tags", [{"Key": str(n), "Value": ""} for n in range(51)], "51 items"),
    Case(f"{CLUSTER}/InstanceCount", "two", '"two" is text; an integer is expected'),
    Case(f"{CLUSTER}/InstanceCount", 0, "at least 1"),
    Case(f"{CLUSTER}/VolumeSizeInGB", 99999, "at most 16384"),
    Case(f"{CLUSTER}/InstanceCount", get("Parameters.Commit"), "gives text; an integer is expected"),
    Case(f"{CLUSTER}/InstanceCount", {"Std:Join": {"Values": ["1"]}}, "gives text; an integer is expected"),
    Case(f"{CLUSTER}/InstanceType", "ml.m5.xlage", "did you mean ml.m5.xlarge?"),
    Case(f"{CLUSTER}/InstanceType", get("Parameters.Commit"), 'the default of Parameters.Commit, "un'),
    Case(f"{RAW}/S3Uri", "data/raw", "(https|s3)://"),
    Case(f"{RAW}/LocalPath", "/opt/ml/processing/a\n/b", "a line break"),
    Case(
        "Preprocess/Arguments/AppSpecification/ContainerEntrypoint", "python3", '"python3" is text; a list is expected'
    ),
    Case("Preprocess/Arguments/AppSpecification/ContainerEntrypoint/2", None, "null; text is expected"),
    Case("Preprocess/Arguments/AppSpecification/ContainerEntrypoint", [], "0 items; at least 1 item is expected"),
    Case("Preprocess/Arguments", "none", "text; an object is expected", more=True),
    Case(
        f"{RAW}/S3Uri", get("Parameters.InputDataUrl"), "there is no parameter InputDataUrl; did you mean InputDataUri?"
    ),
    Case(f"{RAW}/S3Uri", get("Execution.Id"), "no Id"),
    Case(
        f"{RAW}/S3Uri",
        get("Steps.Trian.ModelArtifacts.S3ModelArtifacts"),
        "there is no step Trian; did you mean Train?",
    ),
    Case(f"{RAW}/S3Uri", get("InputDataUri"), "not a reference"),
    Case(f"{RAW}/S3Uri", get("Steps.Train"), "not a ref"),
    Case(f"{RAW}/S3Uri", {"Get": 5}, "text is expected"),
    Case(f"{RAW}/S3Uri", {"Std:Joined": {}}, "did you mean Std:Join?", below=".Std:Joined"),
    Case(f"{RAW}/S3Uri", {"Std:Join": {"On": "/"}}, "missing; a list is expected", below=".Std:Join.Values"),
    Case(f"{RAW}/S3Uri", {"Std:Join": {"On": 1, "Values": ["a"]}}, "text is expected", below=".Std:Join.On"),
    Case(f"{RAW}/S3Uri", {"Std:Join": {"Values": [["a"]]}}, "is a list; text", below=".Std:Join.Values[0]"),
    Case(
        "CreateModel/Arguments/PrimaryContainer/ModelDataUrl",
        get("Steps.Train.ModelArtifact.S3ModelArtifacts"),
        "did you mean ModelArtifacts?",
    ),
    Case(
        "CreateModel/Arguments/PrimaryContainer/ModelDataUrl",
        get("Steps.Train.ModelArtifacts.S3ModelArtifact"),
        "ModelArtifacts has no member S3ModelArtifact;",
    ),
    Case(
        "CreateModel/Arguments/PrimaryContainer/ModelDataUrl",
        get("Steps.Train.ModelArtifacts"),
        "gives an object; text is expected",
    ),
    Case(
        "CreateModel/Arguments/PrimaryContainer/ModelDataUrl",
        get("Steps.Train.RoleArn.Name"),
        "RoleArn is text and has no .Name",
    ),
    Case(
        "Evaluate/Arguments/ProcessingInputs/1/S3Input/S3Uri",
        get("Steps.Preprocess.ProcessingOutputConfig.Outputs['truth'].S3Output.S3Uri"),
        "declares no ProcessingOutputConfig.Outputs['truth'] (declared: train, evaluation_data, ground_truth)",
    ),
    Case(
        "Evaluate/Arguments/ProcessingInputs/1/S3Input/S3Uri",
        get("Steps.Preprocess.ProcessingOutputConfig.Outputs[3].S3Output.S3Uri"),
        "(3 declared)",
    ),
    Case(
        "Evaluate/Arguments/ProcessingInputs/1/S3Input/S3Uri",
        get("Steps.Register.ModelPackageArn"),
        "may not have run: it is in IfSteps of CheckMetrics",
        more=True,
    ),
    Case(
        "Evaluate/Arguments/ProcessingInputs/1/S3Input/S3Uri", FILE, "only Std:JsonGet reads a property file", more=True
    ),
    Case("Evaluate/PropertyFiles/0/OutputName", "evalution", "did you mean evaluation?"),
    Case("Evaluate/PropertyFiles/0/FilePath", REMOVE, "missing"),
    Case(
        "Evaluate/PropertyFiles/1",
        {"PropertyFileName": "Evaluation", "OutputName": "evaluation", "FilePath": "x"},
        "twice",
        below=".PropertyFileName",
    ),
    Case(
        LEFT,
        json_get(PropertyFile=get("Steps.Evaluate.PropertyFiles.Evaluatio")),
        "did you mean Evaluation?",
        below=".Std:JsonGet.PropertyFile",
    ),
    Case(LEFT, json_get(PropertyFile="Evaluation"), "an object", below=".Std:JsonGet.PropertyFile"),
    Case(LEFT, json_get(path=1), "text is expect", below=".Std:JsonGet.Path"),
    Case(LEFT, json_get(S3Uri="s3://b/x"), "PropertyFile and S3Uri given", below=".Std:JsonGet"),
    Case(CONDITION, "always", "a condition is expected"),
    Case(f"{CONDITION}/Type", "Equal", "did you mean Equals?"),
    Case(f"{CONDITION}/RightValue", REMOVE, "missing"),
    Case(f"{CONDITION}/RightValue", [1], "a list"),
    Case(
        CONDITION,
        {"Type": "Equals", "LeftValue": get("Parameters.Commit"), "RightValue": 1},
        "text is compared with an integer",
    ),
    Case(CONDITION, {"Type": "LessThan", "LeftValue": json_get(), "RightValue": True}, "no order", below=".RightValue"),
    Case(
        CONDITION,
        {"Type": "In", "QueryValue": get("Parameters.Commit"), "Values": ["a", 1]},
        "text is compared with an integer",
        below=".Values[1]",
    ),
    Case(CONDITION, {"Type": "In", "QueryValue": "a", "Values": "a"}, "a list is expected", below=".Values"),
    Case(
        CONDITION,
        {"Type": "Equals", "LeftValue": get("Steps.Train.ModelArtifacts"), "RightValue": "x"},
        "gives an object; text",
        below=".LeftValue",
    ),
    Case("Train/Arguments", json_get(), "a variable cannot stand here", more=True),
    Case(CONDITION, {"Type": "Not", "Condition": {}}, "missing", below=".Condition.Type"),
    Case(CONDITION, {"Type": "Not"}, "missing", below=".Condition"),
    Case(CONDITION, {"Type": "Not", "Condition": NEVER, "Expression": NEVER}, "unknown", below=".Expression"),
    Case(CONDITION, {"Type": "Or", "Conditions": [{"Type": "Nor"}]}, '"Nor"', below=".Conditions[0].Type"),
    Case("CheckMetrics/Arguments/IfSteps/0", 7, "a step is expected"),
    Case("CheckMetrics/DependsOn/0", "Evalute", "did you mean Evaluate?"),
    Case(
        "CheckMetrics/DependsOn/0",
        {"Step": "Evaluate", "Trigger": "Never"},
        "Completed, Failed, Stopped or Any",
        below=".Trigger",
    ),
    Case("CheckMetrics/DependsOn", "Evaluate", "a list is expected"),
    Case("Evaluate/DependsOn", ["NotGoodEnough"], "in ElseSteps of CheckMetrics", below="[0]", more=True),
    Case("Register/DependsOn", ["NotGoodEnough"], "in ElseSteps of CheckMetrics", below="[0]"),
    Case("Preprocess/DependsOn", ["Train"], "Preprocess → Train → Preprocess", at="step Preprocess"),
    Case("Preprocess/DependsOn", ["Preprocess"], "Preprocess → Preprocess", at="step Preprocess"),
    Case("Preprocess/CacheConfig/ExpireAfter", "30 days", "ISO 8601"),
    Case("Preprocess/CacheConfig/Enabled", "yes", "a Boolean is expected"),
    Case("Preprocess/CacheConfig/Enabled", get("Parameters.Commit"), "a variable cannot stand here"),
    Case("Preprocess/RetryPolicies/0/ExceptionType", ["Step.THROTTLED"], "did you mean Step.THROTTLING?", below="[0]"),
    Case("Preprocess/RetryPolicies/0/MaxAttempts", 21, "at most 20"),
    Case("Preprocess/RetryPolicies/0/ExpireAfterMin", 5, "at most one", at="step Preprocess, RetryPolicies[0]"),
    Case("NotGoodEnough/CacheConfig", {"Enabled": True}, "unknown member"),
    Case("NotGoodEnough/Arguments/ErrorMessage", 5, "5 is an integer; text"),
    Case("NotGoodEnough/Arguments/ErrorMessage", "x" * 3073, "at most 3072"),
    Case("NotGoodEnough/Arguments", {}, "missing", below=".ErrorMessage"),
    Case("Register/Arguments/ModelApprovalStatus", "Pending", "is not one of the 3 values that botocore "),
    Case("Register/Arguments/CustomerMetadataProperties/commit", "", "is empty"),
    Case("CreateModel/Arguments/PrimaryContainer/Image", "two words", "does not match"),
]

IN_EVERY_TYPE = [
    Case("DataQuality/CheckType", "DATA_BIAS", "DATA_QUALITY or MODEL_QUALITY"),
    Case("Explain/CheckType", REMOVE, "missing"),
    Case(
        "Explain/SuppliedBaselineConstraints",
        get("Steps.DataQuality.CalculatedBaselineConstraint"),
        "did you mean CalculatedBaselineConstraints?",
    ),
    Case("DataQuality/SkipCheck", get("Parameters.Count"), "gives an integer; a Boolean"),
    Case("LookUp/FunctionArn", REMOVE, "missing"),
    Case("LookUp/OutputParameters/1/OutputType", "Text", "String"),
    Case(
        "LookUp/OutputParameters/2",
        {"OutputName": "ready", "OutputType": "String"},
        "twice",
        below=".OutputName",
        more=True,
    ),
    Case("LookUp/Arguments/nested/data", get("Parameters.Dat"), "did you mean Data?"),
    Case(
        "Ask/Arguments/stores",
        get("Steps.LookUp.OutputParameters['store']"),
        "declares no output store (declared: ready, stores)",
    ),
    Case("Ask/Arguments/stores", get("Steps.LookUp.Outputs['stores']"), "only OutputParameters"),
    Case("Ask/SqsQueueUrl", 5, "text is expected"),
    Case(
        "Spark/Arguments/ClusterConfig",
        {"Instances": {}},
        "ClusterId and ClusterConfig given",
        at="step Spark, Arguments",
    ),
    Case("Spark/Arguments/StepConfig/HadoopJarStep/Jars", "x", "Jar"),
    Case("Serverless/Arguments/ApplicationId", REMOVE, "neither given", at="step Serverless, Arguments"),
    Case("Tune/Arguments/HyperParameterTuningJobConfig/Strategy", "Guess", "Bayesian"),
    Case("DecideAgain/DependsOn", ["Deep"], "waits for itself", at="step DecideAgain", more=True),
    Case("Deep/DependsOn", ["Deeper"], "may not have run", below="[0]"),
    Case("EachStore/Arguments/MaxConcurrency", 51, "at most 50"),
    Case("EachStore/Arguments/Selector/Field", get("IterationOutput.Report.X"), "holds no step Report"),
    Case("Score/Type", "Fail", "a Fail step cannot stand in a ForEach step", more=True),
    Case("Report/Arguments/best", get("ForEach.CurrentItem"), "only the steps in a ForEach"),
    Case("Report/Arguments/best", get("Steps.Score.OutputParameters['score']"), "in ForEachBody of EachStore"),
    Case("Report/Arguments/best", get("Steps.Clean.Any"), "has no properties"),
    Case("Clean/Arguments/Resources/S3/0/StepName", "Prepared", "did you mean Prepare?"),
    Case(
        ":PipelineExperimentConfig/TrialName", get("Execution.PipelineExecutionID"), "did you mean PipelineExecutionId?"
    ),
]


@pytest.mark.parametrize("case", IN_BUILD, ids=lambda case: f"{case.place}={str(case.value)[:40]}")
def test_a_fault_in_a_build_pipeline(case: Case) -> None:
    assert_reported(put(copy.deepcopy(BUILD), case), case)


@pytest.mark.parametrize("case", IN_EVERY_TYPE, ids=lambda case: f"{case.place}={str(case.value)[:40]}")
def test_a_fault_in_a_step_of_every_type(case: Case) -> None:
    assert_reported(put(copy.deepcopy(EVERY_TYPE), case), case)


def assert_reported(document: Document, case: Case) -> None:
    faults = validate(Definition(document))
    found = [fault for fault in faults if fault.startswith(f"{case.reported_at()}: ") and case.words in fault]
    assert len(found) == 1, faults
    assert case.more or faults == found
