"""mlops-new and the double of SageMaker, which share no code, read a definition alike."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from mlops_new.definition import parse, validate
from mlops_new.definition.parameters import resolve
from mlops_new.errors import Invalid
from mlops_new.names import DEFINITIONS, Kind
from rendering import render
from tests.doubles.aws import definition as doubles_definition
from tests.doubles.aws.packages import Refused
from tests.platforms.local.definitions import (
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
    training,
    transform,
)
from tests.ports.generated import CONTENT, NOWHERE, OPERATORS, PATHS, VALUES, cases, file
from tests.ports.readings import Case, Double, Ended, Product

BUILD = Path(__file__).parents[1] / "definition/definitions/build.json"
QUICK = settings(max_examples=200, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
"""The same examples each time: a suite that others run does not fail by luck."""


def read_alike(case: Case) -> dict[str, Ended]:
    """What both readings come to."""
    product, double = Product(case, json.dumps(case.document)), Double(case)
    assert product.order() == double.order()
    ended = double.carried_out()
    assert product.carried_out() == ended
    return ended


# The definitions that there are


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Every definition that the templates carry, and in every shape."""
    root = tmp_path_factory.mktemp("definitions")
    found = {"unit": BUILD.read_text("utf-8")}
    for monitoring in ("own", "managed"):
        for shape in ("pipeline", "airflow"):
            for kind, definitions in DEFINITIONS.items():
                if (kind, shape) == (Kind.BUILD, "airflow"):  # is no other than the one for pipelines
                    continue
                place = root / monitoring / shape / kind
                render(kind.value, place, project_name="sales", monitoring=monitoring, processing=shape)
                found |= {
                    f"{name} {monitoring} {shape}": (place / path).read_text("utf-8")
                    for name, path in definitions.items()
                }
    return found


@pytest.mark.parametrize("good", [True, False])
def test_the_templates_definitions_are_read_alike(rendered: dict[str, str], good: bool) -> None:  # noqa: FBT001 - both
    content = {"gate": {"passed": good}, "new": good}
    for name, text in rendered.items():
        document = json.loads(text)
        needed = {one["Name"]: "3" for one in document["Parameters"] if "DefaultValue" not in one}
        ended = read_alike(Case(document, needed, content))
        failed = {step for step, one in ended.items() if one.status == "Failed"}
        assert failed == ({"NotGoodEnough"} & set(ended)), name
        assert len(ended) > 1, name


def small_definitions() -> Iterator[str]:
    """What the tests of the embedded platform write."""
    made = processing("Make", "pass", outputs=("table",), PropertyFiles=[file("table")])
    fitted = training("Fit", "pass", channels={"train": output_of("Make", "table")})
    artifacts = get("Steps.Fit.ModelArtifacts.S3ModelArtifacts")
    served = model("Serve", artifacts, LEVEL="1")
    yield definition(
        made, fitted, served, transform("Predict", "Serve", output_of("Make", "table")), register("Register", artifacts)
    )
    gate = condition(
        "Gate",
        equals(json_get("Make", "File", "count"), get("Parameters.Wanted")),
        then=(condition("Inner", equals(get("Steps.Gate.Outcome"), "True"), then=(fail("Deep", "seen"),)),),
        otherwise=(register("Never", artifacts),),
    )
    yield definition(made, fitted, gate, Wanted={"Type": "Integer", "DefaultValue": 3})
    yield definition(made, gate, fitted, Wanted={"Type": "Integer", "DefaultValue": 4})


@pytest.mark.parametrize("text", list(small_definitions()))
def test_small_definitions_are_read_alike(text: str) -> None:
    assert validate(parse(text)) == []
    assert len(read_alike(Case(json.loads(text), {"ImageUri": "image"}, CONTENT))) > 1


# Generated ones


@QUICK
@given(cases())
def test_generated_definitions_are_read_alike(case: Case) -> None:
    read_alike(case)


# All that two values, or a path, can come to


def test_every_two_values_compare_alike() -> None:
    tests: list[Any] = [
        {"Type": operator, "LeftValue": left, "RightValue": right}
        for operator in OPERATORS
        for left in VALUES
        for right in VALUES
    ]
    tests += [{"Type": "In", "QueryValue": left, "Values": [right, "other"]} for left in VALUES for right in VALUES]
    gates = [condition(f"C{number}", test) for number, test in enumerate(tests)]
    ended = read_alike(Case(json.loads(definition(*gates)), {"ImageUri": "image"}, CONTENT))
    assert {one.request for one in ended.values()} == {True, False, None}


def test_every_path_leads_alike() -> None:
    made = processing("Make", "pass", outputs=("table",), PropertyFiles=[file("table")])
    found = [json_get("Make", "File", path) for path in PATHS]
    gates = [condition(f"C{number}", equals(one, one)) for number, one in enumerate(found)]
    joins = [processing(f"J{number}", "pass", join("a", one)) for number, one in enumerate(found)]
    ended = read_alike(Case(json.loads(definition(made, *gates, *joins)), {"ImageUri": "image"}, CONTENT))
    led = {path: (ended[f"C{n}"].status, ended[f"J{n}"].status) for n, path in enumerate(PATHS)}
    assert {path for path, (compared, _) in led.items() if compared == "Failed"} == NOWHERE
    assert {path for path, (_, joined) in led.items() if joined == "Failed"} == NOWHERE | {"list", "object"}


# What a parameter is given


@pytest.mark.parametrize("kind", ["String", "Integer", "Float", "Boolean"])
@pytest.mark.parametrize(
    "text",
    [
        *("x", "3", "-3", "03", "3.0", "1e-3", "1_000", " 3", "3 ", "nan", "inf", "0x10", "\u0663"),
        *("true", "True", "yes", "1", ""),
    ],
)
def test_a_parameter_is_taken_or_refused_alike(kind: str, text: str) -> None:
    declared = [{"Name": "One", "Type": kind}]
    assert by_product(declared, {"One": text}) == by_double(declared, {"One": text})


@pytest.mark.parametrize("values", [{}, {"One": "3"}, {"One": "4"}, {"Other": "3"}])
@pytest.mark.parametrize("declared", [{}, {"DefaultValue": 3}, {"DefaultValue": 3, "EnumValues": [3, 5]}])
def test_defaults_choices_and_unknown_names_are_judged_alike(declared: dict[str, Any], values: dict[str, str]) -> None:
    found = [{"Name": "One", "Type": "Integer", **declared}]
    assert by_product(found, values) == by_double(found, values)


def by_product(declared: list[Any], values: dict[str, str]) -> Any:
    try:
        return typed(resolve(declared, values))
    except Invalid:
        return "refused"


def by_double(declared: list[Any], values: dict[str, str]) -> Any:
    given = [{"Name": name, "Value": value} for name, value in values.items()]
    try:
        return typed(doubles_definition.parameters({"Parameters": declared}, given))
    except Refused:
        return "refused"


def typed(values: dict[str, Any]) -> Any:
    return {name: (type(value), value) for name, value in values.items()}
