from dataclasses import replace
from pathlib import Path

import pytest

from mlops_new.errors import Conflict
from mlops_new.names import DEFINITIONS, TEMPLATE_MARK, Kind, Mark, pipeline_name
from mlops_new.ports.git_host import HostedRepository
from mlops_new.ports.registry import Group, Pipeline
from mlops_new.ports.templates import Template
from mlops_new.project.observe import CopyState, Observed, WorkingCopy
from mlops_new.project.plan import plan_project
from mlops_new.project.spec import ProjectSpec
from mlops_new.project.steps import Clone, CreateGroup, CreateRepository, PublishTemplate, Push, Register, Render
from mlops_new.template.repository import TemplateRepository, choose_template

HERE = Path("/somewhere")
PIPELINES = {pipeline_name("fresh-sales", short): kind for kind in Kind for short in DEFINITIONS[kind]}
URLS = {kind: f"/host/fresh-sales-{kind}.git" for kind in Kind}
SPEC = ProjectSpec("fresh-sales", HERE, {}, Template("/host/mlops-templates.git", "v0.1.0"))
TEMPLATES = HostedRepository("mlops-templates", "/host/mlops-templates.git", TEMPLATE_MARK, "c0")
PUBLISHED = {"refs/heads/main": "c0", "refs/heads/mlops-new": "c0", "refs/tags/v0.1.0": "c0"}


def nothing() -> Observed:
    return Observed(
        copies={kind: WorkingCopy(SPEC.path(kind), CopyState.ABSENT, {}) for kind in Kind},
        hosted=dict.fromkeys(Kind),
        pipelines=dict.fromkeys(PIPELINES),
        committed={},
        template=TemplateRepository(TEMPLATES.url, None, {}),
    )


def hosted(kind: Kind, head: str | None = "c1") -> HostedRepository:
    return HostedRepository(f"fresh-sales-{kind}", URLS[kind], SPEC.mark(kind), head)


def everything() -> Observed:
    return Observed(
        copies={kind: WorkingCopy(SPEC.path(kind), CopyState.OURS, {}, URLS[kind]) for kind in Kind},
        hosted={kind: hosted(kind) for kind in Kind},
        pipelines={name: Pipeline(name, "d", SPEC.mark(kind)) for name, kind in PIPELINES.items()},
        committed=dict.fromkeys(PIPELINES, "d"),
        template=TemplateRepository(TEMPLATES.url, TEMPLATES, PUBLISHED),
        group=Group(SPEC.name, SPEC.mark(Kind.BUILD)),
    )


def test_a_new_project_needs_every_step() -> None:
    steps = plan_project(SPEC, nothing(), URLS).steps
    assert [type(step) for step in steps] == [
        PublishTemplate, Render, CreateRepository, Push, CreateRepository, Push, CreateGroup,
        *[Register] * len(PIPELINES),
    ]  # fmt: skip


def test_when_everything_exists_there_is_nothing_to_do() -> None:
    assert plan_project(SPEC, everything(), URLS).steps == ()


def test_nothing_is_hosted_before_everything_is_rendered() -> None:
    plan = plan_project(SPEC, nothing(), URLS)
    (render,) = [step for step in plan.steps if isinstance(step, Render)]
    for step in plan.steps:
        assert isinstance(step, PublishTemplate | Render) or render in plan.after[step]


def test_the_two_repositories_do_not_wait_for_each_other() -> None:
    plan = plan_project(SPEC, nothing(), URLS)
    for step, before in plan.after.items():
        if isinstance(step, CreateRepository | Push):
            others = [other for other in before if isinstance(other, CreateRepository | Push)]
            assert all(other.kind is step.kind for other in others)


def test_killed_between_the_two_moves_only_the_missing_one_is_rendered() -> None:
    seen = nothing()
    copies = {**seen.copies, Kind.BUILD: WorkingCopy(SPEC.path(Kind.BUILD), CopyState.OURS, {}, URLS[Kind.BUILD])}
    template = TemplateRepository(TEMPLATES.url, TEMPLATES, PUBLISHED)
    steps = plan_project(SPEC, replace(seen, copies=copies, template=template), URLS).steps
    assert steps[0] == Render(((Kind.DEPLOY, SPEC.path(Kind.DEPLOY)),), "v0.1.0")


def test_what_a_colleague_made_is_cloned() -> None:
    seen = replace(everything(), copies=nothing().copies, committed={})
    assert [type(step) for step in plan_project(SPEC, seen, URLS).steps] == [Clone, Clone]


def test_a_repository_that_was_never_pushed_to_is_pushed() -> None:
    seen = everything()
    seen = replace(seen, hosted={**seen.hosted, Kind.BUILD: hosted(Kind.BUILD, head=None)})
    assert plan_project(SPEC, seen, URLS).steps == (Push(Kind.BUILD, SPEC.path(Kind.BUILD), URLS[Kind.BUILD]),)


def test_a_committed_definition_that_differs_is_registered() -> None:
    seen = replace(everything(), committed={**dict.fromkeys(PIPELINES, "d"), "fresh-sales-build": "new"})
    (step,) = plan_project(SPEC, seen, URLS).steps
    assert str(step) == "Update pipeline fresh-sales-build from pipeline.json"


@pytest.mark.parametrize("part", ["copy", "repository", "marked for another project", "pipeline", "group", "template"])
def test_what_is_not_ours_is_a_conflict(part: str) -> None:
    seen = everything()
    match part:
        case "copy":
            foreign = WorkingCopy(SPEC.path(Kind.BUILD), CopyState.FOREIGN, {})
            seen = replace(seen, copies={**seen.copies, Kind.BUILD: foreign})
        case "repository":
            seen = replace(seen, hosted={**seen.hosted, Kind.BUILD: replace(hosted(Kind.BUILD), mark=None)})
        case "marked for another project":
            other = replace(hosted(Kind.BUILD), mark=Mark("other", "build"))
            seen = replace(seen, hosted={**seen.hosted, Kind.BUILD: other})
        case "pipeline":
            seen = replace(seen, pipelines={"fresh-sales-build": Pipeline("fresh-sales-build", "d", None)})
        case "group":
            seen = replace(seen, group=Group(SPEC.name, Mark("other", "build")))
        case _:
            seen = replace(seen, template=replace(seen.template, hosted=replace(TEMPLATES, mark=None)))
    with pytest.raises(Conflict) as conflict:
        plan_project(SPEC, seen, URLS)
    assert conflict.value.code == 3


@pytest.mark.parametrize(
    ("refs", "chosen"),
    [
        ({}, "v0.2.0"),
        ({"refs/heads/main": "a", "refs/heads/mlops-new": "a", "refs/tags/v0.1.0": "a"}, "v0.2.0"),
        ({"refs/heads/main": "a", "refs/heads/mlops-new": "a", "refs/tags/v0.2.0": "a"}, "v0.2.0"),
        ({"refs/heads/main": "a", "refs/heads/mlops-new": "a", "refs/tags/v0.10.0": "a"}, "v0.10.0"),
        (
            {"refs/heads/main": "b", "refs/heads/mlops-new": "a", "refs/tags/v0.1.1": "b", "refs/tags/v0.1.0": "a"},
            "v0.1.1",
        ),
        ({"refs/heads/main": "a", "refs/heads/mlops-new": "a", "refs/tags/release-one": "a"}, "v0.2.0"),
    ],
    ids=["new", "older", "same", "newer", "edited by the organisation", "no version"],
)
def test_the_template_version_of_a_new_project(refs: dict[str, str], chosen: str) -> None:
    seen = TemplateRepository("url", TEMPLATES, refs)
    assert choose_template(seen, packaged="v0.2.0") == Template("url", chosen)
