"""The program that builds and pushes images: Docker, or buildah where there is no Docker daemon."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from ci.errors import CiError, say

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ENGINES = ("docker", "buildah")


@dataclass(frozen=True)
class Engine:
    """One of the programs.

    Args:
        name: `docker` or `buildah`.
    """

    name: str

    def build(self, context: Path, file: str, tag: str, arguments: Mapping[str, str], epoch: int) -> None:
        """Build an image, with all its files as old as the commit so that it comes out the same again.

        Args:
            context: The folder it is built from.
            file: The Dockerfile in that folder.
            tag: What it is called.
            arguments: The build's arguments.
            epoch: The commit's time, in seconds since 1970.
        """
        given = [word for name, value in arguments.items() for word in ("--build-arg", f"{name}={value}")]
        common = ["--file", str(context / file), "--tag", tag, *given]
        if self.name == "docker":
            # SageMaker takes images, and not the indexes that attestations would make of them.
            plain = {"DOCKER_BUILDKIT": "1", "BUILDX_NO_DEFAULT_ATTESTATIONS": "1"}
            self._do(["build", *common, str(context)], {"SOURCE_DATE_EPOCH": str(epoch), **plain})
        else:
            # Where Docker has no daemon there is often no privilege either: no namespaces, but a changed root.
            options = ["--isolation", "chroot", "--format", "docker", "--timestamp", str(epoch), "--layers=false"]
            self._do(["bud", *options, *common, str(context)])

    def run(self, tag: str, command: Sequence[str], given: Path) -> list[str]:
        """Run a command in an image, with a file as its stdin; the lines that it prints, which are shown as they come.

        Raises:
            CiError: The command fails.
        """
        if self.name == "docker":
            return self._told(["run", "--rm", "--interactive", tag, *command], given)
        made = subprocess.run(["buildah", "from", "--pull-never", tag], capture_output=True, text=True, check=False)
        if made.returncode:
            raise CiError(f"buildah from failed: {made.stderr.strip()}")
        container = made.stdout.strip()
        try:
            return self._told(["run", "--isolation", "chroot", container, "--", *command], given)
        finally:
            subprocess.run(["buildah", "rm", container], capture_output=True, check=False)

    def name_too(self, tag: str, other: str) -> None:
        """Give an image another name."""
        self._do(["tag", tag, other])

    def push(self, tag: str, user: str, password: str) -> None:
        """Send an image to its registry.

        The password goes by stdin, and what the program keeps of it goes with a folder of its own afterwards.
        """
        with TemporaryDirectory() as folder:
            environment = {"DOCKER_CONFIG": folder, "REGISTRY_AUTH_FILE": str(Path(folder, "auth.json"))}
            login = ["login", "--username", user, "--password-stdin", tag.partition("/")[0]]
            self._do(login, environment, secret=password)
            self._do(["push", tag], environment)

    def _do(
        self, words: Sequence[str], environment: Mapping[str, str] | None = None, secret: str | None = None
    ) -> None:
        done = subprocess.run(
            [self.name, *words],
            env={**os.environ, **(environment or {})},
            input=secret.encode() if secret else None,
            check=False,
        )
        self._judge(words, done.returncode)

    def _told(self, words: Sequence[str], given: Path) -> list[str]:
        lines = []
        with (
            given.open("rb") as file,
            subprocess.Popen([self.name, *words], stdin=file, stdout=subprocess.PIPE, text=True) as program,
        ):
            for line in program.stdout or ():
                say(line.rstrip("\n"))
                lines.append(line.rstrip("\n"))
        self._judge(words, program.returncode)
        return lines

    def _judge(self, words: Sequence[str], code: int) -> None:
        if code:
            raise CiError(f"{self.name} {words[0]} failed with exit code {code}; what it said is above")


def engine(name: str | None = None) -> Engine:
    """The engine of this name, or the first that works here.

    Raises:
        CiError: There is none.
    """
    for candidate in [name] if name else ENGINES:
        if shutil.which(candidate) and (candidate != "docker" or name or _daemon_answers()):
            return Engine(candidate)
    wanted = name or "docker daemon and no buildah"
    raise CiError(f"images cannot be built here: there is no {wanted}; in CI a step needs `services: [docker]`")


def _daemon_answers() -> bool:
    return subprocess.run(["docker", "info"], capture_output=True, check=False).returncode == 0
