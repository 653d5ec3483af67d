"""Whatever request fails, however, and wherever the program is killed: the same command again ends as a clean run.

Each fault is tried at every sixth request, each at other ones; with `MLOPS_NEW_TEST_EVERY_FAULT=1` at every request,
which takes a quarter of an hour.
"""

import multiprocessing
import os
import shutil
import signal
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mlops_new.errors import Error
from mlops_new.names import Kind
from mlops_new.ports.templates import Template
from mlops_new.system import git
from mlops_new.template import packaged, publish
from tests.doubles.bitbucket import After, Before, BitbucketServer, Drop, Slow, TooMany
from tests.doubles.bitbucket.faults import How
from tests.doubles.bitbucket.state import Json
from tests.e2e.acme import NAME, ONE_MOMENT, SLUGS, Rendered, make, new_server, render_once

FAULTS: dict[str, How] = {
    "500 before": Before(500),
    "500 after": After(500),
    "drop before": Drop(),
    "drop after": Drop(after=True),
    "429": TooMany("3"),
}
STRIDE = 1 if os.environ.get("MLOPS_NEW_TEST_EVERY_FAULT") else 6
SHARES = 2


@dataclass(frozen=True)
class Clean:
    """A run in which nothing went wrong: what there is afterwards, and which requests it took."""

    picture: Json
    requests: list[int]
    writes: list[int]
    rendered: Rendered

    def struck(self, fault: str, share: int) -> list[int]:
        """The requests that a fault strikes; "after" is "before" for one that only reads."""
        numbers = self.writes if fault.endswith("after") else self.requests
        first = list(FAULTS).index(fault) if fault in FAULTS else len(FAULTS)
        return numbers[first % STRIDE :: STRIDE][share::SHARES]


@pytest.fixture(autouse=True)
def _one_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    _set(monkeypatch)


def _set(patch: pytest.MonkeyPatch) -> None:
    for name, value in {**ONE_MOMENT, "GIT_ALLOW_PROTOCOL": "file:http"}.items():
        patch.setenv(name, value)


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Clean:
    """The clean run, from both repositories as Copier renders them."""
    place = tmp_path_factory.mktemp("clean")
    with pytest.MonkeyPatch.context() as patch, new_server() as server:
        _set(patch)
        git.run("init", "--quiet", "--bare", str(place / "hosted.git"))
        publish.publish(str(place / "hosted.git"), packaged.PACKAGED_VERSION, {}, {}, place)
        rendered = render_once(place / "rendered", Template(str(place / "hosted.git"), packaged.PACKAGED_VERSION))
        make(server.url, place, rendered)
        numbers = [request.number for request in server.requests]
        return Clean(final(server, place), numbers, [request.number for request in server.writes], rendered)


def final(server: BitbucketServer, place: Path) -> Json:
    """Everything that exists at Bitbucket; what exists on this machine belongs to it and nothing is left over."""
    for slug in SLUGS:
        copy = place / "here" / slug
        assert git.run("status", "--porcelain", cwd=copy) == ""
        assert git.head(copy) == server.repository(slug).heads["refs/heads/main"]
    assert sorted(path.name for path in (place / "here").iterdir()) == SLUGS
    assert list((place / "home" / "scratch").iterdir()) == []
    return server.picture()


def test_a_clean_run_makes_everything_and_the_second_writes_nothing(clean: Clean, tmp_path: Path) -> None:
    made = clean.picture["repositories"][f"{NAME}-deploy"]
    assert made["about"]["description"].startswith(f"mlops-new: project={NAME} repository=deploy")
    assert {one["kind"] for one in made["restrictions"]} >= {"force", "delete", "push"}
    assert len(made["schedules"]) == len(made["hooks"]) == len(made["reviewers"]) == 1
    with new_server() as server:
        make(server.url, tmp_path, clean.rendered)
        server.forget()
        make(server.url, tmp_path, clean.rendered)
        assert server.writes == []


@pytest.mark.slow
@pytest.mark.parametrize("share", range(SHARES))
@pytest.mark.parametrize("fault", FAULTS)
def test_a_request_that_fails(clean: Clean, tmp_path: Path, fault: str, share: int) -> None:
    for number in clean.struck(fault, share):
        with new_server() as server:
            server.fail(FAULTS[fault], request=number)
            with suppress(Error):
                make(server.url, tmp_path / str(number), clean.rendered)
            make(server.url, tmp_path / str(number), clean.rendered)
            assert final(server, tmp_path / str(number)) == clean.picture, f"request {number}"


@pytest.fixture
def forks() -> multiprocessing.context.ForkServerContext:
    """Processes that have everything imported when they start."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.e2e.acme", "requests", "atlassian.bitbucket", "concurrent.futures.thread"])
    return context


@pytest.mark.slow
@pytest.mark.parametrize("share", range(SHARES))
@pytest.mark.parametrize("moment", ["killed before", "killed after"])
def test_killed_at_a_request(
    clean: Clean, tmp_path: Path, forks: multiprocessing.context.ForkServerContext, moment: str, share: int
) -> None:
    for number in clean.struck(moment, share):
        place = tmp_path / str(number)
        with new_server() as server:
            killed(forks, server, place, clean.rendered, number, after=moment.endswith("after"))
            server.heal()
            make(server.url, place, clean.rendered)
            assert final(server, place) == clean.picture, f"request {number}"


def killed(
    forks: multiprocessing.context.ForkServerContext,
    server: BitbucketServer,
    place: Path,
    rendered: Rendered,
    number: int,
    *,
    after: bool,
) -> None:
    """Run the command in a process that is killed, with all that it started, when the n-th request arrives."""
    process = forks.Process(target=in_a_group, args=(server.url, place, rendered, dict(os.environ)))

    def strike(current: int) -> bool:
        if current == number and process.pid is not None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        return current == number

    server.fail(Drop(after=after), where=strike)
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL, f"request {number}: {process.exitcode}"
    process.close()


def in_a_group(url: str, place: Path, rendered: Rendered, environ: dict[str, str]) -> None:
    """What the process does."""
    os.setsid()
    os.environ.clear()
    os.environ.update(environ)
    make(url, place, rendered)


@pytest.mark.slow
def test_two_people_at_once_make_one_project(clean: Clean, tmp_path: Path) -> None:
    with new_server() as server:
        server.fail(Slow(0.01), times=None)
        with ThreadPoolExecutor(2) as pool:
            both = [pool.submit(make, server.url, tmp_path / who, clean.rendered) for who in ("ann", "bob")]
            assert [one.exception() for one in both] == [None, None]
        for who in ("ann", "bob"):
            assert final(server, tmp_path / who) == clean.picture


@dataclass(frozen=True)
class Meanwhile(Rendered):
    """While one person renders, somebody else does something."""

    happens: Callable[[], None] = lambda: None

    def render(
        self, template: Template, kind: Kind, answers: Mapping[str, Any], destination: Path, env: Mapping[str, str]
    ) -> None:
        """Render, then let it happen."""
        super().render(template, kind, answers, destination, env)
        self.happens()


@pytest.mark.slow
@pytest.mark.parametrize("alike", [True, False], ids=["the same answers", "other answers"])
def test_somebody_else_is_faster(clean: Clean, tmp_path: Path, *, alike: bool) -> None:
    rendered = clean.rendered

    with new_server() as server:

        def ann() -> None:
            if not (tmp_path / "ann").exists():
                with pytest.MonkeyPatch.context() as patch:
                    patch.setenv("GIT_COMMITTER_DATE", "2026-02-02T00:00:00Z")
                    make(server.url, tmp_path / "ann", rendered)

        folder = rendered.folder
        if not alike:
            folder = tmp_path / "other"
            shutil.copytree(rendered.folder, folder)
            (folder / "build" / "README.md").write_text("something else\n", encoding="utf-8")
        bob = Meanwhile(folder, rendered.answers, ann)
        if alike:
            make(server.url, tmp_path / "bob", bob)
            final(server, tmp_path / "bob")
        else:
            with pytest.raises(Error, match="somebody else has pushed another build repository") as caught:
                make(server.url, tmp_path / "bob", bob)
            assert caught.value.code == 3
        final(server, tmp_path / "ann")
