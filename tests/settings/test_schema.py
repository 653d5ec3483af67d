"""The schema that editors check settings by says what the models say."""

import json
import tomllib
from datetime import date
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import settings_schema
from mlops_new.settings.reading import faults
from mlops_new.settings.schema import SettingsFile

EXAMPLE = settings_schema.FILE.with_name("mlops-new.example.toml")
SCHEMA = json.loads(settings_schema.FILE.read_text(encoding="utf-8"))


def refused(text: str) -> tuple[bool, bool]:
    """Whether the schema refuses a settings file, and whether the models do."""
    values = tomllib.loads(text)
    as_editors_see_it = json.loads(json.dumps(values, default=date.isoformat))
    validator = Draft202012Validator(SCHEMA, format_checker=Draft202012Validator.FORMAT_CHECKER)
    return not validator.is_valid(as_editors_see_it), bool(faults(SettingsFile, values))


def test_the_committed_schema_is_what_the_models_say() -> None:
    assert settings_schema.FILE.read_text(encoding="utf-8") == settings_schema.text(), "run tools/settings_schema.py"
    Draft202012Validator.check_schema(SCHEMA)


def test_the_example_names_the_schema_and_is_valid_by_it() -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    assert text.splitlines()[0] == f"#:schema {settings_schema.FILE.name}"
    assert refused(text) == (False, False)
    assert refused(text.replace("#: ", "")) == (False, False)


@pytest.mark.parametrize(
    "text",
    [
        "git = 'gitlab'",
        "home = 3",
        "[bitbucket]\nworkspace = 'a b'",
        "[bitbucket]\ncolour = 'red'",
        "[bitbucket.variables]\nA-B = 'x'",
        "[bitbucket.variables]\nA = {secret = 'two words'}",
        "[bitbucket.environments.Blue]",
        "[bitbucket.build.main]\napprovals = -1",
        "[bitbucket.main]\napprovals = true",
        "[[bitbucket.webhooks]]\nurl = 'https://a.example'\nevents = []",
        "[[bitbucket.deploy.schedules]]\npipeline = 'a'\ncron = '0 3 * * *'",
        "[sagemaker]\nregion = 'north'",
        "[sagemaker]\ncost_cap = -1",
        "[sagemaker.prices]\ntraining = {}",
        "[sagemaker.prices]\ndate = 'yesterday'",
        "[sagemaker.prices]\ndate = 2026-11-27\ncurrency = ' '",
    ],
)
def test_what_the_models_refuse_the_schema_refuses(text: str) -> None:
    assert refused(text) == (True, True)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[bitbucket.environments.Test]",
        "[bitbucket.environments.Blue]\ntype = 'Test'",
        "[bitbucket.deploy.variables]\nA = {secret = 'NAME'}",
        "[sagemaker]\ncost_cap = 12.5",
        '[sagemaker.prices]\ndate = 2026-11-27\ntraining = {"ml.m5.xlarge" = 0}',
    ],
)
def test_what_the_models_take_the_schema_takes(text: str) -> None:
    assert refused(text) == (False, False)


def test_examples_of_the_schema_are_right() -> None:
    for place in _places(SCHEMA):
        for example in place.get("examples", ()):
            assert Draft202012Validator(place).is_valid(example), place


def _places(schema: Any) -> list[dict[str, Any]]:
    if isinstance(schema, list):
        return [place for one in schema for place in _places(one)]
    if not isinstance(schema, dict):
        return []
    return [schema, *(place for one in schema.values() for place in _places(one))]
