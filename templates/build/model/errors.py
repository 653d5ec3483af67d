from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class InputError(Exception):
    """A person gave a table, a setting or a request that cannot be used. The message says why and what to do."""


def did_you_mean(wrong: str, known: Iterable[str]) -> str:
    """Half a sentence that names what was probably meant; nothing where nothing is near."""
    near = difflib.get_close_matches(wrong, list(known), n=3, cutoff=0.6)
    return f"; did you mean {' or '.join(repr(name) for name in near)}?" if near else ""
