"""What the embedded platform costs: its runner over the jobs themselves, its batch transform over one process."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from bench.ratios import Line, clean_environment, ratio, seconds
from mlops_new import definition
from mlops_new.definition import dependencies
from mlops_new.platforms.local.database.records import Execution
from mlops_new.platforms.local.engine import Engine
from mlops_new.platforms.local.stores import Stores
from mlops_new.ports.platform import Image
from mlops_new.system.archives import unpack

BIN = Path(sys.executable).parent
ROWS = 600_000
JOBS = ("Processing", "Training", "Transform")
ONE_PROCESS = """
import sys
from pathlib import Path
import pandas
from model import estimator
model = estimator.load(Path(sys.argv[1]))
ids = len(model.signature.ids)
table = pandas.read_csv(sys.argv[2], header=None, dtype=dict.fromkeys(range(ids), str))
answers = model.predict(table.iloc[:, ids:])
pandas.concat([table, answers], axis=1).to_csv(sys.argv[3], header=False, index=False)
"""


@cache
def place() -> Path:
    """A home with a project in it, kept between runs: its environment takes a minute to make."""
    folder = Path(tempfile.gettempdir()) / f"mlops-new-bench-{os.getuid()}"
    for part in ("here", "home/git", "home/objects", "home/executions"):
        shutil.rmtree(folder / part, ignore_errors=True)
    for file in folder.glob("home/registry.sqlite3*"):
        file.unlink()
    os.environ["MLOPS_NEW_HOME"] = str(folder / "home")
    _mlops_new("project", "bench", "--yes", "-C", str(folder / "here"))
    _mlops_new("run", "-C", str(folder / "here" / "bench-build"))  # makes the environment
    return folder


def overhead() -> Iterator[Line]:
    """A build run's time over the longest chain of its jobs' own process times."""
    shares = []
    repository = place() / "here" / "bench-build"
    for _ in range(3):
        document = json.loads(_mlops_new("run", "--json", "-C", str(repository)))
        shares.append(_share(Stores.open(place() / "home").executions.describe(document["execution"])))
    yield Line("what the runner adds to a build run, over its longest chain of jobs", sorted(shares)[1], 10, "%")


def _share(execution: Execution) -> float:
    found = definition.parse(execution.definition)
    own = {step.name: _own_seconds(step.properties) for step in execution.steps if step.type in JOBS}
    before = dependencies(found)

    def chain(name: str) -> float:
        return own.get(name, 0.0) + max((chain(earlier) for earlier in before[name]), default=0.0)

    longest = max(chain(name) for name in before)
    whole = _seconds_between(execution.started, execution.ended)
    return 100 * (whole - longest) / longest


def _own_seconds(properties: Mapping[str, Any]) -> float:
    (started,) = [value for name, value in properties.items() if name.endswith("StartTime")]
    (ended,) = [value for name, value in properties.items() if name.endswith("EndTime")]
    return _seconds_between(started, ended)


def _seconds_between(started: str, ended: str) -> float:
    return (datetime.fromisoformat(ended) - datetime.fromisoformat(started)).total_seconds()


def transform() -> Iterator[Line]:
    """Rows a second of a Transform step through `serve`, against one process that reads, predicts and writes."""
    platform = Engine(place() / "home")
    (latest, *_) = platform.stores.models.model_packages("bench")
    container = latest.document["InferenceSpecification"]["Containers"][0]
    rows = _rows(platform, latest.execution)
    image = platform.stores.images.build(place() / "here" / "bench-build", project="bench", notify=print)
    model = platform.stores.objects.path(container["ModelDataUrl"])
    measured = ratio(lambda: _alone(image, model, rows), lambda: _served(platform, image, container, rows), pairs=3)
    yield Line("batch transform through serve / one process, rows a second", measured, 0.7, at_least=True)


def _rows(platform: Engine, execution: str) -> Path:
    """The evaluation rows, repeated."""
    (source,) = platform.stores.objects.path(
        platform.stores.executions.describe(execution).outputs()["evaluation_data"]
    ).glob("*.csv")
    text = source.read_bytes()
    target = place() / "rows.csv"
    target.write_bytes(text * (ROWS // text.count(b"\n")))
    return target


def _alone(image: Image, model: Path, rows: Path) -> float:
    with tempfile.TemporaryDirectory() as folder:
        unpack(model, Path(folder))
        command = [str(image.python), "-c", ONE_PROCESS, folder, str(rows), f"{folder}/out.csv"]
        return seconds(command, {"PYTHONPATH": str(image.code)})


def _served(platform: Engine, image: Image, container: Mapping[str, str], rows: Path) -> float:
    uri = platform.stores.objects.upload(rows, project="bench")
    text = definition.canonical(_transform_only(container))
    platform.stores.pipelines.register("bench-transform", text, project="bench", repository="build")
    started = platform.start("bench-transform", given={"Data": uri}, image=image)
    ended = platform.run(started.id, lambda _: None)
    (step,) = [step for step in ended.steps if step.name == "Transform"]
    return _own_seconds(step.properties)


def _transform_only(container: Mapping[str, str]) -> dict[str, Any]:
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": {"Get": "Parameters.Data"}}}
    model = {"Image": container["Image"], "ModelDataUrl": container["ModelDataUrl"]}
    return {
        "Version": "2020-12-01",
        "Parameters": [{"Name": "Data", "Type": "String"}],
        "Steps": [
            {"Name": "Model", "Type": "Model", "Arguments": {"PrimaryContainer": model}},
            {
                "Name": "Transform",
                "Type": "Transform",
                "Arguments": {
                    "BatchStrategy": "MultiRecord",
                    "DataProcessing": {"JoinSource": "Input"},
                    "ModelName": {"Get": "Steps.Model.ModelName"},
                    "TransformInput": {"ContentType": "text/csv", "DataSource": source, "SplitType": "Line"},
                    "TransformOutput": {
                        "Accept": "text/csv",
                        "AssembleWith": "Line",
                        "S3OutputPath": "s3://mlops-new/bench/transformed",
                    },
                    "TransformResources": {"InstanceCount": 1, "InstanceType": "ml.m5.xlarge"},
                },
            },
        ],
    }


def _mlops_new(*arguments: str) -> str:
    command = [str(BIN / "mlops-new"), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, env=clean_environment()).stdout
