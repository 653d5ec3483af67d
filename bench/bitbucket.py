"""How much of a slow network a project on Bitbucket waits for: what does not depend on each other goes side by side."""

import statistics
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.doubles.bitbucket.faults import Slow
from tests.e2e.acme import NAME, SETTINGS, new_server, variables

from bench.ratios import Line, seconds

LATENCY = 0.1
PAIRS = 5
BIN = Path(sys.executable).parent


def latency() -> Iterator[Line]:
    """Seconds that 100 ms on every request add to making a whole project with an organisation's set-up."""
    _created(0.0)  # fills caches
    added = statistics.median(_created(LATENCY) - _created(0.0) for _ in range(PAIRS))
    yield Line("what 100 ms on every request add to a project on Bitbucket", added, 3.5, "s")


def _created(delay: float) -> float:
    with new_server() as server, tempfile.TemporaryDirectory() as folder:
        if delay:
            server.fail(Slow(delay), times=None)
        place = Path(folder)
        config = place / "mlops-new.toml"
        config.write_text(SETTINGS, encoding="utf-8")
        command = [str(BIN / "mlops-new"), "project", NAME, "--yes", "--config", str(config), "-C", str(place / "here")]
        return seconds(command, variables(server) | {"MLOPS_NEW_HOME": str(place / "home")})
