"""The definition language, run: every kind of step, expression and condition against real processes."""

import json
from pathlib import Path
from typing import Any

import pytest

from mlops_new.definition import parse
from mlops_new.errors import Conflict, Invalid
from mlops_new.ports.events import StepEnded, StepStarted
from tests.platforms.local.conftest import Local, statuses, step
from tests.platforms.local.definitions import (
    IMAGE,
    INPUT,
    OUTPUT,
    condition,
    definition,
    equals,
    fail,
    get,
    join,
    json_get,
    model,
    output_of,
    processing,
    register,
    run_uri,
    training,
    transform,
)

COPY = "import shutil, os; r = os.environ['OPT_ML_ROOT'] + '/processing'"
REPORT = f"{COPY}; open(r + '/output/report/report.json', 'w').write(os.environ['REPORT'])"
PROPERTY_FILE = [{"PropertyFileName": "Report", "OutputName": "report", "FilePath": "report.json"}]


def reporting(document: Any, **members: Any) -> dict[str, Any]:
    request = {"Environment": {"REPORT": json.dumps(document)}}
    return processing("Measure", REPORT, outputs=("report",), request=request, PropertyFiles=PROPERTY_FILE, **members)


def test_a_whole_life_of_a_model(local: Local) -> None:
    data = local.put("s3://mlops-new/tests/in/data.csv", "1,2\n3,4\n")
    execution = local.run(
        definition(
            processing(
                "Preprocess",
                f"{COPY}; shutil.copy(r + '/input/raw/data.csv', r + '/output/train/train.csv')",
                inputs={"raw": get("Parameters.Data")},
                outputs=("train",),
            ),
            training(
                "Train",
                "import os, pathlib; r = pathlib.Path(os.environ['OPT_ML_ROOT'])\n"
                "(r / 'model/model.txt').write_text((r / 'input/data/train/train.csv').read_text())",
                channels={"train": output_of("Preprocess", "train")},
            ),
            model("Create", get("Steps.Train.ModelArtifacts.S3ModelArtifacts"), MODE="model"),
            transform("Predict", "Create", output_of("Preprocess", "train")),
            reporting({"wape": {"value": 0.25}}, DependsOn=["Predict"]),
            condition(
                "Gate",
                {
                    "Type": "LessThanOrEqualTo",
                    "LeftValue": json_get("Measure", "Report", "wape.value"),
                    "RightValue": get("Parameters.Limit"),
                },
                then=(register("Register", get("Steps.Train.ModelArtifacts.S3ModelArtifacts"), "life"),),
                otherwise=(fail("Bad", "not good enough"),),
            ),
            Data={"Type": "String"},
            Limit={"Type": "Float", "DefaultValue": 0.4},
        ),
        Data=data,
    )
    assert execution.status == "Succeeded", execution.reason
    assert statuses(execution) == {
        **dict.fromkeys(["Preprocess", "Train", "Create", "Predict", "Measure", "Gate", "Register"], "Succeeded"),
        "Bad": "NotRun",
    }
    assert step(execution, "Bad").reason == "Gate took the other branch"
    assert local.read(execution, "Predict/train.csv.out") == "1,2\n3,4\n"
    package = local.platform.stores.models.model_package("life", 1)
    assert package.document["CustomerMetadataProperties"] == {"execution": execution.arn}
    assert (
        package.document["ModelPackageArn"]
        == package.arn
        == "arn:aws:sagemaker:us-east-1:000000000000:model-package/life/1"
    )
    assert (
        local.platform.stores.executions.describe(execution.id).outputs()["train"]
        == f"s3://mlops-new/tests/{execution.id}/train"
    )
    started = [str(event.step.name) for event in local.events if isinstance(event, StepStarted)]
    ended = [str(event.step.name) for event in local.events if isinstance(event, StepEnded)]
    assert sorted(started) == sorted(set(ended) - {"Bad"})


def test_a_step_without_a_role_runs_as_the_execution(local: Local) -> None:
    first = processing("First", COPY, outputs=("made",))
    del first["Arguments"]["RoleArn"]
    code = f"{COPY}; import sys; open(r + '/output/said/role', 'w').write(sys.argv[1])"
    execution = local.run(definition(first, processing("Say", code, get("Steps.First.RoleArn"), outputs=("said",))))
    assert execution.status == "Succeeded", execution.reason
    assert local.read(execution, "said/role") == "arn:aws:iam::000000000000:role/mlops-new-local"


def test_a_value_that_only_the_run_knows_is_judged_before_the_job_starts(local: Local) -> None:
    place = "os.environ['OPT_ML_ROOT'] + '/output'"
    code = f"import os; os.makedirs({place}, exist_ok=True); open({place} + '/message', 'w').write('m' * 257)"
    reader = processing("Read", "open('never', 'w')", get("Steps.First.ExitMessage"))
    execution = local.run(definition(processing("First", code), reader))
    assert execution.status == "Failed"
    assert step(execution, "Read").status == "Failed"
    assert "ContainerArguments[0]" in step(execution, "Read").reason
    assert "is 257 characters long; at most 256 are allowed" in step(execution, "Read").reason


def test_expressions_reach_arguments_as_text(local: Local) -> None:
    code = f"{COPY}, sys, json; json.dump(sys.argv[1:], open(r + '/output/said/argv.json', 'w'))".replace(
        "shutil, os", "shutil, os, sys, json", 1
    ).replace(", sys, json; json", "; json")
    execution = local.run(
        definition(
            processing(
                "Say",
                code,
                get("Parameters.Whole"),
                get("Parameters.Part"),
                get("Parameters.Yes"),
                join("a", get("Parameters.Whole"), join("b", get("Parameters.Yes"), on="="), on="/"),
                get("Execution.PipelineName"),
                get("Execution.PipelineExecutionArn"),
                outputs=("said",),
            ),
            Whole={"Type": "Integer", "DefaultValue": 3},
            Part={"Type": "Float"},
            Yes={"Type": "Boolean", "DefaultValue": True},
        ),
        Part="0.5",
    )
    assert execution.status == "Succeeded", execution.reason
    assert json.loads(local.read(execution, "said/argv.json")) == [
        "3",
        "0.5",
        "true",
        "a/3/b=true",
        "tests-build",
        execution.arn,
    ]


@pytest.mark.parametrize(
    ("test", "outcome"),
    [
        (equals(get("Parameters.Three"), 3), True),
        (equals(get("Parameters.Three"), 3.0), True),
        (equals(get("Parameters.Three"), "3"), False),
        (equals(get("Parameters.Yes"), 1), False),
        ({"Type": "GreaterThan", "LeftValue": get("Parameters.Three"), "RightValue": 2.5}, True),
        ({"Type": "GreaterThanOrEqualTo", "LeftValue": 3, "RightValue": get("Parameters.Three")}, True),
        ({"Type": "LessThan", "LeftValue": get("Parameters.Three"), "RightValue": 3}, False),
        ({"Type": "LessThan", "LeftValue": "a", "RightValue": "b"}, True),
        ({"Type": "In", "QueryValue": get("Parameters.Three"), "Values": [1, 3]}, True),
        ({"Type": "In", "QueryValue": get("Parameters.Three"), "Values": ["3"]}, False),
        ({"Type": "Not", "Condition": equals(get("Parameters.Three"), 3)}, False),
        ({"Type": "Not", "Condition": {"Type": "Or", "Conditions": [equals(1, 2)]}}, True),
        ({"Type": "Or", "Conditions": [equals(1, 2), equals(get("Parameters.Yes"), get("Parameters.Yes"))]}, True),
    ],
)
def test_conditions(local: Local, test: dict[str, Any], outcome: bool) -> None:  # noqa: FBT001 - a test's table
    inner = condition("Inner", equals(get("Steps.Outer.Outcome"), str(outcome)), then=(fail("End", "seen"),))
    branch = {"then" if outcome else "otherwise": (inner,)}
    parameters = {"Three": {"Type": "Integer", "DefaultValue": 3}, "Yes": {"Type": "Boolean", "DefaultValue": True}}
    execution = local.run(definition(condition("Outer", test, **branch), **parameters))
    assert (execution.status, execution.reason) == ("Failed", "seen")
    assert step(execution, "Outer").properties == {"Outcome": outcome}


def test_all_conditions_must_hold_and_branches_left_out_are_listed(local: Local) -> None:
    inner = condition("Inner", equals(1, 1), then=(fail("Deep", "never"),))
    execution = local.run(definition(condition("Gate", equals(1, 1), equals(1, 2), then=(inner,))))
    assert execution.status == "Succeeded"
    assert {name: step(execution, name).reason for name in ("Inner", "Deep")} == {
        "Inner": "Gate took the other branch",
        "Deep": "Inner was not run",
    }


def test_what_cannot_be_compared_fails_with_both_values(local: Local) -> None:
    execution = local.run(definition(condition("Gate", {"Type": "LessThan", "LeftValue": "x", "RightValue": 1})))
    assert execution.status == "Failed"
    assert "'x' LessThan 1" in execution.reason


def test_a_fail_step_ends_the_run_with_its_message(local: Local) -> None:
    gate = condition("Gate", equals(1, 2), otherwise=(fail("Stop", join("above ", get("Parameters.Limit"))),))
    execution = local.run(definition(gate, Limit={"Type": "Float", "DefaultValue": 0.5}))
    assert (execution.status, execution.reason) == ("Failed", "above 0.5")


def test_members_that_are_null_are_as_good_as_absent(local: Local) -> None:
    nothing: dict[str, Any] = {"Environment": None, "NetworkConfig": None, "StoppingCondition": None}
    step_members: dict[str, Any] = {"DependsOn": None, "RetryPolicies": None, "PropertyFiles": None}
    code = f"{COPY}; open(r + '/output/out/x', 'w').write('x')"
    execution = local.run(
        definition(
            processing("Work", code, outputs=("out",), request=nothing, **step_members),
            training(
                "Train", "", request={"Environment": {"CODE": "pass"}, "CheckpointConfig": None, "VpcConfig": None}
            ),
            model("Create", get("Steps.Train.ModelArtifacts.S3ModelArtifacts")),
            transform(
                "Predict",
                "Create",
                output_of("Work", "out"),
                request={"ModelClientConfig": None, "DataProcessing": None},
            ),
            Optional={"Type": "String", "DefaultValue": None, "EnumValues": None},
        ),
        Optional="given",
    )
    assert execution.status == "Succeeded", execution.reason


def test_property_files(local: Local) -> None:
    there = definition(
        reporting({"a": {"b": [{"c": 7}]}, "ok": True}),
        condition(
            "Gate",
            equals(json_get("Measure", "Report", "a.b[0].c"), 7),
            equals(json_get("Measure", "Report", "$['ok']"), True),  # noqa: FBT003 - JSON
            then=(fail("Yes", "yes"),),
        ),
    )
    assert local.run(there).reason == "yes"
    missing = definition(
        reporting({"a": 1}),
        condition("Gate", equals(json_get("Measure", "Report", "b.c"), 7), then=(fail("Yes", "yes"),)),
    )
    assert "there is no 'b', only a" in local.run(missing).reason


def test_steps_that_do_not_depend_on_each_other_run_side_by_side(local: Local, tmp_path: Path) -> None:
    # Each waits for a file of the other one: one after the other, they would wait for ever.
    code = (
        "import pathlib, sys, time\nmine, other = map(pathlib.Path, sys.argv[1:])\nmine.touch()\n"
        "end = time.monotonic() + 300\n"
        "while not other.exists():\n    assert time.monotonic() < end\n    time.sleep(0.005)"
    )
    one, two = str(tmp_path / "one"), str(tmp_path / "two")
    execution = local.run(definition(processing("One", code, one, two), processing("Two", code, two, one)))
    assert execution.status == "Succeeded", execution.reason


def test_a_failed_step_fails_what_depends_on_it_and_nothing_else(local: Local) -> None:
    execution = local.run(
        definition(
            processing("Bad", "import sys; print('one'); sys.exit('the target is missing')"),
            processing("After", "", DependsOn=["Bad"]),
            processing("Later", "", DependsOn=["After"]),
            processing("Free", "", outputs=("free",)),
            processing("AfterFree", "", DependsOn=["Free"]),
        )
    )
    assert execution.status == "Failed"
    assert execution.reason == "step Bad failed: the target is missing (exit code 1)"
    assert statuses(execution) == {
        "Bad": "Failed",
        "After": "NotRun",
        "Later": "NotRun",
        "Free": "Succeeded",
        "AfterFree": "Succeeded",
    }
    assert step(execution, "After").reason == "Bad failed"
    assert step(execution, "Later").reason == "After was not run"
    log = step(execution, "Bad").log
    assert log is not None
    assert log.read_text() == "one\nthe target is missing\n"


def test_parameters_are_checked_all_at_once(local: Local) -> None:
    text = definition(
        fail("End", "x"),
        Needed={"Type": "String"},
        Count={"Type": "Integer"},
        Kind={"Type": "String", "EnumValues": ["a"]},
    )
    with pytest.raises(Invalid) as caught:
        local.start(text, Count="many", Kind="b", Colour="red")
    for said in ("Needed has no default", "Count is declared as Integer", "Kind is 'b'", "Colour is not a parameter"):
        assert said in caught.value.message


def test_what_cannot_run_is_named_before_anything_starts(local: Local) -> None:
    text = json.loads(definition(processing("P", ""), model("M"), transform("T", "M", "s3://mlops-new/x")))
    process, _, transformed = text["Steps"]
    process["Arguments"]["ProcessingInputs"] = [
        {"InputName": "a", "S3Input": {"S3Uri": "s3://b/c", "LocalPath": "/opt/ml/x", "S3DataType": "ManifestFile"}}
    ]
    del process["Arguments"]["AppSpecification"]["ContainerEntrypoint"]
    transformed["Arguments"]["TransformInput"]["SplitType"] = "RecordIO"
    text["Steps"].append({"Name": "L", "Type": "Lambda", "Arguments": {}, "FunctionArn": "arn:x"})
    before = len(local.platform.stores.executions.all())
    with pytest.raises(Invalid) as caught:
        local.start(json.dumps(text))
    said = caught.value.message
    for fault in ("step L: steps of type Lambda", "ManifestFile", "RecordIO", "ContainerEntrypoint"):
        assert fault in said
    assert len(local.platform.stores.executions.all()) == before


def test_what_only_a_parameter_tells_is_refused_when_it_is_known(local: Local) -> None:
    step_ = transform("T", "M", "s3://mlops-new/tests/in/data.csv", SplitType=get("Parameters.Split"))
    text = definition(model("M"), step_, Split={"Type": "String"})
    assert local.run(text, Split="TFRecord").reason == "step T failed: input is split by Line or None, not by TFRecord"


def test_a_pipeline_of_another_project_is_not_taken(local: Local) -> None:
    local.platform.stores.pipelines.register("theirs", definition(), project="theirs", repository="build")
    with pytest.raises(Conflict, match="theirs"):
        local.platform.stores.pipelines.register("theirs", definition(), project="tests", repository="build")
    found = local.platform.stores.pipelines.find("theirs")
    assert found is not None
    assert (found.project, found.repository) == ("theirs", "build")


def test_a_definition_of_somebody_else(local: Local) -> None:
    """An image of a registry, scripts with literal paths as an input, more instances than there are."""
    local.put(
        "s3://mlops-new/code/steps/clean.py",
        'from pathlib import Path\nsource = "/opt/ml/processing/input/raw"\n'
        "Path('/opt/ml/processing/output/clean/n.txt').write_text(str(len(list(Path(source).iterdir()))))\n",
    )
    local.put("s3://mlops-new/theirs/a/1.csv", "1\n")
    local.put("s3://mlops-new/theirs/a/b/2.csv", "2\n")
    image = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/theirs:1"
    foreign = processing(
        "Clean", "", inputs={"raw": "s3://mlops-new/theirs/a", "code": "s3://mlops-new/code/steps"}, outputs=("clean",)
    )
    foreign["Arguments"]["AppSpecification"] = {
        "ImageUri": image,
        "ContainerEntrypoint": ["sh", "-c", f"python3 {INPUT}/code/clean.py && test -d {OUTPUT}/clean"],
    }
    foreign["Arguments"]["ProcessingResources"]["ClusterConfig"]["InstanceCount"] = 2
    execution = local.run(definition(foreign))
    assert execution.status == "Succeeded", execution.reason
    assert local.read(execution, "clean/n.txt") == "2"
    assert any(image in notice for notice in local.notices)
    assert any("2 instances" in notice for notice in local.notices)
    assert local.platform.stores.objects.path("s3://mlops-new/code/steps/clean.py").read_text().count("/opt/ml") == 2


def test_without_an_image_of_its_own_a_run_does_not_start(local: Local) -> None:
    local.platform.stores.pipelines.register(
        "tests-build", definition(processing("P", "")), project="tests", repository="build"
    )
    with pytest.raises(Invalid, match="not images of this machine: nowhere:1"):
        local.platform.start("tests-build", given={"ImageUri": "nowhere:1"})


def test_missing_input_is_named(local: Local) -> None:
    execution = local.run(definition(processing("P", "", inputs={"raw": "s3://mlops-new/none/such"})))
    assert execution.reason == "step P failed: there is no object at s3://mlops-new/none/such"


def test_the_registered_definition_is_parsed(local: Local) -> None:
    local.platform.stores.pipelines.register(
        "tests-build", definition(fail("End", run_uri("x"))), project="tests", repository="build"
    )
    found = parse(local.platform.stores.pipelines.definition("tests-build"), source="pipeline.json")
    assert [step.name for step in found.steps] == ["End"]
    assert IMAGE["Get"] == "Parameters.ImageUri"
