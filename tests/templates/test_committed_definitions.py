"""The definitions that the templates carry, as they are rendered; `tests/sdk` compiles them."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from mlops_new.definition import parse, validate
from mlops_new.names import DEFINITIONS, LONGEST_NAME, Kind
from rendering import render

NAME = ("longest-name-" * 5)[:LONGEST_NAME]
INSTANCE_TYPE = "ml.c6i.32xlarge"
# Of own monitoring, and what managed monitoring has besides or in their place.
PARAMETERS = {
    "build": "ExecutionRoleArn ImageUri Bucket InputDataUri HistoryUri Commit "
    "ProcessingInstanceType TrainingInstanceType TransformInstanceType",
    "inference": "ExecutionRoleArn ImageUri ModelDataUrl ModelPackageArn ModelCreated PendingModelPackage "
    "DataQualityBaselineUri "
    "AttributionBaselineUri RunDate Bucket InputDataUri HistoryUri CodeUri Commit ProcessingInstanceType "
    "TransformInstanceType",
    "model-quality": "ExecutionRoleArn ImageUri ModelPackageArn ModelCreated PendingModelPackage "
    "ModelQualityBaselineUri Bucket InputDataUri HistoryUri "
    "CodeUri Commit ProcessingInstanceType",
}
ANALYZERS = {
    "build": {"ModelMonitorImageUri", "ClarifyImageUri"},
    "inference": {"ModelMonitorImageUri", "ClarifyImageUri"},
    "model-quality": {"ModelMonitorImageUri"},
}
STEPS = {
    "build": "Preprocess:Processing Train:Training CreateModel:Model Transform:Transform Evaluate:Processing "
    "Report:Processing CheckMetrics:Condition Refit:Training Register:RegisterModel NotGoodEnough:Fail",
    "inference": "Preprocess:Processing CreateModel:Model Transform:Transform Postprocess:Processing "
    "Decide:Processing Report:Processing",
    "model-quality": "IsNew:Condition Decide:Processing Report:Processing",
}
CHECKS = {
    "own": {
        "build": "DataQualityBaseline:Processing AttributionBaseline:Processing ModelQualityBaseline:Processing",
        "inference": "DataQualityCheck:Processing AttributionCheck:Processing",
        "model-quality": "ModelQualityCheck:Processing",
    },
    "managed": {
        "build": "PrepareChecks:Processing DataQualityBaseline:QualityCheck AttributionBaseline:ClarifyCheck "
        "PrepareAnswers:Processing ModelQualityBaseline:QualityCheck",
        "inference": "PrepareChecks:Processing DataQualityCheck:QualityCheck AttributionCheck:ClarifyCheck",
        "model-quality": "PrepareAnswers:Processing ModelQualityCheck:QualityCheck Remember:Processing",
    },
}


@pytest.fixture(scope="module", params=list(CHECKS))
def monitoring(request: pytest.FixtureRequest) -> str:
    """Who makes the checks."""
    return str(request.param)


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory, monitoring: str) -> dict[str, str]:
    """The rendered definitions by the pipeline's name."""
    root = tmp_path_factory.mktemp("definitions")
    found: dict[str, str] = {}
    answers = {"project_name": NAME, "instance_type": INSTANCE_TYPE, "monitoring": monitoring}
    for kind, definitions in DEFINITIONS.items():
        repository = render(kind.value, root / kind, **answers)
        found |= {name: (repository / path).read_text("utf-8") for name, path in definitions.items()}
    return found


each = pytest.mark.parametrize("pipeline", [name for kind in Kind for name in DEFINITIONS[kind]])


def references(value: Any) -> Iterator[str]:
    match value:
        case {"Get": str(reference)}:
            yield reference
        case dict():
            for item in value.values():
                yield from references(item)
        case list():
            for item in value:
                yield from references(item)
        case _:
            pass


@pytest.mark.quick_cases(1)
@each
def test_a_definition_is_canonical(texts: dict[str, str], pipeline: str) -> None:
    text = texts[pipeline]
    assert json.dumps(json.loads(text), indent=2, sort_keys=True) + "\n" == text
    assert "null" not in text


@each
def test_a_definition_is_valid(texts: dict[str, str], pipeline: str) -> None:
    assert validate(parse(texts[pipeline])) == []


@each
def test_a_definition_has_the_parameters_and_steps_that_others_count_on(
    texts: dict[str, str], pipeline: str, monitoring: str
) -> None:
    definition = parse(texts[pipeline])
    analyzers = ANALYZERS[pipeline] if monitoring == "managed" else set()
    gone = {"RunDate"} if monitoring == "managed" else set()  # Model Monitor does not ask how old data is
    wanted_parameters = [name for name in PARAMETERS[pipeline].split() if name not in gone]
    assert [name for name in definition.parameters if name not in analyzers] == wanted_parameters
    assert analyzers <= set(definition.parameters)
    wanted = {*STEPS[pipeline].split(), *CHECKS[monitoring][pipeline].split()}
    assert {f"{step.name}:{step.type}" for step in definition.steps} == wanted


def test_the_check_of_data_quality_is_told_the_day_of_the_run(texts: dict[str, str], monitoring: str) -> None:
    if monitoring == "managed":
        return
    (check,) = [step for step in parse(texts["inference"]).steps if step.name == "DataQualityCheck"]
    arguments = check.arguments["AppSpecification"]["ContainerArguments"]
    assert arguments[-2:] == ["--run-date", {"Get": "Parameters.RunDate"}]


@each
def test_a_definition_says_nothing_of_an_account_a_place_or_a_time(texts: dict[str, str], pipeline: str) -> None:
    found = re.findall(r"\d{12}|arn:aws|amazonaws|[a-z]{2}-[a-z]+-\d\b|offline|20\d\d-\d\d-\d\d", texts[pipeline])
    assert found == ["2020-12-01"]  # the schema's version


@each
def test_a_definition_uses_each_of_its_parameters_and_no_other(texts: dict[str, str], pipeline: str) -> None:
    document = json.loads(texts[pipeline])
    declared = {parameter["Name"] for parameter in document["Parameters"]}
    used = {name.removeprefix("Parameters.") for name in references(document) if name.startswith("Parameters.")}
    assert used == declared


@each
def test_no_output_s_place_begins_another_s(texts: dict[str, str], pipeline: str) -> None:
    # SageMaker reads inputs by prefix: .../transform would also bring .../transform_input.
    joins = re.findall(r'"Execution.PipelineExecutionId"\s*\},\s*"([^"]+)"', texts[pipeline])
    assert joins
    read = {re.sub(r".*\['(.*)'\].*", r"\1", name) for name in references(json.loads(texts[pipeline])) if "['" in name}
    inputs = (read | {"transformed", "artifacts", "refitted"}) - {"evaluation"}
    assert [(name, other) for name in inputs for other in joins if other != name and other.startswith(name)] == []


@each
def test_answers_are_where_they_belong(texts: dict[str, str], pipeline: str) -> None:
    document = json.loads(texts[pipeline])
    defaults = {parameter["Name"]: parameter.get("DefaultValue") for parameter in document["Parameters"]}
    assert {value for name, value in defaults.items() if name.endswith("InstanceType")} == {INSTANCE_TYPE}
    assert defaults["Commit"] == "unknown"
    assert f'"{NAME}/{pipeline}"' in texts[pipeline]


def test_a_registered_model_waits_for_approval_and_knows_its_origin(texts: dict[str, str]) -> None:
    (register,) = [step for step in parse(texts["build"]).steps if step.name == "Register"]
    assert register.arguments["ModelPackageGroupName"] == NAME
    assert register.arguments["ModelApprovalStatus"] == "PendingManualApproval"
    assert register.arguments["CustomerMetadataProperties"] == {
        "commit": {"Get": "Parameters.Commit"},
        "data": {"Get": "Parameters.InputDataUri"},
        "execution": {"Get": "Execution.PipelineExecutionId"},
        "refit": "true",
    }


@each
def test_a_check_of_a_service_makes_a_baseline_or_compares_with_that_of_the_model_in_use(
    texts: dict[str, str], pipeline: str, monitoring: str
) -> None:
    checks = [step for step in parse(texts[pipeline]).steps if step.type in {"QualityCheck", "ClarifyCheck"}]
    assert bool(checks) == (monitoring == "managed")
    for step in checks:
        making = pipeline == "build"
        assert (step.body["SkipCheck"], step.body["RegisterNewBaseline"]) == (making, making)
        assert step.body["FailOnViolation"] is False
        supplied = {name for name in references(step.body) if name.endswith("BaselineUri")}
        files = {name for name in step.body if name.startswith("SuppliedBaseline")}
        assert bool(supplied) == bool(files) == (not making)
        assert "ContainerEntrypoint" not in step.arguments["AppSpecification"]


def test_a_registered_model_brings_the_baselines_that_were_made(texts: dict[str, str], monitoring: str) -> None:
    (register,) = [step for step in parse(texts["build"]).steps if step.name == "Register"]
    drift = set(references(register.arguments["DriftCheckBaselines"]))
    metrics = set(references(register.arguments["ModelMetrics"]))
    if monitoring == "managed":
        assert {name.rpartition(".")[2] for name in drift} == {
            "BaselineUsedForDriftCheckStatistics",
            "BaselineUsedForDriftCheckConstraints",
        }
        assert {"CalculatedBaselineStatistics", "CalculatedBaselineConstraints"} < {
            name.rpartition(".")[2] for name in metrics
        }
    steps = {name.split(".")[1] for name in drift}
    assert steps == {"DataQualityBaseline", "ModelQualityBaseline", "AttributionBaseline"}
