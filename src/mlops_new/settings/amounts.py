"""Sums of money, as a file or a command line says them. Pure."""

from decimal import Decimal, InvalidOperation

AMOUNT = "a number, 0 or more"


def amount(value: object) -> Decimal | None:
    """A sum of money, 0 or more; None where the value is none."""
    try:
        read = Decimal(str(value))
    except InvalidOperation:
        return None
    return None if isinstance(value, bool) or not read.is_finite() or read < 0 else read
