"""The service's own description of its requests and answers, as botocore carries it."""

import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeAlias

from mlops_new.errors import Error

Catalogue: TypeAlias = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Shape:
    """A named type, with the catalogue that its members' types are in."""

    name: str
    catalogue: Catalogue = field(repr=False, compare=False)

    @property
    def rules(self) -> Mapping[str, Any]:
        """`type`, and by type `members`, `required`, `member`, `key`, `value`, `enum`, `pattern`, `min`, `max`."""
        return self.catalogue[self.name]

    @property
    def type(self) -> str:
        """`structure`, `list`, `map`, `string`, `integer`: what the value is."""
        return str(self.rules["type"])

    @property
    def members(self) -> Mapping[str, Mapping[str, str]]:
        """The members of a structure."""
        members: Mapping[str, Mapping[str, str]] = self.rules.get("members", {})
        return members

    def member(self, name: str) -> "Shape":
        """The type of a structure's member."""
        return self._other(self.members[name])

    def part(self, role: str) -> "Shape":
        """The type of a list's `member`, or of a map's `key` or `value`."""
        return self._other(self.rules[role])

    def _other(self, reference: Mapping[str, str]) -> "Shape":
        return Shape(reference["shape"], self.catalogue)


@lru_cache(maxsize=4)
def service(name: str) -> Catalogue:
    """The shapes of an AWS service.

    The file is read directly: botocore's loader answers the same, but importing it brings in its HTTP client and
    takes four times as long, more than all the validation that follows.
    """
    found = sorted(_data().glob(f"{name}/*/service-2.json*"))
    if not found:
        raise Error(
            f"botocore carries no description of the service {name}",
            hint="Install it again: python -m pip install --force-reinstall botocore",
        )
    content = found[-1].read_bytes()
    plain = gzip.decompress(content) if found[-1].suffix == ".gz" else content
    shapes: Catalogue = json.loads(plain)["shapes"]
    return shapes


def known_to() -> str:
    """Which botocore the shapes are from, for a fault that a newer one may not find."""
    from importlib.metadata import version

    return f"botocore {version('botocore')}"


def _data() -> Path:
    spec = find_spec("botocore")
    locations = spec.submodule_search_locations if spec else None
    return Path(next(iter(locations or ()), "")) / "data"
