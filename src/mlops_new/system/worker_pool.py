"""Work for other processes of ours: Copier works in its process's one current folder, so two renders need two.

They end when this process does, however it ends, and hear Ctrl-C only while they work.
"""

import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from mlops_new.errors import Error

if TYPE_CHECKING:
    from concurrent.futures import Future, ProcessPoolExecutor

T = TypeVar("T")
R = TypeVar("R")


class Helpers(Protocol):
    """Whoever takes work."""

    def begin(self, function: Callable[..., R], *arguments: Any) -> Callable[[], R]:
        """Begin with it; what is returned waits for the outcome, and raises what went wrong."""
        ...

    def close(self, *, wait: bool = True) -> None:
        """Take no more work; wait until all that was begun is done, or let it be done."""
        ...


class Here:
    """No other process: the work is done where its outcome is waited for."""

    def begin(self, function: Callable[..., R], *arguments: Any) -> Callable[[], R]:
        """See `Helpers`."""
        return partial(function, *arguments)

    def close(self, *, wait: bool = True) -> None:
        """See `Helpers`."""


class Elsewhere:
    """Other processes, started when there is work for them.

    Args:
        processes: How many at most.
    """

    def __init__(self, processes: int) -> None:
        self._processes = processes
        self._pool: ProcessPoolExecutor | None = None

    def begin(self, function: Callable[..., R], *arguments: Any) -> Callable[[], R]:
        """See `Helpers`; function, arguments and outcome are pickled."""
        self._pool = self._pool or _pool(self._processes)
        with _uninterrupted():
            return partial(_outcome, self._pool.submit(_perform, function, arguments))

    def close(self, *, wait: bool = True) -> None:
        """See `Helpers`."""
        if self._pool:
            self._pool.shutdown(wait=wait, cancel_futures=wait)


def _pool(processes: int) -> "ProcessPoolExecutor":
    # Slow to import, and most commands do not need it.
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    # Not forked: this process has threads.
    return ProcessPoolExecutor(processes, mp_context=get_context("spawn"), initializer=_start)


def helpers(processes: int) -> Helpers:
    """So many other processes, or as many as there are processors; none where there is only one."""
    processors = os.cpu_count() or 1
    return Elsewhere(min(processes, processors)) if processors > 1 else Here()


def spread(function: Callable[[T], R], items: Sequence[T], *, alone: int) -> list[R]:
    """What a function makes of each item, in order.

    Args:
        function: It and the items can be pickled.
        items: They are done side by side.
        alone: So few items are done here: a process that has to start, and to load Copier, would not save time.
    """
    others = len(items) // alone
    with closing(helpers(others) if others > 1 else Here()) as several:
        return [outcome() for outcome in [several.begin(function, item) for item in items]]


class Carried(Error):
    """An error on its way between processes: the words and the exit code of one that perhaps cannot be pickled."""

    def __init__(self, message: str, *, hint: str = "", code: int = Error.code) -> None:
        super().__init__(message, hint=hint)
        self.code = code  # that of its cause

    @classmethod
    def of(cls, error: Error) -> "Carried":
        """What is carried of an error."""
        return cls(error.message, hint=error.hint, code=error.code)


def _outcome(future: "Future[R]") -> R:
    from concurrent.futures.process import BrokenProcessPool

    try:
        return future.result()
    except BrokenProcessPool as error:
        raise Error(
            "another process that mlops-new had started was ended from outside, perhaps for want of memory",
            hint="run the same command again",
        ) from error


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """A process that starts meanwhile is not interrupted before it can say how; this thread is, afterwards."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _start() -> None:
    """In another process: be silent about Ctrl-C while there is nothing to do, and end when nobody waits any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    from multiprocessing import parent_process

    parent = parent_process()
    if parent:
        parent.join()
        os._exit(1)


def _perform(function: Callable[..., R], arguments: Sequence[Any]) -> R:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return function(*arguments)
    except Error as error:
        raise Carried.of(error) from None
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
