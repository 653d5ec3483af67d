"""What a template consists of: the one list that is checked, published, packaged and rendered from.

It is what Git tracks, and so what plain `copier copy` of the commit would read: questions, templates, and whatever they
include, wherever in the repository that is. What Git ignores, a `.env` say, is no part of it.
"""

import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mlops_new.errors import Error, Invalid
from mlops_new.system import git
from mlops_new.template.questions import FILES

FILE, PROGRAM, LINK, SUBMODULE = "100644", "100755", "120000", "160000"
_LFS = b"version https://git-lfs.github.com/spec/"


@dataclass(frozen=True)
class TemplateFile:
    """A file of a template.

    Args:
        name: From the template's root, with slashes.
        mode: As Git has it: a file, a program or a symbolic link.
        content: Of a link, where it leads to.
    """

    name: str
    mode: str
    content: bytes


def require_template(folder: Path) -> None:
    """Raise where a folder holds no template."""
    if not any((folder / name).is_file() for name in FILES):
        raise Invalid(f"{folder} holds no templates: it has no {FILES[0]}", hint="name the folder of a template")


def is_tracked(folder: Path) -> bool:
    """Whether Git says what belongs to a template: its questions are committed."""
    if not folder.is_dir() or git.top(folder) is None or git.head(folder) is None:
        return False
    return bool(git.run("ls-files", "--", *FILES, cwd=folder).strip())


def standing(folder: Path, below: Sequence[str] = ()) -> list[TemplateFile]:
    """A template as it stands on disk, what is not committed yet included.

    Args:
        folder: Its root; in a Git repository the files that Git tracks or would track, else all that no `.gitignore`
            and no tool's name excludes.
        below: Only what is in these folders, or is one of these files.
    """
    names = git.tracked(folder) if is_tracked(folder) else _plain(folder)
    chosen = [name for name in names if not below or name.split("/")[0] in below]
    return [one for name in chosen if not _is_litter(name) for one in _read(folder, name)]


def committed(folder: Path) -> list[TemplateFile]:
    """A template as its Git repository has it committed, submodules in their place.

    Raises:
        Error: what is committed is not what stands there, or not all of it is at hand.
    """
    _refuse_changed(folder)
    prefix = git.run("rev-parse", "--show-prefix", cwd=folder).strip()
    return list(_committed(folder, f"HEAD:{prefix}" if prefix else "HEAD"))


def untracked(folder: Path) -> list[str]:
    """Files of a template's repository that are neither committed nor ignored, and so are not published."""
    others = git.run("ls-files", "--others", "--exclude-standard", "-z", cwd=folder)
    return sorted(name for name in others.split("\0") if name and not _is_litter(name))


def _refuse_changed(folder: Path) -> None:
    changed = git.run("status", "--porcelain", "-z", "--untracked-files=no", "--no-renames", ".", cwd=folder)
    if names := sorted(record[3:] for record in changed.split("\0") if record):
        raise Error(
            f"{folder} has changes that are not committed, and a version is a commit: {', '.join(names[:5])}",
            hint="commit them, or put them away with git stash",
        )


def _committed(folder: Path, tree: str, below: str = "") -> Iterator[TemplateFile]:
    entries = list(_entries(folder, tree))
    contents = iter(_contents(folder, [blob for mode, blob, _ in entries if mode != SUBMODULE]))
    for mode, blob, name in entries:
        if mode == SUBMODULE:
            yield from _submodule(folder / name, blob, f"{below}{name}")
        elif name != ".gitmodules":  # what they name is in its place
            content = next(contents)
            _refuse_pointer(name, content)
            yield TemplateFile(f"{below}{name}", mode, content)
        else:
            next(contents)


def _entries(folder: Path, tree: str) -> Iterator[tuple[str, str, str]]:
    for record in git.run("ls-tree", "-r", "-z", "--full-tree", tree, cwd=folder).split("\0")[:-1]:
        about, name = record.split("\t", 1)
        mode, _, blob = about.split()
        yield mode, blob, name


def _contents(folder: Path, blobs: Sequence[str]) -> Iterator[bytes]:
    """What blobs hold, by one process of Git's."""
    rest = git.run_bytes("cat-file", "--batch", cwd=folder, stdin="".join(f"{blob}\n" for blob in blobs).encode())
    for _ in blobs:
        head, _, rest = rest.partition(b"\n")
        size = int(head.split()[2])
        yield rest[:size]
        rest = rest[size + 1 :]


def _submodule(folder: Path, commit: str, name: str) -> Iterator[TemplateFile]:
    if git.top(folder) != folder.resolve() or not git.has_commit(folder, commit):
        raise Error(
            f"the submodule {name} is not checked out at the commit that belongs to the template",
            hint="git submodule update --init --recursive",
        )
    yield from _committed(folder, commit, f"{name}/")


def _refuse_pointer(name: str, content: bytes) -> None:
    if content.startswith(_LFS):
        raise Error(
            f"{name} is in Git LFS, and a template repository has no server for it",
            hint="commit it as an ordinary file: git lfs migrate export --include=" + name,
        )


def _read(folder: Path, name: str) -> Iterator[TemplateFile]:
    path = folder / name
    if path.is_symlink():
        yield TemplateFile(name, LINK, os.fsencode(path.readlink()))
    elif path.is_dir():  # a submodule
        yield from (
            TemplateFile(f"{name}/{one.name}", one.mode, one.content)
            for one in standing(path)
            if one.name != ".gitmodules"
        )
    elif path.is_file() and name != ".gitmodules":
        mode = PROGRAM if path.stat().st_mode & 0o100 else FILE
        yield TemplateFile(name, mode, path.read_bytes())


def _plain(folder: Path) -> list[str]:
    """The files of a folder that is no Git repository, without those that its own `.gitignore` files name."""
    with tempfile.TemporaryDirectory(prefix="mlops-new-") as nowhere:
        git.init_scratch(Path(nowhere))
        env = {"GIT_DIR": f"{nowhere}/.git", "GIT_WORK_TREE": str(folder.absolute())}
        found = git.run("ls-files", "--others", "--exclude-per-directory=.gitignore", "-z", cwd=folder, env=env)
    return sorted(name.rstrip("/") for name in found.split("\0") if name and not _is_secret(name))


def _is_secret(name: str) -> bool:
    """Where nothing says what belongs to a folder, what holds secrets by its name does not."""
    last = name.rsplit("/", 1)[-1]
    return last == ".env" or last.startswith(".env.")


def _is_litter(name: str) -> bool:
    """What tools leave behind where people work on templates."""
    parts = name.split("/")
    return any(part in {"__pycache__", ".git"} or part.endswith("_cache") or part.startswith(".venv") for part in parts)
