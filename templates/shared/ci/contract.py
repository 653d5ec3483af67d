"""What the build and the deploy repository of this project have to agree on, and whether they do.

    python3 -m ci.contract              print this repository's side
    python3 -m ci.contract --compare    exit 1 where the sister repository says otherwise
    python3 -m ci.contract --write      in the deploy repository: take over what the build repository says

The build repository says which columns there are, in its `config.toml`; the deploy repository keeps a copy of that in
`contract.json`. Project, monitoring and template version both record. The sister repository is looked for beside this
one, then on the same Git host: the branch of the same name where it has one, so that two pull requests fit together,
else `main`. `SISTER_TOKEN` may hold an access token that reads it, which is sent by https only. Without it, a sister
out of reach is told and not compared; with it, that is a failure.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    Read = Callable[[str], str]
    Contract = dict[str, Any]

ROOT = Path(__file__).parents[1]
ANSWERS, CONFIG, COLUMNS = ".copier-answers.yml", "config.toml", "contract.json"
SISTER = {"build": "deploy", "deploy": "build"}
TOKEN = "SISTER_TOKEN"  # noqa: S105 (a variable's name)
LOOPBACK = ("127.0.0.1", "::1", "localhost")


class ContractError(Exception):
    """A side cannot be read. The message says why."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Print, compare or write; the exit code says whether the two agree."""
    parser = argparse.ArgumentParser(prog="python3 -m ci.contract", description="What both repositories agree on.")
    parser.add_argument("--compare", action="store_true", help="exit 1 where the sister repository says otherwise")
    parser.add_argument("--write", action="store_true", help="deploy: take over what the build repository says")
    options = parser.parse_args(arguments)
    try:
        if options.write:
            return write(ROOT, sister(ROOT))
        if options.compare:
            return compare(side(reader(ROOT)), sister(ROOT))
        sys.stdout.write(text(side(reader(ROOT))))
    except ContractError as error:
        sys.stderr.write(f"contract: {error}\n")
        return 1
    return 0


def side(read: Read) -> Contract:
    """What one repository says.

    Args:
        read: Gives the text of a file of the repository.

    Raises:
        ContractError: A file is missing or not what it should be.
    """
    config, kind = _toml(read(CONFIG)), answer(read(ANSWERS), "repository_kind")
    project = config.get("project", {})
    said = {
        "model_package_group": project.get("name"),
        "problem_type": project.get("problem_type"),
        "monitoring": project.get("monitoring"),
        "template": answer(read(ANSWERS), "_commit"),
    }
    return said | (_columns(config) if kind == "build" else _json(read(COLUMNS)))


def compare(ours: Contract, theirs: Read | None) -> int:
    """Tell where the sides differ."""
    if theirs is None:
        sys.stdout.write(
            "NOT COMPARED: the sister repository cannot be read from here. Check both out side by side; in Pipelines, "
            f"give this repository the secured variable {TOKEN}, an access token that reads the other\n"
        )
        return 0
    found = list(differences(ours, side(theirs)))
    for difference in found:
        sys.stderr.write(f"contract: {difference}\n")
    if found:
        sys.stderr.write("hint: `make contract` in the deploy repository takes over the build repository's columns; ")
        sys.stderr.write("`mlops-new update` brings both to one template version\n")
    return 1 if found else 0


def differences(ours: Contract, theirs: Contract) -> Iterator[str]:
    """A line for each thing that the two say otherwise."""
    for name in sorted({*ours, *theirs}):
        here, there = json.dumps(ours.get(name)), json.dumps(theirs.get(name))
        if here != there:
            yield f"{name} is {here} here and {there} in the sister repository"


def write(root: Path, theirs: Read | None) -> int:
    """Take over the columns of the build repository.

    Raises:
        ContractError: This is the build repository, or the other cannot be read.
    """
    if answer(reader(root)(ANSWERS), "repository_kind") == "build":
        raise ContractError("the columns are in this repository's config.toml: --write is for the deploy repository")
    if theirs is None:
        raise ContractError(f"the build repository cannot be read: put it beside this one, or set {TOKEN}")
    (root / COLUMNS).write_text(text(_columns(_toml(theirs(CONFIG)))), encoding="utf-8")
    return 0


def text(contract: Contract) -> str:
    """A contract as it is kept."""
    return json.dumps(contract, indent=2, sort_keys=True) + "\n"


def answer(answers: str, name: str) -> str:
    """One plain answer of an answers file."""
    found = re.search(rf"^{name}: *['\"]?(.*?)['\"]?$", answers, re.MULTILINE)
    if found is None:
        raise ContractError(f"{ANSWERS} has no {name}")
    return found.group(1)


def reader(root: Path) -> Read:
    """Read the files of a folder."""

    def read(name: str) -> str:
        try:
            return (root / name).read_text(encoding="utf-8")
        except OSError as error:
            raise ContractError(f"{root / name} cannot be read: {error.strerror}") from error

    return read


def sister(root: Path) -> Read | None:
    """Read the files of the project's other repository; None where it is out of reach and no token should reach it.

    Raises:
        ContractError: There is a token, and the repository cannot be read with it.
    """
    read = reader(root)
    kind = answer(read(ANSWERS), "repository_kind")
    beside = root.parent / f"{answer(read(ANSWERS), 'project_name')}-{SISTER[kind]}"
    if (beside / ANSWERS).is_file():
        return reader(beside)
    origin = _git("config", "--get", "remote.origin.url", cwd=root)
    branch = os.environ.get("BITBUCKET_BRANCH") or _git("branch", "--show-current", cwd=root)
    url = sister_url(origin, kind)
    found = _remote(url, branch) if url else None
    if found is None and os.environ.get(TOKEN):
        raise ContractError(
            f"{TOKEN} is set, but nothing could be read from {url or 'the sister repository'}: nothing was compared. "
            "Is it there with a branch main? Is the token good, and allowed to read it?"
        )
    return found


def sister_url(origin: str, kind: str) -> str | None:
    """The clone URL of the other repository, by the URL of this one; None where this one's name does not tell.

    Bitbucket Pipelines clones from an http address that its own proxy takes. A token goes to https only, and to no
    user name that the address may hold.
    """
    url, changed = re.subn(rf"-{kind}(\.git)?/?$", rf"-{SISTER[kind]}\1", origin)
    if not changed:
        return None
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"}:
        return url
    server = parts.netloc.rpartition("@")[2]
    scheme = "http" if parts.scheme == "http" and parts.hostname in LOOPBACK else "https"
    return urlunsplit((scheme, server, parts.path, "", ""))


def _remote(url: str, branch: str) -> Read | None:
    heads = [line.partition("\t")[2] for line in _git("ls-remote", "--heads", url, reads=url).splitlines()]
    ref = next((ref for ref in (f"refs/heads/{branch}", "refs/heads/main") if ref in heads), None)
    if ref is None:
        return None
    with TemporaryDirectory() as folder:
        place = Path(folder)
        _git("init", "--quiet", "--bare", cwd=place)
        _git("fetch", "--quiet", "--depth=1", url, ref, cwd=place, reads=url)
        if not _git("rev-parse", "--verify", "--quiet", "FETCH_HEAD", cwd=place):
            return None
        files = {name: _git("show", f"FETCH_HEAD:{name}", cwd=place) for name in (ANSWERS, CONFIG, COLUMNS)}

    def read(name: str) -> str:
        if not files[name]:
            raise ContractError(f"{url} has no {name}")
        return files[name]

    return read


def _git(*arguments: str, cwd: Path = ROOT, reads: str = "") -> str:
    """What git prints; nothing where it fails.

    Args:
        arguments: Of git.
        cwd: Where it runs.
        reads: The URL of another server that it reads from: the token is for that one, and why it fails is shown.
    """
    env = {**os.environ, "GIT_TERMINAL_PROMPT": "0", **(_credentials(reads) if reads else {})}
    told = None if reads else subprocess.DEVNULL
    command = ["git", *arguments]
    done = subprocess.run(command, cwd=cwd, env=env, stdout=subprocess.PIPE, stderr=told, text=True, check=False)
    return done.stdout.strip()


def _credentials(url: str) -> dict[str, str]:
    """An access token that reads the sister repository: for one command of git, one server, and no redirection."""
    token = os.environ.get(TOKEN)
    if not token or urlsplit(url).scheme not in {"http", "https"}:
        return {}
    secret = base64.b64encode(f"x-token-auth:{token}".encode()).decode()
    # Redirected, another server would get the token, or the header would be lost on the way: neither is an answer.
    settings = (
        (f"http.{url}.extraHeader", f"Authorization: Basic {secret}"),
        ("http.followRedirects", "false"),
    )
    first = int(os.environ.get("GIT_CONFIG_COUNT") or 0)
    variables = {"GIT_CONFIG_COUNT": str(first + len(settings)), "GIT_TRACE_REDACT": "1"}
    for place, (key, value) in enumerate(settings, start=first):
        variables |= {f"GIT_CONFIG_KEY_{place}": key, f"GIT_CONFIG_VALUE_{place}": value}
    return variables


def _columns(config: Contract) -> Contract:
    data = config.get("data", {})
    return {name: data.get(name) for name in ("features", "ids", "target", "time")}


def _toml(content: str) -> Contract:
    try:
        return tomllib.loads(content)
    except tomllib.TOMLDecodeError as error:
        raise ContractError(f"{CONFIG} is not TOML: {error}") from error


def _json(content: str) -> Contract:
    try:
        found = json.loads(content)
    except ValueError as error:
        raise ContractError(f"{COLUMNS} is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise ContractError(f"{COLUMNS} is no JSON object")
    return found


if __name__ == "__main__":
    sys.exit(main())
