"""The sessions of the documents are typed as they stand there, page by page, and print what the pages show."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from reference.documents import DOCUMENTS, shape
from tests.docs.sessions import PAGES, ROOT, Block, Typed, blocks, edited, pattern

WITH_SESSIONS = [page for page in PAGES if any(block.is_run for block in blocks(page))]


class Reader:
    """Somebody who types what a page shows, in a folder with a home of their own."""

    def __init__(self, folder: Path, environments: Path) -> None:
        """Begin with nothing but what the environments of images cost minutes to make."""
        self.here = folder
        self._exports = folder.parent / "exports"
        home = folder.parent / "you"
        (home / ".local/share/mlops-new").mkdir(parents=True)
        (home / ".local/share/mlops-new/environments").symlink_to(environments)
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        kept = {name: value for name, value in os.environ.items() if name != "MLOPS_NEW_HOME"}
        self._env = kept | {"HOME": str(home), "XDG_DATA_HOME": str(home / ".local/share"), "PATH": path}
        self._exports.touch()

    def type(self, command: str) -> tuple[int, str]:
        """The exit code, and both streams as a terminal shows them. Folder and exported variables last."""
        script = (
            f"cd {shlex.quote(str(self.here))}; . {shlex.quote(str(self._exports))}\n{command}\ncode=$?\n"
            f"export -p >{shlex.quote(str(self._exports))}; pwd >{shlex.quote(str(self._exports))}.folder; exit $code"
        )
        done = subprocess.run(
            ["bash", "-c", script],
            env=self._env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        self.here = Path(self._exports.with_name("exports.folder").read_text(encoding="utf-8").strip())
        return done.returncode, done.stdout

    def edit(self, block: Block) -> None:
        """Change a file as the page shows it."""
        file = self.here / block.title
        file.write_text(edited(file.read_text(encoding="utf-8"), block.text), encoding="utf-8")


@pytest.fixture
def reader(tmp_path: Path, shared_home: Path, data_python: Path) -> Reader:
    folder = tmp_path / "work"
    folder.mkdir()
    shutil.copy(ROOT / "docs" / "customers.csv", folder)
    return Reader(folder, shared_home / "environments")


@pytest.mark.slow
@pytest.mark.parametrize("page", WITH_SESSIONS, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_a_page_is_true(page: Path, reader: Reader) -> None:
    for block in blocks(page):
        if block.is_run and block.language == "diff":
            reader.edit(block)
        elif block.is_run:
            *before, last = block.typed
            for typed in before:
                check(typed, reader)
            check(last, reader, int(block.marks.get("exit", "0")))
    if page.name == "own-data.md":
        compare_documents(reader)


def check(typed: Typed, reader: Reader, expected: int = 0) -> None:
    code, printed = reader.type(typed.command)
    assert code == expected, f"$ {typed.command}\n{printed}"
    if typed.printed is not None:
        shown = [*typed.printed]
        while shown and not shown[-1]:
            shown.pop()
        assert re.fullmatch(pattern(shown), printed), "\n".join(
            [f"$ {typed.command}", printed, "is not what the page shows:", *shown]
        )


def compare_documents(reader: Reader) -> None:
    """What the page of `--json` shows has the members that the program prints at the end of that page."""
    for name, (folder, command) in DOCUMENTS.items():
        _, printed = reader.type(f"(cd {folder} && {command} 2>/dev/null)")
        assert printed, command
        shown = json.loads((ROOT / "docs" / "json" / f"{name}.json").read_text(encoding="utf-8"))
        assert shape(json.loads(printed)) == shape(shown), command
