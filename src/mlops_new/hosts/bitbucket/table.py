"""A table of the settings file that says where something is wrong, and what may stand there. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mlops_new.errors import Invalid
from mlops_new.hosts.bitbucket.credentials import Secret
from mlops_new.hosts.bitbucket.model import Plain, Secured, Variable

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass
class Table:
    """A table being read; each member is read once.

    Args:
        place: Where it stands, as in `bitbucket.deploy`.
        values: Its members.
        environ: Where secrets come from.
    """

    place: str
    values: Mapping[str, Any]
    environ: Mapping[str, str]
    _read: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, place: str, values: object, environ: Mapping[str, str]) -> "Table":
        """Refuse what is no table."""
        if not isinstance(values, Mapping):
            raise Invalid(f"the setting {place} is {values!r}; it is a table", hint=f"write it as [{place}]")
        return cls(place, values, environ)

    def names(self) -> list[str]:
        """The members that it has."""
        return list(self.values)

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

    def https(self, name: str) -> str:
        """An https URL without credentials; one that holds some is not repeated."""
        value = self.needed(name)
        if not re.fullmatch(r"https://[^\s/@]+(/\S*)?", value):
            fault = f"the setting {self._at(name)} is not an https URL without credentials"
            raise Invalid(fault, hint="for example: https://hooks.example.com/mlops")
        return value

    def variable_name(self, name: str) -> str | None:
        """The name of an environment variable, or None; what is none may be a secret, so it is not repeated."""
        value = self._take(name)
        if value is not None and not _is_name(value):
            fault = f"the setting {self._at(name)} is not the name of an environment variable"
            raise Invalid(fault, hint="the secret itself is the value of that variable, never in this file")
        return None if value is None else str(value)

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

    def table(self, name: str) -> "Table | None":
        """A table in this one, or None."""
        value = self._take(name)
        return None if value is None else Table.of(self._at(name), value, self.environ)

    def tables(self, name: str) -> list["Table"]:
        """A list of tables."""
        value = self._take(name)
        if value is not None and not isinstance(value, list):
            raise Invalid(f"the setting {self._at(name)} is a list of tables", hint=f"write it as [[{self._at(name)}]]")
        return [Table.of(f"{self._at(name)}[{index}]", one, self.environ) for index, one in enumerate(value or ())]

    def variable(self, name: str) -> Variable:
        """A variable: a text, or `{ secret = "NAME" }` for one whose value comes from our environment."""
        if not _VARIABLE.fullmatch(name):
            raise Invalid(f"{self._at(name)} cannot be a variable's name", hint="letters, digits and underscores")
        value = self._take(name)
        if isinstance(value, str):
            return Plain(name, value)
        if isinstance(value, Mapping) and value.keys() == {"secret"} and _is_name(value["secret"]):
            return Secured(name, value["secret"], self.secret(value["secret"]))
        raise Invalid(
            f"the setting {self._at(name)} is neither a text nor a secret",
            hint='write "value", or { secret = "NAME" } for the value of the environment variable NAME',
        )

    def secret(self, source: str) -> Secret | None:
        """The value of an environment variable; None where it is not set."""
        value = self.environ.get(source) if source else None
        return Secret(value) if value else None

    def _take(self, name: str) -> Any:
        self._read.append(name)
        return self.values.get(name)

    def _at(self, name: str) -> str:
        return f"{self.place}.{name}"

    def _refuse(self, name: str, value: object, what: str, example: str = "") -> Invalid:
        hint = f"for example: {example}" if example else ""
        return Invalid(f"the setting {self._at(name)} is {value!r}; it is {what}", hint=hint)


def _is_name(value: object) -> bool:
    return isinstance(value, str) and bool(_VARIABLE.fullmatch(value))
