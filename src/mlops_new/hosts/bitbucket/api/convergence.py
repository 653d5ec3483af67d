"""How everything is written: look, act if need be, and after an unclear answer look again before deciding."""

from collections.abc import Callable
from typing import TypeVar

from mlops_new.errors import Error
from mlops_new.hosts.bitbucket.api.bitbucket_errors import Failure, Unclear
from mlops_new.hosts.bitbucket.api.retry_policy import NOT_YET, RetryPolicy

Seen = TypeVar("Seen")


def settle(
    look: Callable[[], Seen],
    wanted: Callable[[Seen], bool],
    act: Callable[[Seen], Seen],
    retry_policy: RetryPolicy,
    *,
    unique: bool = True,
) -> Seen:
    """Bring about what is wanted, and return it.

    Args:
        look: Reads what is there; raises where that must not be touched.
        wanted: Whether that is as it should be.
        act: Changes it, once, and returns what is there then.
        retry_policy: How often, and how long in between.
        unique: The service refuses a second one by itself. Where it does not, we look for longer before we act again.

    Raises:
        Error: the service refuses, or does not answer in time.
    """
    seen = look()
    left = retry_policy.longest
    for pause in (*retry_policy.pauses, None):
        if wanted(seen):
            return seen
        try:
            return act(seen)
        except Unclear as unclear:
            failure = unclear.failure
        wait = _pause(failure, pause, left)
        if wait is not None:
            left -= wait
            retry_policy.wait(wait, failure.error.message)
        lagging = failure.exists or not (unique or failure.untouched)
        seen = look_for(look, wanted, retry_policy) if lagging else look()
        if wait is None and not wanted(seen):
            raise failure.error
    return seen


def look_for(look: Callable[[], Seen], wanted: Callable[[Seen], bool], retry_policy: RetryPolicy) -> Seen:
    """Look, and again for as long as it may only not be visible yet."""
    seen = look()
    for pause in retry_policy.lag:
        if wanted(seen):
            break
        retry_policy.wait(pause, NOT_YET)
        seen = look()
    return seen


def expect(look: Callable[[], Seen | None], retry_policy: RetryPolicy, missing: str) -> Seen:
    """What must be there by now.

    Raises:
        Error: it does not appear in time.
    """
    seen = look_for(look, lambda seen: seen is not None, retry_policy)
    if seen is None:
        raise Error(missing, hint="run the same command again")
    return seen


def _pause(failure: Failure, usual: float | None, left: float) -> float | None:
    """How long to wait before acting again; None when acting again makes no sense or would take too long."""
    if not failure.temporary or usual is None:
        return None
    wait = usual if failure.pause is None else failure.pause
    return wait if wait <= left else None
