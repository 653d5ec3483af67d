"""Which texts an expression may be, read from the code: what is known only at run time is a hole."""

from __future__ import annotations

import ast
import itertools
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Names = dict[str, list[ast.expr]]
"""What a name stands for; several, where branches assign different texts to it."""

HOLE = "…"
_LONGEST = 600
_DEEPEST = 4
_MOST = 8


def calls(module: ast.Module) -> Iterator[tuple[ast.Call, Names]]:
    """Every call of a module, with what the names in reach stand for there."""
    everywhere: Names = {}
    for node in module.body:
        everywhere.update({name: [value] for name, value in _assigned(node)})
    for function in ast.walk(module):
        if isinstance(function, ast.FunctionDef):
            collected: list[tuple[ast.Call, Names]] = []
            _flow(function.body, dict(everywhere), collected)
            yield from collected


def _flow(body: Sequence[ast.stmt], names: Names, collected: list[tuple[ast.Call, Names]]) -> Names | None:
    """Go through statements in their order; None where none of their branches comes to the end."""
    for statement in body:
        branches = _branches(statement)
        collected += [(call, dict(names)) for call in _calls(statement, branches)]
        for name, value in _assigned(statement):
            names[name] = [value]
        if isinstance(statement, ast.Return | ast.Raise):
            return None
        if branches:
            ends = [_flow(branch, dict(names), collected) for branch in branches]
            names = _merged([end for end in [*ends, *([] if _is_complete(statement) else [names])] if end is not None])
    return names


def _branches(statement: ast.stmt) -> list[list[ast.stmt]]:
    match statement:
        case ast.If(body=body, orelse=other) | ast.For(body=body, orelse=other) | ast.While(body=body, orelse=other):
            return [body, other]
        case ast.With(body=body):
            return [body]
        case ast.Try(body=body, handlers=handlers, orelse=other, finalbody=final):
            return [[*body, *other, *final], *(handler.body for handler in handlers)]
        case ast.Match(cases=cases):
            return [case.body for case in cases]
        case _:
            return []


def _is_complete(statement: ast.stmt) -> bool:
    """Whether one of its branches is always taken; an empty `else` is one that changes nothing."""
    return not isinstance(statement, ast.For | ast.While)


def _merged(ends: list[Names]) -> Names:
    names: Names = {}
    for name in dict.fromkeys(name for end in ends for name in end):
        values = [value for end in ends for value in end.get(name, [])]
        names[name] = list({id(value): value for value in values}.values())
    return names


def _calls(statement: ast.AST, branches: list[list[ast.stmt]]) -> Iterator[ast.Call]:
    """The calls of a statement, without those of its branches and of functions within it."""
    within = {id(one) for branch in branches for one in branch}
    for child in ast.iter_child_nodes(statement):
        if id(child) in within or isinstance(child, ast.FunctionDef | ast.ExceptHandler | ast.match_case):
            continue
        if isinstance(child, ast.Call):
            yield child
        yield from _calls(child, [])


def _assigned(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    match node:
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            yield name, value
        case ast.Assign(targets=[ast.Tuple(elts=names)], value=ast.Tuple(elts=values)) if len(names) == len(values):
            yield from ((one.id, value) for one, value in zip(names, values, strict=True) if isinstance(one, ast.Name))
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
            yield name, value
        case _:
            pass


def spell(node: ast.expr, names: Names, depth: int = 0) -> list[str]:
    """The texts that an expression may be."""
    match node:
        case ast.Constant(value=str() as text):
            return [text]
        case ast.JoinedStr(values=parts):
            return _joined([spell(part, names, depth) for part in parts])
        case ast.FormattedValue(value=value):
            return spell(value, names, depth)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _joined([spell(left, names, depth), spell(right, names, depth)])
        case ast.IfExp(body=body, orelse=other):
            return [*spell(body, names, depth), *spell(other, names, depth)]
        case ast.BoolOp(op=ast.Or(), values=values):
            return [text for value in values for text in spell(value, names, depth) if text != HOLE] or [HOLE]
        case ast.Name(id=name) if name in names and depth < _DEEPEST:
            return [text for value in names[name] for text in spell(value, names, depth + 1)]
        case _:
            return [HOLE]


def _joined(parts: list[list[str]]) -> list[str]:
    texts = ("".join(choice) for choice in itertools.product(*parts))
    return list(dict.fromkeys(_tidy(text) for text in itertools.islice(texts, _MOST)))


def _tidy(text: str) -> str:
    """On one line; holes without a word between them are one."""
    line = re.sub(r"(?<=\S)\s+|^\s+(?=\S{2})", " ", text)
    return re.sub(rf"{HOLE}(?:['\"]?{HOLE})+", HOLE, line)[:_LONGEST]
