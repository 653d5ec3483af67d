"""From text to a definition: strict JSON, and the members everything else stands on."""

import codecs
import json
import math
import re
from collections.abc import Iterator
from typing import Any, NoReturn

from mlops_new.definition.document import MAX_DEPTH, VERSION, Definition, depth
from mlops_new.definition.faults import kind, quantity, show
from mlops_new.errors import Invalid

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]:,]')


def parse(text: str | bytes, *, source: str = "pipeline.json") -> Definition:
    """Read a pipeline document.

    Args:
        text: JSON; bytes are UTF-8.
        source: What to call the text in an error.

    Raises:
        Invalid: It is not JSON, a key appears twice, the version is another one, or the top of the document has the
            wrong types. What is below is for `validate`.
    """
    readable = _decoded(text, source)
    document = _loaded(readable, source)
    faults = list(_top(document))
    if faults:
        raise refused(source, faults)
    return Definition(document)


def refused(source: str, faults: list[str]) -> Invalid:
    """One error for all faults: the count and the first in the message, the others in the hint."""
    first, *rest = faults
    hint = "\n".join(f"- {fault}" for fault in rest)
    message = f"{source} has {quantity(len(faults), 'fault')}: {first}"
    return Invalid(message, hint=f"The others:\n{hint}" if rest else "Mend it and try again.")


def _decoded(text: str | bytes, source: str) -> str:
    if isinstance(text, str):
        return text.removeprefix("\ufeff")
    try:
        return text.removeprefix(codecs.BOM_UTF8).decode()
    except UnicodeDecodeError as error:
        raise Invalid(f"{source} is not UTF-8: byte {error.start} cannot be read", hint="Save it as UTF-8.") from error


def _loaded(text: str, source: str) -> Any:
    try:
        document = json.loads(text, object_pairs_hook=_unique, parse_constant=_constant, parse_float=_float)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise Invalid(f"{source} is not JSON: {error.msg} ({where})", hint=f"Look at {where}.") from error
    except _DuplicateKeyError:
        raise refused(source, list(_duplicates(text))) from None
    except RecursionError:
        raise _too_deep(source) from None
    except ValueError as error:
        raise Invalid(f"{source} holds a number that JSON cannot carry: {error}", hint="Write it as text.") from error
    if depth(document) > MAX_DEPTH:
        raise _too_deep(source)
    return document


def _too_deep(source: str) -> Invalid:
    return Invalid(f"{source} is nested deeper than {MAX_DEPTH} levels", hint="No pipeline needs that: look for junk.")


class _DuplicateKeyError(Exception):
    pass


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise _DuplicateKeyError
    return members


def _constant(name: str) -> NoReturn:
    raise ValueError(name)


def _float(literal: str) -> float:
    number = float(literal)
    if not math.isfinite(number):
        raise ValueError(literal)
    return number


def _duplicates(text: str) -> Iterator[str]:
    """Find the keys that appear twice in one object of text that is known to be JSON."""
    open_objects: list[set[str]] = []
    tokens = list(_TOKEN.finditer(text))
    for token, following in zip(tokens, [*tokens[1:], None], strict=True):
        match token[0]:
            case "{" | "[":
                open_objects.append(set())
            case "}" | "]":
                open_objects.pop()
            case key if following is not None and following[0] == ":":
                name = json.loads(key)
                if name in open_objects[-1]:
                    yield f"the key {show(name)} appears twice in one object ({_place(text, token.start())})"
                open_objects[-1].add(name)


def _place(text: str, offset: int) -> str:
    line_start = text.rfind("\n", 0, offset) + 1
    return f"line {text.count(chr(10), 0, offset) + 1}, column {offset - line_start + 1}"


def _top(document: Any) -> Iterator[str]:
    if not isinstance(document, dict):
        yield f"the document is {kind(document)}; an object is expected"
        return
    if document.get("Version") != VERSION:
        found = show(document["Version"]) if "Version" in document else "missing"
        yield f'Version: {found}; "{VERSION}" is the one that is supported'
    for member in ("Parameters", "Steps"):
        value = document.get(member)
        if not isinstance(value, list) and (value is not None or member == "Steps"):
            yield f"{member}: {kind(value) if member in document else 'missing'}; a list is expected"
