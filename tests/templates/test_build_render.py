"""The build template, rendered for every problem type and read back whole."""

from __future__ import annotations

import ast
import os
import re
import shutil
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import copier
import pytest
import yaml

if TYPE_CHECKING:
    from collections.abc import Callable

TOP = Path(__file__).resolve().parents[2]
PROBLEM_TYPES = ("regression", "binary_classification", "multiclass_classification")
JINJA = re.compile(r"\{\{|\{%|\{#")
NO_TIME = {"time_column": "", "id_columns": [], "features": [], "target": "species", "history": False}


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tree as it stands, without its Git history, so that what is not committed is tested too."""
    plain = tmp_path_factory.mktemp("template")
    shutil.copy(TOP / "copier.yml", plain)
    shutil.copytree(TOP / "templates", plain / "templates", ignore=shutil.ignore_patterns(".*_cache", "__pycache__"))
    return plain


@pytest.fixture
def render(template: Path, tmp_path: Path) -> Callable[..., Path]:
    """Render one repository with some answers."""

    def render_one(kind: str = "build", **answers: Any) -> Path:
        folder = tmp_path / kind
        copier.run_copy(str(template), folder, data={"repository_kind": kind} | answers, defaults=True, quiet=True)
        return folder

    return render_one


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def parse(path: Path) -> None:
    """Read a file as what its name says it is."""
    text = path.read_text(encoding="utf-8")
    match path.suffix:
        case ".py":
            ast.parse(text, path.name)
        case ".toml":
            tomllib.loads(text)
        case ".yml" | ".yaml":
            yaml.safe_load(text)
        case _:
            assert text, path


@pytest.mark.parametrize("problem_type", PROBLEM_TYPES)
def test_everything_rendered_can_be_read(render: Callable[..., Path], problem_type: str) -> None:
    folder = render(problem_type=problem_type)
    for path in files(folder):
        assert not JINJA.search(str(path.relative_to(folder)))
        parse(path)
        # Python holds f-strings and the pipeline its own placeholders; what is rendered from Jinja holds none.
        if path.suffix in {".toml", ".md", ".yml", ".txt"}:
            assert not JINJA.search(path.read_text(encoding="utf-8")), path


@pytest.mark.parametrize("problem_type", PROBLEM_TYPES)
def test_the_configuration_is_what_was_answered(render: Callable[..., Path], problem_type: str) -> None:
    config = tomllib.loads((render(problem_type=problem_type) / "config.toml").read_text(encoding="utf-8"))
    assert config["project"]["problem_type"] == problem_type
    assert ("history" in config) == (problem_type == "regression")
    assert config["data"]["target"] not in config["data"]["features"]
    assert config["data"]["censored"] == ("stockout" if problem_type == "regression" else "")
    assert config["sample"]["make"] == ["python3", "data/simulate.py", "data/sample.csv"]


def test_a_table_without_time_or_ids(render: Callable[..., Path]) -> None:
    folder = render(problem_type="multiclass_classification", **NO_TIME)
    data = tomllib.loads((folder / "config.toml").read_text(encoding="utf-8"))["data"]
    assert data == {name: [] for name in ("ids", "features", "categorical", "exclude")} | {
        "target": "species",
        "time": "",
        "calendar": True,
        "censored": "",
        "evaluation": 0.2,
        **dict.fromkeys(("decimal", "thousands", "delimiter", "date_format"), ""),
    }


def test_answers_that_need_quoting_survive(render: Callable[..., Path]) -> None:
    description, column = 'A "quoted" \\ <text> & more', 'a "b" \\ c'
    folder = render(description=description, features=[column, "å"], categorical=["å"])
    config = tomllib.loads((folder / "config.toml").read_text(encoding="utf-8"))
    assert config["project"]["description"] == description
    assert config["data"]["features"] == [column, "å"]
    assert (
        tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]["description"] == description
    )


@pytest.mark.parametrize("kind", ["build", "deploy"])
def test_both_repositories_remember_the_same_answers(render: Callable[..., Path], kind: str) -> None:
    answers = yaml.safe_load((render(kind) / ".copier-answers.yml").read_text(encoding="utf-8"))
    assert answers.pop("repository_kind") == kind
    assert {name for name in answers if not name.startswith("_")} == {
        *("project_name", "description", "problem_type", "target", "time_column", "id_columns", "features"),
        *("categorical", "history", "metric", "metric_threshold", "instance_type", "monitoring", "processing"),
        *("exclude", "decimal", "thousands", "delimiter", "date_format"),
    }


def test_programs_can_be_executed(render: Callable[..., Path]) -> None:
    folder = render()
    for name in ("bin/train", "bin/serve", "user/python3"):
        assert os.access(folder / "container" / name, os.X_OK)


def test_what_tools_leave_behind_is_not_rendered(render: Callable[..., Path], template: Path) -> None:
    left = [
        template / "templates" / "build" / name for name in ("model/__pycache__/a.pyc", "data/sample.csv", ".venv/a")
    ]
    for path in left:
        path.parent.mkdir(exist_ok=True)
        path.touch()
    folder = render()
    assert not [path for path in files(folder) if path.name in {"a.pyc", "sample.csv", "a"}]
    for path in left:
        path.unlink()


@pytest.mark.parametrize(
    ("answers", "question"),
    [
        ({"project_name": "Fresh_Sales"}, "project_name"),
        ({"project_name": "a--b"}, "project_name"),
        ({"project_name": "x" * 56}, "project_name"),
        ({"problem_type": "clustering"}, "problem_type"),
        ({"metric": "auc"}, "metric"),
        ({"target": ""}, "target"),
        ({"id_columns": "date"}, "id_columns"),
        ({"id_columns": ["units_sold"]}, "id_columns"),
        ({"features": ["a", "a"]}, "features"),
        ({"features": [1]}, "features"),
        ({"features": {"a": 1}}, "features"),
        ({"categorical": ["units_sold"]}, "categorical"),
        ({"history": True, "problem_type": "binary_classification"}, "history"),
        ({"history": True, "time_column": ""}, "history"),
        ({"metric_threshold": "high"}, "metric_threshold"),
        ({"instance_type": "m5"}, "instance_type"),
        ({"description": "two\nlines"}, "description"),
    ],
)
def test_an_answer_that_cannot_be_meant_is_refused(
    render: Callable[..., Path], answers: dict[str, Any], question: str
) -> None:
    with pytest.raises(ValueError, match=question):
        render(**answers)


REQUIREMENTS = ["build/container/requirements", "shared/ci/requirements"]
REQUIREMENTS += [f"{kind}/requirements-dev" for kind in ("build", "deploy")]
PIN = re.compile(r"([a-z0-9-]+)==[0-9][0-9a-z.]*(?: ; [A-Za-z0-9_ ='!]+)?((?: --hash=sha256:[0-9a-f]{64})+)")


@pytest.mark.parametrize("name", REQUIREMENTS)
def test_pins_are_exact_and_name_no_host(name: str) -> None:
    """Each with the hashes of all its files, so that pip takes no other, on whichever system."""
    text = (TOP / "templates" / f"{name}.txt").read_text(encoding="utf-8")
    joined = re.sub(r" \\\n +", " ", text).splitlines()
    lines = [line for line in joined if not line.startswith("#")]
    pins = [PIN.fullmatch(line) for line in lines]
    assert all(pins), lines
    names = {pin[1] for pin in pins if pin}
    assert wanted(name) <= names
    compiled = [pin[2].count("--hash") for pin in pins if pin and pin[1] in {"numpy", "ruff", "pyarrow"}]
    assert all(hashes > 10 for hashes in compiled), "hashes of one system only"


def wanted(name: str) -> set[str]:
    """What a person has written down."""
    lines = (TOP / "templates" / f"{name}.in").read_text(encoding="utf-8").splitlines()
    return {line.partition("==")[0] for line in lines if not line.startswith(("#", "-"))}
