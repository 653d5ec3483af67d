"""mlops-new and the double of SageMaker read a definition alike, and neither has learnt it from the other."""

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

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
from tests.ports.readings import Case, Double, Ended, Product

DOUBLES = Path(__file__).parents[1] / "doubles"
BUILD = Path(__file__).parents[1] / "definition/definitions/build.json"
QUICK = settings(max_examples=400, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
"""The same examples each time: a suite that others run does not fail by luck."""

CONTENT = {
    "rmse": 0.5,
    "count": 3,
    "passed": True,
    "name": "rmse",
    "nothing": None,
    "list": [1, 2.5, "x"],
    "a.b": {"deep": [{"Name": "first", "value": 1}]},
    "object": {"0": 7},
}


def read_alike(case: Case) -> dict[str, Ended]:
    """What both readings come to."""
    product, double = Product(case, json.dumps(case.document)), Double(case)
    assert product.order() == double.order()
    ended = double.carried_out()
    assert product.carried_out() == ended
    return ended


# Apart


@pytest.mark.parametrize("path", sorted(DOUBLES.rglob("*.py")), ids=lambda path: str(path.relative_to(DOUBLES)))
def test_a_double_shares_no_code_with_what_it_judges(path: Path) -> None:
    assert [name for name in imported(path) if name.partition(".")[0] == "mlops_new"] == []


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        match node:
            case ast.Import(names=names):
                yield from (name.name for name in names)
            case ast.ImportFrom(module=str(module)):
                yield module
            case ast.Call(func=ast.Name("__import__" | "import_module"), args=[ast.Constant(str(module)), *_]):
                yield module
            case _:
                continue


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


def file(output: str, path: str = "report.json") -> dict[str, str]:
    return {"PropertyFileName": "File", "OutputName": output, "FilePath": path}


@pytest.mark.parametrize("text", list(small_definitions()))
def test_small_definitions_are_read_alike(text: str) -> None:
    assert validate(parse(text)) == []
    assert len(read_alike(Case(json.loads(text), {"ImageUri": "image"}, CONTENT))) > 1


# Generated ones

VALUES = (0, 1, 3, 0.5, 3.0, -1, True, False, "rmse", "3", "true", "x", "True")
SCALARS = st.sampled_from(VALUES)
PATHS = (
    *("rmse", "count", "passed", "name", "nothing", "list[1]", "$.count", "['a.b'].deep[0].value", "$['rmse']", "none"),
    *("list[9]", "list.x", "object[0]", "rmse.deep", "['a.b'].deep['first'].value", "list", "object", "object['0']"),
)
NOWHERE = {"none", "nothing", "list[9]", "list.x", "object[0]", "rmse.deep", "['a.b'].deep['first'].value"}
"""Those that lead to null or to nothing: what names an item of SageMaker's answers names none of a file."""
PARAMETERS: dict[str, dict[str, Any]] = {
    "ImageUri": {"Type": "String", "DefaultValue": "image"},
    "Text": {"Type": "String", "DefaultValue": "rmse"},
    "Whole": {"Type": "Integer", "DefaultValue": 3},
    "Part": {"Type": "Float", "DefaultValue": 1},
    "Yes": {"Type": "Boolean", "DefaultValue": True},
}
GIVEN = {"Text": ["x", "3", "true"], "Whole": ["1", "-1"], "Part": ["0.5", "3", "1e-3"], "Yes": ["False", "true"]}
NAMES = ("A", "B", "C", "D", "E", "F", "G", "H")
EXECUTED = ("PipelineName", "PipelineExecutionId", "StartDateTime", "ProcessingJobName")
OPERATORS = ("Equals", "GreaterThan", "GreaterThanOrEqualTo", "LessThan", "LessThanOrEqualTo")


@st.composite
def variable(draw: st.DrawFn, before: list[str]) -> Any:
    """A variable that can be read where those steps have been."""
    simple = [get(f"Parameters.{name}") for name in PARAMETERS] + [get(f"Execution.{name}") for name in EXECUTED]
    step = draw(st.sampled_from(before)) if before else ""
    kind = draw(st.integers(0, 3 if step else 1))
    match kind:
        case 0:
            return draw(st.sampled_from(simple))
        case 1:
            parts = st.one_of(SCALARS, variable(before)) if draw(st.booleans()) else SCALARS
            return join(*draw(st.lists(parts, max_size=3)), on=draw(st.sampled_from(["", "/", "-"])))
        case 2:
            return output_of(step, "table")
        case _:
            return json_get(step, "File", draw(st.sampled_from(PATHS)))


@st.composite
def comparison(draw: st.DrawFn, before: list[str], depth: int = 2) -> Any:
    """A condition."""
    value = st.one_of(SCALARS, variable(before))
    kind = draw(st.sampled_from([*OPERATORS, "In", *(("Not", "Or") if depth else ())]))
    match kind:
        case "In":
            return {"Type": kind, "QueryValue": draw(value), "Values": draw(st.lists(value, max_size=3))}
        case "Not":
            return {"Type": kind, "Condition": draw(comparison(before, depth - 1))}
        case "Or":
            return {"Type": kind, "Conditions": draw(st.lists(comparison(before, depth - 1), min_size=1, max_size=3))}
        case _:
            return {"Type": kind, "LeftValue": draw(value), "RightValue": draw(value)}


@st.composite
def step_list(draw: st.DrawFn, names: list[str], before: list[str], depth: int = 2) -> list[Any]:
    """Steps that read those before them, some of them with branches."""
    made: list[Any] = []
    for _ in range(draw(st.integers(1, 3))):
        if not names:
            break
        made.append(draw(one_step(names, before, depth)))
    return made


@st.composite
def one_step(draw: st.DrawFn, names: list[str], before: list[str], depth: int) -> Any:
    name = names.pop(0)
    waits = draw(st.lists(st.sampled_from(before), max_size=2, unique=True)) if before else []
    kind = draw(st.sampled_from(["work", "work", "condition", "fail"] if depth else ["work", "work", "fail"]))
    if kind == "condition":
        tests = draw(st.lists(comparison(before), min_size=1, max_size=2))
        then = draw(step_list(names, list(before), depth - 1))
        otherwise = draw(step_list(names, list(before), depth - 1)) if draw(st.booleans()) else []
        made = condition(name, *tests, then=tuple(then), otherwise=tuple(otherwise))
    elif kind == "fail":
        made = fail(name, draw(variable(before)))
    else:
        values = draw(st.lists(st.one_of(SCALARS, variable(before)), max_size=3))
        path = draw(st.sampled_from(["report.json", "report.json", "missing.json"]))
        made = processing(name, "pass", *values, outputs=("table",), PropertyFiles=[file("table", path)])
        before.append(name)
    return made | ({"DependsOn": waits} if waits else {})


@st.composite
def cases(draw: st.DrawFn) -> Case:
    body = draw(step_list(list(NAMES), []))
    document = json.loads(definition(*body)) | {"Parameters": [{"Name": n, **one} for n, one in PARAMETERS.items()]}
    chosen = {name: draw(st.sampled_from(texts)) for name, texts in GIVEN.items() if draw(st.booleans())}
    failing = frozenset(draw(st.lists(st.sampled_from(NAMES), max_size=2)))
    return Case(document, chosen, CONTENT, failing)


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
