"""When a failed step is tried again, by its `RetryPolicies`. Pure."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

_DEFAULT_INTERVAL = 1.0
_DEFAULT_BACKOFF = 2.0
_DEFAULT_ATTEMPTS = 5


@dataclass
class Retries:
    """Counts the retries of one step in one run.

    Args:
        policies: The step's `RetryPolicies`; the first that names the kind of a failure decides.
        began: When the step was first tried, on the monotonic clock.
    """

    policies: Sequence[Mapping[str, Any]]
    began: float = field(default_factory=time.monotonic)
    _used: dict[int, int] = field(default_factory=dict)

    def pause(self, kind: str) -> float | None:
        """Seconds to wait before the next attempt after a failure of this kind; None when there is none."""
        for place, policy in enumerate(self.policies):
            if kind and kind in policy.get("ExceptionType", ()):
                return self._pause(place, policy)
        return None

    def _pause(self, place: int, policy: Mapping[str, Any]) -> float | None:
        used = self._used.get(place, 0)
        seconds = policy.get("IntervalSeconds", _DEFAULT_INTERVAL) * policy.get("BackoffRate", _DEFAULT_BACKOFF) ** used
        expires = policy.get("ExpireAfterMin")
        if expires is not None:
            over = time.monotonic() - self.began + seconds > expires * 60
        else:
            over = used >= policy.get("MaxAttempts", _DEFAULT_ATTEMPTS)
        if over:
            return None
        self._used[place] = used + 1
        return float(seconds)
