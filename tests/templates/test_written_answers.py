"""What people answer is read back as what they answered, in whichever language the file that it stands in is."""

from __future__ import annotations

import ast
import json
import re
import tomllib
from typing import TYPE_CHECKING, Any

import jinja2
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlops_new.errors import Invalid
from mlops_new.template.copier import Copier
from rendering import ROOT, render

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TEXTS = {
    "quotes": "a \"b\" 'c' `d` \"\"\"e\"\"\" '''f'''",
    "backslashes": r"c:\new \u0041 \" \\ \U0001F34E",
    "emoji": "apple 🍎, family 👩‍👩‍👧, flag 🇸🇪",
    "control": "a\tb\x00c\x07d\x1be\x7ff\x85g\x9fh\rj\x0bk\x0cl",
    "separators": "a\u2028b\u2029c\ufeffd\u202ee\u00a0f",
    "markup": "</script><!-- & < > ' &amp; \\u003c ]]>",
    "jinja": "{{ 7 * 7 }} {% raw %} {# x #} {{ '{{' }}",
    "yaml": "- a: &b *c !d |e >f %g @h # i",
    "toml": '[x] = "y" # z',
    "words": "yes",
    "number": "1e3",
    "shell": "$(HOME) $HOME ${X} %s `ls` ; rm",
    "markdown": "# 1. [a](b) *c* __d__ | e ~~f~~ <b>g</b>",
    "list": "1. first",
    "apple": "Försäljning av äpplen 苹果",
}
PARSERS: dict[str, Callable[[str], Any]] = {
    ".toml": tomllib.loads,
    ".json": json.loads,
    ".yml": yaml.safe_load,
    ".py": ast.parse,
}


def answers(text: str) -> dict[str, Any]:
    """The text as the answer to every question that takes one."""
    columns = [f"{text}{number}\n" for number in range(3)]
    return {
        "description": text.replace("\n", " "),
        "target": f"target {text}\n",
        "time_column": f"{text}0\n",
        "id_columns": columns[:2],
        "features": columns[1:],
        "categorical": columns[2:],
    }


@pytest.mark.parametrize("name", TEXTS)
def test_every_answer_is_read_back_from_every_file(tmp_path: Path, name: str) -> None:
    said = answers(TEXTS[name])
    build, deploy = (render(kind, tmp_path / kind, **said) for kind in ("build", "deploy"))
    config = tomllib.loads((build / "config.toml").read_text("utf-8"))
    assert config["project"]["description"] == said["description"]
    data = {"target": "target", "time": "time_column", "ids": "id_columns", "features": "features"}
    for key, question in {**data, "categorical": "categorical"}.items():
        assert config["data"][key] == said[question], key
    assert config["history"]["series"] == said["id_columns"][1:]
    contract = json.loads((deploy / "contract.json").read_text("utf-8"))
    assert contract == {key: said[question] for key, question in data.items()}
    for folder in (build, deploy):
        recorded = yaml.safe_load((folder / ".copier-answers.yml").read_text("utf-8"))
        assert {question: recorded[question] for question in said} == said
        project = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))["project"]
        assert project["description"] == said["description"]
        readme = (folder / "README.md").read_bytes().decode().split("\n")
        assert shown(readme[2]) == re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+", " ", said["description"]).strip()
        for file in folder.rglob("*"):
            if parse := PARSERS.get(file.suffix):
                parse(file.read_text("utf-8"))


def shown(line: str) -> str:
    """What a reader of Markdown sees of a line: an escaped character is itself."""
    assert not re.search(r"(?<!\\)(\\\\)*[`*_<\[&]", line), line
    return re.sub(r"\\([!-/:-@[-`{-~])", r"\1", line)


def macros() -> Any:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(ROOT),
        extensions=["jinja2_ansible_filters.AnsibleCoreFiltersExtension"],
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # noqa: S701 (as Copier has it)
    )
    return environment.get_template("templates/macros/languages.jinja").module


MACROS = macros()
ANY_MACHINE = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
VALUES = st.recursive(
    st.text() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=5,
)


@ANY_MACHINE
@given(VALUES)
def test_any_value_is_a_value_of_toml(value: Any) -> None:
    written = MACROS.toml(value)
    assert tomllib.loads(f"x = {written}\ny = 1") == {"x": value, "y": 1}
    assert len(str(written).splitlines()) == 1


@ANY_MACHINE
@given(st.text())
def test_any_text_is_a_line_of_markdown(text: str) -> None:
    written = str(MACROS.markdown(text))
    assert len(written.splitlines()) <= 1
    assert shown(written) == re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+", " ", text).strip()


def test_no_template_writes_an_answer_by_a_filter_for_web_pages() -> None:
    """JSON reads what `tojson` writes; TOML does not."""
    for file in (ROOT / "templates").rglob("*.jinja"):
        if "json" not in file.name and file.name != "languages.jinja":
            assert "tojson" not in file.read_text("utf-8"), file


@pytest.mark.parametrize("value", ["\udcff", ["a", "\ud83c"]])
def test_bytes_that_are_no_text_are_refused(value: Any) -> None:
    question = "description" if isinstance(value, str) else "features"
    with pytest.raises(Invalid, match=f"the answer to {question} is .* no text in UTF-8"):
        Copier().resolve(None, {question: value}, ask=False)


@pytest.mark.parametrize("value", [".nan", ".inf", "-.inf", "true", "many"])
def test_a_threshold_is_a_number_that_a_metric_can_be_compared_with(value: str) -> None:
    with pytest.raises(Invalid, match="metric_threshold"):
        Copier().resolve(None, {"metric_threshold": value}, ask=False)
