"""The code of a deploy repository is one list: for `run` here and on SageMaker, for CI, and for Airflow's folder."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from mlops_new.errors import Invalid
from mlops_new.platforms.code_files import code_files
from mlops_new.platforms.local.images.local_image import snapshot
from mlops_new.platforms.local.store.object_store import ObjectStore
from mlops_new.platforms.sagemaker.account import Account
from mlops_new.platforms.sagemaker.s3_objects import Objects
from rendering import render

if TYPE_CHECKING:
    from pathlib import Path

    from tests.doubles.aws import AwsServer

Code = dict[str, bytes]
MORE = {
    "helpers/__init__.py": b"",
    "helpers/deep/rules.py": b"LOWEST = 0\n",
    "steps/table.csv": b"item;pris\n\xe4pple;1\n",
    "steps/nested/folder/more.py": b"# more\n",
    "data/prices.parquet": bytes(range(256)),
    "namn med \xe5.txt": b"x\n",
}
OF_LINKS = {"steps/linked.py": b"LOWEST = 0\n", "steps/common/rules.py": b"LOWEST = 0\n"}
OF_THE_SUBMODULE = {"vendored/library.py": b"VERSION = 1\n", "vendored/inner/deep.py": b"DEEP = 1\n"}
CI_UPLOADS = """
import sys
from ci import code, objects
class S3:
    def head_object(self, **_):
        return {"ContentLength": -1}
    def upload_file(self, path, _bucket, key):
        print(key.split("/", 3)[3], open(path, "rb").read().hex(), sep="\\t")
objects.Objects(S3(), "bucket", "project").upload("code", code.files())
"""


def git(path: Path, *arguments: str | Path) -> None:
    command = ["git", "-c", "protocol.file.allow=always", *arguments]
    subprocess.run(command, cwd=path, check=True, capture_output=True)


def library(place: Path) -> Path:
    """A repository, and one in it, for a submodule."""
    for name, content in (("inner", "DEEP = 1\n"), ("library", "VERSION = 1\n")):
        folder = place / name
        folder.mkdir()
        (folder / ("deep.py" if name == "inner" else "library.py")).write_text(content, "utf-8")
        git(folder, "init", "--quiet")
        if name == "library":
            git(folder, "submodule", "add", "--quiet", place / "inner", "inner")
        git(folder, "add", "--all")
        git(folder, "commit", "--quiet", "--message", name)
    return place / "library"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A rendered repository with code of every kind beside its steps, committed."""
    made = render("deploy", tmp_path / "fresh-sales-deploy")
    for name, content in MORE.items():
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).write_bytes(content)
    (made / "steps" / "tool.sh").write_bytes(b"#!/bin/sh\n")
    (made / "steps" / "tool.sh").chmod(0o755)
    (made / "steps" / "linked.py").symlink_to("../helpers/deep/rules.py")
    (made / "steps" / "common").symlink_to("../helpers/deep")
    (made / ".env").write_text("TOKEN=x\n", "utf-8")
    with (made / ".gitignore").open("a", encoding="utf-8") as ignore:
        ignore.write(".env\n*.log\n")
    (made / "steps" / "run.log").write_text("x", "utf-8")
    git(made, "init", "--quiet", "--initial-branch=main")
    git(made, "submodule", "add", "--quiet", library(tmp_path), "vendored")
    git(made, "submodule", "update", "--quiet", "--init", "--recursive")
    git(made, "add", "--all")
    git(made, "commit", "--quiet", "--message", "all")
    return made


def of_run(repository: Path, home: Path) -> Code:
    store = ObjectStore(home)
    uri = store.upload_named(code_files(repository), project="p", kind="code")
    return {key: path.read_bytes() for key, path in store.find(f"{uri}/")}


def of_sagemaker(repository: Path) -> Code:
    objects = Objects(Account())
    uri = objects.upload_named(code_files(repository), project="p", kind="code")
    return {name: objects.read(f"{uri}/{name}") or b"" for name in objects._sizes(f"{uri}/")}


def of_ci(repository: Path) -> Code:
    command = [sys.executable, "-c", CI_UPLOADS]
    done = subprocess.run(command, cwd=repository, check=True, capture_output=True, text=True)
    return {name: bytes.fromhex(text) for name, text in (line.split("\t") for line in done.stdout.splitlines())}


def list_in_ci(repository: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ci.code"]
    return subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)


def of_airflow(folder: Path) -> Code:
    """What `prepare` uploads of a folder in which there is no Git."""
    specification = importlib.util.spec_from_file_location("published", folder / "dags" / "published.py")
    assert specification is not None
    assert specification.loader is not None
    published: Any = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(published)
    return {name: path.read_bytes() for name, path in published.files(folder).items()}


def publish(repository: Path, folder: Path) -> Path:
    command = ["make", "--silent", "publish-dags", f"DAGS={folder}", f"PYTHON={sys.executable}"]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


def test_all_four_take_the_same_files(repository: Path, tmp_path: Path, aws: AwsServer) -> None:
    del aws
    run = of_run(repository, tmp_path / "home")
    assert {**MORE, **OF_LINKS, **OF_THE_SUBMODULE}.items() <= run.items()
    assert "config.toml" in run
    assert not {".env", "steps/run.log", "steps/common", "vendored"} & run.keys()
    assert of_sagemaker(repository) == run
    assert of_ci(repository) == run
    folder = publish(repository, tmp_path / "dags" / "fresh-sales")
    published = of_airflow(folder)
    assert {name for name in published if published[name] != run.get(name)} <= {".airflowignore"}
    assert published.keys() == run.keys()
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", "--recurse-submodules", repository, clone)
    assert of_airflow(clone) == run
    # As somebody copies the folder by hand, links followed: nothing but what was there.
    shutil.rmtree(clone / ".git")
    for path in [*clone.rglob(".git"), *clone.rglob(".gitmodules")]:
        path.unlink()
    by_hand = of_airflow(clone)
    assert {name: content for name, content in run.items() if not name.endswith(".gitmodules")} == by_hand


def test_images_have_the_same_files_too(repository: Path, tmp_path: Path) -> None:
    snapshot(repository, tmp_path / "image")
    run = of_run(repository, tmp_path / "home")
    taken = {path.relative_to(tmp_path / "image").as_posix(): path for path in (tmp_path / "image").rglob("*")}
    assert {name: path.read_bytes() for name, path in taken.items() if path.is_file()} == run
    script = "import sys; from pathlib import Path; from ci import code; code.export('HEAD', Path(sys.argv[1]))"
    subprocess.run([sys.executable, "-c", script, tmp_path / "context"], cwd=repository, check=True)
    context = tmp_path / "context"
    assert {name: (context / name).read_bytes() for name in run} == run  # links are followed by who reads them
    assert os.access(context / "steps" / "tool.sh", os.X_OK)
    assert (context / "steps" / "common").is_symlink()


def test_what_is_gone_is_not_published_any_more(repository: Path, tmp_path: Path) -> None:
    folder = publish(repository, tmp_path / "dags")
    (folder / "others.txt").write_text("not ours\n", "utf-8")
    git(repository, "rm", "--quiet", "steps/table.csv", "steps/linked.py")
    git(repository, "commit", "--quiet", "--message", "less")
    publish(repository, folder)
    assert not (folder / "steps" / "table.csv").exists()
    assert (folder / "others.txt").exists()
    assert not {"steps/table.csv", "others.txt"} & of_airflow(folder).keys()
    assert {"helpers/", "vendored/"} <= set((folder / ".airflowignore").read_text("utf-8").splitlines())
    (folder / "helpers" / "deep" / "rules.py").unlink()
    with pytest.raises(FileNotFoundError, match=r"helpers/deep/rules.py .* publish it again"):
        of_airflow(folder)


def test_what_is_published_is_what_is_committed(repository: Path, tmp_path: Path) -> None:
    (repository / "steps" / "table.csv").write_text("not committed\n", "utf-8")
    (repository / "steps" / "new.py").write_text("# new\n", "utf-8")
    published = of_airflow(publish(repository, tmp_path / "dags"))
    assert published["steps/table.csv"] == MORE["steps/table.csv"]
    assert "steps/new.py" not in published
    run = of_run(repository, tmp_path / "home")  # where work is tried before it is committed
    assert run["steps/table.csv"] == b"not committed\n"
    assert "steps/new.py" in run


def test_what_codeignore_names_is_left_out_everywhere(repository: Path, tmp_path: Path) -> None:
    (repository / ".codeignore").write_text("# not for jobs\ntests/\n/README.md\n*.parquet\n", "utf-8")
    git(repository, "add", "--all")
    git(repository, "commit", "--quiet", "--message", "less")
    run = of_run(repository, tmp_path / "home")
    assert not [name for name in run if name.startswith("tests/") or name in {"README.md", "data/prices.parquet"}]
    assert "data/next_week.csv" in run
    assert of_ci(repository) == run
    assert of_airflow(publish(repository, tmp_path / "dags")).keys() == run.keys()


@pytest.mark.quick_cases(1)
@pytest.mark.parametrize("target", ["/etc/hostname", "../outside.txt", ".env", "nowhere", ".", "link"])
def test_a_link_to_what_is_no_code_is_refused_by_all(repository: Path, tmp_path: Path, target: str) -> None:
    (tmp_path / "outside.txt").write_text("x", "utf-8")
    (repository / "link").symlink_to(target)
    git(repository, "add", "--all")
    git(repository, "commit", "--quiet", "--message", "link")
    with pytest.raises(Invalid, match="is a link to"):
        code_files(repository)
    done = subprocess.run(
        [sys.executable, "-m", "ci.code"], cwd=repository, capture_output=True, text=True, check=False
    )
    assert (done.returncode, "link is a link to" in done.stderr) == (1, True)


def test_a_submodule_that_is_not_there_is_told_by_all(repository: Path) -> None:
    git(repository, "submodule", "deinit", "--force", "vendored")
    with pytest.raises(Invalid, match="submodule vendored is not checked out"):
        code_files(repository)
    done = subprocess.run(
        [sys.executable, "-m", "ci.code"], cwd=repository, capture_output=True, text=True, check=False
    )
    assert (done.returncode, "submodule vendored is not checked out" in done.stderr) == (1, True)
