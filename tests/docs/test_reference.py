"""The pages that are made from the code say what the code says."""

import ast
import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from check_site import faults
from mlops_new import errors
from reference import commands, projects, settings, troubleshooting
from reference.documents import DOCUMENTS, page, shape
from reference.errors import hints
from reference.texts import calls, spell
from rendering import render
from tests.docs.sessions import ROOT


def test_every_command_has_its_section_with_all_of_its_options() -> None:
    text = commands.page()
    for command in commands.commands():
        _, _, section = text.partition(f"## {command.words}\n")
        section = section.partition("\n## ")[0]
        assert command.usage in section
        assert [name for name in command.options if f"{name}" not in section] == []
    assert "`--input FILE\\|FOLDER\\|s3://…`" in text


def test_errors_are_collected_with_what_to_do() -> None:
    collected = {(one.message, one.hint, one.code) for one in hints()}
    assert ("both BITBUCKET_API_TOKEN and BITBUCKET_ACCESS_TOKEN are set", "unset one of them", 2) in collected
    assert ("… is not a port", "0 takes a free one; the highest is …", 2) in collected
    assert ("git … failed: remote rejected", "the Git host refuses it: its own words say why", 4) in collected
    assert len(collected) > 200


def test_no_error_that_has_a_hint_is_left_out() -> None:
    """As many calls with a hint as grep counts, less those whose texts are known only when they run."""
    own = {name for name, one in vars(errors).items() if isinstance(one, type) and issubclass(one, errors.Error)}
    written, collected = 0, {one.message for one in hints()}
    for file in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(func=ast.Name(id=name), args=[ast.Constant(value=str(message)), *_], keywords=[_, *_]):
                    if name in own and any(one.arg == "hint" for one in node.keywords):
                        written += 1
                        assert message in collected, file
                case _:
                    pass
    assert written > 20


@pytest.mark.parametrize(
    ("program", "message", "hint"),
    [
        ("raise Error('a b', hint='c d')", ["a b"], ["c d"]),
        ("x = 'lost'\n    raise Error(f'{x} in {y}', hint=f'{x}')", ["lost in …"], ["lost"]),
        ("h = 'a'\n    if y:\n        h = 'b'\n    raise Error('m', hint=h)", ["m"], ["b", "a"]),
        ("h = 'a'\n    if y:\n        return\n    raise Error('m', hint=h)", ["m"], ["a"]),
        ("if y:\n        h = 'gone'\n        raise y\n    h = 'b'\n    raise Error('m', hint=h)", ["m"], ["b"]),
        ("raise Error('m', hint=y or 'else')", ["m"], ["else"]),
        ("raise Error('m', hint='p' if y else 'q')", ["m"], ["p", "q"]),
        ("raise Error(WHY + ' x', hint=WHY)", ["because x"], ["because"]),
    ],
)
def test_texts_follow_the_flow_of_a_function(program: str, message: list[str], hint: list[str]) -> None:
    module = ast.parse(f"WHY = 'because'\n\ndef f(y):\n    {program}\n")
    [(call, names)] = [(call, names) for call, names in calls(module) if getattr(call.func, "id", "") == "Error"]
    assert spell(call.args[0], names) == message
    assert sorted(spell(call.keywords[0].value, names)) == sorted(hint)


def test_the_exit_codes_are_those_of_the_errors() -> None:
    text = troubleshooting.exit_codes()
    for code in (0, 1, 2, 3, 4, 5, errors.DRIFT, errors.BUG, errors.INTERRUPTED):
        assert f"| {code} | " in text


def test_a_setting_is_explained_by_the_comment_above_or_behind_it() -> None:
    text = '# Head.\n\n# Of the table.\n[a.b]\n# Above.\none = "#1"  # behind\ntwo = [\n  1,\n]\n# three = 3  # off\n'
    [head, table] = settings.read(text)
    assert (head.name, head.text) == ("", "Head.")
    assert (table.name, table.text) == ("a.b", "Of the table.")
    assert table.rows[0] == ("one", '"#1"', "Above. behind")
    assert table.rows[1:] == [("two", "[ 1, ]", ""), ("three", "3", "off")]


def test_every_key_of_config_toml_is_on_its_page(tmp_path: Path) -> None:
    for kind in ("build", "deploy"):
        values: dict[str, Any] = tomllib.loads((render(kind, tmp_path / kind) / "config.toml").read_text("utf-8"))
        text = projects.config(kind)
        for table, keys in values.items():
            assert f"## `[{table}]`" in text
            assert [key for key in keys if f"`{key}`" not in text and f"`[{table}.{key}]`" not in text] == []


def test_every_variable_that_the_program_reads_is_on_its_page() -> None:
    text = (ROOT / "docs/reference/environment.md").read_text("utf-8")
    sources = "".join(file.read_text("utf-8") for file in (ROOT / "src").rglob("*.py"))
    named = set(re.findall(r'"((?:MLOPS_NEW|BITBUCKET|AWS)_[A-Z_]+)"', sources))
    of_ci = {"AWS_ROLE_ARN"}  # a variable of Bitbucket's deployment environments
    assert {"MLOPS_NEW_HOME", "BITBUCKET_API_URL"} <= named
    assert {name for name in named - of_ci if f"`{name}`" not in text} == set()


def test_documents_are_shown_with_their_members(tmp_path: Path) -> None:
    for name in DOCUMENTS:
        (tmp_path / f"{name}.json").write_text(json.dumps([{"member": 1}]), encoding="utf-8")
    assert "A list; each has `member`." in page(tmp_path)
    assert shape({"a": [1, 2.5], "b": None, "c": True}) == {"a": ["number"], "b": "NoneType", "c": "bool"}


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("a.html", '<a href="https://example.com">x</a><img src="x.png">', 0),
        ("a.html", '<script src="https://cdn.example.com/x.js"></script>', 1),
        ("a.html", '<link rel="preconnect" href="//fonts.example.com"><link rel="canonical" href="https://x.org/">', 1),
        ("a.html", '<style>@import "https://x.org/a.css"; b {background: url(//x.org/b.png)}</style>', 2),
        ("a.css", "a {background: url(data:image/png;base64,AA)} b {src: url('https://x.org/f.woff')}", 1),
    ],
)
def test_a_request_to_another_host_is_told(tmp_path: Path, name: str, text: str, told: int) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert len(list(faults(tmp_path))) == told


def test_no_site_is_a_fault(tmp_path: Path) -> None:
    assert list(faults(tmp_path)) == [f"{tmp_path} holds no site"]
