"""What the templates carry is what the SDK compiles their pipelines to."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from compile_definitions import MODULES
from mlops_new.names import LONGEST_NAME, valid_name
from rendering import render

pytestmark = pytest.mark.slow

# Each problem type, name (shortest, usual, longest), kind of machine, monitoring and processing: what an answer does to
# a definition, it does whatever the others are; but managed monitoring is told the problem type.
VARIANTS = [
    ("regression", "fresh-sales", "ml.m5.xlarge", "own", "pipeline"),
    ("binary_classification", "fresh-sales", "ml.c6i.4xlarge", "managed", "pipeline"),
    ("multiclass_classification", "fresh-sales", "ml.t3.medium", "managed", "pipeline"),
    ("regression", "a1", "ml.g5.12xlarge", "managed", "airflow"),
    ("binary_classification", ("longest-name-" * 5)[:LONGEST_NAME], "ml.m5.xlarge", "own", "airflow"),
]

# Runs the compiler, and ends with 3 if anything in the process, telemetry's threads included, went to the network.
OFFLINE = """
import sys, threading
reached = []
def watch(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo"):
        reached.append(f"{event} {arguments}")
sys.addaudithook(watch)
import definition
code = definition.main(sys.argv[1:])
for thread in threading.enumerate():
    if thread is not threading.main_thread():
        thread.join()
print("\\n".join(reached), file=sys.stderr)
sys.exit(3 if reached else code)
"""


@pytest.fixture(scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The pipeline modules of both repositories of every variant."""
    root = tmp_path_factory.mktemp("variants")
    found = []
    for problem_type, name, instance_type, monitoring, processing in VARIANTS:
        answers = {
            "project_name": valid_name(name),
            "problem_type": problem_type,
            "instance_type": instance_type,
            "monitoring": monitoring,
            "processing": processing,
        }
        for kind, names in MODULES.items():
            repository = render(kind, root / problem_type / name / kind, **answers)
            found += [repository / module for module in names]
    return found


def check(sdk_python: str, code: Sequence[str], modules: Sequence[Path], environment: Mapping[str, str]) -> str:
    """Check definitions with the compiler of the first module's repository; what it printed."""
    done = subprocess.run(
        [sdk_python, *code, "--check", *map(str, modules)],
        cwd=modules[0].parent,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_committed_definition_of_every_variant_is_what_its_pipeline_compiles_to(
    sdk_python: str, modules: list[Path], tmp_path: Path
) -> None:
    settings = tmp_path / "sagemaker.yaml"
    settings.write_text("SchemaVersion: '1.0'\nSageMaker: {TrainingJob: {EnableNetworkIsolation: true}}\n")
    bare = {"HOME": str(tmp_path), "PYTHONHASHSEED": "1", "TZ": "UTC"}
    somebodys = {
        "HOME": "/",
        "PYTHONHASHSEED": "2",
        "TZ": "Asia/Tokyo",
        "AWS_DEFAULT_REGION": "ap-northeast-1",
        "AWS_PROFILE": "of-somebody-else",
        "SAGEMAKER_USER_CONFIG_OVERRIDE": str(settings),
    }
    with ThreadPoolExecutor() as pool:
        first = pool.submit(check, sdk_python, ["definition.py"], modules, bare)
        second = pool.submit(check, sdk_python, ["-c", OFFLINE], modules, somebodys)
    assert first.result() == second.result()
    assert first.result().count("is what") == len(modules)


def test_a_changed_recipe_is_told_in_words_and_as_a_difference(sdk_python: str, tmp_path: Path) -> None:
    repository = render("build", tmp_path / "build")
    recipe = repository / "pipeline.py"
    recipe.write_text(recipe.read_text().replace('"Evaluate",', '"Assess",'))
    config = repository / "config.toml"
    config.write_text(config.read_text().replace('training = "ml.m5.xlarge"', 'training = "ml.c5.4xlarge"'))
    committed = (repository / "pipeline.json").read_bytes()
    done = subprocess.run(
        [sdk_python, "definition.py", "--check"], cwd=repository, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert "step Evaluate removed" in lines
    assert "step Assess added" in lines
    changed = "parameter TrainingInstanceType: default value (DefaultValue) changed from ml.m5.xlarge to ml.c5.4xlarge"
    assert changed in lines
    assert '+      "DefaultValue": "ml.c5.4xlarge",' in lines
    assert "make definition" in done.stderr.splitlines()[-1]
    assert (repository / "pipeline.json").read_bytes() == committed


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        (
            "pipeline.py",
            "settings = jobs.settings(CONFIG)",
            'settings = jobs.session().boto_session.client("sts").get_caller_identity()',
            "composing a pipeline called sts:GetCallerIdentity",
        ),
        ("pipeline.py", "(jobs.ROLE, jobs.IMAGE,", "(jobs.ROLE,", "the pipeline has no parameter ImageUri"),
        ("config.toml", "training =", "other =", "[instances] in config.toml lacks 'training'"),
        ("config.toml", "[project]", "[project", "config.toml cannot be used"),
        ("config.toml", 'monitoring = "own"', 'monitoring = "other"', "own or managed was expected"),
        ("config.toml", 'monitoring = "own"', 'processing = "other"', "pipeline or airflow was expected"),
    ],
)
def test_a_recipe_that_cannot_be_compiled_is_one_line(
    sdk_python: str, tmp_path: Path, file: str, old: str, new: str, message: str
) -> None:
    repository = render("build", tmp_path / "build")
    text = (repository / file).read_text()
    assert text.count(old) == 1
    (repository / file).write_text(text.replace(old, new))
    committed = (repository / "pipeline.json").read_bytes()
    done = subprocess.run([sdk_python, "definition.py"], cwd=repository, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert message in line
    assert (repository / "pipeline.json").read_bytes() == committed
