"""Errors and what to do about them, read from the code that raises them."""

from __future__ import annotations

import ast
import itertools
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import mlops_new
from mlops_new import errors
from reference.texts import HOLE, Names, calls, spell

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

SOURCE = Path(mlops_new.__file__).parent


@dataclass(frozen=True, order=True)
class Hint:
    """An error and its way out.

    Args:
        topic: What it is about, in a reader's words.
        code: The exit code.
        message: What is printed after `error:`.
        hint: What is printed after `hint:`.
    """

    topic: str
    code: int
    message: str
    hint: str


# The first that has a word of the module's path below mlops_new.
_TOPICS = (
    ("Bitbucket", ("bitbucket",)),
    ("The AWS account", ("sagemaker", "bootstrap", "cost")),
    ("The AWS API on this machine", ("serve", "aws_api")),
    ("Updates, adoption and template versions", ("update", "adopt", "versions")),
    ("Templates", ("template",)),
    ("Pipeline definitions and parameters", ("definition",)),
    ("Git", ("system/git", "code_files", "unpushed")),
    ("This machine: home, images, the registry", ("platforms/local", "system", "image", "preflight")),
    ("Runs, models and data", ("run", "drill", "lineage", "models", "commands/data", "proposals")),
    ("Settings and the environment", ("settings",)),
)
_OTHERS = "Projects and repositories"


def topic(path: str) -> str:
    """What a module's errors are about."""
    return next((name for name, words in _TOPICS if any(word in path for word in words)), _OTHERS)


def hints() -> list[Hint]:
    """Every error of the program that has a hint, sorted by topic."""
    modules = {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(SOURCE.rglob("*.py"))}
    codes = _codes(modules.values())
    collected: set[Hint] = set()
    for path, tree in modules.items():
        about = topic(path.relative_to(SOURCE).as_posix())
        collected.update(Hint(about, *row) for row in _raised(tree, codes))
        collected.update(Hint("Git", *row) for row in _meanings(tree))
    return sorted(collected)


def _codes(trees: Iterable[ast.Module]) -> Mapping[str, int]:
    """The exit code of every class of error by its name, also of those that other modules derive."""
    codes = {name: one.code for name, one in vars(errors).items() if isinstance(one, type) and hasattr(one, "code")}
    derived = [
        (node.name, base.id)
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        for base in node.bases
        if isinstance(base, ast.Name)
    ]
    for name, base in itertools.chain(derived, derived):  # a class may stand before the one it derives from
        if base in codes:
            codes.setdefault(name, codes[base])
    return codes


def _raised(tree: ast.Module, codes: Mapping[str, int]) -> Iterator[tuple[int, str, str]]:
    for call, names in calls(tree):
        name = getattr(call.func, "id", getattr(call.func, "attr", ""))
        hint = next((keyword.value for keyword in call.keywords if keyword.arg == "hint"), None)
        if name in codes and call.args and hint is not None:
            for message, way_out in _pairs(call.args[0], hint, names):
                if _says_something(message) and _says_something(way_out):
                    yield codes[name], message, way_out


def _pairs(message: ast.expr, hint: ast.expr, names: Names) -> Iterable[tuple[str, str]]:
    """Messages and hints that belong together: what the same branches assigned comes in the same order."""
    messages, ways_out = spell(message, names), spell(hint, names)
    if len(messages) == len(ways_out):
        return zip(messages, ways_out, strict=True)
    return itertools.product(messages, ways_out)


def _says_something(text: str) -> bool:
    return len(re.findall(r"[A-Za-z]{2,}", text)) > 1


def _meanings(tree: ast.Module) -> Iterator[tuple[int, str, str]]:
    """The table that says what git's own words mean: expressions, exit codes, hints."""
    names: Names = {
        node.targets[0].id: [node.value]
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    for node in tree.body:
        match node:
            case ast.AnnAssign(target=ast.Name(id="_MEANINGS"), value=ast.Tuple(elts=rows)):
                for row in rows:
                    if isinstance(row, ast.Tuple) and isinstance(row.elts[0], ast.Constant):
                        expression, code, hint = row.elts
                        words = f"git … failed: {_words(spell(expression, names)[0])}"
                        yield _number(code, names), words, spell(hint, names)[0]
            case _:
                pass


def _number(node: ast.expr, names: Names) -> int:
    """The exit code that `Denied.code`, or a name for it, stands for."""
    if isinstance(node, ast.Name):
        return _number(names[node.id][0], names)
    return int(getattr(errors, ast.unparse(node).split(".", 1)[0]).code)


def _words(expression: str) -> str:
    """A regular expression as a person would write it down: its alternatives."""
    plain = re.sub(r"\(\?i\)|\\d\\d|\[\^?[^\]]*\]", "", expression).replace(".*", HOLE)
    return re.sub(r"[()\\?]", "", plain).replace("|", " / ")
