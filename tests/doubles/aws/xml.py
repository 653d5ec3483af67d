"""Answers in the XML of AWS's query protocol."""

from typing import Any
from xml.sax.saxutils import escape

_REQUEST = "<ResponseMetadata><RequestId>00000000-0000-0000-0000-000000000000</RequestId></ResponseMetadata>"


def answer(action: str, result: dict[str, Any]) -> bytes:
    """A successful answer."""
    return (
        f"<{action}Response><{action}Result>{_members(result)}</{action}Result>{_REQUEST}</{action}Response>".encode()
    )


def refusal(code: str, message: str) -> bytes:
    """An error."""
    told = f"<Type>Sender</Type><Code>{escape(code)}</Code><Message>{escape(message)}</Message>"
    return f"<ErrorResponse><Error>{told}</Error><RequestId>00000000</RequestId></ErrorResponse>".encode()


def listed(form: dict[str, str], prefix: str) -> list[dict[str, str]]:
    """The structures `<prefix>.member.<n>.<name>` of a request."""
    found: dict[int, dict[str, str]] = {}
    for key, value in form.items():
        if key.startswith(f"{prefix}.member."):
            number, _, name = key.removeprefix(f"{prefix}.member.").partition(".")
            found.setdefault(int(number), {})[name] = value
    return [found[number] for number in sorted(found)]


def _members(result: dict[str, Any]) -> str:
    return "".join(f"<{name}>{_value(value)}</{name}>" for name, value in result.items() if value is not None)


def _value(value: Any) -> str:
    match value:
        case dict():
            return _members(value)
        case list():
            return "".join(f"<member>{_value(one)}</member>" for one in value)
        case bool():
            return str(value).lower()
        case _:
            return escape(str(value))
