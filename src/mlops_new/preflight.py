"""Checks that find out what is missing before anything is touched. They read only."""

from collections.abc import Iterable

from mlops_new.errors import Error
from mlops_new.ports import Check


class NotReady(Error):
    """Something that a command needs is missing; nothing was touched."""

    def __init__(self, failed: list[Check]) -> None:
        hints = dict.fromkeys(check.hint for check in failed if check.hint)
        super().__init__("; ".join(map(_sentence, failed)), hint="; ".join(hints))
        self.code = failed[0].code  # type: ignore[misc]  # the exit code of what is missing


def refuse(checks: Iterable[Check]) -> None:
    """Raise one error that names everything that is not ok."""
    if failed := [check for check in checks if not check.ok]:
        raise NotReady(failed)


def _sentence(check: Check) -> str:
    return check.detail if check.name.split()[0] in check.detail else f"{check.name}: {check.detail}"
