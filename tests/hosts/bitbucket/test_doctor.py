"""What is wrong is said before anything is touched, by name."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from mlops_new.hosts.bitbucket import doctor
from mlops_new.hosts.bitbucket.connection import Hosting
from mlops_new.hosts.bitbucket.host import BitbucketCloud
from mlops_new.hosts.bitbucket.setup.bitbucket_settings import parse
from mlops_new.names import Kind, Mark
from mlops_new.ports.checks import Check
from tests.doubles.bitbucket import Before, BitbucketServer, Drop
from tests.doubles.bitbucket.faults import How
from tests.doubles.bitbucket.server import PERSONAL, WORKSPACE
from tests.hosts.bitbucket.client import Waits, account_at, host_at

TABLE = {
    "variables": {"A": "1"},
    "reviewers": ["ann"],
    "webhooks": [{"url": "https://a.example", "events": ["repo:push"]}],
    "schedules": [{"pipeline": "retrain", "cron": "0 0 3 * * ? *"}],
}
EVERYTHING = [parse(TABLE, {}).of("fresh-sales", kind) for kind in Kind]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[BitbucketServer]:
    monkeypatch.setenv("GIT_ALLOW_PROTOCOL", "file:http")
    with BitbucketServer() as server:
        yield server
        assert [request for request in server.writes if request.method in {"PUT", "DELETE"}] == []


def examine(host: BitbucketCloud) -> dict[str, Check]:
    checks = doctor.examine(host, doctor.needs_of_project(host, EVERYTHING), "fresh-sales")
    return {check.name: check for check in checks}


def bad(checks: dict[str, Check]) -> set[str]:
    return {check.name for check in checks.values() if not check.ok}


@pytest.mark.parametrize("tells", [True, False], ids=["scopes told", "scopes not told"])
def test_all_is_well(server: BitbucketServer, tells: bool) -> None:  # noqa: FBT001  # pytest passes it by name
    server.tells_scopes = tells
    checks = examine(host_at(server))
    assert bad(checks) == set()
    assert server.writes == []
    assert checks["token"].detail.startswith("personal API token of Me, accepted")
    assert checks["repository fresh-sales-deploy"].detail == "free"
    assert checks["Bitbucket project FRESH_SALES"].detail == "free"
    told = checks["scope write:webhook:bitbucket"].detail
    assert told.startswith("granted" if tells else "cannot be told without writing")


def test_every_scope_that_is_missing_is_named_with_its_purpose(server: BitbucketServer) -> None:
    missing = {"admin:project:bitbucket", "write:pipeline:bitbucket", "read:webhook:bitbucket"}
    server.tokens = [replace(PERSONAL, scopes=PERSONAL.scopes - missing)]
    checks = examine(host_at(server))
    # One refused read tells everything that the token may do.
    assert bad(checks) == {f"scope {scope}" for scope in missing}
    assert checks["scope admin:project:bitbucket"].detail == "missing; it takes it to create the Bitbucket project"
    assert "a new one that has admin:project:bitbucket" in checks["scope admin:project:bitbucket"].hint


def test_a_refusal_without_a_reason_names_the_scope_it_may_be_about(server: BitbucketServer) -> None:
    forbidden = Before(403, '{"type": "error", "error": {"message": "Forbidden"}}')
    server.fail(forbidden, path="branch-restrictions", times=None)
    checks = examine(host_at(server))
    assert bad(checks) == {"scope admin:repository:bitbucket"}
    assert "owner lacks the matching right" in checks["scope admin:repository:bitbucket"].hint


def test_scopes_of_an_access_token_have_their_own_names_and_imply_others(server: BitbucketServer) -> None:
    classic = {"project", "project:admin", "repository:write", "repository:admin", "pipeline:variable"}
    server.extra_headers = {"X-OAuth-Scopes": ", ".join(sorted(classic))}
    checks = examine(host_at(server, token=WORKSPACE))
    assert bad(checks) == {"scope pullrequest", "scope webhook"}
    assert checks["scope repository"].ok
    assert checks["scope pipeline:write"].ok


@pytest.mark.parametrize("tells", [True, False], ids=["scopes told", "scopes not told"])
def test_an_access_token_is_asked_for_nothing_that_it_cannot_have(server: BitbucketServer, tells: bool) -> None:  # noqa: FBT001  # pytest passes it by name
    server.tells_scopes = tells
    checks = examine(host_at(server, token=WORKSPACE))
    assert bad(checks) == set()
    assert "scope account" not in checks
    assert "scope pipeline:variable" in checks


def test_environments_need_less_of_an_access_token_than_variables(server: BitbucketServer) -> None:
    host = host_at(server, token=WORKSPACE)
    setup = parse({"environments": {"Live": {"type": "Production"}}}, {}).of("fresh-sales", Kind.BUILD)
    bare = replace(setup, variables=(), deployments=tuple(replace(one, variables=()) for one in setup.deployments))
    needed = {scope.named(host.connection.account.credentials) for scope in doctor.needs_of_project(host, [bare])}
    assert "pipeline" in needed
    assert "pipeline:variable" not in needed


def test_a_refused_token_ends_the_examination(server: BitbucketServer) -> None:
    server.tokens = []
    checks = examine(host_at(server))
    assert list(checks) == ["token"]
    assert "Token is invalid" in checks["token"].detail


@pytest.mark.parametrize("how", [Drop(), Before(503), Before(200, "<html>log in", "text/html")])
def test_a_service_that_is_not_there(server: BitbucketServer, how: How) -> None:
    server.fail(how, times=None)
    checks = examine(host_at(server))
    assert bad(checks) == {"connection"}
    assert checks["connection"].hint


def test_a_workspace_that_is_not_there(server: BitbucketServer) -> None:
    account = replace(account_at(server), workspace="acne")
    checks = examine(BitbucketCloud(account, retry_policy=Waits().retry_policy()))
    assert "workspace" in bad(checks)


def test_a_clock_that_is_wrong(server: BitbucketServer) -> None:
    server.clock_ahead = 900
    checks = examine(host_at(server))
    assert bad(checks) == {"clock"}
    assert "behind Bitbucket's" in checks["clock"].detail


def test_names_that_are_taken(server: BitbucketServer) -> None:
    server.workspace.projects["FRESH_SALES"] = {"key": "FRESH_SALES", "description": "theirs"}
    host_at(server).repositories.create("fresh-sales-deploy", mark=Mark("other", "deploy"), description="")
    server.forget()
    checks = examine(host_at(server))
    assert bad(checks) == {"Bitbucket project FRESH_SALES", "repository fresh-sales-deploy"}
    assert server.writes == []


def test_a_shared_project_that_is_not_there(server: BitbucketServer) -> None:
    checks = examine(host_at(server, hosting=Hosting(project="DATA")))
    assert bad(checks) == {"Bitbucket project DATA"}


def test_a_repository_of_ours_shows_whether_git_can_push(server: BitbucketServer) -> None:
    host = host_at(server)
    host.repositories.create("fresh-sales-build", mark=Mark("fresh-sales", "build"), description="")
    server.repository("fresh-sales-build").pipelines = True
    checks = examine(host)
    assert bad(checks) == set()
    assert checks["repository fresh-sales-build"].detail == "there, and may be used"
    assert checks["git push"].detail == "possible to fresh-sales-build"
    assert checks["pipelines"].detail == "on for fresh-sales-build"
    assert server.repository("fresh-sales-build").heads == {}


def test_git_may_not_push(server: BitbucketServer) -> None:
    host = host_at(server)
    host.repositories.create("fresh-sales-build", mark=Mark("fresh-sales", "build"), description="")
    server.tokens = [replace(PERSONAL, scopes=PERSONAL.scopes - {"write:repository:bitbucket"})]
    checks = examine(host)
    assert bad(checks) == {"git push"}
    assert "403" in checks["git push"].detail
    assert checks["git push"].hint


def test_what_is_not_configured_needs_no_scope(server: BitbucketServer) -> None:
    host = host_at(server)
    plain = [parse(None, {}).of("fresh-sales", kind) for kind in Kind]
    needed = {scope.name for scope in doctor.needs_of_project(host, plain)}
    assert "write:webhook:bitbucket" not in needed
    assert "read:pullrequest:bitbucket" not in needed
    assert "admin:pipeline:bitbucket" in needed
