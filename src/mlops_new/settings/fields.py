"""What a setting may be: the kinds of values that the tables of the settings file share. Pure."""

from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from mlops_new.settings.amounts import AMOUNT, amount

ALLOWED = "x-allowed"
"""The member of a schema that says in words what may stand there, where the type alone does not."""

TEXT = r"[^\x00-\x1f]+"
_VARIABLE = r"^[A-Za-z_][A-Za-z0-9_]*$"


class Table(BaseModel):
    """A table: nothing is taken for something else, and what it does not know is refused."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def text(description: str, pattern: str = TEXT, example: str = "", *, default: str | None = None) -> Any:
    """A text that may be left out.

    Args:
        description: What it is for; editors show it.
        pattern: What the whole text has to look like.
        example: One that is right.
        default: What holds where it is left out.
    """
    return Field(default, pattern=f"^(?:{pattern})$", description=description, examples=[example] if example else None)


def needed(description: str, pattern: str = TEXT, example: str = "") -> Any:
    """A text that must be there."""
    return Field(pattern=f"^(?:{pattern})$", description=description, examples=[example] if example else None)


def concealed(allowed: str) -> dict[str, Any]:
    """What a schema says of a value that may be a secret by mistake: it is never repeated."""
    return {"writeOnly": True, ALLOWED: allowed}


VariableName = Annotated[str, Field(pattern=_VARIABLE)]
"""Letters, digits and underscores."""

SecretName = Annotated[
    str, Field(pattern=_VARIABLE, json_schema_extra=concealed("the name of an environment variable"))
]
"""The environment variable that a secret is the value of."""


def _amount(value: object) -> Decimal:
    if (read := amount(value)) is None:
        raise PydanticCustomError("amount", AMOUNT)
    return read


Amount = Annotated[
    Decimal,
    BeforeValidator(_amount),
    WithJsonSchema({"type": ["number", "string"], "minimum": 0, "examples": [0.23], ALLOWED: AMOUNT}),
]
"""A sum of money."""
