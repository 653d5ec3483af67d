"""Whatever request of a set-up fails, and however: the same run again ends where a clean run ends."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from graphlib import TopologicalSorter

import pytest

from mlops_new.errors import Error
from mlops_new.hosts.bitbucket.api.retry_policy import RetryPolicy
from mlops_new.hosts.bitbucket.setup import bitbucket_settings as settings
from mlops_new.hosts.bitbucket.setup.setup_apply import perform
from mlops_new.hosts.bitbucket.setup.setup_observe import observe_setup
from mlops_new.hosts.bitbucket.setup.setup_plan import NOTHING, missing
from mlops_new.hosts.bitbucket.setup.setup_steps import depends
from mlops_new.names import Kind, Mark
from tests.doubles.bitbucket import After, Before, BitbucketServer, Drop, Slow, TooMany
from tests.doubles.bitbucket.faults import How
from tests.doubles.bitbucket.state import Json
from tests.hosts.bitbucket.client import Waits, host_at

SLUG = "fresh-sales-build"
REVIEWER = "{0d5f1d6e-0000-4000-8000-000000000001}"
TABLE = {
    "fork_policy": "no_public_forks",
    "reviewers": [REVIEWER],
    "variables": {"AWS_ROLE": "role/{project}", "TOKEN": {"secret": "TEAM_TOKEN"}},
    "environments": {"Production": {"variables": {"ACCOUNT": "111"}}, "Canary": {"type": "Test"}},
    "main": {"approvals": 2, "green_builds": 0, "force_push": True, "deletion": True},
    "webhooks": [{"url": "https://hooks.example.com/a", "events": ["repo:push"], "secret": "HOOK"}],
    "schedules": [{"pipeline": "retrain", "cron": "0 0 3 * * ? *"}],
}
SETUP = settings.parse(TABLE, {"TEAM_TOKEN": "s3cret", "HOOK": "signed"})


def set_up(server: BitbucketServer, retry_policy: RetryPolicy) -> None:
    """What `project` does for one repository, one thing after another."""
    host = host_at(server, hosting=SETUP.hosting, retry_policy=retry_policy)
    wanted = SETUP.of("fresh-sales", Kind.BUILD)
    found = host.repositories.find(SLUG)
    steps = missing(SLUG, wanted, observe_setup(host, SLUG, wanted) if found else NOTHING)
    if found is None:
        host.repositories.create(SLUG, mark=Mark("fresh-sales", "build"), description="Sales")
    for step in (step for step in steps if not step.needs_main):
        perform(step, host)
    server.pretend_pushed(SLUG)
    for step in (step for step in steps if step.needs_main):
        perform(step, host)


def try_to_set_up(server: BitbucketServer, retry_policy: RetryPolicy) -> None:
    with suppress(Error):
        set_up(server, retry_policy)


def new_server() -> BitbucketServer:
    server = BitbucketServer()
    server.add_user(REVIEWER, "557058:ann")
    server.workspace.projects["FOREIGN"] = {"key": "FOREIGN", "name": "not ours"}
    return server


@dataclass(frozen=True)
class Clean:
    """What a clean run makes, and the numbers of its requests."""

    picture: Json
    requests: range
    writes: list[int]

    def hit_by(self, how: How) -> Iterable[int]:
        """The requests that a fault makes a difference to: "after" is "before" for a read."""
        return self.writes if isinstance(how, After) or how == Drop(after=True) else self.requests


@pytest.fixture(scope="module")
def clean() -> Clean:
    with new_server() as server:
        set_up(server, Waits().retry_policy())
        numbers = [request.number for request in server.writes]
        return Clean(server.picture(), range(1, len(server.requests) + 1), numbers)


def test_a_clean_run_makes_everything(clean: Clean) -> None:
    made = clean.picture["repositories"][SLUG]
    assert made["about"]["is_private"] is True
    assert made["about"]["fork_policy"] == "no_public_forks"
    assert made["about"]["description"].startswith("mlops-new: project=fresh-sales repository=build\n")
    assert made["pipelines"] is True
    assert [(one["key"], one["value"], one["secured"]) for one in made["variables"]] == [
        ("AWS_ROLE", "role/fresh-sales", False),
        ("TOKEN", "s3cret", True),
    ]
    assert sorted(one["name"] for one in made["environments"]) == ["Canary", "Production", "Staging", "Test"]
    assert made["reviewers"] == [REVIEWER]
    assert {one["kind"]: one["value"] for one in made["restrictions"]} == {
        "require_approvals_to_merge": 2,
        "push": None,
    }
    assert [one["secret"] for one in made["hooks"]] == ["signed"]
    assert [(one["cron_pattern"], one["enabled"]) for one in made["schedules"]] == [("0 0 3 * * ? *", True)]


def test_the_second_run_writes_nothing() -> None:
    with new_server() as server:
        set_up(server, Waits().retry_policy())
        server.forget()
        set_up(server, Waits().retry_policy())
        assert server.writes == []


PASSING: dict[str, How] = {
    "500 before": Before(500),
    "500 after": After(500),
    "drop before": Drop(),
    "drop after": Drop(after=True),
    "429": TooMany("3"),
    "an empty success": After(200, ""),
    "an empty success before": Before(200, ""),
}


@pytest.mark.parametrize("how", PASSING.values(), ids=PASSING.keys())
def test_a_passing_fault_of_any_request_is_got_over(clean: Clean, how: How) -> None:
    for number in clean.hit_by(how):
        with new_server() as server:
            server.fail(how, request=number)
            set_up(server, Waits().retry_policy(looks=3))
            assert server.picture() == clean.picture, f"request {number}"


MISLEADING: dict[str, How] = {
    "400": After(400),
    "a web page": After(200, "<html>log in</html>", "text/html"),
    "a success without what it is": After(201, "{}"),
}


@pytest.mark.parametrize("how", MISLEADING.values(), ids=MISLEADING.keys())
def test_a_misleading_answer_to_any_write_is_looked_through(clean: Clean, how: How) -> None:
    for number in clean.hit_by(how):
        with new_server() as server:
            server.fail(how, request=number)
            try_to_set_up(server, Waits().retry_policy(looks=3))
            set_up(server, Waits().retry_policy())
            assert server.picture() == clean.picture, f"request {number}"


@pytest.mark.parametrize("how", [Drop(), Drop(after=True)], ids=["before", "after"])
def test_a_service_that_goes_down_and_comes_back(clean: Clean, how: How) -> None:
    for number in clean.hit_by(how):
        with new_server() as server:
            server.fail(how, request=number)
            server.fail(Drop(), where=partial(int.__lt__, number), times=None)
            try_to_set_up(server, Waits().retry_policy(attempts=2, looks=2))
            server.heal()
            set_up(server, Waits().retry_policy())
            assert server.picture() == clean.picture, f"request {number}"


def test_reads_that_lag_behind_creates(clean: Clean) -> None:
    with new_server() as server:
        server.rest.lag = 3
        set_up(server, Waits().retry_policy())
        assert server.picture() == clean.picture


def test_a_lagging_read_after_a_hidden_success(clean: Clean) -> None:
    """The worst of both: it was created, nobody said so, and a look does not show it yet."""
    for number in clean.writes:
        with new_server() as server:
            server.rest.lag = 2
            server.fail(Drop(after=True), request=number)
            try_to_set_up(server, Waits().retry_policy())
            set_up(server, Waits().retry_policy())
            assert server.picture() == clean.picture, f"request {number}"


def test_steps_that_do_not_depend_run_side_by_side(clean: Clean) -> None:
    with new_server() as server:
        host = host_at(server, hosting=SETUP.hosting)
        host.repositories.create(SLUG, mark=Mark("fresh-sales", "build"), description="Sales")
        server.pretend_pushed(SLUG)
        steps = missing(SLUG, SETUP.of("fresh-sales", Kind.BUILD))
        order = TopologicalSorter({step: {one for one in steps if depends(step, one)} for step in steps})
        order.prepare()
        with ThreadPoolExecutor() as pool:
            while order.is_active():
                ready = order.get_ready()
                list(pool.map(lambda step: perform(step, host), ready))
                order.done(*ready)
        assert server.picture() == clean.picture


def test_two_people_at_the_same_moment_make_one_of_everything(clean: Clean) -> None:
    with new_server() as server:
        server.fail(Slow(0.005), times=None)
        with ThreadPoolExecutor(2) as pool:
            both = [pool.submit(set_up, server, Waits().retry_policy()) for _ in range(2)]
            assert [one.exception() for one in both] == [None, None]
        assert server.picture() == clean.picture


def test_of_two_webhooks_to_one_address_the_signed_one_is_kept(clean: Clean) -> None:
    for place in range(2):
        with new_server() as server:
            set_up(server, Waits().retry_policy())
            hooks = server.repository(SLUG).hooks
            (uuid,) = hooks
            double = {**hooks[uuid], "uuid": ("{0}", "{zzz}")[place]}
            del double["secret"]
            hooks[double["uuid"]] = double
            server.forget()
            set_up(server, Waits().retry_policy())
            assert list(hooks) == [uuid]
            assert server.picture() == clean.picture


def test_what_people_changed_is_put_right_and_what_they_added_stays(clean: Clean) -> None:
    with new_server() as server:
        set_up(server, Waits().retry_policy())
        repository = server.repository(SLUG)
        repository.restrictions[99] = {"kind": "force", "pattern": "release/*", "id": 99}
        for rule in repository.restrictions.values():
            if rule["kind"] == "push":
                rule["users"] = [{"uuid": REVIEWER}]
        for variable in repository.variables.values():
            variable["value"] = "changed"
        for hook in repository.hooks.values():
            hook["active"] = False
        for schedule in repository.schedules.values():
            schedule["cron_pattern"] = "0 0 4 * * ? *"
        repository.pipelines = False
        set_up(server, Waits().retry_policy())
        del repository.restrictions[99]
        picture = server.picture()
        secured = next(one for one in picture["repositories"][SLUG]["variables"] if one["secured"])
        assert secured.pop("value") == "changed"  # it could not be seen, so it was not touched
        secured["value"] = "s3cret"
        assert picture == clean.picture
