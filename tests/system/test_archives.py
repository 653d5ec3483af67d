"""Archives that would write outside of their folder, on Pythons that check members and on those that do not."""

import importlib.util
import io
import stat
import sys
import tarfile
from pathlib import Path
from types import ModuleType

import pytest

from mlops_new.system import archives

BUILD = Path(__file__).parents[2] / "templates" / "build"
Member = tuple[str, bytes, str]
FILE, LINK, HARD = tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE

OUTSIDE: dict[str, list[Member]] = {
    "path out": [("../evil", FILE, "")],
    "deep path out": [("a/b/../../../evil", FILE, "")],
    "absolute": [("/tmp/evil", FILE, "")],  # noqa: S108
    "link out": [("a", LINK, "../evil")],
    "deep link out": [("a/b", LINK, "../../evil")],
    "absolute link": [("a", LINK, "/etc")],
    "through a link": [("a", LINK, "."), ("a/evil", FILE, "")],
    "through a link to a link": [("a", LINK, "."), ("b", LINK, "a/.."), ("c", FILE, "")],
    "over a link": [("a", LINK, "b"), ("a", FILE, "")],
    "over a link in capitals": [("a", LINK, "b"), ("A", FILE, "")],
    "hard link out": [("a", HARD, "../evil")],
    "hard link to nothing": [("a", HARD, "b")],
    "hard link to a link": [("b", LINK, "c"), ("a", HARD, "b")],
    "absolute hard link": [("a", HARD, "/etc/hostname")],
    "character device": [("a", tarfile.CHRTYPE, "")],
    "block device": [("a", tarfile.BLKTYPE, "")],
    "pipe": [("a", tarfile.FIFOTYPE, "")],
}
INSIDE: list[Member] = [
    ("code", tarfile.DIRTYPE, ""),
    ("./code/model.py", FILE, ""),
    ("code/same.py", LINK, "model.py"),
    ("code/up.txt", LINK, "../notes..txt"),
    ("notes..txt", FILE, ""),
    ("twice.txt", HARD, "notes..txt"),
    (".hidden", FILE, ""),
]


@pytest.fixture(params=["checked", "unchecked"])
def _python(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Python 3.11.0 to 3.11.3 have no `data_filter`, and check nothing."""
    if request.param == "unchecked":
        monkeypatch.delattr(tarfile, "data_filter")
        monkeypatch.setattr(tarfile.TarFile, "extraction_filter", staticmethod(lambda member, _: member), raising=False)


@pytest.fixture(params=["program", "template"])
def module(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The program's, and that of a build repository."""
    if request.param == "program":
        return archives
    monkeypatch.syspath_prepend(str(BUILD))
    specification = importlib.util.spec_from_file_location("template_unpacking", BUILD / "unpacking.py")
    assert specification is not None
    assert specification.loader is not None
    found = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(found)
    for name in [name for name in sys.modules if name.split(".")[0] == "model"]:
        del sys.modules[name]
    return found


def archive(place: Path, members: list[Member]) -> Path:
    path = place / "model.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        for name, kind, target in members:
            member = tarfile.TarInfo(name)
            member.type, member.linkname, member.mode = kind, target, 0o6755
            member.size = 4 if kind == FILE else 0
            tar.addfile(member, io.BytesIO(b"text") if kind == FILE else None)
    return path


def everything(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


@pytest.mark.usefixtures("_python")
@pytest.mark.parametrize("name", OUTSIDE)
def test_nothing_of_an_archive_that_leaves_its_folder_is_unpacked(
    tmp_path: Path, module: ModuleType, name: str
) -> None:
    path = archive(tmp_path, [("fine", FILE, ""), *OUTSIDE[name]])
    with pytest.raises(Exception, match=r"^model.tar.gz cannot be unpacked: '.*' is") as error:
        module.unpack(path, tmp_path / "into")
    assert type(error.value).__name__ in {"Error", "InputError"}
    assert everything(tmp_path) == {"model.tar.gz", "into"}


@pytest.mark.usefixtures("_python")
def test_what_stays_inside_is_unpacked_with_ordinary_rights(tmp_path: Path, module: ModuleType) -> None:
    module.unpack(archive(tmp_path, INSIDE), tmp_path / "into")
    assert everything(tmp_path / "into") == {name.removeprefix("./") for name, _, _ in INSIDE}
    assert (tmp_path / "into" / "code" / "same.py").read_bytes() == b"text"
    assert stat.S_IMODE((tmp_path / "into" / "notes..txt").stat().st_mode) == 0o755


@pytest.mark.parametrize("content", [b"", b"no archive", b"\x1f\x8b\x08\x00broken"])
def test_what_is_no_archive_is_told(tmp_path: Path, module: ModuleType, content: bytes) -> None:
    (tmp_path / "model.tar.gz").write_bytes(content)
    with pytest.raises(Exception, match=r"^model.tar.gz cannot be unpacked: "):
        module.unpack(tmp_path / "model.tar.gz", tmp_path / "into")


def test_the_program_and_the_templates_judge_alike() -> None:
    """One function each side: from the first line of code on, but for the error, they are the same."""
    ours, theirs = (
        file.read_text("utf-8").partition("def unsafe")[2] for file in (Path(archives.__file__), BUILD / "unpacking.py")
    )
    assert ours == theirs
    for folder, only in ((Path(archives.__file__).parents[1], "archives.py"), (BUILD, "unpacking.py")):
        unpacking = [file for file in folder.rglob("*.py") if "extractall" in file.read_text("utf-8")]
        assert [file.name for file in unpacking] == [only]
