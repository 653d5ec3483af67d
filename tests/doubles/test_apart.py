"""A double that runs on the code which it judges says yes to whatever that code does."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

DOUBLES = Path(__file__).parent


@pytest.mark.parametrize("path", sorted(DOUBLES.rglob("*.py")), ids=lambda path: str(path.relative_to(DOUBLES)))
def test_a_double_shares_no_code_with_what_it_judges(path: Path) -> None:
    assert [name for name in imported(path) if name.partition(".")[0] == "mlops_new"] == []


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        match node:
            case ast.Import(names=names):
                yield from (name.name for name in names)
            case ast.ImportFrom(module=str(module)):
                yield module
            case ast.Call(func=ast.Name("__import__" | "import_module"), args=[ast.Constant(str(module)), *_]):
                yield module
            case _:
                continue
