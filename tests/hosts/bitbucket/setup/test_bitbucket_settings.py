"""What an organisation writes about its repositories, and what it becomes."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from mlops_new.errors import Invalid
from mlops_new.hosts.bitbucket.api.credentials import Secret
from mlops_new.hosts.bitbucket.setup.bitbucket_settings import Setup, parse
from mlops_new.hosts.bitbucket.setup.setup_model import (
    Deployment,
    Environment,
    ObservedSetup,
    Plain,
    RepositorySetup,
    Restriction,
    Schedule,
    Secured,
    Webhook,
)
from mlops_new.hosts.bitbucket.setup.setup_plan import NOTHING, missing, require_secrets
from mlops_new.hosts.bitbucket.setup.setup_steps import (
    CreateEnvironment,
    EnablePipelines,
    Restrict,
    SetSchedule,
    SetupStep,
    SetVariable,
    SetWebhook,
    depends,
)
from mlops_new.names import Kind

EXAMPLE = Path(__file__).parents[4] / "docs" / "mlops-new.example.toml"


def read(text: str) -> Setup:
    return parse(tomllib.loads(text).get("bitbucket"), {})


def test_nothing_said_is_a_guarded_main_and_the_usual_environments() -> None:
    wanted = parse(None, {}).of("fresh-sales", Kind.BUILD)
    assert {str(one) for one in wanted.restrictions} == {
        "no rewritten history",
        "no deletion",
        "changes by pull request only",
        "1 approval(s) before a merge (enforced on Premium, else a warning)",
        "1 green build(s) before a merge (enforced on Premium, else a warning)",
    }
    assert [one.environment.name for one in wanted.deployments] == ["Test", "Staging", "Production"]
    assert (wanted.variables, wanted.reviewers, wanted.webhooks, wanted.schedules) == ((), (), (), ())


def test_what_both_get_and_what_only_one_gets() -> None:
    text = """
    [bitbucket.variables]
    REGION = "eu-north-1"
    ROLE = "role/{project}-{kind}"
    [bitbucket.deploy.variables]
    REGION = "eu-west-1"
    TOKEN = { secret = "TEAM_TOKEN" }
    [bitbucket.environments.Production]
    variables = { ACCOUNT = "1", NAME = "{repository}" }
    [bitbucket.deploy.environments.Production]
    variables = { ACCOUNT = "2" }
    """
    setup = parse(tomllib.loads(text)["bitbucket"], {"TEAM_TOKEN": "hunter2"})
    build, deploy = (setup.of("fresh-sales", kind) for kind in Kind)
    assert build.variables == (Plain("REGION", "eu-north-1"), Plain("ROLE", "role/fresh-sales-build"))
    assert deploy.variables == (
        Plain("REGION", "eu-west-1"),
        Plain("ROLE", "role/fresh-sales-deploy"),
        Secured("TOKEN", "TEAM_TOKEN", Secret("hunter2")),
    )
    production = Environment("Production", "Production")
    assert build.deployments == (Deployment(production, (Plain("ACCOUNT", "1"), Plain("NAME", "fresh-sales-build"))),)
    assert deploy.deployments == (Deployment(production, (Plain("ACCOUNT", "2"), Plain("NAME", "fresh-sales-deploy"))),)


def test_the_rules_of_main_can_be_loosened() -> None:
    off = "pull_request = false\napprovals = 0\ngreen_builds = 0\nforce_push = true\ndeletion = true"
    assert read(f"[bitbucket.main]\n{off}").of("x", Kind.BUILD).restrictions == ()
    bot = read('[bitbucket.main]\nmay_push = ["{0123-abcd}"]').of("x", Kind.BUILD)
    assert Restriction("push", exempt=frozenset({"{0123-abcd}"})) in bot.restrictions


def test_one_kind_changes_only_the_rules_that_it_names() -> None:
    setup = read("[bitbucket.main]\ndeletion = true\napprovals = 0\n[bitbucket.build.main]\napprovals = 2")
    build, deploy = ({one.kind: one.value for one in setup.of("x", kind).restrictions} for kind in Kind)
    assert build == deploy | {"require_approvals_to_merge": 2}
    assert deploy.keys() == {"force", "push", "require_passing_builds_to_merge"}


def test_the_example_is_right_and_complete() -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    setup = read(text)
    wanted = setup.of("fresh-sales", Kind.DEPLOY)
    assert setup.workspace == "acme"
    assert all((wanted.variables, wanted.deployments, wanted.reviewers, wanted.webhooks, wanted.schedules))


def test_every_commented_line_of_the_example_can_be_switched_on() -> None:
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    text = "\n".join(line.removeprefix("#: ") for line in lines)
    assert read(text).hosting.project == "DATA"


WRONG = {
    "workspace = 3": r"bitbucket\.workspace is 3; it is a text",
    "colour = 'red'": r"no setting bitbucket\.colour",
    "fork_policy = 'no'": r"bitbucket\.fork_policy is 'no'",
    "reviewers = 'ann'": r"bitbucket\.reviewers is 'ann'; it is a list of texts",
    "reviewers = ['a/b']": r"bitbucket\.reviewers",
    "variables = 3": r"bitbucket\.variables is 3; it is a table",
    "variables = {A = 3}": r"bitbucket\.variables\.A is neither a text nor a secret",
    "variables = {A-B = 'x'}": r"bitbucket\.variables\.A-B cannot be a variable's name",
    "variables = {A = {secret = 'hunter2 words'}}": r"bitbucket\.variables\.A is neither",
    "environments = {Blue = {}}": r"\[bitbucket\.environments\.Blue\] does not say type",
    "environments = {Test = {colour = 1}}": r"no setting bitbucket\.environments\.Test\.colour",
    "main = {approvals = -1}": r"bitbucket\.main\.approvals is -1; it is a whole number",
    "main = {approvals = true}": r"bitbucket\.main\.approvals is True; it is a whole number",
    "main = {force_push = 'no'}": r"bitbucket\.main\.force_push is 'no'; it is true or false",
    "main = {may_push = ['ann']}": r"bitbucket\.main\.may_push",
    "webhooks = {url = 'x'}": r"bitbucket\.webhooks is a list of tables",
    "webhooks = [{events = ['repo:push']}]": r"webhooks\[0\]\] does not say url",
    "webhooks = [{url = 'http://a.example', events = ['repo:push']}]": r"webhooks\[0\]\.url",
    "webhooks = [{url = 'https://u:hunter2@a.example', events = ['repo:push']}]": r"webhooks\[0\]\.url",
    "webhooks = [{url = 'https://a.example', events = []}]": r"webhooks\[0\]\.events",
    "webhooks = [{url = 'https://a.example', events = ['repo:push'], secret = 'hunter2!'}]": r"webhooks\[0\]\.secret",
    "schedules = [{pipeline = 'a', cron = '0 3 * * *'}]": r"schedules\[0\]\.cron",
    "schedules = [{cron = '0 0 3 * * ? *'}]": r"schedules\[0\]\] does not say pipeline",
    "deploy = {workspace = 'x'}": r"no setting bitbucket\.deploy\.workspace",
}


@pytest.mark.parametrize(("text", "why"), WRONG.items())
def test_what_cannot_be_right(text: str, why: str) -> None:
    with pytest.raises(Invalid, match=why) as caught:
        read(f"[bitbucket]\n{text}")
    assert "hunter2" not in f"{caught.value.message} {caught.value.hint}"


def test_everything_that_is_wrong_is_told_at_once() -> None:
    text = """
    [bitbucket]
    forkpolicy = "no_forks"
    reviewers = ["ann", 3]
    [bitbucket.build.main]
    aprovals = 2
    [bitbucket.deploy.environments.Blue]
    [[bitbucket.webhooks]]
    url = "https://u:hunter2@a.example"
    """
    with pytest.raises(Invalid) as caught:
        read(text)
    header, *lines = caught.value.message.splitlines()
    assert header == "6 settings are wrong:"
    assert [line.split(";")[0].strip() for line in sorted(lines)] == [
        "[bitbucket.deploy.environments.Blue] does not say type",
        "[bitbucket.webhooks[0]] does not say events",
        "the setting bitbucket.reviewers[1] is 3",
        "the setting bitbucket.webhooks[0].url is not an https URL without credentials",
        "there is no setting bitbucket.build.main.aprovals",
        "there is no setting bitbucket.forkpolicy",
    ]
    assert "did you mean approvals? [bitbucket.build.main] may say: approvals, deletion" in caught.value.message
    assert "did you mean fork_policy?" in caught.value.message
    assert "it is one of: Test, Staging, Production" in caught.value.message
    assert "hunter2" not in caught.value.message


@pytest.mark.parametrize("values", [3, "x", []])
def test_no_table(values: Any) -> None:
    with pytest.raises(Invalid, match="the setting bitbucket"):
        parse(values, {})


SECURED = Secured("TOKEN", "TEAM_TOKEN", Secret("hunter2"))
HOOK = Webhook("https://a.example", frozenset({"repo:push"}), Secret("hunter2"), signed=True, source="HOOK")
WANTED = RepositorySetup(
    variables=(Plain("A", "1"), SECURED),
    deployments=(Deployment(Environment("Production", "Production"), (Plain("B", "2"),)),),
    reviewers=("ann",),
    restrictions=(Restriction("force"), Restriction("require_approvals_to_merge", value=2)),
    webhooks=(HOOK,),
    schedules=(Schedule("retrain", "0 0 3 * * ? *"),),
)
COMPLETE = ObservedSetup(
    pipelines=True,
    variables=frozenset({Plain("A", "1"), Secured("TOKEN")}),
    deployments=(Deployment(Environment("Production", "Production"), (Plain("B", "2"),)),),
    reviewers=frozenset({"ann", "bob"}),
    restrictions=frozenset({*WANTED.restrictions, Restriction("delete")}),
    webhooks=(Webhook("https://a.example", frozenset({"repo:push"}), signed=True),),
    schedules=WANTED.schedules,
)


def differing(**changes: Any) -> list[str]:
    return [str(step) for step in missing("x", WANTED, ObservedSetup(**{**vars(COMPLETE), **changes}))]


def test_nothing_is_missing_from_what_is_complete_and_what_people_added_stays() -> None:
    assert missing("x", WANTED, COMPLETE) == ()


def test_everything_is_missing_from_nothing() -> None:
    steps = missing("x", WANTED, NOTHING)
    assert len(steps) == 10
    assert isinstance(steps[0], EnablePipelines)
    assert all(isinstance(step, Restrict) for step in steps[-2:])
    assert "hunter2" not in " ".join(map(str, steps)) + repr(steps)


def test_what_a_person_changed_is_put_right() -> None:
    assert differing(pipelines=False) == ["Switch on Pipelines for x"]
    assert differing(variables=frozenset({Plain("A", "9"), Secured("TOKEN")})) == ["Set the variable A of x"]
    assert differing(variables=frozenset({Secured("A"), Secured("TOKEN")})) == ["Set the variable A of x"]
    assert differing(variables=frozenset({Plain("A", "1"), Plain("TOKEN", "shown")})) == ["Set the variable TOKEN of x"]
    assert differing(reviewers=frozenset({"bob"})) == ["Make ann a default reviewer of x"]
    looser = frozenset({Restriction("force"), Restriction("require_approvals_to_merge", value=0)})
    assert differing(restrictions=looser) == [
        "Restrict main of x: 2 approval(s) before a merge (enforced on Premium, else a warning)"
    ]
    other = (Schedule("retrain", "0 0 4 * * ? *"),)
    assert differing(schedules=other) == ["Run retrain of x at 0 0 3 * * ? *"]
    assert differing(schedules=WANTED.schedules * 2) == ["Run retrain of x at 0 0 3 * * ? *"]
    unsigned = Webhook("https://a.example", frozenset({"repo:push"}))
    assert differing(webhooks=(unsigned,)) == ["Tell https://a.example about repo:push of x"]


def test_a_secret_is_asked_for_only_where_it_is_written() -> None:
    unknown = RepositorySetup(variables=(Secured("TOKEN", "TEAM_TOKEN"),))
    assert missing("x", unknown, COMPLETE) == ()
    steps = missing("x", unknown, NOTHING)
    with pytest.raises(Invalid, match="cannot set the variable TOKEN of x: TEAM_TOKEN is not set"):
        require_secrets(steps)
    hook = RepositorySetup(
        webhooks=(Webhook("https://a.example", frozenset({"repo:fork"}), signed=True, source="HOOK"),)
    )
    steps = missing("x", hook, COMPLETE)
    assert [str(step) for step in steps] == ["Tell https://a.example about repo:fork of x"]
    require_secrets(steps)
    steps = missing("x", hook, NOTHING)
    with pytest.raises(Invalid, match="HOOK is not set"):
        require_secrets(steps)


def test_what_waits_for_what() -> None:
    pipelines, other = EnablePipelines("x"), EnablePipelines("y")
    production = Environment("Production", "Production")
    environment, canary = CreateEnvironment("x", production), CreateEnvironment("x", Environment("Canary", "Test"))
    variable = SetVariable("x", Plain("A", "1"), "Production")
    hook, schedule, rule = (
        SetWebhook("x", HOOK),
        SetSchedule("x", WANTED.schedules[0]),
        Restrict("x", Restriction("force")),
    )
    steps: list[SetupStep] = [pipelines, other, environment, canary, variable, hook, schedule, rule]
    waits = {step: [earlier for earlier in steps if depends(step, earlier)] for step in steps}
    assert waits[environment] == waits[schedule] == [pipelines]
    assert waits[variable] == [pipelines, environment]
    assert waits[pipelines] == waits[other] == waits[hook] == []
    assert waits[rule] == [pipelines, environment, canary, variable, hook, schedule]
    assert [step for step in steps if step.needs_main] == [schedule, rule]
