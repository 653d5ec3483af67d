"""The home, the object store and the registry by themselves."""

import os
import sqlite3
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from mlops_new.errors import Error, Invalid
from mlops_new.platforms.local.database.database_file import Database
from mlops_new.platforms.local.database.model_table import ModelRegistry
from mlops_new.platforms.local.engine import Engine
from mlops_new.platforms.local.home import Home
from mlops_new.platforms.local.images.local_image import ImageStore
from mlops_new.platforms.local.images.python_environments import _explained, environment_digest
from mlops_new.platforms.local.platform import LocalObjects
from mlops_new.platforms.local.processes.process_identity import Process
from mlops_new.platforms.local.store import file_copies
from mlops_new.platforms.local.store.object_store import ObjectStore
from tests.platforms.local.conftest import Local, appears, repository, silent


@pytest.fixture
def objects(tmp_path: Path) -> ObjectStore:
    return ObjectStore(tmp_path / "objects")


@pytest.mark.parametrize(
    "uri", ["s3://bucket/../etc/passwd", "s3://bucket/a/../../b", "s3://../x", "/etc/passwd", "s3://B"]
)
def test_no_key_leads_out_of_the_store(objects: ObjectStore, uri: str) -> None:
    with pytest.raises(Invalid):
        objects.path(uri)


def test_the_same_content_is_stored_once(objects: ObjectStore, tmp_path: Path) -> None:
    file, folder = tmp_path / "a.csv", tmp_path / "folder"
    file.write_text("1\n")
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "b.csv").write_text("2\n")
    first, second = (objects.upload(file, project="p") for _ in range(2))
    assert first == second
    assert first.startswith("s3://mlops-new/p/data/")
    assert objects.path(first).read_text() == "1\n"
    file.write_text("3\n")
    assert objects.upload(file, project="p") != first
    assert objects.path(first).read_text() == "1\n"
    assert objects.path(objects.upload(folder, project="p") + "/sub/b.csv").read_text() == "2\n"
    assert objects.upload(folder, project="p") == objects.upload(folder, project="p")
    assert not list(objects.root.rglob("*.partial"))
    with pytest.raises(Invalid, match="neither a file nor a folder"):
        objects.upload(tmp_path / "missing", project="p")


def test_what_a_uri_holds(objects: ObjectStore, tmp_path: Path) -> None:
    file = tmp_path / "x"
    file.write_text("x")
    for key in ("data/part-1.csv", "data/part-2.csv", "data/sub/part-3.csv", "database.csv"):
        objects.put(file, f"s3://bucket/{key}")

    def keys(uri: str) -> list[str]:
        return [key for key, _ in objects.find(uri)]

    assert keys("s3://bucket/data") == keys("s3://bucket/data/") == ["part-1.csv", "part-2.csv", "sub/part-3.csv"]
    assert keys("s3://bucket/data/part-1.csv") == ["part-1.csv"]
    assert keys("s3://bucket/data/part") == ["part-1.csv", "part-2.csv"]
    assert keys("s3://bucket/nothing") == keys("s3://other/data") == []
    objects.put(file, "s3://bucket/data/part-1.csv/below")
    assert keys("s3://bucket/data/part-1.csv") == ["part-1.csv"]
    assert keys("s3://bucket/data/part-1.csv/") == ["below"]
    with pytest.raises(Error, match=r"part-1\.csv would be a file and the folder of others"):
        objects.fetch("s3://bucket/data", tmp_path / "input")
    assert not (tmp_path / "input").exists()


def test_a_home_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Error, match="cannot be written") as caught:
        Home.open(tmp_path / "file" / "home")
    assert "MLOPS_NEW_HOME" in caught.value.hint


def test_a_lock_names_its_holder_and_dies_with_it(tmp_path: Path) -> None:
    home = Home.open(tmp_path)
    code = (
        "import pathlib, sys, time\nfrom mlops_new.platforms.local.home import Home\n"
        "with Home(pathlib.Path(sys.argv[1])).lock('x'):\n"
        "    pathlib.Path(sys.argv[1], 'held').touch(); time.sleep(600)"
    )
    holder = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)])
    appears(tmp_path / "held")
    said: list[str] = []

    def notify(text: str) -> None:
        said.append(text)
        holder.kill()
        holder.wait()

    with home.lock("x", notify):
        assert (home.locks / "x.lock").read_text() == str(os.getpid())
    assert said == [f"waiting for another mlops-new (process {holder.pid}) that works on x"]


def test_a_damaged_registry(tmp_path: Path) -> None:
    (tmp_path / "registry.sqlite3").write_bytes(b"not a database, for sure" * 100)
    with pytest.raises(Error, match="damaged or not a registry"):
        Engine(tmp_path)


def test_a_registry_that_somebody_holds(tmp_path: Path) -> None:
    path = tmp_path / "registry.sqlite3"
    database = Database(path, timeout=0.01)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Error, match="another program has held it"), database.transaction():
        pass
    other.close()
    database.close()


def test_a_registry_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "registry.sqlite3"
    Database(path).close()
    other = sqlite3.connect(path)
    other.execute("PRAGMA user_version = 99")
    other.close()
    with pytest.raises(Error, match="newer mlops-new"):
        Database(path)


def test_a_transaction_happens_whole_or_not_at_all(tmp_path: Path) -> None:
    database = Database(tmp_path / "registry.sqlite3")
    models = ModelRegistry(database)

    def refuse(_: int) -> dict[str, str]:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        models.add_model_package("g", "e", "s", refuse)
    made = models.add_model_package("g", "e", "s", lambda _: {"ModelApprovalStatus": "PendingManualApproval"})
    again = models.add_model_package("g", "e", "s", refuse)
    assert (made.version, again) == (1, made)
    database.close()


def test_approval(tmp_path: Path) -> None:
    database = Database(tmp_path / "registry.sqlite3")
    models = ModelRegistry(database)
    models.add_model_package("g", "e", "s", lambda _: {"ModelApprovalStatus": "PendingManualApproval"})
    approved = models.set_approval("g", 1, "Approved", "good")
    assert (approved.status, approved.document["ApprovalDescription"]) == ("Approved", "good")
    assert "ApprovalDescription" not in models.set_approval("g", 1, "Rejected", "").document
    with pytest.raises(Invalid, match="no model version 2"):
        models.set_approval("g", 2, "Approved", "")
    with pytest.raises(Invalid, match="no approval status"):
        models.set_approval("g", 1, "Fine", "")
    database.close()


def test_a_process_id_that_is_used_again_is_another_process() -> None:
    me = Process.current()
    assert me.alive()
    assert not Process(me.pid, "another time").alive()
    assert not Process.of(2**22 + 1).alive()


def test_an_image_is_what_the_repository_holds_now(local: Local, tmp_path: Path) -> None:
    home = Home.open(tmp_path / "home")
    (home.environments).rmdir()
    home.environments.symlink_to(local.platform.stores.home.environments)
    store, folder = ImageStore(home), repository(tmp_path / "repository")
    first = store.build(folder, project="one", notify=silent)
    (folder / "new.py").write_text("")
    (folder / ".gitignore").write_text("ignored\n")
    (folder / "ignored").write_text("")
    second = store.build(folder, project="one", notify=silent)
    assert first.digest != second.digest
    assert not (second.code / "ignored").exists()
    assert not (first.code / "new.py").exists()
    assert os.access(second.code / "container/bin/serve", os.X_OK)
    assert first.python == second.python
    assert store.find(second.uri, silent) == second
    assert store.build(folder, project="two", notify=silent).code == second.code
    assert store.find("mlops-new.local/one:" + "0" * 64, silent) is None


def test_repositories_that_make_no_image(tmp_path: Path) -> None:
    store = ImageStore(Home.open(tmp_path / "home"))
    with pytest.raises(Invalid, match="cannot be listed"):
        store.build(tmp_path, project="p", notify=silent)
    folder = repository(tmp_path / "repository")
    (folder / "container/requirements.txt").unlink()
    with pytest.raises(Invalid, match=r"has no container/requirements\.txt"):
        store.build(folder, project="p", notify=silent)


@pytest.mark.slow
def test_requirements_that_cannot_be_had(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    store, folder = ImageStore(Home.open(tmp_path / "home")), repository(tmp_path / "repository")
    (folder / "container/requirements.txt").write_text("no-such-package==1.0\n")
    with pytest.raises(Error, match=r"No matching distribution found for no-such-package==1\.0") as caught:
        store.build(folder, project="p", notify=silent)
    assert Path(caught.value.hint.rpartition(" ")[2]).is_file()
    assert [path for path in store.home.environments.iterdir() if path.is_dir()] == []
    assert list(store.home.images.iterdir()) == []


def test_what_killed_processes_left_is_swept_when_it_is_old(tmp_path: Path) -> None:
    old, young, other = tmp_path / f".{'0' * 16}.partial", tmp_path / f".{'1' * 16}.partial", tmp_path / ".mine.partial"
    for folder in (old, young, other):
        (folder / "half").mkdir(parents=True)
    for folder in (old, other):
        os.utime(folder, (0, 0))
    with file_copies.temporary_folder(tmp_path) as made:
        assert made.is_dir()
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([young.name, other.name])


def test_a_full_disk_is_told_from_bad_requirements(tmp_path: Path) -> None:
    log = tmp_path / "environment.log"
    log.write_text("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device: 'x'\n\n")
    full = _explained(log, "exit code 1")
    assert "the disk is full" in full.message
    assert "free some space" in full.hint


def test_code_is_uploaded_as_git_sees_it(local: Local, tmp_path: Path) -> None:
    folder = repository(tmp_path / "repository")
    (folder / ".gitignore").write_text("data\n")
    (folder / "data").write_text("large")
    uri = LocalObjects(local.platform.stores.objects).upload_code(folder, project="tests")
    keys = [key for key, _ in local.platform.stores.objects.find(uri)]
    assert {".gitignore", "container/bin/serve", "container/bin/train", "container/requirements.txt"} < set(keys)
    assert "data" not in keys
    assert len(local.platform.stores.objects.fetch(uri, tmp_path / "copy")) == len(keys)


def test_pins_with_hashes_are_read_over_their_lines(tmp_path: Path) -> None:
    """What `make requirements` writes; a file that it names counts for the digest, too."""
    requirements, other = tmp_path / "requirements.txt", tmp_path / "other.txt"
    other.write_text("six==1.17.0 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\n")
    requirements.write_text("kmodes==0.12.2 ; python_version >= '3' \\\n    --hash=sha256:cc\n-r other.txt\n")
    first = environment_digest(requirements)
    other.write_text(other.read_text().replace("bb", "cc"))
    assert environment_digest(requirements) != first


def test_a_file_other_than_the_pinned_one_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even where it has the right name and version."""
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    with zipfile.ZipFile(wheels / "thing-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("thing-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: thing\nVersion: 1.0\n")
        wheel.writestr("thing-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr("thing-1.0.dist-info/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))
    store, folder = ImageStore(Home.open(tmp_path / "home")), repository(tmp_path / "repository")
    pins = folder / "container/requirements.txt"
    pins.write_text(f"thing==1.0 \\\n    --hash=sha256:{'0' * 64}\n")
    with pytest.raises(Error, match="the image's environment cannot be made"):
        store.build(folder, project="p", notify=silent)


def test_an_object_of_a_name_that_no_file_can_have_is_not_there(tmp_path: Path) -> None:
    assert not LocalObjects(ObjectStore(tmp_path)).exists("s3://mlops-new/" + "x" * 300)
