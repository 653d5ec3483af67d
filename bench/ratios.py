"""Pairs of runs, and what they say."""

import os
import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """One measured figure and its limit; `at_least` where more is better."""

    what: str
    measured: float
    limit: float
    unit: str = "x"
    at_least: bool = False

    @property
    def kept(self) -> bool:
        """Whether the limit is kept."""
        return self.measured >= self.limit if self.at_least else self.measured <= self.limit

    def __str__(self) -> str:
        sign = ">=" if self.at_least else "<="
        mark = "" if self.kept else "  <-- passed its limit"
        return f"{self.what:<72}{self.measured:>9.2f} {self.unit:<3}{sign}{self.limit:>6.2f}{mark}"


def seconds(command: Sequence[str], env: dict[str, str] | None = None) -> float:
    """How long one process takes, from outside."""
    started = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env=clean_environment() | (env or {}))
    return time.perf_counter() - started


def ratio(ours: Callable[[], float], other: Callable[[], float], pairs: int) -> float:
    """The median of ours/other over pairs run in turn, after one of each that warms up."""
    ours(), other()  # byte-compile, fill caches
    return statistics.median(ours() / other() for _ in range(pairs))


def clean_environment() -> dict[str, str]:
    """This environment without what makes each start of Python recompile its modules, and somebody to commit as."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**_SOMEBODY, **kept}


_SOMEBODY = {
    f"GIT_{role}_{what}": f"bench{suffix}"
    for role in ("AUTHOR", "COMMITTER")
    for what, suffix in (("NAME", ""), ("EMAIL", "@localhost"))
}
