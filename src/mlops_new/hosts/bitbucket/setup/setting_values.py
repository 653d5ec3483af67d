"""What a table of the settings file may hold for Bitbucket: addresses, variables and the names of secrets. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from mlops_new.errors import Invalid
from mlops_new.hosts.bitbucket.api.credentials import Secret
from mlops_new.hosts.bitbucket.setup.setup_model import Plain, Secured, Variable
from mlops_new.settings import settings_table
from mlops_new.settings.settings_table import members

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass
class Table(settings_table.Table):
    """A table being read; each member is read once.

    Args:
        environ: Where secrets come from.
    """

    environ: Mapping[str, str]

    @classmethod
    def of(cls, place: str, values: object, environ: Mapping[str, str]) -> "Table":
        """Refuse what is no table."""
        return cls(place, members(place, values), environ)

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

    def _inside(self, place: str, values: object) -> Self:
        return type(self)(place, members(place, values), self.environ)


def _is_name(value: object) -> bool:
    return isinstance(value, str) and bool(_VARIABLE.fullmatch(value))
