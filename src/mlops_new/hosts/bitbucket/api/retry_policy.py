"""How long we wait, and for what."""

import time
from collections.abc import Callable
from dataclasses import dataclass


def _silent(message: str) -> None:
    del message


@dataclass(frozen=True)
class RetryPolicy:
    """Time-outs and pauses, in seconds.

    Args:
        connect: For a connection to stand.
        read: For the server to send anything.
        pauses: Between attempts, where the server does not say how long to wait; there is one attempt more.
        longest: All waiting for one request together.
        lag: Between looks for what was created moments ago and may not be visible yet.
        sleep: What waits.
        say: Told when a wait is long enough to be noticed.
    """

    connect: float = 10.0
    read: float = 60.0
    pauses: tuple[float, ...] = (0.5, 1.0, 2.0, 4.0)
    longest: float = 300.0
    lag: tuple[float, ...] = (0.5, 1.0, 2.0, 4.0, 8.0)
    sleep: Callable[[float], None] = time.sleep
    say: Callable[[str], None] = _silent

    def wait(self, seconds: float, why: str) -> None:
        """Wait, and say so when it takes longer than a moment."""
        if seconds >= NOTICEABLE:
            self.say(f"{why}; waiting {seconds:.0f} s")
        self.sleep(seconds)


NOTICEABLE = 2.0
NOT_YET = "Bitbucket does not show yet what was just created"
