"""Single values as the protocols write them: times, numbers, truth."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

from botocore.model import Shape
from botocore.utils import parse_timestamp

from mlops_new.aws_api.http.service_errors import Unmodelled

_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "boolean": (bool,),
    "timestamp": (str, datetime),
    "structure": (Mapping,),
    "list": (list, tuple),
    "map": (Mapping,),
}


def checked(value: Any, shape: Shape) -> Any:
    """The value, if it is of the shape's type.

    Raises:
        Unmodelled: It is not.
    """
    wanted = _TYPES.get(shape.type_name, (object,))
    if not isinstance(value, wanted) or (isinstance(value, bool) and bool not in wanted and object not in wanted):
        raise Unmodelled(f"{shape.name}: {value!r} is no {shape.type_name}")
    return value


def given(value: Mapping[str, Any], shape: Shape) -> dict[str, Any]:
    """The members of an answer's structure that have a value.

    Raises:
        Unmodelled: The model does not know one, or misses one.
    """
    present = {name: member for name, member in checked(value, shape).items() if member is not None}
    unknown = sorted(present.keys() - shape.members.keys())
    missing = sorted(set(shape.required_members) - present.keys())
    if unknown or missing:
        raise Unmodelled(f"{shape.name}: unknown {unknown}, missing {missing}")
    return present


def moment(value: str | datetime) -> datetime:
    """A time as this program keeps it (ISO 8601), read."""
    return value if isinstance(value, datetime) else datetime.fromisoformat(value)


def iso(value: str | datetime) -> str:
    """A time in bodies of XML."""
    return moment(value).astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def http_date(value: str | datetime) -> str:
    """A time in headers."""
    return format_datetime(moment(value).astimezone(UTC), usegmt=True)


def read_time(value: Any) -> datetime:
    """A time as a client wrote it: a number of seconds, ISO 8601 or an HTTP date."""
    return _aware(parse_timestamp(value))


def _aware(value: datetime) -> datetime:
    return value if value.tzinfo else value.replace(tzinfo=UTC)
