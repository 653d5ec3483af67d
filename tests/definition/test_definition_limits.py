"""AWS's documented limits that no shape of a request expresses; and what AWS allows is not refused."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlops_new.definition import Definition, validate

BUILD = json.loads((Path(__file__).parent / "definitions" / "build.json").read_text(encoding="utf-8"))

Document = dict[str, Any]


def faults_of(change: Callable[[Document], object], base: Document = BUILD) -> list[str]:
    document = copy.deepcopy(base)
    change(document)
    return validate(Definition(document))


def arguments(document: Document, name: str) -> Document:
    step = Definition(document).step(name)
    assert step is not None
    body: Document = step.body["Arguments"]
    return body


def raw(document: Document) -> Document:
    found: Document = arguments(document, "Preprocess")["ProcessingInputs"][0]["S3Input"]
    return found


def declare(document: Document, name: str, type_: str, default: object) -> Document:
    document["Parameters"].append({"Name": name, "Type": type_, "DefaultValue": default})
    return {"Get": f"Parameters.{name}"}


def lonely(*steps: Document) -> Document:
    return {"Version": "2020-12-01", "Steps": list(steps)}


def fails(count: int) -> list[Document]:
    return [{"Name": f"Fail{n}", "Type": "Fail", "Arguments": {"ErrorMessage": "no"}} for n in range(count)]


@pytest.mark.parametrize(
    "place",
    [
        "/opt/ml/input",
        "/opt/ml/processing",
        "/opt/ml/processing-data/x",
        "/opt/ml/processing/../model",
        "opt/ml/processing/x",
        "/data",
    ],
)
def test_a_place_outside_of_opt_ml_processing_is_refused_for_inputs_and_outputs(place: str) -> None:
    def output(document: Document) -> None:
        outputs = arguments(document, "Preprocess")["ProcessingOutputConfig"]["Outputs"]
        outputs[0]["S3Output"]["LocalPath"] = place

    said = f'LocalPath: "{place}" is not below /opt/ml/processing/, where processing jobs have their data'
    start = "step Preprocess, Arguments."
    assert faults_of(lambda d: raw(d).update(LocalPath=place)) == [f"{start}ProcessingInputs[0].S3Input.{said}"]
    assert faults_of(output) == [f"{start}ProcessingOutputConfig.Outputs[0].S3Output.{said}"]


def test_a_place_outside_that_is_the_default_of_a_parameter_is_refused() -> None:
    (fault,) = faults_of(lambda d: raw(d).update(LocalPath=declare(d, "Place", "String", "/data")))
    assert '"/data" is not below /opt/ml/processing/' in fault


def test_two_inputs_in_one_place_are_refused() -> None:
    def twice(document: Document) -> None:
        inputs = arguments(document, "Preprocess")["ProcessingInputs"]
        inputs.append({**copy.deepcopy(inputs[0]), "InputName": "again"})

    (fault,) = faults_of(twice)
    assert "is the place of another input, too" in fault


def test_an_input_needs_a_place_unless_the_application_manages_it() -> None:
    def managed(document: Document) -> None:
        arguments(document, "Preprocess")["ProcessingInputs"][0]["AppManaged"] = True
        del raw(document)["LocalPath"]

    (fault,) = faults_of(lambda d: raw(d).pop("LocalPath"))
    assert "S3Input.LocalPath: missing; text is expected, unless AppManaged is true" in fault
    assert faults_of(managed) == []


def test_a_pipeline_has_at_least_one_step() -> None:
    assert validate(Definition(lonely())) == ["Steps: 0 items; at least 1 item is expected"]


def test_fifty_steps_are_allowed_and_one_more_is_not_wherever_they_stand() -> None:
    never = {"Type": "Equals", "LeftValue": 1, "RightValue": 2}
    nested = {"Name": "If", "Type": "Condition", "Arguments": {"Conditions": [never], "IfSteps": fails(50)}}
    said = ["Steps: 51 steps, those in branches counted; at most 50 are allowed"]
    assert validate(Definition(lonely(*fails(50)))) == []
    assert validate(Definition(lonely(*fails(51)))) == said
    assert validate(Definition(lonely(nested))) == said


def test_two_hundred_parameters_are_allowed_and_one_more_is_not() -> None:
    document = {
        **lonely(*fails(1)),
        "Parameters": [{"Name": f"P{number}", "Type": "String"} for number in range(200)],
    }
    assert validate(Definition(document)) == []
    document["Parameters"].append({"Name": "OneMore", "Type": "String"})
    assert validate(Definition(document)) == ["Parameters: 201 items; at most 200 items are allowed"]


def test_a_default_of_more_than_4096_characters_is_refused() -> None:
    (fault,) = faults_of(lambda d: declare(d, "Long", "String", "x" * 4097))
    assert fault.startswith("parameter Long, DefaultValue: ")
    assert "is 4097 characters long; at most 4096 are allowed" in fault


def test_a_step_in_one_branch_cannot_be_called_like_one_in_the_other() -> None:
    def alike(document: Document) -> None:
        gate = arguments(document, "CheckMetrics")
        gate["ElseSteps"][0]["Name"] = gate["IfSteps"][0]["Name"]

    assert any("another step is called" in fault for fault in faults_of(alike))


@pytest.mark.parametrize(
    ("step", "path", "member"),
    [
        ("Preprocess", ["ProcessingInputs"], "InputName"),
        ("Preprocess", ["ProcessingOutputConfig", "Outputs"], "OutputName"),
        ("Train", ["InputDataConfig"], "ChannelName"),
        ("Train", ["Tags"], "Key"),
    ],
)
def test_a_name_is_there_once(step: str, path: list[str], member: str) -> None:
    def twice(document: Document) -> None:
        entries: Any = arguments(document, step)
        for name in path:
            entries = entries[name]
        second = copy.deepcopy(entries[0])
        if member == "InputName":
            second["S3Input"]["LocalPath"] = "/opt/ml/processing/elsewhere"
        entries.append(second)

    faults = faults_of(twice)
    assert [fault for fault in faults if fault.endswith("is there twice")] == faults
    assert len(faults) == 1
    assert faults[0].startswith(f"step {step}, Arguments.{'.'.join(path)}[")
    assert f".{member}: " in faults[0]


@pytest.mark.parametrize(
    ("payload", "concurrent", "said"),
    [
        (50, 2, ""),
        (51, 2, "MaxConcurrentTransforms x MaxPayloadInMB is 2 x 51 = 102 MB; at most 100 MB are allowed"),
        (101, 1, "101 is too large; at most 100 is allowed"),
        (0, 40, ""),
        (6, None, ""),
    ],
)
def test_the_payload_under_way_in_a_transform_job(payload: int, concurrent: int | None, said: str) -> None:
    more = {"MaxPayloadInMB": payload, "MaxConcurrentTransforms": concurrent}
    faults = faults_of(lambda d: arguments(d, "Transform").update(more))
    assert [said in fault for fault in faults] == ([True] if said else [])


def test_payload_and_concurrency_count_by_their_parameters_defaults() -> None:
    def change(document: Document) -> None:
        body = arguments(document, "Transform")
        body["MaxPayloadInMB"] = declare(document, "Payload", "Integer", 30)
        body["MaxConcurrentTransforms"] = declare(document, "Concurrent", "Integer", 4)

    (fault,) = faults_of(change)
    assert "4 x 30 = 120 MB" in fault


@pytest.mark.parametrize(
    ("stopping", "said"),
    [
        ({"MaxRuntimeInSeconds": 60}, "MaxWaitTimeInSeconds: missing; an integer is expected"),
        ({}, "MaxWaitTimeInSeconds: missing; an integer is expected"),
        ({"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 59}, "59 is less than MaxRuntimeInSeconds, 60"),
        ({"MaxWaitTimeInSeconds": 3600}, "3600 is less than MaxRuntimeInSeconds, 86400"),
        ({"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 60}, ""),
    ],
)
def test_training_on_spot_instances_says_how_long_it_may_wait(stopping: Document, said: str) -> None:
    more = {"EnableManagedSpotTraining": True, "StoppingCondition": stopping}
    faults = faults_of(lambda d: arguments(d, "Train").update(more))
    assert [said in fault for fault in faults] == ([True] if said else [])


def test_spot_training_that_a_parameter_switches_on_counts_by_its_default() -> None:
    def change(document: Document) -> None:
        body = arguments(document, "Train")
        body["EnableManagedSpotTraining"] = declare(document, "Spot", "Boolean", default=True)

    (fault,) = faults_of(change)
    assert "MaxWaitTimeInSeconds: missing" in fault


@pytest.mark.parametrize(
    ("step", "application"), [("Preprocess", "AppSpecification"), ("Train", "AlgorithmSpecification")]
)
def test_an_empty_argument_is_refused(step: str, application: str) -> None:
    faults = faults_of(lambda d: arguments(d, step)[application].update(ContainerArguments=["--note", ""]))
    assert faults == [f'step {step}, Arguments.{application}.ContainerArguments[1]: "" is empty; text is expected']


def test_a_model_has_one_container_or_several_and_an_environment_of_32_kilobytes() -> None:
    def both(document: Document) -> None:
        body = arguments(document, "CreateModel")
        body["Containers"] = [body["PrimaryContainer"]]

    def large(document: Document) -> None:
        variables = {f"V{number:02}": "x" * 1024 for number in range(33)}
        arguments(document, "CreateModel")["PrimaryContainer"]["Environment"] = variables

    (fault,) = faults_of(both)
    assert "PrimaryContainer and Containers given; either PrimaryContainer or Containers is expected" in fault
    assert any("bytes, names and values; at most 32,768 are allowed" in fault for fault in faults_of(large))


def test_an_algorithm_is_an_image_or_a_name() -> None:
    def both(document: Document) -> None:
        arguments(document, "Train")["AlgorithmSpecification"]["AlgorithmName"] = "boosting"

    (fault,) = faults_of(both)
    assert "TrainingImage and AlgorithmName given" in fault


# What AWS allows


@pytest.mark.parametrize("name", ["Preprocess", "Train", "Evaluate"])
def test_a_step_without_a_role_runs_as_the_execution(name: str) -> None:
    assert faults_of(lambda d: arguments(d, name).pop("RoleArn")) == []


def test_a_tuning_step_without_a_role_runs_as_the_execution() -> None:
    every = json.loads((Path(__file__).parent / "definitions" / "every_type.json").read_text(encoding="utf-8"))
    faults = faults_of(lambda d: arguments(d, "Tune")["TrainingJobDefinition"].pop("RoleArn", None), every)
    assert faults == []


DOCUMENT = {"Evaluation": {"Data": {"Get": "Parameters.Data"}, "Rounds": 3, "Tags": ["a", {"b": None}]}}


@pytest.mark.parametrize("document", [DOCUMENT, json.dumps(DOCUMENT)])
def test_a_document_is_text_or_an_object_and_its_members_can_be_read(document: object) -> None:
    job = {
        "Name": "Assess",
        "Type": "Job",
        "Arguments": {
            "JobCategory": "AgentRFTEvaluation",
            "JobConfigSchemaVersion": "1.0.0",
            "JobConfigDocument": document,
            "VpcConfig": {"SecurityGroupIds": ["sg-12345678"], "Subnets": ["subnet-12345678"]},
        },
    }
    said = {"Get": "Steps.Assess.JobConfigDocument.ServiceOutput.MlflowDetails.RunId"}
    end = {"Name": "Tell", "Type": "Fail", "Arguments": {"ErrorMessage": {"Std:Join": {"Values": ["run ", said]}}}}
    pipeline = {**lonely(job, end), "Parameters": [{"Name": "Data", "Type": "String"}]}
    assert validate(Definition(pipeline)) == []


def test_a_document_is_neither_a_number_nor_does_it_read_what_is_not_there() -> None:
    job = {
        "Name": "Assess",
        "Type": "Job",
        "Arguments": {
            "JobCategory": "AgentRFTEvaluation",
            "JobConfigSchemaVersion": "1.0.0",
            "JobConfigDocument": {"Data": {"Get": "Parameters.Dta"}},
        },
    }
    pipeline = {**lonely(job), "Parameters": [{"Name": "Data", "Type": "String"}]}
    (fault,) = validate(Definition(pipeline))
    assert "did you mean Data?" in fault
    job["Arguments"]["JobConfigDocument"] = 5  # type: ignore[index]
    (fault,) = validate(Definition(pipeline))
    assert "5 is an integer; an object, or JSON as text, is expected" in fault
