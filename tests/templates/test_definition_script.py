"""`definition.py` of both repositories: what needs no SDK."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from rendering import ROOT

SCRIPT = ROOT / "templates" / "shared" / "definition.py"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    specification = importlib.util.spec_from_file_location("definition", SCRIPT)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def step(name: str, **arguments: Any) -> dict[str, Any]:
    return {"Name": name, "Type": "Training", "Arguments": arguments}


def summary(script: ModuleType, old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    lines: list[str] = script.summary(json.dumps(old), json.dumps(new))
    return lines


def test_without_the_sdk_it_says_how_to_get_it(tmp_path: Path) -> None:
    command = [sys.executable, "-S", str(SCRIPT), "--check"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == (
        "definition: the SageMaker SDK is not installed in this environment; `make definition` makes one that has it\n"
    )


def test_placeholders_become_references(script: ModuleType) -> None:
    raw = {"Parameters": [{"Name": "Role"}], "Steps": [step("A", Role=script.placeholder("Role"))]}
    assert script.document(raw)["Steps"][0]["Arguments"] == {"Role": {"Get": "Parameters.Role"}}


def test_a_placeholder_for_no_parameter_is_an_error(script: ModuleType) -> None:
    raw = {"Parameters": [{"Name": "Role"}], "Steps": [step("A", Image=script.placeholder("Image"))]}
    with pytest.raises(script.RecipeError, match="no parameter Image: add it"):
        script.document(raw)


def test_what_says_nothing_is_dropped_and_an_empty_branch_is_kept(script: ModuleType) -> None:
    raw: dict[str, Any] = {
        "Metadata": {},
        "MlflowConfig": None,
        "Steps": [step("A", Environment={"A": {"B": None}}, Count=0, ElseSteps=[], X=None)],
    }
    assert script.document(raw) == {"Steps": [step("A", Count=0, ElseSteps=[])]}


def test_steps_and_parameters_that_come_and_go_are_named(script: ModuleType) -> None:
    old = {"Parameters": [{"Name": "P"}], "Steps": [step("A"), step("B")]}
    new = {"Parameters": [{"Name": "Q"}], "Steps": [step("B"), step("C")]}
    assert summary(script, old, new) == [
        "parameter P removed",
        "parameter Q added",
        "step A removed",
        "step C added",
    ]


def test_a_changed_instance_is_told_in_words(script: ModuleType) -> None:
    old = {"Steps": [step("Train", ResourceConfig={"InstanceType": "ml.m5.xlarge", "InstanceCount": 1})]}
    new = {"Steps": [step("Train", ResourceConfig={"InstanceType": {"Get": "Parameters.T"}, "InstanceCount": 1})]}
    assert summary(script, old, new) == [
        "step Train: instance type (ResourceConfig.InstanceType) changed from ml.m5.xlarge to Parameters.T"
    ]


def test_inputs_are_compared_by_name_and_places_are_read_out(script: ModuleType) -> None:
    def inputs(**uris: str) -> list[dict[str, Any]]:
        return [
            {"InputName": name, "S3Uri": {"Std:Join": {"On": "/", "Values": ["s3:/", {"Get": "Parameters.B"}, uri]}}}
            for name, uri in uris.items()
        ]

    old = {"Steps": [step("A", Inputs=inputs(raw="raw", code="code"))]}
    new = {"Steps": [step("A", Inputs=inputs(code="src", more="more"))]}
    assert summary(script, old, new) == [
        "step A: raw (Inputs.raw) removed",
        "step A: s3 uri (Inputs.code.S3Uri) changed from s3://Parameters.B/code to s3://Parameters.B/src",
        "step A: more (Inputs.more) added",
    ]


def test_what_is_read_from_a_property_file_is_told_in_words(script: ModuleType) -> None:
    def gate(step_name: str) -> dict[str, Any]:
        report = {"Get": f"Steps.{step_name}.PropertyFiles.Report"}
        return {"Steps": [step("Gate", Left={"Std:JsonGet": {"PropertyFile": report, "Path": "gate.passed"}})]}

    (line,) = summary(script, gate("A"), gate("B"))
    before, after = (f"gate.passed of Steps.{name}.PropertyFiles.Report" for name in "AB")
    assert line == f"step Gate: left changed from {before} to {after}"


def test_steps_in_branches_stand_for_themselves(script: ModuleType) -> None:
    def gate(*names: str, value: int = 1) -> dict[str, Any]:
        branch = [step(name, Value=value) for name in names]
        return {"Steps": [{"Name": "Gate", "Type": "Condition", "Arguments": {"IfSteps": branch, "ElseSteps": []}}]}

    assert summary(script, gate("Register"), gate("Register", value=2)) == ["step Register: value changed from 1 to 2"]
    assert summary(script, gate("Register"), gate("Register", "Notify")) == [
        "step Notify added",
        "step Gate: if steps (IfSteps) changed from Register to Register, Notify",
    ]


def test_order_layout_and_the_rest_are_told_too(script: ModuleType) -> None:
    old = {"Version": "1", "Steps": [step("A"), step("B")]}
    assert summary(script, old, {"Version": "2", "Steps": [step("B"), step("A")]}) == [
        "steps in another order: B, A",
        "version changed from 1 to 2",
    ]
    assert script.summary(json.dumps(old, indent=1), json.dumps(old)) == [
        "the content is the same and only the layout differs"
    ]
    assert "is not JSON" in script.summary("<<<<<<< HEAD", "{}")[0]
