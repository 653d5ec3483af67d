"""Prints how the sources are built, beside the bars that keep them readable; exits 1 where one is missed.

Run it in the project's folder: `python tools/structure.py`.
"""

import ast
import io
import sys
import tokenize
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

SOURCES = Path("src", "mlops_new")
MOST_LINES, MOST_FUNCTION_LINES = 300, 45
FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)


def main() -> int:
    """Measure, print, judge."""
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(SOURCES.rglob("*.py"))}
    missed = 0
    for what, found, bar, worst in figures(trees):
        missed += found > bar
        mark = "missed" if found > bar else "ok"
        print(f"{what:<58}{found:>7,} / {bar:>6,}  {mark:<7}{worst}".rstrip())  # noqa: T201  # what it is for
    return 1 if missed else 0


def figures(trees: dict[Path, ast.Module]) -> Iterator[tuple[str, int, int, str]]:
    """What is measured, its figure, its bar, and what it is about."""
    rooms = sorted({path.relative_to(SOURCES).parts[0] for path in trees if len(path.relative_to(SOURCES).parts) > 1})
    yield "rooms on one level", len(rooms), 14, ""
    ports = {f"{path.stem}.{name}": count for path, tree in trees.items() for name, count in protocols(path, tree)}
    widest = max(ports, key=lambda name: ports[name])
    yield "methods of a port", ports[widest], 7, widest
    names = Counter(path.name for path in trees if path.name != "__init__.py")
    several = sorted(name for name, count in names.items() if count > 1)
    yield "file names that occur in more than one package", len(several), 8, ", ".join(several)
    long = [path for path in trees if len(path.read_text(encoding="utf-8").splitlines()) > MOST_LINES]
    yield f"modules over {MOST_LINES} lines", len(long), 2, ", ".join(str(path) for path in long)
    functions = [name for path, tree in trees.items() for name in long_functions(path, tree)]
    yield f"functions over {MOST_FUNCTION_LINES} lines", len(functions), 0, ", ".join(functions)
    yield "lines of code", sum(code_lines(path, tree) for path, tree in trees.items()), 17_500, ""


def protocols(path: Path, tree: ast.Module) -> Iterator[tuple[str, int]]:
    """The protocols of a port, each with how many methods it declares."""
    if path.parent != SOURCES / "ports":
        return
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and "Protocol" in map(ast.unparse, node.bases):
            yield node.name, sum(isinstance(one, FUNCTION) for one in node.body)


def long_functions(path: Path, tree: ast.Module) -> Iterator[str]:
    """Functions with more lines than one can take in, from `def` to the last."""
    for node in ast.walk(tree):
        if isinstance(node, FUNCTION) and (node.end_lineno or 0) - node.lineno + 1 > MOST_FUNCTION_LINES:
            yield f"{path.stem}.{node.name}"


def code_lines(path: Path, tree: ast.Module) -> int:
    """Lines of code without blank ones, comments and docstrings; one that is broken over several counts once."""
    docstrings = {line for node in ast.walk(tree) for line in docstring(node)}
    tokens = tokenize.generate_tokens(io.StringIO(path.read_text(encoding="utf-8")).readline)
    return sum(token.type == tokenize.NEWLINE and token.start[0] not in docstrings for token in tokens)


def docstring(node: ast.AST) -> range:
    """The lines of what a module, class or function says of itself."""
    if not isinstance(node, (ast.Module, ast.ClassDef, *FUNCTION)):
        return range(0)
    match node.body:
        case [ast.Expr(value=ast.Constant(value=str())) as first, *_]:
            return range(first.lineno, (first.end_lineno or first.lineno) + 1)
        case _:
            return range(0)


if __name__ == "__main__":
    sys.exit(main())
