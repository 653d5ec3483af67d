"""Make a Python environment from pinned requirements: with uv where it is on PATH, else with pip.

    python3 -m ci.environment .venv -r container/requirements.txt -r requirements-dev.txt

uv is many times as fast, but reads none of pip's settings, in which an organisation names its package index, its
proxy and its certificates. They are translated. Where a setting, or a line of a requirements file, means something
that uv does not do in just the same way, pip makes the environment, and a line says why. The hashes in a requirements
file are checked by either.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from . import pip_settings
from .pip_settings import PipNeededError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

OLDEST_UV = (0, 5)  # the first that knows all the variables that are set for it
REQUIREMENTS, CONSTRAINTS = ("-r", "--requirement"), ("-c", "--constraint")


@dataclass(frozen=True)
class Command:
    """A program to run.

    Args:
        words: The program and its arguments; no secret is among them.
        environment: Its whole environment.
    """

    words: list[str]
    environment: dict[str, str]


@dataclass(frozen=True)
class Request:
    """What an environment is made of.

    Args:
        folder: Where it is, or is to be.
        requirements: Files in pip's format.
        editable: Projects whose code stays where it is.
        dependencies: Whether what the packages need is installed too.
    """

    folder: Path
    requirements: tuple[Path, ...]
    editable: tuple[Path, ...] = ()
    dependencies: bool = True

    @property
    def python(self) -> str:
        """Its interpreter."""
        return str(self.folder / "bin" / "python")

    @property
    def packages(self) -> list[list[str]]:
        """The arguments of each installation: pip wants hashes for all or for none of what it installs at once."""
        hashed = {file: any("--hash" in text for _, text in texts(file, REQUIREMENTS)) for file in self.requirements}
        groups = [[file for file in hashed if hashed[file] is wanted] for wanted in (True, False)]
        options = [[word for file in group for word in ("--requirement", str(file))] for group in groups]
        options[0] = ["--require-hashes", *options[0]] if options[0] else []
        options[1] += [word for path in self.editable for word in ("--editable", str(path))]
        more = [] if self.dependencies else ["--no-deps"]
        return [[*more, *group] for group in options if group]


def texts(requirements: Path, options: tuple[str, ...] = REQUIREMENTS + CONSTRAINTS) -> list[tuple[Path, str]]:
    """A requirements file and the files that it names by these options, with what they say, each once."""
    found: dict[Path, str] = {}
    waiting = [requirements]
    while waiting:
        file = waiting.pop(0)
        if file in found or not file.is_file():
            continue  # the installer says what is wrong with it
        found[file] = file.read_text(encoding="utf-8", errors="replace")
        named = [shlex.split(line, comments=True) for line in _lines(found[file]) if line.startswith("-")]
        waiting += [(file.parent / words[1]).resolve() for words in named if len(words) > 1 and words[0] in options]
    return list(found.items())


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.replace("\\\n", " ").splitlines()]


def _plain(line: str) -> bool:
    """Whether uv reads a line as pip does: a package of the index, or another file. Paths, URLs and options differ."""
    line = re.sub(r"(^|\s)#.*", "", line)
    return not line or line.split()[0] in REQUIREMENTS + CONSTRAINTS or (line[0].isalnum() and "/" not in line)


def uv_commands(request: Request, environ: Mapping[str, str]) -> list[Command]:
    """What installs with uv.

    Raises:
        PipNeededError: There is no uv, or it would not do the same as pip.
    """
    uv = _uv(environ)
    lines = [line for file in request.requirements for _, text in texts(file) for line in _lines(text)]
    strange = [line for line in lines if not _plain(line)]
    if strange:
        raise PipNeededError(f"uv may read this otherwise: {strange[0].split()[0]} …")
    options, constraints, environment = pip_settings.for_uv(pip_settings.read(environ, request.folder), environ)
    words = [uv, "pip", "install", "--no-progress", "--python", request.python, *options]
    listed = [one for packages in request.packages for one in _constrained(packages, constraints)]
    return [Command([*words, *one], environment) for one in listed]


def _constrained(packages: list[str], constraints: list[str]) -> list[list[str]]:
    """One installation, or two where pip takes a constraint without a hash beside packages with one, and uv does not.

    Packages with hashes have one version each: whether the constraints allow it is found out before.
    """
    if constraints and "--require-hashes" in packages:
        return [[*constraints, "--dry-run", *(word for word in packages if word != "--require-hashes")], packages]
    return [[*constraints, *packages]]


def _uv(environ: Mapping[str, str]) -> str:
    uv = shutil.which("uv", path=environ.get("PATH"))
    if uv is None:
        raise PipNeededError("")
    try:
        done = subprocess.run([uv, "--version"], capture_output=True, text=True, check=False, env=dict(environ))
    except OSError as error:
        raise PipNeededError(f"{uv} cannot be run: {error.strerror}") from error
    version = re.match(r"uv (\d+)\.(\d+)", done.stdout)
    if done.returncode or version is None:
        raise PipNeededError(f"{uv} is there, but does not work")
    if (int(version[1]), int(version[2])) < OLDEST_UV:
        raise PipNeededError(f"{uv} is older than {'.'.join(map(str, OLDEST_UV))}")
    return uv


def pip_commands(request: Request, environ: Mapping[str, str]) -> list[Command]:
    """What installs with pip, and brings it where the environment has none."""
    python = [request.python, "-I", "-m"]
    words = [*python, "pip", "--disable-pip-version-check", "--no-input", "install", "--no-compile"]
    listed = [[*words, *packages] for packages in request.packages]
    has_pip = any(request.folder.glob("lib/python*/site-packages/pip"))
    return [Command(one, dict(environ)) for one in ([] if has_pip else [[*python, "ensurepip"]]) + listed]


def compilation(request: Request, environ: Mapping[str, str]) -> Command:
    """What compiles all that was installed, on all cores, but for the packages' own tests.

    It may fail: some package's template is a file with `.py` at its end that is no Python.
    """
    options = ["-q", "-j", "0", "-x", r"site-packages/.*/tests?/", str(request.folder / "lib")]
    return Command([request.python, "-I", "-m", "compileall", *options], dict(environ))


def empty(folder: Path, environ: Mapping[str, str]) -> Command:
    """What makes an environment with nothing in it; what was there goes."""
    return Command([sys.executable, "-I", "-m", "venv", "--clear", "--without-pip", str(folder)], dict(environ))


def inherited(environ: Mapping[str, str]) -> dict[str, str]:
    """What installers may see: the index and the proxy of this user, not where her own Python looks for packages."""
    unwanted = ("PYTHON", "VIRTUAL_ENV", "PIP_TARGET", "PIP_PREFIX", "PIP_USER")
    return {name: value for name, value in environ.items() if not name.startswith(unwanted)}


def make(request: Request, environ: Mapping[str, str], *, keep: bool) -> int:
    """Make an environment, or add to it, telling what is done. Gives an exit code."""
    what = " ".join(map(str, [*request.requirements, *request.editable]))
    if not (keep and Path(request.python).exists()) and _run([empty(request.folder, environ)]):
        return 1
    if not _with_uv(request, environ, what) and _run(pip_commands(request, environ)):
        return 1
    _run([compilation(request, environ)])
    return 0


def _with_uv(request: Request, environ: Mapping[str, str], what: str) -> bool:
    try:
        commands = uv_commands(request, environ)
    except PipNeededError as needed:
        why = f" ({needed})" if str(needed) else ""
        _say(f"{request.folder.name}: pip installs {what}{why}")
        return False
    _say(f"{request.folder.name}: uv installs {what}")
    if not _run(commands):
        return True
    _say(f"{request.folder.name}: uv has failed; pip installs {what}")
    return False


def _run(commands: Sequence[Command]) -> int:
    """Run them until one fails, saying only what is wrong. Gives its exit code."""
    for command in commands:
        words = [*command.words, *(["--quiet"] if "install" in command.words else [])]
        code = subprocess.run(words, env=command.environment, check=False, stdout=subprocess.DEVNULL).returncode
        if code:
            return code
    return 0


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main() -> int:
    """Make the environment that the arguments describe."""
    parser = argparse.ArgumentParser(prog="ci.environment", description="Make a Python environment, with uv or pip.")
    parser.add_argument("folder", type=Path, help="the environment's folder")
    parser.add_argument("-r", "--requirement", type=Path, action="append", default=[], help="a requirements file")
    parser.add_argument("-e", "--editable", type=Path, action="append", default=[], help="a project, as it stands")
    parser.add_argument("--no-deps", action="store_true", help="nothing that the packages need")
    parser.add_argument("--keep", action="store_true", help="add to an environment that is there")
    options = parser.parse_args()
    folder = Path(os.path.abspath(options.folder))  # noqa: PTH100 (a link to a folder stays one)
    request = Request(folder, tuple(options.requirement), tuple(options.editable), dependencies=not options.no_deps)
    return make(request, inherited(os.environ), keep=options.keep)


if __name__ == "__main__":
    sys.exit(main())
