from __future__ import annotations

import tomllib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

import paths
from model import schema
from model.errors import InputError
from model.schema import Hyperparameters
from tests.cases import document

if TYPE_CHECKING:
    from pathlib import Path


def test_config_toml_is_valid() -> None:
    assert schema.load(paths.CONFIG).name == tomllib.loads(paths.CONFIG.read_text(encoding="utf-8"))["project"]["name"]


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ({"data": {"targt": "y"}}, r"\[data\] has an unknown key 'targt'; did you mean 'target'"),
        ({"histroy": {}}, r"unknown table \[histroy\]; did you mean 'history'"),
        ({"data": {"ids": "a"}}, r"\[data\] ids = 'a': a list was expected"),
        ({"data": {"ids": [1]}}, r"\[data\] ids = 1: a text was expected"),
        ({"data": {"ids": ["a", "a"]}}, r"\[data\] ids names a twice"),
        ({"data": {"target": ""}}, "target is empty"),
        ({"data": {"features": ["y"]}}, "features names the target 'y'"),
        ({"data": {"features": ["c"], "censored": "c"}}, "not known beforehand"),
        ({"data": {"features": ["a"], "exclude": ["a"]}}, "exclude and features both name 'a'"),
        ({"data": {"evaluation": 30}}, "a share between 0 and 1"),
        ({"data": {"time": "t"}}, "with a time column, whole days"),
        ({"project": {"problem_type": "regresion"}}, "one of regression, binary_classification"),
        ({"evaluation": {"metric": "auc"}}, "metric of a regression = 'auc': one of wape, mae"),
        ({"evaluation": {"threshold": "high"}}, "threshold = 'high': a number was expected"),
        ({"evaluation": {"threshold": True}}, "threshold = True: a number was expected"),
        ({"model": {"hyperparameters": {"max_itr": 3}}}, "unknown hyperparameter 'max_itr'; did you mean 'max_iter'"),
        ({"model": {"hyperparameters": {"max_iter": 3.5}}}, "max_iter = 3.5: a whole number was expected"),
        ({"history": {"series": [], "lead_days": 7, "lags_days": [7], "window_days": []}}, "needs a time column"),
    ],
)
def test_a_fault_is_named(tables: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        schema.parse(document(**tables))


def test_a_lag_younger_than_the_lead_is_refused() -> None:
    history = {"series": ["s"], "lead_days": 7, "lags_days": [6, 7], "window_days": [28]}
    with pytest.raises(InputError, match="6 days back is not known 7 days ahead"):
        schema.parse(document(data={"time": "t", "evaluation": 7}, history=history))


def test_a_history_of_classes_is_refused() -> None:
    history: dict[str, Any] = {"series": ["s"], "lead_days": 7, "lags_days": [7], "window_days": []}
    tables: dict[str, dict[str, Any]] = {
        "project": {"problem_type": "binary_classification"},
        "data": {"time": "t", "evaluation": 7},
        "evaluation": {"metric": "auc"},
    }
    with pytest.raises(InputError, match="needs a target of numbers"):
        schema.parse(document(**tables, history=history))


def test_a_table_of_somebody_else_is_left_alone() -> None:
    assert schema.parse(document(our_notes={"any": 1})).target == "y"


@pytest.mark.parametrize(("text", "message"), [(None, "no such file"), ("a = [", "not valid TOML")])
def test_a_file_that_cannot_be_read(tmp_path: Path, text: str | None, message: str) -> None:
    path = tmp_path / "config.toml"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        schema.load(path)


def test_a_jobs_hyperparameters_go_before() -> None:
    given = {"max_iter": "7", "learning_rate": "0.5", "loss": '"poisson"'}
    wanted = replace(Hyperparameters(), max_iter=7, learning_rate=0.5, loss="poisson")
    assert schema.override(Hyperparameters(), given) == wanted


@pytest.mark.parametrize(
    ("given", "message"),
    [({"max_iter": "many"}, "a whole number was expected"), ({"depth": "3"}, "unknown hyperparameter 'depth'")],
)
def test_a_jobs_wrong_hyperparameters_are_named(given: dict[str, str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        schema.override(Hyperparameters(), given)
