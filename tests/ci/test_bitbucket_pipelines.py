"""`bitbucket-pipelines.yml` of both repositories: Bitbucket's schema, and what that schema lets through."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from mlops_new.hosts.bitbucket.setup.bitbucket_settings import KINDS
from rendering import render

EXAMPLE = Path(__file__).parents[2] / "docs" / "mlops-new.example.toml"
SECRET = re.compile(r"AKIA[0-9A-Z]{16}|secret_access_key|access_key_id|password|token\s*[:=]", re.IGNORECASE)
SCRIPT = re.compile(r"python3 -m ci\.(\w+)")
FILES = re.compile(r"--requirement (\S+)")
TARGET = re.compile(r"^make (\S+)$")
WITHOUT_AWS = {"definition_diff"}


@dataclass(frozen=True)
class Step:
    """A step where it is used.

    Args:
        where: The pipeline, like `branches main`.
        deployment: The step's, or that of its stage.
        body: The step.
    """

    where: str
    deployment: str | None
    body: dict[str, Any]

    @property
    def needs_aws(self) -> bool:
        return any("ci/requirements.txt" in line for line in self.body["script"])


@pytest.fixture(params=["build", "deploy"])
def repository(request: pytest.FixtureRequest, repositories: dict[str, Path]) -> Path:
    return repositories[request.param]


def document(repository: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((repository / "bitbucket-pipelines.yml").read_text(encoding="utf-8"))
    return found


def steps(repository: Path) -> list[Step]:
    pipelines = document(repository)["pipelines"]
    return [
        step
        for kind, named in pipelines.items()
        for name, items in named.items()
        for step in below(f"{kind} {name}", items, None)
    ]


def below(where: str, items: list[dict[str, Any]], deployment: str | None) -> Iterator[Step]:
    for item in items:
        match item:
            case {"step": body}:
                yield Step(where, body.get("deployment", deployment), body)
            case {"parallel": nested}:
                yield from below(where, nested, deployment)
            case {"stage": {"steps": nested} as stage}:
                yield from below(where, nested, stage.get("deployment"))
            case {"variables": _}:
                pass
            case _:
                raise AssertionError(f"{where} has an item that Bitbucket does not know: {sorted(item)}")


def test_bitbucket_s_schema_accepts_it(repository: Path) -> None:
    program = str(Path(sys.executable).with_name("check-jsonschema"))
    file = str(repository / "bitbucket-pipelines.yml")
    command = [program, "--builtin-schema", "vendor.bitbucket-pipelines", file]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_each_step_does_something_that_is_there(repository: Path) -> None:
    makefiles = "".join((repository / name).read_text(encoding="utf-8") for name in ("Makefile", "definition.mk"))
    for step in steps(repository):
        assert step.body["name"]
        assert step.body["script"], step
        for line in step.body["script"]:
            scripts, files, target = SCRIPT.findall(line), FILES.findall(line), TARGET.match(line)
            assert scripts or files or target, f"{step.where}: is {line!r} logic that belongs into a script?"
            for name in scripts:
                ast.parse((repository / "ci" / f"{name}.py").read_text(encoding="utf-8"))
            assert all((repository / name).is_file() for name in files)
            assert not target or re.search(rf"^{target[1]}:", makefiles, re.MULTILINE)


def test_a_step_signs_in_by_openid_connect_where_it_needs_aws_and_nowhere_else(repository: Path) -> None:
    for step in steps(repository):
        assert step.body.get("oidc", False) == step.needs_aws, step
        assert bool(step.deployment) == step.needs_aws, "AWS_ROLE_ARN is a deployment environment's"
        scripts = {name for line in step.body["script"] for name in SCRIPT.findall(line)}
        if not step.needs_aws:
            assert scripts <= WITHOUT_AWS or step.body["script"] == ["python3 -m ci.image --no-push"]
    assert not SECRET.search((repository / "bitbucket-pipelines.yml").read_text(encoding="utf-8"))


def test_docker_is_there_where_images_are_built_and_nowhere_else(repository: Path) -> None:
    for step in steps(repository):
        builds = any("ci.image" in line and "ci.images" not in line for line in step.body["script"])
        assert step.body.get("services", []) == (["docker"] if builds else [])


def test_environments_are_those_that_mlops_new_makes_and_later_ones_have_a_gate(repository: Path) -> None:
    used = {step.deployment for step in steps(repository)} - {None}
    assert used == set(KINDS)
    on_main = [step for step in steps(repository) if step.where == "branches main" and step.deployment]
    order = list(dict.fromkeys(step.deployment for step in on_main))
    assert order == list(KINDS)[: len(order)]
    gates = [step.body.get("trigger") for step in on_main if step.deployment != "Test"]
    assert gates == ["manual"] * (len(gates))
    assert all("trigger" not in step.body for step in on_main if step.deployment == "Test")


def test_a_pull_request_is_checked_before_anybody_merges_it(repository: Path) -> None:
    lines = [line for step in steps(repository) if step.where == "pull-requests **" for line in step.body["script"]]
    assert {"make test", "make check-definition", "python3 -m ci.definition_diff"} <= set(lines)
    assert ("python3 -m ci.image --no-push" in lines) == (repository.name == "build")


def test_custom_pipelines_have_the_names_that_schedules_and_people_use(repositories: dict[str, Path]) -> None:
    promotions = {"promote-to-staging", "promote-to-production"}
    example = tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))
    by_clock = {one["pipeline"] for one in example["bitbucket"]["deploy"]["schedules"]}
    deploy = set(document(repositories["deploy"])["pipelines"]["custom"])
    assert deploy == {*promotions, "inference", "model-quality", "inference-in-test", "model-quality-in-test"}
    assert by_clock <= deploy
    assert set(document(repositories["build"])["pipelines"]["custom"]) == {*promotions, "build"}


def test_nothing_runs_for_ever(repository: Path) -> None:
    assert document(repository)["options"]["max-time"] <= 60
    assert all(step.body.get("max-time", 0) <= 60 for step in steps(repository))


def test_where_airflow_prepares_the_data_ci_does_not_start_inference(tmp_path: Path) -> None:
    repository = render("deploy", tmp_path / "deploy", processing="airflow")
    custom = document(repository)["pipelines"]["custom"]
    assert [name for name in custom if "inference" in name] == []
    test_bitbucket_s_schema_accepts_it(repository)
    test_each_step_does_something_that_is_there(repository)
