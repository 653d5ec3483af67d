"""The only door to git."""

import os
import re
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mlops_new.errors import Error, Invalid
from mlops_new.system.environment import inheritable
from mlops_new.system.git_configuration import EXACT, SCRATCH, UNMONITORED, configuration, environment_of
from mlops_new.system.git_errors import Refusal, understand

# What can be asked of a remote again: it reads, or sets references to what they are to be.
_REMOTE = ("ls-remote", "fetch", "clone", "push")
# Seconds between attempts, as for the Git host's other requests.
_PAUSES = (0.5, 1.0, 2.0, 4.0)
# Whose commits are that never leave a scratch repository.
NOBODY = {
    f"GIT_{role}_{what}": value
    for role in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "mlops-new"), ("EMAIL", "mlops-new@localhost"))
}
# Since then configuration can be given by environment, which is how credentials are.
_OLDEST = (2, 31)
_INSTALL = "install git 2.31 or newer and run the same command again"
_DUBIOUS = "dubious ownership"


@dataclass(frozen=True)
class Commit:
    """A commit that a working copy has checked out."""

    sha: str
    dirty: bool

    def __str__(self) -> str:
        return f"{self.sha}-dirty" if self.dirty else self.sha


class GitError(Error):
    """A git command failed; its exit code tells denied from unreachable."""

    def __init__(self, message: str, *, hint: str = "", code: int = Error.code) -> None:
        super().__init__(message, hint=hint)
        self.code = code  # git's one exit code stands for several of ours


def run(
    *arguments: str, cwd: Path | None = None, env: Mapping[str, str] | None = None, stdin: bytes | None = None
) -> str:
    """Run one git command and return what it prints; a server that cannot answer now is asked again.

    Raises:
        GitError: with git's own last words.
    """
    return run_bytes(*arguments, cwd=cwd, env=env, stdin=stdin).decode("utf-8", "surrogateescape")


def run_bytes(
    *arguments: str, cwd: Path | None = None, env: Mapping[str, str] | None = None, stdin: bytes | None = None
) -> bytes:
    """The same where what is printed is the content of files."""
    pauses = iter(_PAUSES if _verb(arguments) in _REMOTE else ())
    while True:
        done = _run(arguments, cwd, environment_of(env or {}), stdin or b"")
        if not done.returncode:
            return done.stdout
        refusal = understand(done.stderr)
        pause = next(pauses, None)
        if not refusal.temporary or pause is None:
            raise _error(arguments, refusal)
        time.sleep(pause)


def _run(
    arguments: tuple[str, ...], cwd: Path | None, env: Mapping[str, str], stdin: bytes
) -> "subprocess.CompletedProcess[bytes]":
    command = ["git", *arguments]
    try:
        return subprocess.run(command, cwd=cwd, env=env, input=stdin, capture_output=True, check=False)
    except FileNotFoundError:
        raise Error("git is not installed", hint=_INSTALL) from None


def _error(arguments: tuple[str, ...], refusal: Refusal) -> GitError:
    return GitError(f"git {_verb(arguments)} failed: {refusal.message}", hint=refusal.hint, code=refusal.code)


def check(*, commits: bool = True) -> None:
    """Make sure that git is there and new enough; and, where commits are made, that it knows whose they are."""
    check_version()
    if commits:
        check_identity()


def check_version() -> str:
    """Git's version; `Error` where it is missing or too old."""
    version = tuple(int(part) for part in re.findall(r"\d+", run("--version"))[:2])
    named = ".".join(map(str, version))
    if version < _OLDEST:
        raise Error(f"git {named} is too old", hint=_INSTALL)
    return named


def check_identity() -> str:
    """Whose commits git makes, as in `Ann <ann@example.com>`; `Error` where it does not know."""
    try:
        line = run("-c", "user.useConfigOnly=true", "var", "GIT_COMMITTER_IDENT")
    except GitError:
        raise Error(
            "git does not know who you are, so it cannot commit",
            hint='git config --global user.name "Your Name" && git config --global user.email you@example.com',
        ) from None
    return line.rpartition(">")[0] + ">"


def init(path: Path) -> None:
    """Make an empty repository whose branch is `main`, whatever the person's default is."""
    run("init", "--quiet", "--initial-branch=main", "--template=", str(path))


def init_scratch(path: Path) -> None:
    """Make an empty repository that is nobody's own: its files are what is committed, byte for byte."""
    run("init", "--quiet", "--initial-branch=main", f"--template={SCRATCH}", str(path))


def init_bare_scratch(path: Path) -> None:
    """Make an empty bare repository that is nobody's own."""
    run("init", "--quiet", "--bare", "--initial-branch=main", f"--template={SCRATCH}", str(path))


def clone_scratch(url: str, path: Path, env: Mapping[str, str] | None = None) -> None:
    """Clone into a bare repository that is nobody's own."""
    run("clone", "--quiet", "--bare", f"--template={SCRATCH}", url, str(path), env=env)


def set_origin(path: Path, url: str) -> None:
    """Make a URL the remote `origin` that `main` is pushed to and pulled from."""
    with (path / ".git" / "config").open("a", encoding="utf-8") as config:
        config.write(f'[remote "origin"]\n\turl = {_quoted(url)}\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n')
        config.write('[branch "main"]\n\tremote = origin\n\tmerge = refs/heads/main\n')


def commit_all(path: Path, message: str, env: Mapping[str, str] | None = None) -> None:
    """Commit everything in the working copy."""
    add_all(path)
    run("commit", "--quiet", "--message", message, cwd=path, env=env)


def add_all(path: Path, env: Mapping[str, str] | None = None) -> None:
    """Add everything in a folder, byte for byte, to its repository's index, or to the one that `env` names.

    Also what the folder's own `.gitignore` names: a template that ignores a file that it renders takes it from nobody.
    """
    # Every file counts as a big one: they go into one pack, which takes a third of the time of a file each.
    settings = configuration(*EXACT, ("core.bigFileThreshold", "1"))
    run("add", "--all", "--force", ".", cwd=path, env=settings | dict(env or {}))


def head(path: Path) -> str | None:
    """The commit a working copy has checked out; None before the first one or where there is no repository."""
    try:
        return run("rev-parse", "--verify", "--quiet", "HEAD", cwd=path).strip() or None
    except GitError:
        return None


def commit(path: Path) -> Commit | None:
    """The commit a working copy has checked out, and whether the files differ from it."""
    sha = head(path)
    return Commit(sha, dirty=bool(run("status", "--porcelain", cwd=path).strip())) if sha else None


def tracked(repository: Path) -> list[str]:
    """Names of the files that Git tracks or would track and that are there, sorted.

    Raises:
        Invalid: It is no Git repository.
    """
    plain = ("-c", "=".join(UNMONITORED))
    command = ["git", "-C", str(repository), *plain, "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    environ = {name: value for name, value in inheritable().items() if not name.startswith("GIT_")}
    try:
        answer = subprocess.run(command, capture_output=True, check=False, env=environ)
    except FileNotFoundError:
        raise Error("git is not installed", hint="install git and run the same command again") from None
    if answer.returncode != 0:
        why = answer.stderr.decode(errors="replace").strip().splitlines()
        raise Invalid(f"the files of {repository} cannot be listed: {why[-1] if why else 'git failed'}")
    names = {os.fsdecode(name).rstrip("/") for name in answer.stdout.split(b"\0") if name}
    return sorted(name for name in names if os.path.lexists(repository / name))


def top(path: Path) -> Path | None:
    """The root of the working copy that a folder stands in, or None."""
    try:
        return Path(run("rev-parse", "--show-toplevel", cwd=path).strip())
    except NotADirectoryError:
        return None
    except GitError as error:
        if _DUBIOUS in error.message:
            raise  # it is one, but another user's: git wants to be told that this is meant
        return None


def read(path: Path, revision: str, file: str) -> str | None:
    """A committed file's text, or None."""
    try:
        return run("show", f"{revision}:{file}", cwd=path)
    except GitError:
        return None


def unpushed(path: Path) -> list[str]:
    """The commits of HEAD, branches and tags that no remote branch has, as far as was fetched or pushed."""
    return run("rev-list", "HEAD", "--branches", "--tags", "--not", "--remotes", cwd=path).split()


def has_commit(path: Path, sha: str) -> bool:
    """Whether a working copy has a commit."""
    try:
        run("cat-file", "-e", f"{sha}^{{commit}}", cwd=path)
    except GitError:
        return False
    return True


def branch(path: Path) -> str | None:
    """The branch that is checked out; None where HEAD is detached."""
    try:
        return run("symbolic-ref", "--quiet", "--short", "HEAD", cwd=path).strip()
    except GitError:
        return None


def commit_of(path: Path, revision: str) -> str | None:
    """The commit that a revision names, or None."""
    try:
        return run("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}", cwd=path).strip()
    except GitError:
        return None


def is_ancestor(path: Path, commit: str, of: str) -> bool:
    """Whether a commit is part of another's history; one that is not even there is not."""
    try:
        run("merge-base", "--is-ancestor", commit, of, cwd=path)
    except GitError:
        return False
    return True


def same_files(path: Path, one: str, other: str) -> bool:
    """Whether two commits hold the same files, whatever their history."""
    return run("rev-parse", f"{one}^{{tree}}", cwd=path) == run("rev-parse", f"{other}^{{tree}}", cwd=path)


def push(path: Path, url: str, *refs: str, env: Mapping[str, str] | None = None) -> None:
    """Push refs, all or none."""
    run("push", "--quiet", "--atomic", url, *refs, cwd=path, env=env)


def clone(url: str, path: Path, env: Mapping[str, str] | None = None) -> None:
    """Clone into an empty place; the remote is `origin`."""
    run("clone", "--quiet", "--origin", "origin", url, str(path), env=env)


def origin(path: Path) -> str | None:
    """The URL of a working copy's `origin`, as it is configured; None where there is none."""
    try:
        return run("config", "--get", "remote.origin.url", cwd=path).strip() or None
    except GitError:
        return None


def remote_refs(url: str, env: Mapping[str, str] | None = None) -> dict[str, str]:
    """What a remote has: full ref names and their commits (a tag's commit, where the tag is an object of its own)."""
    refs = {}
    for line in run("ls-remote", url, env=env).splitlines():
        sha, _, name = line.partition("\t")
        refs[name.removesuffix("^{}")] = sha
    return refs


def _quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _verb(arguments: tuple[str, ...]) -> str:
    words = iter(arguments)
    return next((word for word in words if not (word == "-c" and next(words)) and not word.startswith("-")), "")
