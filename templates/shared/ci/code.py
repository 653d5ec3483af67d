"""What this repository's code is, for CI, for Airflow and for images alike: one list, decided here.

    python3 -m ci.code                       name the files
    python3 -m ci.code --publish FOLDER      put them, as they are committed, into FOLDER, with their list

It is what Git tracks, with submodules in their place, without what `.codeignore` names (in the syntax of a
`.gitignore`). `mlops-new run` goes by the same rule. Where no Git is, as in Airflow's folder of DAGs, the published
list says it.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from ci import errors, repository
from ci.errors import CiError, say

IGNORE = ".codeignore"
LISTED = "code.json"  # beside the published files; `dags/published.py` reads it
SUBMODULE, LINK = "160000", "120000"


def files() -> dict[str, Path]:
    """The code of the commit that is checked out: where each file is, by its name in the code."""
    names = _names(repository.ROOT, "HEAD")
    return resolved(repository.ROOT, names)


def resolved(root: Path, names: list[str]) -> dict[str, Path]:
    """Where the content of each file is: a symbolic link stands for what it leads to, as object stores know none.

    Raises:
        CiError: A link leads to what is no part of the code.
    """
    found: dict[str, Path] = {}
    for name in names:
        path = root / name
        if not path.is_symlink():
            found |= {name: path} if path.is_file() else {}
            continue
        target = os.path.relpath(os.path.realpath(path), os.path.realpath(root)).replace(os.sep, "/")
        inside = [other for other in names if other.startswith(f"{target}/") and not (root / other).is_symlink()]
        if target in names and not (root / target).is_symlink():
            found[name] = root / target
        elif inside and not name.startswith(f"{target}/"):
            found |= {name + other[len(target) :]: root / other for other in inside}
        else:
            raise CiError(f"{name} is a link to {path.readlink()}, which is no part of this repository's code")
    return dict(sorted(found.items()))


def export(commit: str, folder: Path) -> None:
    """Put every file of a commit into a folder, those of submodules in their place, all as old as the commit."""
    epoch = int(repository.git("show", "--no-patch", "--format=%ct", commit))
    _export(repository.ROOT, commit, folder)
    for path in [*folder.rglob("*"), folder]:
        os.utime(path, (epoch, epoch), follow_symlinks=False)


def publish(folder: Path) -> None:
    """Put the committed code into a folder, with its list and its commit; what is no part of it any more goes."""
    before = json.loads((folder / LISTED).read_text(encoding="utf-8")) if (folder / LISTED).is_file() else []
    with TemporaryDirectory() as place:
        export("HEAD", Path(place))
        found = resolved(Path(place), _names(repository.ROOT, "HEAD"))
        for name, path in found.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).unlink(missing_ok=True)  # a link there would lead elsewhere
            shutil.copy2(path, folder / name)
    for name in set(before) - set(found):
        (folder / name).unlink(missing_ok=True)
    (folder / LISTED).write_text(json.dumps(list(found), indent=0, ensure_ascii=False) + "\n", encoding="utf-8")
    (folder / "commit").write_text(repository.commit() + "\n", encoding="utf-8")
    _hide_from_airflow(folder, list(found))


def _hide_from_airflow(folder: Path, names: list[str]) -> None:
    """Airflow looks for DAGs in every file; of these, only `dags/` has some."""
    ignore = folder / ".airflowignore"
    known = ignore.read_text(encoding="utf-8").splitlines() if ignore.is_file() else []
    tops = {f"{name.split('/')[0]}/" if "/" in name else name for name in names if name.endswith(".py") or "/" in name}
    more = sorted(top for top in tops - {"dags/"} if not top.startswith(".") and top not in known)
    ignore.write_text("".join(f"{line}\n" for line in [*known, *more]), encoding="utf-8")


def _names(root: Path, commit: str, below: str = "") -> list[str]:
    """Every file of a commit that is code, submodules' in their place, links unresolved."""
    ignored = _ignored(root)
    found = []
    for mode, blob, name in _entries(root, commit):
        if name in ignored:
            continue
        if mode == SUBMODULE:
            found += _names(_checked_out(root / name, blob, below + name), blob, f"{below}{name}/")
        else:
            found.append(below + name)
    return sorted(found)


def _ignored(root: Path) -> set[str]:
    if not (root / IGNORE).is_file():
        return set()
    listed = _git(root, "ls-files", "--cached", "--ignored", "-z", f"--exclude-from={IGNORE}")
    return {os.fsdecode(name) for name in listed.split(b"\0")}


def _entries(root: Path, commit: str) -> list[tuple[str, str, str]]:
    """Mode, hash and name of everything in a commit."""
    found = []
    for record in _git(root, "ls-tree", "-r", "-z", "--full-tree", commit).split(b"\0")[:-1]:
        about, name = record.split(b"\t", 1)
        mode, _, blob = about.decode().split()
        found.append((mode, blob, os.fsdecode(name)))
    return found


def _checked_out(path: Path, commit: str, name: str) -> Path:
    way_on = "git submodule update --init --recursive"
    if not (path / ".git").exists():
        raise CiError(f"the submodule {name} is not checked out: {way_on}")
    try:
        _git(path, "cat-file", "-e", commit + "^{commit}")
    except CiError as error:
        raise CiError(f"the submodule {name} has not the commit that belongs here: {way_on}") from error
    return path


def _export(root: Path, commit: str, folder: Path) -> None:
    entries = _entries(root, commit)
    folder.mkdir(parents=True, exist_ok=True)
    for mode, blob, name in entries:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if mode == SUBMODULE:
            _export(_checked_out(root / name, blob, name), blob, target)
        elif mode == LINK:
            target.symlink_to(os.fsdecode(_git(root, "cat-file", "blob", blob)))
    _write(root, [(blob, name, folder / name, mode) for mode, blob, name in entries if mode not in {SUBMODULE, LINK}])


def _write(root: Path, wanted: list[tuple[str, str, Path, str]]) -> None:
    """Write files as a checkout does, Git's filters applied: what is in Git LFS is no pointer then."""
    asked = "".join(f"{blob} {name}\n" for blob, name, _, _ in wanted)
    rest = _git(root, "cat-file", "--batch", "--filters", stdin=os.fsencode(asked))
    for _, _, target, mode in wanted:
        head, _, rest = rest.partition(b"\n")
        size = int(head.split()[-1])
        target.write_bytes(rest[:size])
        target.chmod(0o755 if mode == "100755" else 0o644)
        rest = rest[size + 1 :]


def _git(root: Path, *arguments: str, stdin: bytes = b"") -> bytes:
    """What git answers in a repository, byte for byte."""
    command = ["git", "-c", f"safe.directory={root}", *arguments]
    try:
        done = subprocess.run(command, cwd=root, capture_output=True, check=False, input=stdin)
    except FileNotFoundError:
        raise CiError("git is not installed") from None
    if done.returncode:
        why = done.stderr.decode(errors="replace").strip().splitlines()
        raise CiError(f"git {arguments[0]} failed: {why[-1] if why else f'exit code {done.returncode}'}")
    return done.stdout


def work(options: argparse.Namespace) -> None:
    """Publish, or name the files."""
    if options.publish:
        publish(options.publish)
    else:
        say("\n".join(files()))


def main() -> int:
    """Name the files of the code, or publish them."""
    parser = argparse.ArgumentParser(prog="ci.code", description="What this repository's code is.")
    parser.add_argument("--publish", type=Path, metavar="FOLDER", help="put the committed code and its list there")
    options = parser.parse_args()
    return errors.run("ci.code", lambda: work(options))


if __name__ == "__main__":
    sys.exit(main())
