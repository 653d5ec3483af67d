"""Many projects at a time, against a loop of Copier's own commands: `python -m bench.day_two`."""

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.update import fork

from bench.ratios import Line, clean_environment, seconds
from mlops_new.errors import DRIFT
from mlops_new.names import Kind, Mark

BIN = Path(sys.executable).parent
# Copier is run in so many repositories, and its time taken so often as there are repositories: it works one by one.
SAMPLE = 6
PROJECTS, UPDATED = 200, 20
NAME = "fresh-sales"


@dataclass(frozen=True)
class Fleet:
    """Projects of the oldest version of a template that has three.

    Args:
        place: Holds the working copies of one of them.
        env: The environment of commands.
    """

    place: Path
    env: dict[str, str]

    def grow(self, number: int) -> None:
        """Let there be so many projects: the first one's repositories under other names."""
        hosted = self.place / "home" / "git"
        for index in range(number - 1):
            for kind in Kind:
                path = hosted / f"p{index}-{kind}.git"
                if not path.exists():
                    shutil.copytree(hosted / f"{NAME}-{kind}.git", path)
                    (path / "description").write_text(f"{Mark(f'p{index}', kind)}\n", "utf-8")

    def ours(self, *arguments: str, tells: int = 1) -> float:
        """Seconds of one command of ours, which has to tell so many lines: one for each project."""
        started = time.perf_counter()
        command = [str(BIN / "mlops-new"), *arguments]
        done = subprocess.run(command, check=False, capture_output=True, text=True, env=clean_environment() | self.env)
        taken = time.perf_counter() - started
        if done.returncode not in (0, DRIFT) or len(done.stdout.splitlines()) < tells:
            raise RuntimeError(f"{command} ended with {done.returncode}: {done.stdout}{done.stderr}")
        return taken

    def copier(self, *arguments: str) -> float:
        """Mean seconds of one of Copier's commands in a fresh working copy, half of them builds."""
        taken = 0.0
        for index in range(SAMPLE):
            kind = list(Kind)[index % 2]
            copy = self.place / f"copy-{time.monotonic_ns()}"
            subprocess.run(
                ["git", "clone", "--quiet", self.place / "home/git" / f"{NAME}-{kind}.git", copy], check=True
            )
            taken += seconds([str(BIN / "copier"), *arguments, str(copy)], self.env)
        return taken / SAMPLE


def many_projects() -> Iterator[Line]:
    """`status --all` of 200 projects and `update --all --dry-run` of 20."""
    with tempfile.TemporaryDirectory() as folder:
        fleet = _fleet(Path(folder))
        fleet.grow(UPDATED)
        fleet.ours("update", NAME, "--dry-run")  # byte-compiles
        ratio = fleet.ours("update", "--all", "--dry-run", tells=UPDATED) / (
            2 * UPDATED * fleet.copier("update", "--defaults", "--quiet", "--vcs-ref", fork.NEWEST)
        )
        yield Line(f"update --all --dry-run of {UPDATED} projects / a loop of copier update", ratio, 0.5)
        fleet.grow(PROJECTS)
        fleet.ours("status", "--all")  # fills the disk's caches
        ratio = fleet.ours("status", "--all", tells=PROJECTS + 1) / (2 * PROJECTS * fleet.copier("check-update"))
        yield Line(f"status --all of {PROJECTS} projects / a loop of copier check-update", ratio, 0.5)


def _fleet(place: Path) -> Fleet:
    env = {"MLOPS_NEW_HOME": str(place / "home")}
    template = fork.make(place / "acme.git")
    fleet = Fleet(place, env)
    fleet.ours("project", NAME, "--yes", "-C", str(place / "here"), "--template", f"{template}@{fork.OLDEST}")
    return fleet


if __name__ == "__main__":
    for line in many_projects():
        print(line, flush=True)
