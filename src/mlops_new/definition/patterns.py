"""The service's patterns, which are Java regular expressions, for Python."""

import re
import unicodedata
from functools import lru_cache
from typing import Final

_CATEGORY = re.compile(r"\\p\{(L|M|N|P|S|Z)\}")
_FIRST_PRIVATE: Final = 0xE000
_LONGEST: Final = 4096
"""Some patterns take time by the square of the length; nearly all texts with one are shorter by their own limit."""


@lru_cache(maxsize=512)
def compiled(pattern: str) -> re.Pattern[str] | None:
    r"""The pattern for Python's `re`, which knows no `\p{L}`; None where Python cannot express it."""
    adapted = _CATEGORY.sub(lambda found: _members(found[1]), pattern)
    adapted = adapted.replace(r"\p{Alnum}", "A-Za-z0-9")
    # Java lets an anchor be repeated, as some of the service's patterns do: once is the same.
    adapted = re.sub(r"\$\{\d+,\d+\}", "$", adapted)
    try:
        return re.compile(adapted)
    except re.error:
        return None


def matches(value: str, pattern: str) -> bool:
    """Whether the whole text matches, as the service compares.

    True where that cannot be told: Python cannot express the pattern, or the text is very long.
    """
    expression = compiled(pattern)
    if expression is None or len(value) > _LONGEST:
        return True
    return expression.fullmatch(_folded(value) if r"\p{" in pattern else value) is not None


@lru_cache(maxsize=16)
def _members(category: str) -> str:
    """The characters of a Unicode category as they stand in a folded text, for use in brackets."""
    ascii_ones = (chr(code) for code in range(128) if unicodedata.category(chr(code))[0] == category)
    return "".join(map(re.escape, ascii_ones)) + _stand_in(category)


def _folded(value: str) -> str:
    """Every character beyond ASCII becomes the stand-in of its category: classes stay small."""
    return "".join(char if char.isascii() else _stand_in(unicodedata.category(char)[0]) for char in value)


def _stand_in(category: str) -> str:
    return chr(_FIRST_PRIVATE + ord(category))
