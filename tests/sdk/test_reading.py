"""How the SDK itself orders steps and follows paths, beside how the double of SageMaker reads them."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.doubles.aws.definition import Step, steps
from tests.doubles.aws.variables import Known, Undefined
from tests.ports.generated import CONTENT, PATHS
from tests.ports.readings import EXECUTION

from compile_definitions import MODULES
from rendering import render

pytestmark = pytest.mark.slow

ORDER = """
import json, runpy, sys
import definition
definition.isolate()
from sagemaker.mlops.workflow.pipeline import PipelineGraph
graphs = [PipelineGraph.from_pipeline(runpy.run_path(module)["pipeline"]()) for module in sys.argv[1:]]
print(json.dumps([graph.adjacency_list for graph in graphs]))
"""
PATH = """
import json, sys
from sagemaker.core.local.utils import get_using_dot_notation
content, paths = json.load(sys.stdin)
def led(path):
    try:
        return get_using_dot_notation(content, path)
    except ValueError:
        return None
print(json.dumps([led(path) for path in paths]))
"""


def run(sdk_python: str, code: str, *arguments: str, folder: Path, given: str = "") -> Any:
    """What a script prints that runs beside the SDK."""
    done = subprocess.run(
        [sdk_python, "-c", code, *arguments],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "AWS_DEFAULT_REGION": "us-east-1"},
        input=given,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("monitoring", ["own", "managed"])
def test_steps_are_ordered_as_the_sdk_orders_them(sdk_python: str, tmp_path: Path, monitoring: str) -> None:
    for kind, names in MODULES.items():
        repository = render(kind, tmp_path / kind, monitoring=monitoring)
        modules = [repository / name for name in names]
        graphs = run(sdk_python, ORDER, *map(str, modules), folder=repository)
        for module, graph in zip(modules, graphs, strict=True):
            read = steps(json.loads(module.with_suffix(".json").read_text("utf-8")))
            seen = {step.name: as_the_sdk_looks(step).waits_for for step in read}
            followers = {name: {other for other, needed in seen.items() if name in needed} for name in seen}
            assert {name: set(after) for name, after in graph.items()} == followers


def as_the_sdk_looks(step: Step) -> Step:
    """It finds no reference in a member beside the arguments, such as the ModelName of a ClarifyCheck."""
    members = ("Name", "Type", "Arguments", "DependsOn")
    body = {name: value for name, value in step.body.items() if name in members}
    return Step(body, step.holder, step.outcome)


def test_paths_lead_where_the_sdk_says(sdk_python: str, tmp_path: Path) -> None:
    paths = [path for path in PATHS if path[0] not in "$["]  # the SDK's local mode knows only what begins with a name
    found = run(sdk_python, PATH, folder=tmp_path, given=json.dumps([CONTENT, paths]))
    assert dict(zip(paths, found, strict=True)) == {path: led(path) for path in paths}


def led(path: str) -> Any:
    known = Known({}, EXECUTION, {}, lambda _, __: CONTENT, lambda _: CONTENT)
    try:
        return known.value({"Std:JsonGet": {"PropertyFile": {"Get": "Steps.A.PropertyFiles.F"}, "Path": path}})
    except Undefined:
        return None
