"""What every Git host does, whichever it is."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from mlops_new.errors import Conflict
from mlops_new.hosts.local import LocalHost
from mlops_new.names import ANSWERS_FILE, Mark
from mlops_new.ports.git_host import GitHost
from mlops_new.system import git
from tests.doubles.bitbucket import BitbucketServer
from tests.doubles.bitbucket.server import PERSONAL, WORKSPACE
from tests.hosts.bitbucket.client import host_at

SLUG = "fresh-sales-build"
OURS = Mark("fresh-sales", "build")


@dataclass
class Subject:
    """A Git host, and a way to put something there that mlops-new did not make."""

    host: GitHost
    make_foreign: Callable[[str], None]


@pytest.fixture(params=["local", "bitbucket, API token", "bitbucket, access token"])
def subject(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Subject]:
    monkeypatch.setenv("GIT_ALLOW_PROTOCOL", "file:http")
    if request.param == "local":
        folder = tmp_path / "hosted"
        yield Subject(LocalHost(folder), lambda slug: (folder / f"{slug}.git").mkdir(parents=True))
        return
    with BitbucketServer() as server:
        host = host_at(server, token=WORKSPACE if "access" in request.param else PERSONAL)

        def make_foreign(slug: str) -> None:
            host.repositories.create(slug, mark=Mark("other", "build"), description="")
            server.repository(slug).document["description"] = "made by hand"

        yield Subject(host, make_foreign)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A working copy with one commit."""
    path = tmp_path / "copy"
    git.init(path)
    (path / "README.md").write_text("hello\n", encoding="utf-8")
    git.commit_all(path, "Start")
    return path


def test_what_is_not_there_is_none(subject: Subject) -> None:
    assert subject.host.repositories.find(SLUG) is None


def test_a_new_repository_is_marked_and_empty(subject: Subject) -> None:
    made = subject.host.repositories.create(SLUG, mark=OURS, description="Sales of fruit\nand vegetables")
    assert (made.slug, made.mark, made.head) == (SLUG, OURS, None)
    assert subject.host.repositories.find(SLUG) == made


def test_its_url_is_known_before_it_exists_and_holds_no_secret(subject: Subject) -> None:
    url = subject.host.repositories.url(SLUG)
    assert subject.host.repositories.create(SLUG, mark=OURS, description="").url == url
    assert "@" not in url
    assert url.endswith(".git")


def test_creating_it_again_returns_it(subject: Subject) -> None:
    made = subject.host.repositories.create(SLUG, mark=OURS, description="first")
    assert subject.host.repositories.create(SLUG, mark=OURS, description="second") == made


def test_what_another_project_made_is_a_conflict(subject: Subject) -> None:
    subject.host.repositories.create(SLUG, mark=Mark("other", "build"), description="")
    with pytest.raises(Conflict, match=SLUG):
        subject.host.repositories.create(SLUG, mark=OURS, description="")
    found = subject.host.repositories.find(SLUG)
    assert found is not None
    assert found.mark == Mark("other", "build")


def test_what_nobody_marked_is_a_conflict(subject: Subject) -> None:
    subject.make_foreign(SLUG)
    found = subject.host.repositories.find(SLUG)
    assert found is not None
    assert found.mark is None
    with pytest.raises(Conflict, match=SLUG):
        subject.host.repositories.create(SLUG, mark=OURS, description="")


def test_git_pushes_and_clones(subject: Subject, copy: Path, tmp_path: Path) -> None:
    made = subject.host.repositories.create(SLUG, mark=OURS, description="")
    with subject.host.access.credentials(made.url) as env:
        git.push(copy, made.url, "HEAD:refs/heads/main", env=env)
    found = subject.host.repositories.find(SLUG)
    assert found is not None
    assert found.head == git.head(copy)
    with subject.host.access.credentials(made.url) as env:
        git.clone(made.url, tmp_path / "clone", env)
        assert git.remote_refs(made.url, env)["refs/heads/main"] == git.head(copy)
    assert git.head(tmp_path / "clone") == git.head(copy)


def push(host: GitHost, copy: Path, branch: str) -> None:
    url = host.repositories.url(SLUG)
    with host.access.credentials(url) as env:
        git.push(copy, url, f"HEAD:refs/heads/{branch}", env=env)


def test_what_is_ours_is_listed_with_what_main_says_of_its_template(subject: Subject, copy: Path) -> None:
    subject.host.repositories.create(SLUG, mark=OURS, description="")
    subject.host.repositories.create("fresh-sales-deploy", mark=Mark("fresh-sales", "deploy"), description="")
    subject.make_foreign("theirs")
    assert [one.slug for one in subject.host.repositories.marked()] == [SLUG, "fresh-sales-deploy"]
    (copy / ANSWERS_FILE).write_text("_commit: v1\n", encoding="utf-8")
    git.commit_all(copy, "Answer")
    push(subject.host, copy, "main")
    listed = {one.repository.slug: one for one in subject.host.repositories.overview()}
    assert {slug: one.answers for slug, one in listed.items()} == {SLUG: "_commit: v1\n", "fresh-sales-deploy": None}
    files = listed[SLUG].files
    assert files is None or files.keys() == {"README.md", ANSWERS_FILE}


def test_an_update_is_open_until_it_is_merged(subject: Subject, copy: Path) -> None:
    host = subject.host
    host.repositories.create(SLUG, mark=OURS, description="")
    push(host, copy, "main")
    assert host.pull_requests.open_updates([SLUG], "mlops-new/template-") == {}
    git.run("commit", "--quiet", "--allow-empty", "--message", "update", cwd=copy)
    push(host, copy, "mlops-new/template-v2")
    push(host, copy, "other")
    address = host.pull_requests.open(SLUG, "mlops-new/template-v2", "Update", "What changed")
    assert host.pull_requests.open(SLUG, "mlops-new/template-v2", "Update", "What changed") == address
    if host.pull_requests.supported:
        assert host.pull_requests.find(SLUG, "mlops-new/template-v2") == address
        assert host.pull_requests.find(SLUG, "other") is None
        assert host.pull_requests.open_updates([SLUG], "mlops-new/template-") == {SLUG: address}
    else:
        assert host.pull_requests.open_updates([SLUG], "mlops-new/template-") == {SLUG: "mlops-new/template-v2"}
        push(host, copy, "main")
        assert host.pull_requests.open_updates([SLUG], "mlops-new/template-") == {}


def test_what_was_made_by_hand_is_marked_on_request_only(subject: Subject) -> None:
    subject.make_foreign(SLUG)
    subject.host.repositories.adopt(SLUG, mark=OURS)
    subject.host.repositories.adopt(SLUG, mark=OURS)
    found = subject.host.repositories.find(SLUG)
    assert found is not None
    assert found.mark == OURS
    with pytest.raises(Conflict, match=SLUG):
        subject.host.repositories.adopt(SLUG, mark=Mark("other", "build"))
    with pytest.raises(Conflict, match="missing"):
        subject.host.repositories.adopt("nowhere", mark=OURS)
