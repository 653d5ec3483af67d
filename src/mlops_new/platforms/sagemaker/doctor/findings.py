"""How checks of an account are told: what is there, what is not, and what cannot be known."""

from mlops_new.errors import Error, Invalid
from mlops_new.ports.checks import Check

UNKNOWN = "cannot be known with these credentials"
_BOOTSTRAP = "`mlops-new bootstrap` makes it, once for an account and region"


def absent(name: str) -> Check:
    """It has to be there and is not."""
    return Check(name, ok=False, detail="there is none", hint=_BOOTSTRAP, code=Invalid.code)


def failed(name: str, error: Error) -> Check:
    """It cannot be used."""
    return Check(name, ok=False, detail=error.message, hint=error.hint, code=error.code)


def unknown(name: str, error: Error) -> Check:
    """It may not be looked at, which stands in nobody's way."""
    return Check(name, ok=True, detail=f"{UNKNOWN}: {error.message}")
