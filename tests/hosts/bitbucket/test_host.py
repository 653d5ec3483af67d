"""What only Bitbucket has: projects, pull requests, deletion, looks that come too early."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from mlops_new.errors import Conflict, Denied, Error, Invalid
from mlops_new.hosts.bitbucket.connection import Hosting
from mlops_new.hosts.bitbucket.host import BitbucketCloud
from mlops_new.hosts.bitbucket.setup.setup_apply import perform
from mlops_new.hosts.bitbucket.setup.setup_steps import CreateProject
from mlops_new.names import Mark
from mlops_new.system import git, git_errors
from tests.doubles.bitbucket import After, Before, BitbucketServer, Drop, Slow
from tests.doubles.bitbucket.faults import How
from tests.hosts.bitbucket.client import Waits, host_at

BUILD, DEPLOY = Mark("fresh-sales", "build"), Mark("fresh-sales", "deploy")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[BitbucketServer]:
    monkeypatch.setenv("GIT_ALLOW_PROTOCOL", "file:http")
    with BitbucketServer() as server:
        yield server


def foreign_project(server: BitbucketServer) -> None:
    server.workspace.projects["FRESH_SALES"] = {"key": "FRESH_SALES", "name": "theirs", "description": "by hand"}


def test_both_repositories_share_a_marked_private_project(server: BitbucketServer) -> None:
    host = host_at(server)
    with ThreadPoolExecutor() as pool:
        list(
            pool.map(
                lambda mark: host.repositories.create(f"fresh-sales-{mark.repository}", mark=mark, description=""),
                [BUILD, DEPLOY],
            )
        )
    project = server.workspace.projects["FRESH_SALES"]
    assert project["description"].startswith("mlops-new: project=fresh-sales repository=project\n")
    assert project["is_private"] is True
    assert {one.document["project"]["key"] for one in server.workspace.repositories.values()} == {"FRESH_SALES"}


def test_two_people_at_the_same_moment_get_one_of_each(server: BitbucketServer) -> None:
    server.fail(Slow(0.02), times=None)
    together = threading.Barrier(2)

    def create(_: int) -> object:
        host = host_at(server)
        together.wait()
        return host.repositories.create("fresh-sales-build", mark=BUILD, description="")

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(create, range(2))
    assert first == second
    assert list(server.workspace.repositories) == ["fresh-sales-build"]
    assert list(server.workspace.projects) == ["FRESH_SALES"]


def test_a_project_of_that_key_that_is_not_ours(server: BitbucketServer) -> None:
    foreign_project(server)
    before = server.picture()
    with pytest.raises(
        Conflict, match="Bitbucket project FRESH_SALES in acme exists and was not made for this project"
    ):
        host_at(server).repositories.create("fresh-sales-build", mark=BUILD, description="")
    assert server.picture() == before


def test_a_project_of_that_name_that_is_not_ours(server: BitbucketServer) -> None:
    server.workspace.projects["FS"] = {"key": "FS", "name": "fresh-sales", "description": "by hand"}
    server.forget()
    with pytest.raises(Conflict, match="a Bitbucket project called fresh-sales, with the key FS"):
        host_at(server).repositories.create("fresh-sales-build", mark=BUILD, description="")
    assert server.writes == []


def test_a_repository_that_was_renamed_by_hand(server: BitbucketServer) -> None:
    host_at(server).repositories.create("fresh-sales-build", mark=BUILD, description="")
    host_at(server).repositories.create("fresh-sales-deploy", mark=DEPLOY, description="")
    renamed = server.workspace.repositories.pop("fresh-sales-build")
    renamed.document |= {"full_name": "acme/sales-model", "name": "sales-model"}
    server.workspace.repositories["sales-model"] = renamed
    server.forget()
    with pytest.raises(Conflict, match="fresh-sales-build is called sales-model now") as caught:
        host_at(server).repositories.find("fresh-sales-build")
    assert "rename it to fresh-sales-build" in caught.value.hint
    assert server.writes == []


def test_a_repository_whose_description_was_edited(server: BitbucketServer) -> None:
    host_at(server).repositories.create("fresh-sales-build", mark=BUILD, description="")
    server.repository("fresh-sales-build").document["description"] = "Our sales"
    with pytest.raises(Conflict) as caught:
        host_at(server).repositories.create("fresh-sales-build", mark=BUILD, description="")
    assert f"begin that with the line: {BUILD}" in caught.value.hint
    host_at(server).repositories.adopt("fresh-sales-build", mark=BUILD)
    assert host_at(server).repositories.create("fresh-sales-build", mark=BUILD, description="").mark == BUILD


def test_a_shared_project_is_used_and_never_touched(server: BitbucketServer) -> None:
    server.workspace.projects["DATA"] = {"key": "DATA", "name": "Data"}
    host = host_at(server, hosting=Hosting(project="DATA"))
    host.repositories.create("fresh-sales-build", mark=BUILD, description="")
    host.repositories.delete("fresh-sales-build", BUILD)
    host.projects.delete("fresh-sales")
    assert server.workspace.projects == {"DATA": {"key": "DATA", "name": "Data"}}


def test_a_shared_project_that_is_not_there(server: BitbucketServer) -> None:
    with pytest.raises(Invalid, match="no Bitbucket project DATA, which the settings name"):
        host_at(server, hosting=Hosting(project="DATA")).repositories.create(
            "fresh-sales-build", mark=BUILD, description=""
        )


def test_the_project_is_a_step_of_its_own_where_the_plan_shows_it(server: BitbucketServer) -> None:
    host = host_at(server)
    step = CreateProject("fresh-sales", host.projects.key("fresh-sales"))
    for _ in range(2):
        perform(step, host)
    assert str(step) == "Create Bitbucket project FRESH_SALES"
    assert list(server.workspace.projects) == ["FRESH_SALES"]
    assert len(server.writes) == 1


def test_a_repository_that_exists_but_is_not_shown_to_us(server: BitbucketServer) -> None:
    taken = '{"type": "error", "error": {"message": "Repository with this Slug and Owner already exists."}}'
    server.fail(Before(400, taken), method="POST", path="fresh-sales-build$", times=None)
    with pytest.raises(Conflict, match="already exists") as caught:
        host_at(server).repositories.create("fresh-sales-build", mark=BUILD, description="")
    assert caught.value.hint == "choose another name"


def test_looks_that_come_too_early(server: BitbucketServer, tmp_path: Path) -> None:
    server.rest.lag = 2
    waits = Waits()
    host = host_at(server, retry_policy=waits.retry_policy())
    made = host.repositories.create("fresh-sales-build", mark=BUILD, description="")
    assert host.repositories.find("fresh-sales-build") == made
    assert waits.seconds == [1.0, 1.0]
    server.rest.hide("git", "fresh-sales-build", reads=3)
    copy = working_copy(tmp_path)
    with host.access.credentials(made.url) as env:
        with pytest.raises(git.GitError, match="not found"):
            git.push(copy, made.url, "HEAD:refs/heads/main", env=env)
        assert host.access.appears(made.url)
        git.push(copy, made.url, "HEAD:refs/heads/main", env=env)
    assert server.repository("fresh-sales-build").heads["refs/heads/main"] == git.head(copy)
    assert len(waits.seconds) > 2
    assert not host.access.appears(made.url), "it is not new any more, so there is nothing to wait for"


@pytest.mark.parametrize("how", [Before(500), After(500), Drop(), Drop(after=True)])
@pytest.mark.parametrize("request_number", [1, 2, 3])
def test_a_push_that_fails_can_be_done_again(
    server: BitbucketServer, tmp_path: Path, how: How, request_number: int
) -> None:
    host = host_at(server)
    made = host.repositories.create("fresh-sales-build", mark=BUILD, description="")
    copy = working_copy(tmp_path)
    with host.access.credentials(made.url) as env:
        server.fail(how, request=request_number)
        with suppress(git.GitError):  # git gets over a dropped connection itself, sometimes
            git.push(copy, made.url, "HEAD:refs/heads/main", env=env)
    with host.access.credentials(made.url) as env:
        git.push(copy, made.url, "HEAD:refs/heads/main", env=env)
    assert server.repository("fresh-sales-build").heads == {"refs/heads/main": git.head(copy)}


def test_a_refused_push_says_why(server: BitbucketServer, tmp_path: Path) -> None:
    host = host_at(server)
    made = host.repositories.create("fresh-sales-build", mark=BUILD, description="")
    server.repository("fresh-sales-build").restrictions[1] = {"kind": "push", "pattern": "main"}
    with (
        host.access.credentials(made.url) as env,
        pytest.raises(git.GitError, match="permission denied to update branch main") as refused,
    ):
        git.push(working_copy(tmp_path), made.url, "HEAD:refs/heads/main", env=env)
    assert refused.value.code == Denied.code
    assert "branch rule" in refused.value.hint
    assert "scope" not in refused.value.hint


@pytest.mark.parametrize("how", [Before(503), Before(429), After(502)])
def test_git_asks_again_as_requests_do(server: BitbucketServer, tmp_path: Path, how: How) -> None:
    host = host_at(server)
    made = host.repositories.create("fresh-sales-build", mark=BUILD, description="")
    copy = working_copy(tmp_path)
    server.fail(how, path="fresh-sales-build.git")
    with host.access.credentials(made.url) as env:
        git.push(copy, made.url, "HEAD:refs/heads/main", env=env)
        server.fail(how, path="fresh-sales-build.git")
        assert git.remote_refs(made.url, env)["refs/heads/main"] == git.head(copy)


def test_a_push_that_came_second_is_no_missing_right(server: BitbucketServer, tmp_path: Path) -> None:
    refusal = git_errors.understand(
        b"remote: error: cannot lock ref 'refs/heads/main': is at 1 but expected 0\n"
        b" ! [remote rejected] main -> main (failed to update ref)\nerror: failed to push some refs to 'x'\n"
    )
    assert refusal.code == Conflict.code
    assert "at the same moment" in refusal.hint
    host = host_at(server)
    made = host.repositories.create("fresh-sales-build", mark=BUILD, description="")
    first, second = working_copy(tmp_path / "one"), working_copy(tmp_path / "two")
    git.run("commit", "--quiet", "--allow-empty", "-m", "another", cwd=second)
    with host.access.credentials(made.url) as env:
        git.push(second, made.url, "HEAD:refs/heads/main", env=env)
        git.run("commit", "--quiet", "--allow-empty", "-m", "late", cwd=first)
        with pytest.raises(git.GitError) as late:
            git.push(first, made.url, "HEAD:refs/heads/main", env=env)
    assert late.value.code == Conflict.code


def test_everything_of_ours_is_listed_and_nothing_else(server: BitbucketServer) -> None:
    host = host_at(server)
    for mark in (BUILD, DEPLOY):
        create(host, mark)
    host.repositories.create("theirs", mark=BUILD, description="")
    server.repository("theirs").document["description"] = "we tried mlops-new: project=x repository=build once"
    assert [(one.slug, one.mark) for one in host.repositories.marked()] == [
        ("fresh-sales-build", BUILD),
        ("fresh-sales-deploy", DEPLOY),
    ]


@pytest.mark.parametrize("how", [None, After(500), Drop(after=True), Before(500), Before(429)])
def test_deleting_takes_what_is_ours_and_forgives_what_is_gone(server: BitbucketServer, how: How | None) -> None:
    host = host_at(server)
    host.repositories.create("fresh-sales-build", mark=BUILD, description="")
    if how:
        server.fail(how, method="DELETE")
        server.fail(how, method="DELETE", path="projects")
    for _ in range(2):
        host.repositories.delete("fresh-sales-build", BUILD)
        host.projects.delete("fresh-sales")
    assert server.workspace.repositories == {}
    assert server.workspace.projects == {}


def test_deleting_leaves_what_is_not_ours(server: BitbucketServer) -> None:
    host = host_at(server)
    foreign_project(server)
    with pytest.raises(Conflict):
        host.projects.delete("fresh-sales")
    server.workspace.projects.clear()
    host.repositories.create("fresh-sales-build", mark=BUILD, description="")
    with pytest.raises(Conflict):
        host.repositories.delete("fresh-sales-build", DEPLOY)
    with pytest.raises(Conflict, match="still holds fresh-sales-build"):
        host.projects.delete("fresh-sales")
    assert list(server.workspace.repositories) == ["fresh-sales-build"]


@pytest.mark.parametrize("how", [None, After(500), Drop(after=True), Before(500)])
def test_a_pull_request_is_opened_once(server: BitbucketServer, how: How | None) -> None:
    host = host_at(server)
    host.repositories.create("fresh-sales-build", mark=BUILD, description="")
    branch = 'update/"v2"'
    for name in ("main", branch):
        server.pretend_pushed("fresh-sales-build", name)
    if how:
        server.fail(how, method="POST")
    made = [
        host.pull_requests.open("fresh-sales-build", 'update/"v2"', "Template v2", "What changes") for _ in range(2)
    ]
    assert made[0] == made[1] == host.pull_requests.find("fresh-sales-build", 'update/"v2"')
    assert "/acme/fresh-sales-build/pull-requests/" in made[0]
    assert len(server.repository("fresh-sales-build").pull_requests) == 1
    assert host.pull_requests.find("fresh-sales-build", "other") is None


def test_a_pull_request_from_a_branch_that_is_not_there(server: BitbucketServer) -> None:
    host = host_at(server)
    host.repositories.create("fresh-sales-build", mark=BUILD, description="")
    with pytest.raises(Error, match="Branch update not found"):
        host.pull_requests.open("fresh-sales-build", "update", "Template v2", "")


def create(host: BitbucketCloud, mark: Mark) -> None:
    host.repositories.create(f"{mark.project}-{mark.repository}", mark=mark, description="")


def working_copy(folder: Path) -> Path:
    path = folder / "copy"
    git.init(path)
    (path / "README.md").write_text("hello\n", encoding="utf-8")
    git.commit_all(path, "Start")
    return path
