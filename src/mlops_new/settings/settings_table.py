"""A table of the settings file that says where something is wrong, and what may stand there. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from mlops_new.errors import Invalid


@dataclass
class Table:
    """A table being read; each member is read once.

    Args:
        place: Where it stands, as in `bitbucket.deploy`.
        values: Its members.
    """

    place: str
    values: Mapping[str, Any]
    _read: list[str] = field(default_factory=list, kw_only=True)

    def names(self) -> list[str]:
        """The members that it has."""
        return list(self.values)

    def value(self, name: str) -> object:
        """Whatever there is, for who judges it elsewhere; None where there is nothing."""
        return self._take(name)

    def finish(self) -> None:
        """Refuse members that nothing has asked for: typing errors, mostly."""
        if unknown := [name for name in self.values if name not in self._read]:
            known = ", ".join(sorted(self._read))
            raise Invalid(f"there is no setting {self._at(unknown[0])}", hint=f"[{self.place}] may say: {known}")

    def text(self, name: str, *, pattern: str = r"[^\x00-\x1f]+", example: str = "") -> str | None:
        """A text, or None where there is none."""
        value = self._take(name)
        if value is not None and not (isinstance(value, str) and re.fullmatch(pattern, value)):
            raise self._refuse(name, value, "a text", example)
        return value

    def needed(self, name: str, *, pattern: str = r"[^\x00-\x1f]+", example: str = "") -> str:
        """A text that must be there."""
        value = self.text(name, pattern=pattern, example=example)
        if value is None:
            raise Invalid(f"[{self.place}] does not say {name}", hint=f"for example: {example}" if example else "")
        return value

    def choice(self, name: str, choices: Sequence[str], default: str | None) -> str:
        """One of the choices."""
        value = self._take(name)
        if value is None and default is not None:
            return default
        if value not in choices:
            fault = f"[{self.place}] does not say {name}" if value is None else f"{self._at(name)} is {value!r}"
            raise Invalid(fault, hint=f"it is one of: {', '.join(choices)}")
        return str(value)

    def flag(self, name: str, *, default: bool) -> bool:
        """True or false."""
        value = self._take(name)
        if value is not None and not isinstance(value, bool):
            raise self._refuse(name, value, "true or false")
        return default if value is None else value

    def number(self, name: str, default: int) -> int:
        """A whole number, 0 or more."""
        value = self._take(name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 0):
            raise self._refuse(name, value, "a whole number, 0 or more")
        return default if value is None else value

    def texts(self, name: str, *, pattern: str = r"[^\s/]+", example: str = "", least: int = 0) -> tuple[str, ...]:
        """A list of texts."""
        value = self._take(name)
        value = [] if value is None else value
        fits = isinstance(value, list) and all(isinstance(one, str) and re.fullmatch(pattern, one) for one in value)
        if not fits or len(value) < least:
            raise self._refuse(name, value, "a list of texts", example)
        return tuple(value)

    def table(self, name: str) -> Self | None:
        """A table in this one, or None."""
        value = self._take(name)
        return None if value is None else self._inside(self._at(name), value)

    def tables(self, name: str) -> list[Self]:
        """A list of tables."""
        value = self._take(name)
        if value is not None and not isinstance(value, list):
            raise Invalid(f"the setting {self._at(name)} is a list of tables", hint=f"write it as [[{self._at(name)}]]")
        return [self._inside(f"{self._at(name)}[{index}]", one) for index, one in enumerate(value or ())]

    def _inside(self, place: str, values: object) -> Self:
        return type(self)(place, members(place, values))

    def _take(self, name: str) -> Any:
        self._read.append(name)
        return self.values.get(name)

    def _at(self, name: str) -> str:
        return f"{self.place}.{name}"

    def _refuse(self, name: str, value: object, what: str, example: str = "") -> Invalid:
        hint = f"for example: {example}" if example else ""
        return Invalid(f"the setting {self._at(name)} is {value!r}; it is {what}", hint=hint)


def members(place: str, values: object) -> Mapping[str, Any]:
    """The members of a table; `Invalid` where it is none."""
    if not isinstance(values, Mapping):
        raise Invalid(f"the setting {place} is {values!r}; it is a table", hint=f"write it as [{place}]")
    return values
