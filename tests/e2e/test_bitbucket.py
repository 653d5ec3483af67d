"""`mlops-new` on Bitbucket as a user runs it: another process, against a Bitbucket on loopback."""

import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mlops_new.names import Kind, slug
from mlops_new.ports.step import Step
from mlops_new.ports.templates import Template
from mlops_new.project.apply import perform
from mlops_new.project.observe import observe
from mlops_new.project.plan import Plan, plan_project
from mlops_new.project.spec import ProjectSpec
from mlops_new.template.copier import Copier
from mlops_new.template.packaged import PACKAGED_VERSION
from tests.doubles.bitbucket import Before, BitbucketServer, Slow
from tests.doubles.bitbucket.server import PERSONAL
from tests.doubles.bitbucket.state import Repository
from tests.e2e.acme import NAME, SECRETS, SETTINGS, SLUGS, context, new_server, variables
from tests.e2e.program import Ended, mlops_new

EVERY_SECRET = [*SECRETS.values(), PERSONAL.secret]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BitbucketServer]:
    config = tmp_path_factory.mktemp("config") / "mlops-new.toml"
    config.write_text(SETTINGS, encoding="utf-8")
    monkeypatch.setenv("MLOPS_NEW_CONFIG", str(config))
    monkeypatch.setenv("GIT_ALLOW_PROTOCOL", "file:http")
    with new_server() as server:
        for name, value in variables(server).items():
            monkeypatch.setenv(name, value)
        yield server


def project(*arguments: str, env: dict[str, str] | None = None) -> Ended:
    return mlops_new("project", NAME, "--yes", "--json", *arguments, env=env)


def test_the_life_of_a_project(server: BitbucketServer, somewhere: Path, home: Path) -> None:
    planned = project("--dry-run")
    assert server.writes == []
    assert not home.exists()
    actions = [step["action"] for step in planned.document["steps"]]
    assert {"create project", "create repository", "enable pipelines", "set variable", "restrict"} <= set(actions)

    made = project()
    assert made.code == 0, made.err
    assert made.document["build"]["remote"] == f"{server.url}/acme/{NAME}-build.git"
    picture = server.picture()
    assert set(picture["projects"]) == {"FRESH_SALES", "MLOPS_TEMPLATES", "THEIRS"}
    assert set(picture["repositories"]) == {*SLUGS, "mlops-templates", "theirs"}

    server.forget()
    again = project()
    assert (again.code, again.document["changed"]) == (0, False)
    assert server.writes == []
    assert mlops_new("status", NAME).code == 0
    assert mlops_new("doctor", NAME).code == 0
    assert server.writes == []

    server.repository(SLUGS[0]).pipelines = False
    server.repository(SLUGS[0]).restrictions.clear()
    drift = mlops_new("status", "--json", cwd=somewhere / SLUGS[0])
    assert drift.code == 6
    assert f"to do: Switch on Pipelines for {SLUGS[0]}" in drift.document["differences"]
    assert project().code == 0
    assert server.picture() == picture

    gone = mlops_new("destroy", NAME, "--yes", "--json")
    assert gone.code == 0, gone.err
    assert "delete project" in [step["action"] for step in gone.document["removed"]]
    assert set(server.picture()["projects"]) == {"MLOPS_TEMPLATES", "THEIRS"}
    assert set(server.picture()["repositories"]) == {"mlops-templates", "theirs"}
    assert list(somewhere.iterdir()) == []


@pytest.mark.slow
def test_destroy_leaves_what_others_put_into_the_bitbucket_project(server: BitbucketServer, somewhere: Path) -> None:
    project()
    about = {"full_name": "acme/notes", "project": {"key": "FRESH_SALES"}, "description": "by hand"}
    server.workspace.repositories["notes"] = Repository(about, server.rest.folder / "notes.git")
    assert mlops_new("destroy", NAME, "--yes").code == 0
    assert "notes" in server.workspace.repositories
    assert "FRESH_SALES" in server.workspace.projects
    assert list(somewhere.iterdir()) == []


@pytest.mark.slow
def test_a_copy_of_another_git_host_is_not_pushed(server: BitbucketServer, somewhere: Path) -> None:
    assert mlops_new("project", NAME, "--yes", "--git", "local").code == 0
    refused = project()
    assert refused.code == 3
    assert "has the origin" in refused.document["error"]["message"]
    assert server.writes == []
    assert mlops_new("destroy", NAME, "--yes").code == 0
    assert sorted(path.name for path in somewhere.iterdir()) == SLUGS, "they are not of this Git host"


# --- what can be wrong: one clear line, a hint, the exit code, and nothing made ---


def no_token(server: BitbucketServer) -> None:
    server.tokens = []


def narrow_token(server: BitbucketServer) -> None:
    missing = {"admin:project:bitbucket", "write:webhook:bitbucket"}
    server.tokens = [replace(PERSONAL, scopes=PERSONAL.scopes - missing)]
    server.tells_scopes = True


def slug_taken(server: BitbucketServer) -> None:
    about = {"full_name": f"acme/{SLUGS[1]}", "description": "by hand", "project": {"key": "THEIRS"}}
    server.workspace.repositories[SLUGS[1]] = Repository(about, server.rest.folder / "taken.git")


def key_taken(server: BitbucketServer) -> None:
    server.workspace.projects["FRESH_SALES"] = {"key": "FRESH_SALES", "description": "by hand"}


def proxy(server: BitbucketServer) -> None:
    server.fail(Before(200, "<html>please log in</html>", "text/html"), times=None)


WRONG: dict[str, tuple[Callable[[BitbucketServer], None], dict[str, str], int, str]] = {
    "401": (no_token, {}, 4, "does not accept the credentials"),
    "no credentials": (lambda _: None, {"BITBUCKET_API_TOKEN": ""}, 4, "no credentials for Bitbucket"),
    "two missing scopes": (narrow_token, {}, 4, "admin:project:bitbucket.*write:webhook:bitbucket"),
    "no such workspace": (lambda _: None, {"BITBUCKET_WORKSPACE": "acne"}, 4, "shows no workspace 'acne'"),
    "slug taken": (slug_taken, {}, 3, "fresh-sales-deploy.git exists and was not made for this project"),
    "key taken": (key_taken, {}, 3, "Bitbucket project FRESH_SALES in acme exists"),
    "a proxy's page": (proxy, {}, 5, "a web page came back"),
    "a secret that is not set": (lambda _: None, {"TEAM_TOKEN": ""}, 2, "TEAM_TOKEN is not set"),
}


@pytest.mark.quick_cases(2)
@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_found_before_anything_is_made(server: BitbucketServer, somewhere: Path, case: str) -> None:
    spoil, env, code, why = WRONG[case]
    spoil(server)
    refused = project(env=env)
    error = refused.document["error"]
    assert (refused.code, error["code"]) == (code, code), refused.err
    assert re.search(why, error["message"]), error
    assert error["hint"]
    assert "\n" not in error["message"]
    assert "Traceback" not in refused.err
    assert server.writes == []
    assert list(somewhere.iterdir()) == []


def test_a_name_that_is_too_long(server: BitbucketServer, somewhere: Path) -> None:
    refused = mlops_new("project", "x" * 56, "--yes", "--json")
    assert refused.code == 2
    assert "Bitbucket and SageMaker allow 55" in refused.document["error"]["message"]
    assert server.requests == []


@pytest.mark.slow
def test_a_plan_without_private_repositories(server: BitbucketServer, somewhere: Path) -> None:
    server.rest.private_allowed = False
    refused = project()
    assert refused.code == 4
    assert "does not include private repositories" in refused.document["error"]["message"]
    assert refused.document["error"]["hint"]
    server.rest.private_allowed = True
    assert project().code == 0


@pytest.mark.slow
def test_a_push_that_is_refused(server: BitbucketServer, somewhere: Path) -> None:
    server.fail(Before(403), path=f"{SLUGS[0]}.git/git-receive-pack", times=None)
    refused = project()
    assert refused.code == 4
    assert "403" in refused.document["error"]["message"]
    assert "scopes" in refused.document["error"]["hint"]
    server.heal()
    assert project().code == 0


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl to make a certificate")
def test_a_server_that_nobody_vouches_for(somewhere: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    place = tmp_path_factory.mktemp("tls")
    certificate, key = place / "certificate.pem", place / "key.pem"
    new = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]
    subprocess.run([*new, "-out", certificate, "-keyout", key], check=True, capture_output=True)
    server = new_server()
    server.use_tls(certificate, key)
    with server:
        refused = project("--git", "bitbucket", env=variables(server))
    assert refused.code == 5
    assert "no trusted TLS connection" in refused.document["error"]["message"]
    assert "REQUESTS_CA_BUNDLE" in refused.document["error"]["hint"]


# --- secrets ---


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc")
def test_no_child_process_shows_a_secret_and_no_file_keeps_one(
    server: BitbucketServer, somewhere: Path, home: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    server.fail(Slow(0.3), path=r"\.git/", times=None)
    temporary = tmp_path_factory.mktemp("tmp")
    traces = {
        "GIT_TRACE": str(temporary / "trace"),
        "GIT_TRACE_CURL": str(temporary / "curl"),
        "TMPDIR": str(temporary),
    }
    ended: list[Ended] = []
    running = threading.Thread(target=lambda: ended.append(project(env=traces)))
    running.start()
    seen: dict[str, str] = {}
    while running.is_alive():
        seen |= children(server)
        time.sleep(0.01)
    running.join()
    assert ended[0].code == 0, ended[0].err
    assert any("push" in command for command in seen), "no push was looked at"
    assert any("remote-http" in command for command in seen)
    for command, environ in seen.items():
        assert not [secret for secret in EVERY_SECRET if secret in command + environ], command
    written = [file for folder in (somewhere, home, temporary) for file in folder.rglob("*") if file.is_file()]
    assert (temporary / "curl").is_file()
    for file in written:
        content = file.read_bytes()
        assert not [secret for secret in EVERY_SECRET if secret.encode() in content], file
    assert not [secret for secret in EVERY_SECRET if secret in ended[0].out + ended[0].err]


def children(server: BitbucketServer) -> dict[str, str]:
    """The command lines of git and of whatever it starts, with their environments."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            environ = (folder / "environ").read_bytes().replace(b"\0", b"\n").decode()
        except OSError:
            continue  # it has ended
        # The program itself was given the secrets, and the double has them in its memory only.
        if f"BITBUCKET_API_URL={server.url}\n" in environ and f"{sys.executable} -m mlops_new" not in command:
            found[command] = environ
    return found


# --- speed ---

# With 100 ms for each, 3.5 s are 35 round trips one after another. Looking, which is done all at once, takes six.
ROUND_TRIPS = 35 - 6


@pytest.mark.slow
def test_few_requests_wait_for_each_other(server: BitbucketServer, somewhere: Path, home: Path) -> None:
    """The longest chain of steps that wait for each other, in requests; each step asks one thing after another."""
    outside = context(server.url, home, Copier())
    template = Template(outside.host.repositories.url("mlops-templates"), PACKAGED_VERSION)
    answers = outside.templates.resolve(None, {"project_name": NAME}, ask=False)
    spec = ProjectSpec(NAME, somewhere, answers, template)
    seen = observe(NAME, somewhere, outside.host, outside.registry, outside.setup)
    urls = {kind: outside.host.repositories.url(slug(NAME, kind)) for kind in Kind}
    plan = plan_project(spec, seen, urls, outside.setup.depends)
    private = replace(outside, scratch=home / "private")
    private.scratch.mkdir(parents=True)
    cost: dict[Step, int] = {}
    for step in plan.steps:
        before = len(server.requests)
        perform(step, spec, private)
        cost[step] = len(server.requests) - before
    longest = chain(plan, cost)
    assert longest <= ROUND_TRIPS, f"{longest} requests wait for each other"


def chain(plan: Plan, cost: dict[Step, int]) -> int:
    """The cost of the dearest chain; the steps are in an order in which each comes after those it waits for."""
    total: dict[Step, int] = {}
    for step in plan.steps:
        total[step] = cost[step] + max((total[earlier] for earlier in plan.after[step]), default=0)
    return max(total.values())
