"""Lists: filtered, sorted, and given page by page, without losing or doubling what others add meanwhile."""

import base64
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from mlops_new.aws_api.http.service_errors import validation
from mlops_new.aws_api.http.wire_values import moment

Item = TypeVar("Item")
_MOST = 100


@dataclass(frozen=True)
class Page(Generic[Item]):
    """Some items, and where the next ones begin; None at the end."""

    items: list[Item]
    token: str | None


def page(
    items: Iterable[Item],
    params: Mapping[str, Any],
    key: Callable[[Item], tuple[str | int, ...]],
    *,
    descending: bool = False,
) -> Page[Item]:
    """The page that a request asks for.

    Args:
        items: All of them.
        params: `MaxResults`, `NextToken` and `SortOrder` count.
        key: What they are sorted by, unique.
        descending: The order where the request says none.

    Raises:
        ServiceError: The token is none of ours.
    """
    down = params["SortOrder"] == "Descending" if "SortOrder" in params else descending
    ordered = sorted(items, key=key, reverse=down)
    if "NextToken" in params:
        last = _read(params["NextToken"])
        ordered = [item for item in ordered if _behind(key(item), last, down=down)]
    most = params.get("MaxResults", _MOST)
    chosen = ordered[:most]
    return Page(chosen, _written(key(chosen[-1])) if len(ordered) > most else None)


def between(created: str, after: datetime | None, before: datetime | None) -> bool:
    """Whether something was created in the time that a filter asks for."""
    time = moment(created)
    return (after is None or time > after) and (before is None or time < before)


def _behind(key: tuple[str | int, ...], last: tuple[str | int, ...], *, down: bool) -> bool:
    try:
        return key < last if down else key > last
    except TypeError:
        raise _wrong() from None


def _written(key: tuple[str | int, ...]) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode()


def _read(token: str) -> tuple[str | int, ...]:
    try:
        key = json.loads(base64.urlsafe_b64decode(token.encode("ascii", "replace")))
    except ValueError:
        raise _wrong() from None
    if not isinstance(key, list):
        raise _wrong()
    return tuple(key)


def _wrong() -> Exception:
    return validation("NextToken is not one that an earlier answer to the same request gave")
