"""Definitions made up at random: steps that read earlier ones, joins, branches in branches, all conditions."""

import json
from typing import Any

from hypothesis import strategies as st

from tests.platforms.local.definitions import condition, definition, fail, get, join, json_get, output_of, processing
from tests.ports.readings import Case

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
"""What every property file holds."""
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


def file(output: str, path: str = "report.json") -> dict[str, str]:
    return {"PropertyFileName": "File", "OutputName": output, "FilePath": path}


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
