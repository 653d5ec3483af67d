"""How requests are sent, repeated, waited for and refused."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mlops_new.errors import Denied, Error, Unreachable
from mlops_new.hosts.bitbucket.api.bitbucket_errors import Unclear
from mlops_new.hosts.bitbucket.api.credentials import Account, Secret
from mlops_new.hosts.bitbucket.api.setting_names import setting_of
from mlops_new.hosts.bitbucket.api.transport import Transport, at
from mlops_new.hosts.bitbucket.host import BitbucketCloud
from mlops_new.hosts.bitbucket.setup import bitbucket_pipelines
from mlops_new.hosts.bitbucket.setup.setup_model import Plain, Secured
from mlops_new.names import Mark
from tests.doubles.bitbucket import After, Before, BitbucketServer, Drop, Slow, TooMany
from tests.doubles.bitbucket.access import Token
from tests.doubles.bitbucket.faults import How
from tests.doubles.bitbucket.server import PERSONAL, WORKSPACE
from tests.hosts.bitbucket.client import Waits, account_at, host_at

WHERE = at("workspaces", "acme")
PROJECTS = at("workspaces", "acme", "projects")
BODY = {"name": "one", "key": "ONE", "is_private": True}


@pytest.fixture
def server() -> Iterator[BitbucketServer]:
    with BitbucketServer() as server:
        yield server


def reader(server: BitbucketServer, waits: Waits) -> Transport:
    return Transport(account_at(server), waits.retry_policy())


@pytest.mark.parametrize("how", [Before(500), Before(503), Drop(), After(502, "<html>bad gateway", "text/html")])
def test_a_read_is_repeated(server: BitbucketServer, how: How) -> None:
    waits = Waits()
    server.fail(how, times=3)
    assert reader(server, waits).find(WHERE, "see it") is not None
    assert waits.seconds == [1.0, 1.0, 1.0]


def test_a_read_is_not_repeated_for_ever(server: BitbucketServer) -> None:
    server.fail(Before(500), times=None)
    with pytest.raises(Unreachable, match=r"cannot see it: Bitbucket answers 500 \(Something went wrong\)"):
        reader(server, Waits()).find(WHERE, "see it")
    assert len(server.requests) == 5


@pytest.mark.parametrize("how", [Before(500), After(500), Drop(), Drop(after=True), TooMany("3"), After(409)])
def test_a_write_is_sent_once_and_handed_back(server: BitbucketServer, how: How) -> None:
    server.fail(how, method="POST", times=None)
    with pytest.raises(Unclear):
        reader(server, Waits()).write("POST", PROJECTS, "create it", BODY)
    assert len(server.writes) == 1


def test_the_rate_limit_is_obeyed_and_said(server: BitbucketServer) -> None:
    waits = Waits()
    server.fail(TooMany("37"))
    server.fail(TooMany())
    reader(server, waits).find(WHERE, "see it")
    assert waits.seconds == [37.0, 1.0]
    assert waits.said == ["cannot see it now: Bitbucket's rate limit is reached; waiting 37 s"]


def test_the_rate_limit_is_not_obeyed_for_hours(server: BitbucketServer) -> None:
    waits = Waits()
    server.fail(TooMany("1800"))
    with pytest.raises(Unreachable, match="rate limit") as caught:
        reader(server, waits).find(WHERE, "see it")
    assert waits.seconds == []
    assert caught.value.hint == "run the same command again in 30 minutes: it continues"


def test_a_write_waits_as_long_as_it_is_told(server: BitbucketServer) -> None:
    waits = Waits()
    server.fail(TooMany("42"), method="POST", path="projects$")
    host_at(server, retry_policy=waits.retry_policy()).repositories.create(
        "a-build", mark=Mark("a", "build"), description=""
    )
    assert 42.0 in waits.seconds
    assert len(server.workspace.projects) == 1


def test_an_answer_that_takes_too_long(server: BitbucketServer) -> None:
    server.fail(Slow(2.0), times=None)
    host = host_at(server, retry_policy=Waits().retry_policy(attempts=1, read=0.2))
    with pytest.raises(Unreachable, match="does not answer in time"):
        host.repositories.find("x-build")


def test_nobody_is_there() -> None:
    with BitbucketServer() as server:
        host = host_at(server)
    with pytest.raises(Unreachable, match=r"no answer from 127\.0\.0\.1") as caught:
        host.repositories.find("x-build")
    assert "BITBUCKET_API_URL" in caught.value.hint
    assert "object at 0x" not in caught.value.message


def test_a_proxys_page_is_no_answer(server: BitbucketServer) -> None:
    server.fail(Before(200, "<!doctype html><title>Log in</title>", "text/html"))
    with pytest.raises(Unreachable, match="a web page came back") as caught:
        reader(server, Waits()).find(WHERE, "see it")
    assert "HTTPS_PROXY" in caught.value.hint


def test_a_page_that_says_not_found_does_not_make_a_repository_absent(server: BitbucketServer) -> None:
    server.fail(Before(404, "<html>Not found</html>", "text/html"))
    with pytest.raises(Unreachable):
        host_at(server).repositories.find("x-build")


def test_a_missing_proxy(server: BitbucketServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    with pytest.raises(Unreachable, match="the proxy fails") as caught:
        reader(server, Waits()).find(WHERE, "see it")
    assert "HTTPS_PROXY" in caught.value.hint


def test_every_page_is_read(server: BitbucketServer) -> None:
    server.rest.longest_page = 2
    host = host_at(server)
    for number in range(5):
        host.repositories.create(f"p{number}-build", mark=Mark(f"p{number}", "build"), description="")
    assert [one.mark.project for one in host.repositories.marked()] == ["p0", "p1", "p2", "p3", "p4"]


def test_every_page_is_read_where_pages_have_no_links(server: BitbucketServer) -> None:
    server.rest.longest_page = 2
    host = host_at(server)
    host.repositories.create("a-build", mark=Mark("a", "build"), description="")
    wanted = frozenset(Plain(f"V{number}", "x") for number in range(5))
    for variable in wanted:
        bitbucket_pipelines.set_variable(host.connection.repository("a-build"), variable)
    assert bitbucket_pipelines.variables(host.connection.repository("a-build")) == wanted


ASTRAY = {
    "https://evil.example/2.0/x": "another server",
    "{base}.evil.example/2.0/x": "another server",
    "{base}/2.0/a": "circles",
}


@pytest.mark.parametrize(("following", "why"), ASTRAY.items())
def test_pages_that_lead_astray(server: BitbucketServer, following: str, why: str) -> None:
    page = f'{{"values": [], "next": "{following.format(base=server.url)}"}}'
    server.fail(Before(200, page), times=None)
    with pytest.raises(Error, match=why):
        reader(server, Waits()).list(PROJECTS, "list them")
    assert len(server.requests) <= 2


def test_a_redirect_to_another_server_is_not_followed(server: BitbucketServer) -> None:
    with BitbucketServer() as other:
        server.rest.redirect_to = f"{other.url}/2.0/workspaces/acme"
        with pytest.raises(Unreachable, match="redirected to"):
            reader(server, Waits()).find(WHERE, "see it")
        assert other.requests == []


def test_a_redirect_on_the_same_server_keeps_the_credentials(
    server: BitbucketServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc(tmp_path, monkeypatch)
    server.rest.redirect_to = "/2.0/user"
    found = reader(server, Waits()).find(WHERE, "see it")
    assert found is not None
    assert found["type"] == "user"


@pytest.mark.parametrize("token", [PERSONAL, WORKSPACE], ids=["API token", "access token"])
def test_netrc_has_no_say(
    server: BitbucketServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, token: Token
) -> None:
    netrc(tmp_path, monkeypatch)
    assert Transport(account_at(server, token), Waits().retry_policy()).find(WHERE, "see it") is not None


def netrc(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = folder / "netrc"
    file.write_text("machine 127.0.0.1 login mallory password wrong\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(file))


def test_nothing_secret_is_logged_even_at_debug(server: BitbucketServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("atlassian", "atlassian.rest_client", "atlassian.bitbucket.cloud.base", "urllib3", "requests"):
        caplog.set_level(logging.DEBUG, logger=name)
    host = host_at(server)
    host.repositories.create("a-build", mark=Mark("a", "build"), description="")
    bitbucket_pipelines.set_variable(
        host.connection.repository("a-build"), Secured("PASSWORD", "X", Secret("hunter2-value"))
    )
    assert "POST" in caplog.text  # urllib3 says where, never what
    for secret in ("hunter2-value", PERSONAL.secret, "Basic "):
        assert secret not in caplog.text


def test_a_secret_that_a_server_repeats_is_not_shown(server: BitbucketServer) -> None:
    host = host_at(server)
    host.repositories.create("a-build", mark=Mark("a", "build"), description="")
    body = '{"type": "error", "error": {"message": "value hunter2-value is too long"}}'
    server.fail(Before(400, body), method="POST", path="variables", times=None)
    with pytest.raises(Error) as caught:
        bitbucket_pipelines.set_variable(
            host.connection.repository("a-build"), Secured("PASSWORD", "X", Secret("hunter2-value"))
        )
    assert "hunter2" not in f"{caught.value!r} {caught.value} {caught.value.message}"
    assert "value *** is too long" in caught.value.message


def test_a_missing_scope_is_named(server: BitbucketServer) -> None:
    scope = "admin:project:bitbucket"
    server.tokens = [replace(PERSONAL, scopes=PERSONAL.scopes - {scope})]
    with pytest.raises(Denied, match=f"create the Bitbucket project A1: the token lacks the scope {scope}") as caught:
        host_at(server).repositories.create("a1-build", mark=Mark("a1", "build"), description="")
    assert "new token" in caught.value.hint


def test_what_is_gone_between_look_and_change_is_looked_at_again(server: BitbucketServer) -> None:
    host = host_at(server)
    host.repositories.create("a-build", mark=Mark("a", "build"), description="")
    repository = host.connection.repository("a-build")
    bitbucket_pipelines.set_variable(repository, Plain("A", "1"))
    gone = '{"type": "error", "error": {"message": "Variable not found"}}'
    server.fail(Before(404, gone), method="PUT", path="variables")
    bitbucket_pipelines.set_variable(repository, Plain("A", "2"))
    assert bitbucket_pipelines.variables(repository) == {Plain("A", "2")}


def test_a_wrong_token(server: BitbucketServer) -> None:
    server.tokens = [WORKSPACE]
    with pytest.raises(Denied, match="Token is invalid, expired") as caught:
        host_at(server).repositories.find("x-build")
    assert "BITBUCKET_API_TOKEN" in caught.value.hint


def test_a_workspace_that_is_not_there(server: BitbucketServer) -> None:
    known = account_at(server)
    host = BitbucketCloud(Account(known.api, "acne", known.credentials), retry_policy=Waits().retry_policy())
    with pytest.raises(Denied, match="no workspace 'acne'") as caught:
        host.repositories.find("x-build")
    assert "BITBUCKET_WORKSPACE" in caught.value.hint


def test_a_plan_without_private_repositories(server: BitbucketServer) -> None:
    server.rest.private_allowed = False
    with pytest.raises(Denied, match="Your plan does not include private repositories") as caught:
        host_at(server).repositories.create("a1-build", mark=Mark("a1", "build"), description="")
    assert "plan" in caught.value.hint
    assert "`fork_policy` in [bitbucket]" in caught.value.hint


@pytest.mark.parametrize(
    ("method", "path", "setting"),
    [
        ("POST", "repositories/acme/a-build/branch-restrictions", "[bitbucket.main]"),
        ("PUT", "repositories/acme/a-build/branch-restrictions/3", "[bitbucket.main]"),
        ("POST", "repositories/acme/a-build/environments", "[bitbucket.environments]"),
        ("POST", "repositories/acme/a-build/deployments_config/environments/x/variables", "[bitbucket.environments]"),
        ("POST", "repositories/acme/a-build/pipelines_config/variables", "[bitbucket.variables]"),
        ("POST", "repositories/acme/a-build/pipelines_config/schedules", "[[bitbucket.deploy.schedules]]"),
        ("GET", "user", ""),
    ],
)
def test_a_plan_that_is_too_small_names_the_setting(method: str, path: str, setting: str) -> None:
    assert setting_of(method, path) == setting
