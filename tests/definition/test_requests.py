"""Requests with the values of a run: what SageMaker would refuse is told before the first job."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from mlops_new.definition import Definition
from mlops_new.definition.requests import check_requests, evaluated_faults
from mlops_new.errors import Invalid

BUILD = json.loads((Path(__file__).parent / "definitions" / "build.json").read_text(encoding="utf-8"))

Document = dict[str, Any]


def get(path: str) -> Document:
    return {"Get": path}


def join(*values: Any) -> Document:
    return {"Std:Join": {"On": "", "Values": list(values)}}


def job(name: str, *arguments: Any, **request: Any) -> Document:
    body: Document = {
        "AppSpecification": {
            "ImageUri": "image",
            "ContainerEntrypoint": ["python3"],
            "ContainerArguments": list(arguments),
        },
        "ProcessingResources": {
            "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
        },
    }
    return {"Name": name, "Type": "Processing", "Arguments": body | request}


def output(uri: Any) -> Document:
    place = {"S3Uri": uri, "LocalPath": "/opt/ml/processing/output", "S3UploadMode": "EndOfJob"}
    return {"Outputs": [{"OutputName": "made", "S3Output": place}]}


def pipeline(*steps: Document, **parameters: Any) -> Definition:
    declared = [{"Name": name, "Type": "String"} | more for name, more in parameters.items()]
    return Definition({"Version": "2020-12-01", "Parameters": declared, "Steps": list(steps)})


def refused(definition: Definition, **values: Any) -> Invalid:
    with pytest.raises(Invalid) as caught:
        check_requests(definition, values, pipeline="sales-build")
    return caught.value


LONG = "s3://bucket/" + "x" * 300


def test_a_long_input_says_step_member_length_and_what_to_do() -> None:
    definition = pipeline(job("Report", "--input", get("Parameters.InputDataUri")), InputDataUri={})
    error = refused(definition, InputDataUri=LONG)
    assert error.code == 2
    assert error.message == (
        "sales-build would fail with 1 value that SageMaker refuses: step Report, "
        f'Arguments.AppSpecification.ContainerArguments[1]: "{LONG[:98]}… is 312 characters long; '
        "at most 256 are allowed"
    )
    assert error.hint == ("nothing was started; give another value for InputDataUri (--input, or -p InputDataUri=…)")


def test_what_fits_is_passed() -> None:
    definition = pipeline(job("Report", get("Parameters.InputDataUri")), InputDataUri={})
    check_requests(definition, {"InputDataUri": LONG[:256]}, pipeline="sales-build")


def test_what_is_not_known_yet_is_not_judged() -> None:
    definition = pipeline(job("Report", get("Parameters.InputDataUri")), InputDataUri={})
    check_requests(definition, {}, pipeline="sales-build")


def test_an_empty_argument_is_refused() -> None:
    definition = pipeline(job("Report", "--note", get("Parameters.Note")), Note={"DefaultValue": "none"})
    error = refused(definition, Note="")
    assert 'ContainerArguments[1]: "" is empty; text is expected' in error.message
    assert "Note (-p Note=…)" in error.hint


def test_joined_text_counts_as_a_whole_with_the_run_in_it() -> None:
    uri = join("s3://", get("Parameters.Bucket"), "/", get("Execution.PipelineExecutionId"), "/", "y" * 230)
    definition = pipeline(job("Report", uri), Bucket={})
    check_requests(definition, {"Bucket": "short"}, pipeline="sales-build")
    assert "is 264 characters long" in refused(definition, Bucket="a-longer-bucket").message


def test_what_another_step_is_asked_for_is_known() -> None:
    made = job("Make", "x", ProcessingOutputConfig=output(join("s3://b/", get("Parameters.Name"))))
    read = job("Read", get("Steps.Make.ProcessingOutputConfig.Outputs['made'].S3Output.S3Uri"))
    error = refused(pipeline(made, read, Name={}), Name="z" * 260)
    assert "step Read, Arguments.AppSpecification.ContainerArguments[0]" in error.message
    assert "is 267 characters long" in error.message


@pytest.mark.parametrize(
    ("member", "value", "said"),
    [
        ("RoleArn", "the-role-of-nobody-else", "does not match"),
        ("Environment", {"URI": get("Parameters.Value")}, "is 257 characters long; at most 256 are allowed"),
        ("ProcessingOutputConfig", output(get("Parameters.Value")), "does not match"),
    ],
)
def test_patterns_and_environments(member: str, value: Any, said: str) -> None:
    variable = get("Parameters.Value") if isinstance(value, str) else value
    given = value if isinstance(value, str) else "v" * 257
    definition = pipeline(job("Report", "x", **{member: variable}), Value={})
    assert said in refused(definition, Value=given).message


@pytest.mark.parametrize(("count", "said"), [(0, "0 is too small; at least 1"), (101, "101 is too large; at most 100")])
def test_numbers_out_of_range(count: int, said: str) -> None:
    step = job("Report", "x")
    step["Arguments"]["ProcessingResources"]["ClusterConfig"]["InstanceCount"] = get("Parameters.Machines")
    definition = pipeline(step, Machines={"Type": "Integer", "DefaultValue": 1})
    check_requests(definition, {"Machines": 1}, pipeline="sales-build")
    assert said in refused(definition, Machines=count).message


def test_members_that_belong_together() -> None:
    document = copy.deepcopy(BUILD)
    document["Parameters"].append({"Name": "Concurrent", "Type": "Integer", "DefaultValue": 1})
    step = Definition(document).step("Transform")
    assert step is not None
    body: Document = step.body["Arguments"]
    body |= {"MaxPayloadInMB": 30, "MaxConcurrentTransforms": get("Parameters.Concurrent")}
    error = refused(Definition(document), Concurrent=4)
    assert "step Transform, Arguments.MaxConcurrentTransforms" in error.message
    assert "4 x 30 = 120 MB; at most 100 MB are allowed" in error.message


def test_a_parameter_of_more_than_1024_characters_is_refused_at_the_start_itself() -> None:
    error = refused(pipeline(job("Report", "x"), Name={}), Name="n" * 1025)
    assert "parameter Name: " in error.message
    assert "is 1025 characters long; at most 1024 are allowed" in error.message


def test_every_fault_is_told_once_the_first_in_the_message() -> None:
    definition = pipeline(job("One", get("Parameters.A")), job("Two", get("Parameters.A")), A={})
    error = refused(definition, A="")
    assert error.message.startswith("sales-build would fail with 2 values that SageMaker refuses: step One, ")
    assert "\n- step Two, " in error.hint


def condition(left: Any, right: Any, then: Document) -> Document:
    test = {"Type": "Equals", "LeftValue": left, "RightValue": right}
    return {"Name": "If", "Type": "Condition", "Arguments": {"Conditions": [test], "IfSteps": [then], "ElseSteps": []}}


def test_a_branch_that_the_values_lead_past_is_not_judged() -> None:
    wanted = {"Type": "Not", "Condition": {"Type": "Equals", "LeftValue": get("Parameters.Note"), "RightValue": ""}}
    holder = condition(1, 1, job("Tell", get("Parameters.Note")))
    holder["Arguments"]["Conditions"] = [wanted]
    definition = pipeline(holder, Note={"DefaultValue": ""})
    check_requests(definition, {"Note": ""}, pipeline="sales-build")
    assert "step Tell" in refused(definition, Note="n" * 300).message


def test_a_branch_that_only_the_run_decides_is_judged() -> None:
    first = job("First", "x")
    holder = condition(get("Steps.First.ExitMessage"), "go", job("Tell", get("Parameters.Note")))
    assert "step Tell" in refused(pipeline(first, holder, Note={}), Note="").message


def test_a_step_that_is_about_to_start_is_judged_by_what_its_variables_became() -> None:
    arguments = job("Report", "literally " + "x" * 300, get("Steps.First.ExitMessage"))["Arguments"]
    evaluated = copy.deepcopy(arguments)
    evaluated["AppSpecification"]["ContainerArguments"][1] = "m" * 257
    (fault,) = evaluated_faults("Processing", arguments, evaluated)
    assert fault.path == ("Arguments", "AppSpecification", "ContainerArguments", 1)
    assert "is 257 characters long; at most 256 are allowed" in fault.message
