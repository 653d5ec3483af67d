"""The three-way merge of one repository, in scratch: the template then, the template now, and what people made of it.

Both versions of the template are rendered with the repository's answers. Git merges: what the template changed is
picked onto `main`, with the old render as the base. So conflicts are Git's own, and nothing is deleted unseen.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from mlops_new import definition
from mlops_new.errors import Error
from mlops_new.names import ANSWERS_FILE, DEFINITIONS, Kind
from mlops_new.system import git
from mlops_new.system.git_trees import Entry, Tree, listing, with_entries
from mlops_new.update.merge_result import Change, Clash, Merged

BOTH_CHANGED = "changed here and in the template"
BOTH_ADDED = "added here and in the template"
MOVED = "moved here or in the template"
DEFINITION = "the pipeline changed here and in the template: `make definition` compiles it"
# Files that only begin alike are not one file moved. Nobody's own settings decide how is merged.
_PICK = ("-c", "merge.conflictStyle=merge", "-c", "rerere.enabled=false", "-c", "merge.renames=true",
         "cherry-pick", "--no-commit", "-X", "find-renames=75%")  # fmt: skip
_WORDS = {"A": "added", "M": "changed", "T": "changed", "D": "deleted", "R": "renamed"}


@dataclass(frozen=True)
class Renders:
    """The template with a repository's answers.

    Args:
        base: As of the version that the repository records, a tree of the scratch repository.
        theirs: As of the version that it is brought to, a tree too.
        lagging: Files of the repository that are as of an earlier version than it records, or never arrived (None).
        only_new: Whether the template gives a file only to repositories that do not have it (`_skip_if_exists`).
    """

    base: str
    theirs: str
    lagging: Mapping[str, Entry | None]
    only_new: Callable[[str], bool]


def merge(place: Path, main: str, kind: Kind, renders: Renders, message: str) -> Merged:
    """Merge in a scratch repository.

    Args:
        place: The repository; its work tree is overwritten.
        main: The commit that the update starts from.
        kind: Build or deploy.
        renders: The template's two sides.
        message: Of the commit.
    """
    ours = listing(place, main)
    base, theirs = _sides(place, ours, renders, message)
    git.run("checkout", "--quiet", "--force", "--detach", main, cwd=place)
    settled = pick(place, theirs, kind)
    now, then = listing(place, theirs), listing(place, base)
    moved = {path for path in {*now, *then} if now.get(path) != then.get(path)}
    both = sorted(path for path in moved & ours.keys() if path in then and ours[path] != then[path])
    # What Git has put aside is called like the file, with `~` and whose it is behind.
    clashing = {name for clash in settled.clashes for name in (clash.path, clash.path.partition("~")[0])}
    decided = clashing | {*settled.kept, *settled.stays_deleted, ANSWERS_FILE}
    return replace(
        settled,
        tree=None if settled.clashes else git.run("write-tree", cwd=place).strip(),
        changes=_changes(place, main),
        both=tuple(path for path in both if path not in decided and ours[path] != now.get(path)),
        healed=tuple(sorted(renders.lagging)),
    )


def pick(place: Path, theirs: str, kind: Kind) -> Merged:
    """Pick the template's side onto what is checked out, and settle what needs no person.

    Args:
        place: The repository.
        theirs: The template's side, a commit whose parent is the base.
        kind: Build or deploy.
    """
    try:
        git.run(*_PICK, theirs, cwd=place)
    except git.GitError:
        if not _unmerged(place):
            raise
    return _settle(place, theirs, kind)


def _sides(place: Path, ours: Tree, renders: Renders, message: str) -> tuple[str, str]:
    """The base and the template's side as commits, one the child of the other."""
    kept = [path for path in ours if renders.only_new(path)]
    base = with_entries(place, renders.base, dict.fromkeys(kept) | dict(renders.lagging))
    theirs = with_entries(place, renders.theirs, dict.fromkeys(kept))
    parent = git.run("commit-tree", base, "-m", "the template that was", cwd=place, env=git.NOBODY).strip()
    return parent, git.run("commit-tree", theirs, "-p", parent, "-m", message, cwd=place, env=git.NOBODY).strip()


def _settle(place: Path, theirs: str, kind: Kind) -> Merged:
    clashes: list[Clash] = []
    kept: list[str] = []
    gone: list[str] = []
    left = _unmerged(place)
    ours = listing(place, "HEAD") if left else {}
    for path, stages in left.items():
        match sorted(stages):
            case _ if path == ANSWERS_FILE:
                pass  # below
            case [1, 2] if path not in ours:  # put aside by Git, under another name: a folder has taken its own
                clashes.append(Clash(path, MOVED))
            case [1, 2]:
                git.run("add", "--force", "--", path, cwd=place)
                kept.append(path)
            case [1, 3]:
                git.run("rm", "--quiet", "--force", "--", path, cwd=place)
                gone.append(path)
            case numbers:
                clashes.append(Clash(path, _why(numbers)))
    git.run("checkout", "--quiet", theirs, "--", ANSWERS_FILE, cwd=place)
    clashes = [_definition_clash(place, clash, kind) for clash in clashes]
    clashes += [clash for path in DEFINITIONS[kind].values() if (clash := _broken(place, path, clashes))]
    return Merged(None, theirs, (), clashes=tuple(clashes), kept=tuple(kept), stays_deleted=tuple(gone))


def _why(stages: Iterable[int]) -> str:
    match list(stages):
        case [1, 2, 3]:
            return BOTH_CHANGED
        case [2, 3]:
            return BOTH_ADDED
        case _:
            return MOVED


def _definition_clash(place: Path, clash: Clash, kind: Kind) -> Clash:
    """A definition is compiled, not merged by hand: until then it stays what it was, which parses."""
    if clash.path not in DEFINITIONS[kind].values():
        return clash
    _restore(place, clash.path)
    return Clash(clash.path, DEFINITION)


def _broken(place: Path, path: str, clashes: Iterable[Clash]) -> Clash | None:
    """A definition that merged line by line into something that is none."""
    file = place / path
    if any(clash.path == path for clash in clashes) or not file.is_file():
        return None
    try:
        definition.check(definition.parse(file.read_bytes(), source=path), source=path)
    except Error:
        _restore(place, path)
        return Clash(path, DEFINITION)
    return None


def _restore(place: Path, path: str) -> None:
    text = git.read(place, "HEAD", path)
    if text is not None:
        (place / path).write_text(text, encoding="utf-8", errors="surrogateescape")


def _unmerged(place: Path) -> dict[str, set[int]]:
    found: dict[str, set[int]] = {}
    for record in git.run("ls-files", "--unmerged", "-z", cwd=place).split("\0"):
        if record:
            about, path = record.split("\t", 1)
            found.setdefault(path, set()).add(int(about.split()[2]))
    return found


def unmerged(place: Path) -> list[str]:
    """Files that a merge in a working copy has left to a person."""
    return sorted(_unmerged(place))


def _changes(place: Path, main: str) -> tuple[Change, ...]:
    """What the index has that `main` has not, but for what is in conflict."""
    counts = dict(_counts(git.run("diff-index", "--cached", "-M", "--numstat", "-z", main, cwd=place)))
    words = iter(git.run("diff-index", "--cached", "-M", "--raw", "-z", main, cwd=place).split("\0")[:-1])
    changes = []
    for about in words:  # modes, blobs and a letter, a rename's with a number behind it; then one path, or two
        before, after, old, new, status = about.lstrip(":").split()
        was = next(words) if status[0] == "R" else ""
        path = next(words)
        if status[0] in _WORDS and path != ANSWERS_FILE:
            mode = _MODES.get(after, "") if status[0] not in "AD" and before != after else ""
            what = "mode" if mode and old == new and not was else _WORDS[status[0]]
            changes.append(Change(path, what, *counts.get(path, (0, 0)), was=was, mode=mode))
    return tuple(changes)


_MODES = {"100755": "executable", "100644": "no program any more", "120000": "a symbolic link"}


def _counts(output: str) -> Iterable[tuple[str, tuple[int, int]]]:
    """Lines that came and went, by path; a binary file has none."""
    words = iter(output.split("\0")[:-1])
    for word in words:
        added, removed, path = word.split("\t", 2)
        if not path:  # a rename: the two paths follow
            next(words)
            path = next(words)
        yield path, (_number(added), _number(removed))


def _number(text: str) -> int:
    return int(text) if text.isdigit() else 0
