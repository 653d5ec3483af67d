"""QualityCheck and ClarifyCheck steps, made by the monitoring of the project's image."""

import json
from typing import Any

import pytest

from mlops_new.errors import Invalid
from mlops_new.platforms.local.database.records import Execution
from tests.platforms.local.conftest import Local, statuses, step
from tests.platforms.local.definitions import (
    INPUT,
    OUTPUT,
    ROLE,
    Document,
    condition,
    definition,
    equals,
    get,
    join,
    model,
    register,
    run_uri,
)

ANALYZER = "123456789012.dkr.ecr.eu-north-1.amazonaws.com/sagemaker-model-monitor-analyzer"
EVERY = ["DATA_QUALITY", "MODEL_QUALITY", "MODEL_EXPLAINABILITY"]
FILES = {"DATA_QUALITY": "data_quality", "MODEL_QUALITY": "model_quality", "MODEL_EXPLAINABILITY": "attribution"}
MAKE = {"SkipCheck": True, "RegisterNewBaseline": True}


def check(name: str, kind: str, data: Any, **members: Any) -> Document:
    """A check step as the SDK makes it; outputs go to the folder of the step's name."""
    source = {"S3Uri": data, "LocalPath": f"{INPUT}/dataset", "S3DataType": "S3Prefix", "S3InputMode": "File"}
    target = {"S3Uri": run_uri(name), "LocalPath": OUTPUT, "S3UploadMode": "EndOfJob"}
    explained = {"ModelName": get("Steps.Create.ModelName")} if kind == "MODEL_EXPLAINABILITY" else {}
    arguments = {
        "AppSpecification": {"ImageUri": ANALYZER},
        "ProcessingInputs": [{"InputName": "dataset", "S3Input": source}],
        "ProcessingOutputConfig": {"Outputs": [{"OutputName": "result", "S3Output": target}]},
        "ProcessingResources": {
            "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
        },
        "RoleArn": ROLE,
    }
    step_type = "ClarifyCheck" if explained else "QualityCheck"
    return {"Name": name, "Type": step_type, "CheckType": kind, "Arguments": arguments, **explained, **members}


def supplied(kind: str, folder: str) -> Document:
    if kind == "MODEL_EXPLAINABILITY":
        return {"SuppliedBaselineConstraints": f"{folder}/analysis.json"}
    return {f"SuppliedBaseline{name}": f"{folder}/{name.lower()}.json" for name in ("Statistics", "Constraints")}


@pytest.fixture
def data(local: Local) -> str:
    return local.put("s3://mlops-new/tests/checks/data/table.csv", "a\n1\n2\n")


@pytest.fixture
def create(local: Local) -> Document:
    return model("Create", local.put("s3://mlops-new/tests/checks/model.tar.gz", "a model"))


def baseline(local: Local, kind: str, rows: int, folder: str = "s3://mlops-new/tests/checks/known") -> str:
    place = f"{folder}/{kind}-{rows}"
    for name in ("statistics", "constraints", "analysis"):
        local.put(f"{place}/{name}.json", json.dumps({"rows": rows}))
    local.put(f"{place}/explanations_shap/baseline.csv", "a\n1\n")
    return place


def read(local: Local, uri: str) -> Any:
    return json.loads(local.platform.stores.objects.path(uri).read_text(encoding="utf-8"))


def properties(execution: Execution) -> dict[str, Any]:
    return step(execution, "Check").properties


@pytest.mark.parametrize("kind", EVERY)
def test_a_baseline_is_made_and_becomes_the_one_that_counts(
    local: Local, data: str, create: Document, kind: str
) -> None:
    execution = local.run(definition(create, check("Check", kind, data, **MAKE)))
    assert str(execution.status) == "Succeeded"
    found = properties(execution)
    constraints = found["CalculatedBaselineConstraints"]
    assert found["BaselineUsedForDriftCheckConstraints"] == constraints
    assert ("CalculatedBaselineStatistics" in found) == (kind != "MODEL_EXPLAINABILITY")
    assert read(local, constraints)["rows"] == 3
    if kind == "MODEL_EXPLAINABILITY":
        assert read(local, constraints)["inputs"] == ["data/table.csv", "model/model.tar.gz"]
    assert not local.platform.stores.objects.path(constraints).with_name("constraint_violations.json").exists()


@pytest.mark.parametrize("kind", EVERY)
def test_it_is_said_who_makes_the_check(local: Local, data: str, create: Document, kind: str) -> None:
    local.run(definition(create, check("Check", kind, data, **MAKE)))
    service = "Clarify" if kind == "MODEL_EXPLAINABILITY" else "Model Monitor"
    (notice,) = [notice for notice in local.notices if notice.startswith("Check:")]
    assert f"{service} is not on this machine" in notice
    assert f"monitoring.{FILES[kind]}" in notice


@pytest.mark.parametrize("kind", EVERY)
@pytest.mark.parametrize("rows", [3, 4])
def test_a_check_compares_with_the_supplied_baseline_and_keeps_it(
    local: Local, data: str, create: Document, kind: str, rows: int
) -> None:
    known = supplied(kind, baseline(local, kind, rows))
    execution = local.run(definition(create, check("Check", kind, data, FailOnViolation=False, **known)))
    assert str(execution.status) == "Succeeded", execution.reason
    found = properties(execution)
    assert found["BaselineUsedForDriftCheckConstraints"] == known["SuppliedBaselineConstraints"]
    calculated = found["CalculatedBaselineConstraints"]
    assert read(local, calculated)["rows"] == 3
    violations = read(local, calculated.rpartition("/")[0] + "/constraint_violations.json")["violations"]
    assert len(violations) == (rows != 3)


def test_violations_fail_a_step_that_does_not_say_otherwise(local: Local, data: str) -> None:
    known = supplied("DATA_QUALITY", baseline(local, "DATA_QUALITY", 4))
    execution = local.run(definition(check("Check", "DATA_QUALITY", data, **known)))
    assert str(execution.status) == "Failed"
    assert step(execution, "Check").reason == "1 violations, the first: 3 rows instead of 4"


@pytest.mark.parametrize(
    ("skip", "register_new", "compared", "used"),
    [(False, False, True, "old"), (False, True, True, "new"), (True, False, False, "old")],
)
def test_which_baseline_is_used(
    local: Local, data: str, *, skip: bool, register_new: bool, compared: bool, used: str
) -> None:
    old = supplied("DATA_QUALITY", baseline(local, "DATA_QUALITY", 4))
    members = {"SkipCheck": skip, "RegisterNewBaseline": register_new, "FailOnViolation": False}
    found = properties(local.run(definition(check("Check", "DATA_QUALITY", data, **members, **old))))
    for name in ("Statistics", "Constraints"):
        new = found[f"CalculatedBaseline{name}"]
        wanted = new if used == "new" else old[f"SuppliedBaseline{name}"]
        assert found[f"BaselineUsedForDriftCheck{name}"] == wanted
    folder = local.platform.stores.objects.path(found["CalculatedBaselineConstraints"]).parent
    assert (folder / "constraint_violations.json").exists() == compared


@pytest.mark.parametrize("kind", EVERY)
def test_no_baseline_is_a_failure_of_one_line(local: Local, data: str, create: Document, kind: str) -> None:
    none = dict.fromkeys(supplied(kind, ""), "")
    for members in ({}, none, {"ModelPackageGroupName": "nobody"}, supplied(kind, "s3://mlops-new/tests/nowhere")):
        execution = local.run(definition(create, check("Check", kind, data, **members)))
        assert str(execution.status) == "Failed"
        reason = step(execution, "Check").reason
        assert reason.startswith("there is no baseline to compare with")
        assert "\n" not in reason


def test_a_baseline_comes_from_the_latest_approved_package(own: Local) -> None:
    data = own.put("s3://mlops-new/tests/checks/data/table.csv", "a\n1\n2\n")

    def package(rows: int) -> Document:
        place = baseline(own, "DATA_QUALITY", rows)
        names = ("Statistics", "Constraints")
        files = {name: {"ContentType": "application/json", "S3Uri": f"{place}/{name.lower()}.json"} for name in names}
        found = register("Register", "s3://mlops-new/tests/model.tar.gz")
        found["Arguments"]["DriftCheckBaselines"] = {"ModelDataQuality": files}
        return found

    for rows in (3, 4, 5):
        assert str(own.run(definition(package(rows))).status) == "Succeeded"
    group = str(package(3)["Arguments"]["ModelPackageGroupName"])
    for version in (1, 2):
        own.platform.stores.models.set_approval(group, version, "Approved")
    members = {"ModelPackageGroupName": group, "FailOnViolation": False}
    found = properties(own.run(definition(check("Check", "DATA_QUALITY", data, **members))))
    assert "DATA_QUALITY-4" in found["BaselineUsedForDriftCheckConstraints"]


def test_later_steps_read_the_properties(local: Local, data: str) -> None:
    made = get("Steps.Check.CalculatedBaselineStatistics")
    text = definition(
        check("Check", "DATA_QUALITY", data, **MAKE),
        condition("If", equals(made, join(run_uri("Check"), "/statistics.json")), then=()),
    )
    execution = local.run(text)
    assert statuses(execution) == {"Check": "Succeeded", "If": "Succeeded"}
    assert step(execution, "If").properties["Outcome"] is True
    assert local.platform.stores.executions.describe(execution.id).outputs()["Check"].endswith(f"{execution.id}/Check")


def test_checks_that_cannot_be_made_are_named_before_anything_starts(local: Local, data: str) -> None:
    bias = check("Check", "MODEL_BIAS", data, **MAKE) | {"Type": "ClarifyCheck", "ModelName": "m"}
    with pytest.raises(Invalid, match="MODEL_BIAS"):
        local.start(definition(bias))
    nothing = check("Check", "DATA_QUALITY", data, **MAKE)
    nothing["Arguments"]["ProcessingInputs"] = []
    with pytest.raises(Invalid, match="0 inputs are to be checked"):
        local.start(definition(nothing))


def test_a_run_without_an_image_of_its_own_takes_the_model_s(local: Local, data: str) -> None:
    text = definition(check("Check", "DATA_QUALITY", data, **MAKE))
    local.platform.stores.pipelines.register("tests-deploy", text, project="tests", repository="deploy")
    execution = local.platform.start("tests-deploy", given={"ImageUri": local.image.uri})
    assert str(local.platform.run(execution.id, local.events.append).status) == "Succeeded"
