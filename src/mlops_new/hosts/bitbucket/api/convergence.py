"""How everything is written: look, act if need be, and after an unclear answer look again before deciding."""

from collections.abc import Callable
from typing import TypeVar

from mlops_new.errors import Error
from mlops_new.hosts.bitbucket.api.bitbucket_errors import Failure, Unclear
from mlops_new.hosts.bitbucket.api.retry_policy import NOT_YET, Patience

Seen = TypeVar("Seen")


def settle(
    look: Callable[[], Seen],
    wanted: Callable[[Seen], bool],
    act: Callable[[Seen], Seen],
    patience: Patience,
    *,
    unique: bool = True,
) -> Seen:
    """Bring about what is wanted, and return it.

    Args:
        look: Reads what is there; raises where that must not be touched.
        wanted: Whether that is as it should be.
        act: Changes it, once, and returns what is there then.
        patience: How often, and how long in between.
        unique: The service refuses a second one by itself. Where it does not, we look for longer before we act again.

    Raises:
        Error: the service refuses, or does not answer in time.
    """
    seen = look()
    left = patience.longest
    for pause in (*patience.pauses, None):
        if wanted(seen):
            return seen
        try:
            return act(seen)
        except Unclear as unclear:
            failure = unclear.failure
        wait = _pause(failure, pause, left)
        if wait is not None:
            left -= wait
            patience.wait(wait, failure.error.message)
        lagging = failure.exists or not (unique or failure.untouched)
        seen = look_for(look, wanted, patience) if lagging else look()
        if wait is None and not wanted(seen):
            raise failure.error
    return seen


def look_for(look: Callable[[], Seen], wanted: Callable[[Seen], bool], patience: Patience) -> Seen:
    """Look, and again for as long as it may only not be visible yet."""
    seen = look()
    for pause in patience.lag:
        if wanted(seen):
            break
        patience.wait(pause, NOT_YET)
        seen = look()
    return seen


def expect(look: Callable[[], Seen | None], patience: Patience, missing: str) -> Seen:
    """What must be there by now.

    Raises:
        Error: it does not appear in time.
    """
    seen = look_for(look, lambda seen: seen is not None, patience)
    if seen is None:
        raise Error(missing, hint="run the same command again")
    return seen


def _pause(failure: Failure, usual: float | None, left: float) -> float | None:
    """How long to wait before acting again; None when acting again makes no sense or would take too long."""
    if not failure.temporary or usual is None:
        return None
    wait = usual if failure.pause is None else failure.pause
    return wait if wait <= left else None
