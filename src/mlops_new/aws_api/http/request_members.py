"""What becomes of each member of a request: it is honoured, passed over because it changes nothing, or refused.

None is dropped in silence. The tables are written by hand, once for each service; a test compares them with the
service's model, and what a newer model adds is refused until somebody has decided.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from botocore.model import Shape

Names = frozenset[str]


class Treatment(Enum):
    """What is done with a member."""

    HONOURED = "honoured"
    HARMLESS = "harmless"
    REFUSED = "refused"


@dataclass(frozen=True)
class Refusal:
    """A member that this machine cannot do.

    Args:
        why: Told to the client.
        but: The values that ask for what is done anyway.
    """

    why: str
    but: frozenset[Any] = frozenset()


@dataclass(frozen=True)
class Members:
    """The table of a service. Members inside others are named with dots: `Delete.Objects.ETag`.

    Args:
        honoured: By operation, what it does.
        harmless: What may be passed over, with the reason.
        refused: What is refused, for all operations that do not honour it.
        deep: Whether members inside others are looked at.
    """

    honoured: Mapping[str, Names]
    harmless: Mapping[str, str] = field(default_factory=dict)
    refused: Mapping[str, Refusal] = field(default_factory=dict)
    deep: bool = True

    def treatments(self, operation: str, member: str) -> list[Treatment]:
        """What the table says of a member; exactly one where it is complete."""
        if member in self.honoured.get(operation, frozenset()):
            return [Treatment.HONOURED]
        found = [Treatment.HARMLESS] if member in self.harmless else []
        return found + ([Treatment.REFUSED] if member in self.refused else [])

    def refusals(self, operation: str, params: Mapping[str, Any], shape: Shape) -> list[str]:
        """What of a request cannot be done: `member: why`.

        Args:
            operation: Its name.
            params: The request's.
            shape: Of the operation's input.
        """
        members = given(params, shape) if self.deep else params.items()
        told = {self._refusal(operation, path, value) for path, value in members}
        return sorted(told - {""})

    def _refusal(self, operation: str, path: str, value: Any) -> str:
        match self.treatments(operation, path):
            case [Treatment.HONOURED | Treatment.HARMLESS]:
                return ""
            case [Treatment.REFUSED] if _same(value, self.refused[path].but):
                return ""
            case [Treatment.REFUSED]:
                return f"{path}: {self.refused[path].why}"
            case _:
                return f"{path}: this machine does not know it"


def given(params: Mapping[str, Any], shape: Shape, base: str = "") -> Iterator[tuple[str, Any]]:
    """The members of a request that have a value, those inside others too, without places in lists."""
    for name, value in params.items():
        yield from _within(base + name, value, shape.members[name])


def of_shape(shape: Shape, base: str = "") -> Iterator[str]:
    """The members that a request of this shape may have, named as `given` does."""
    for name, member in shape.members.items():
        inner = _innermost(member)
        if inner.type_name == "structure":
            yield from of_shape(inner, f"{base}{name}.")
        else:
            yield base + name


def _within(path: str, value: Any, shape: Shape) -> Iterator[tuple[str, Any]]:
    match shape.type_name:
        case "structure":
            yield from given(value, shape, path + ".")
        case "list" if _innermost(shape).type_name == "structure":
            for item in value:
                yield from _within(path, item, shape.member)
        case _:
            yield path, value


def _innermost(shape: Shape) -> Shape:
    """What lists of lists hold."""
    return _innermost(shape.member) if shape.type_name == "list" else shape


def _same(value: Any, allowed: frozenset[Any]) -> bool:
    return isinstance(value, str | int | bool) and value in allowed
