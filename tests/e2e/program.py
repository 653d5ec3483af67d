"""The program as a user starts it: another process, its exit code, its two streams."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Ended:
    """How it ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """What `--json` printed."""
        return json.loads(self.out)


def mlops_new(*arguments: str | Path, cwd: Path | None = None, env: dict[str, str] | None = None) -> Ended:
    """Run a command with no terminal."""
    return _run([sys.executable, "-m", "mlops_new", *map(str, arguments)], cwd, env)


def _run(command: list[str], cwd: Path | None, env: dict[str, str] | None) -> Ended:
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,
    )
    return Ended(done.returncode, done.stdout, done.stderr)


def recent_sample(build: Path) -> Path:
    """The last 200 days of the sample, where what is tested does not need three years of it."""
    file = build.parent / "recent.csv"
    command = [sys.executable, "data/simulate.py", str(file), "--days", "200"]
    subprocess.run(command, cwd=build, check=True)
    return file


def explain_few_rows(build: Path) -> None:
    """Have fewer rows explained than by default, where what is tested is that everything fits together."""
    with (build / "config.toml").open("a", encoding="utf-8") as config:
        config.write("\n[monitoring.attribution]\nrows = 60\nclusters = 2\nsamples = 64\n")
