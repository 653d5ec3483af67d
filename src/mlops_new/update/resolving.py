"""Conflicts are resolved by people, in their working copies: putting them there, and taking what they made of them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from mlops_new import definition
from mlops_new.errors import Conflict, Error, Invalid
from mlops_new.names import ANSWERS_FILE, DEFINITIONS, Kind
from mlops_new.ports.git_host import GitAccess
from mlops_new.ports.templates import Template
from mlops_new.system import git
from mlops_new.template.pushing import push_and_settle
from mlops_new.template.versions import branch, branch_version, recorded
from mlops_new.update import branches
from mlops_new.update.merge import pick, unmerged
from mlops_new.update.merge_result import Updated
from mlops_new.update.prepare import Prepared

_PICKED = "refs/mlops-new/picked"
_MARKERS = r"^(<{7} |>{7} )"


def check_out(prepared: Prepared, copies: Mapping[Kind, Path]) -> None:
    """Put an update into the working copies: a commit where it merged, and conflicts where it did not.

    Raises:
        Invalid: a working copy is missing, or has such a branch already.
    """
    name = branch(prepared.target.version)
    todo = [one for one in prepared.repositories if one.merged]
    for one in todo:
        path = copies.get(one.side.kind)
        if path is None:
            raise Invalid(
                f"there is no working copy of {one.side.slug} to resolve conflicts in",
                hint=f"mlops-new project {prepared.name} clones it; -C says where",
            )
        if git.commit_of(path, f"refs/heads/{name}"):
            raise Invalid(
                f"{path} has the branch {name} already",
                hint=f"`mlops-new update --continue` goes on with it; git -C {path} branch -D {name} gives it up",
            )
    for one in todo:
        _check_out(one, copies[one.side.kind], name)


def _check_out(updated: Updated, path: Path, name: str) -> None:
    merged = updated.merged
    if merged is None:
        return
    tip = branches.commit(updated.side, merged.tree, updated.target, updated.given) if merged.tree else merged.theirs
    git.run("update-ref", _PICKED, tip, cwd=updated.side.place)
    git.run("update-ref", f"{_PICKED}-onto", updated.side.main, cwd=updated.side.place)
    git.run("fetch", "--quiet", "--no-tags", str(updated.side.place), _PICKED, f"{_PICKED}-onto", cwd=path)
    git.run("switch", "--quiet", "--no-track", "--create", name, tip if merged.tree else updated.side.main, cwd=path)
    if not merged.tree:
        pick(path, tip, updated.side.kind)


@dataclass(frozen=True)
class Taken:
    """What was resolved and is on the Git host now.

    Args:
        template: The version that the working copies went to.
        pushed: The URLs of the repositories that were pushed to.
    """

    template: Template
    pushed: tuple[str, ...]


def take(name: str, copies: Mapping[Kind, Path], access: GitAccess) -> Taken:
    """Commit what was resolved, and push both branches; nothing is pushed before both are whole.

    Args:
        name: The project.
        copies: Its working copies.
        access: Git's way to the Git host.

    Raises:
        Invalid: no working copy is in the middle of an update.
        Error: something is not resolved, naming it.
    """
    found = {kind: (path, on) for kind, path in copies.items() if (on := git.branch(path)) and branch_version(on)}
    names = {on for _, on in found.values()}
    if len(names) != 1:
        several = f"the working copies of {name} are on two updates: {', '.join(sorted(names))}"
        raise Invalid(
            several if names else f"no working copy of {name} is in the middle of an update",
            hint="`mlops-new update --resolve` begins one where it conflicts",
        )
    for kind, (path, on) in found.items():
        faults = list(_faults(path, kind, str(branch_version(on))))
        if faults:
            raise Error(f"{path} is not resolved: {'; '.join(faults)}", hint="mend it, git add it, run this again")
    for path, on in found.values():
        if git.run("status", "--porcelain", cwd=path).strip():
            git.run("commit", "--quiet", "--message", f"Update to template {branch_version(on)}", cwd=path)
    for path, _ in found.values():
        _refuse_overtaken(path, access)
    pushed = [git.origin(path) or str(path) for path, on in found.values() if _push(path, on, access)]
    path = next(iter(found.values()))[0]
    return Taken(recorded((path / ANSWERS_FILE).read_text(encoding="utf-8")).template, tuple(pushed))


def _refuse_overtaken(path: Path, access: GitAccess) -> None:
    """Raise where `main` has moved on at the Git host, which the update would then have to be made on again."""
    url = git.origin(path) or ""
    with access.credentials(url) as env:
        main = git.remote_refs(url, env).get("refs/heads/main")
    if main and not git.is_ancestor(path, main, "HEAD"):
        raise Error(
            f"main of {url} has moved on since this update was begun, and nothing was pushed",
            hint=f"git -C {path} pull --no-rebase origin main, mend what conflicts, and run this again",
        )


def leave(copies: Mapping[Kind, Path], version: str) -> None:
    """Go back to `main` where an update's branch is checked out that the Git host has: it was only for resolving."""
    name = branch(version)
    for path in copies.values():
        there = git.commit_of(path, f"refs/remotes/origin/{name}")
        is_clean = not git.run("status", "--porcelain", cwd=path).strip()
        if git.branch(path) == name and is_clean and there == git.head(path) and git.commit_of(path, "refs/heads/main"):
            git.run("switch", "--quiet", "main", cwd=path)
            git.run("branch", "--quiet", "-D", name, cwd=path)


def _faults(path: Path, kind: Kind, version: str) -> Iterator[str]:
    left = unmerged(path)
    yield from (f"{file} is in conflict" for file in left)
    yield from (f"{file} has conflict markers" for file in _marked(path) if file not in left)
    changed = git.run("diff", "--name-only", "-z", cwd=path).split("\0")
    yield from (f"{file} has changes that are not added" for file in changed if file and file not in left)
    unknown = git.run("ls-files", "--others", "--exclude-standard", "-z", cwd=path).split("\0")[:-1]
    yield from (f"{file} is neither added nor ignored" for file in unknown)
    answers = (path / ANSWERS_FILE).read_text(encoding="utf-8") if (path / ANSWERS_FILE).is_file() else ""
    if recorded(answers).version != version:
        yield f"{ANSWERS_FILE} does not record {version}"
    for file in DEFINITIONS[kind].values():
        try:
            definition.check(definition.parse((path / file).read_bytes(), source=file), source=file)
        except OSError:
            yield f"{file} is missing"
        except Error as error:
            yield error.message


def _marked(path: Path) -> list[str]:
    changed = git.run("diff", "--name-only", "-z", "--diff-filter=d", "HEAD", cwd=path).split("\0")[:-1]
    found = ("--literal-pathspecs", "grep", "-l", "-z", "-E", _MARKERS, "--", *changed)
    try:
        return git.run(*found, cwd=path).split("\0")[:-1] if changed else []
    except git.GitError:  # nothing was found
        return []


def _push(path: Path, name: str, access: GitAccess) -> bool:
    """Push the branch that is checked out; whether the Git host did not have it."""
    ref = f"refs/heads/{name}"
    url = git.origin(path) or ""
    with access.credentials(url) as env:
        tip = git.remote_refs(url, env).get(ref)
        head = git.head(path)
        if tip == head:
            return False
        if tip and not git.is_ancestor(path, tip, "HEAD") and not branches.is_ours(path, tip):
            raise Conflict(
                f"the branch {name} of {url} holds commits that {path} has not",
                hint=f"git -C {path} pull --rebase origin {name}, and run this again",
            )

    def push(env: Mapping[str, str]) -> None:
        lease = f"--force-with-lease={ref}:{tip or ''}"
        git.run("push", "--quiet", lease, "origin", f"HEAD:{ref}", cwd=path, env=env)

    push_and_settle(access, url, push, lambda env: git.remote_refs(url, env).get(ref) == head)
    return True
