"""The template repository of a Git host: whether it has the templates, and putting them there."""

from pathlib import Path

from mlops_new.cli.console import Console
from mlops_new.errors import Conflict
from mlops_new.names import TEMPLATE_MARK, TEMPLATE_SLUG
from mlops_new.ports.templates import Template
from mlops_new.project.apply import apply
from mlops_new.project.context import Context
from mlops_new.project.plan import Plan
from mlops_new.project.spec import ProjectSpec
from mlops_new.project.steps import PublishTemplate
from mlops_new.template.repository import choose_template, template_repository


def lacking(context: Context) -> PublishTemplate | None:
    """What puts the templates there; None where they are. Reads only.

    Raises:
        Conflict: a repository of that name is not ours.
    """
    seen = template_repository(context.host)
    if seen.hosted and seen.hosted.mark != TEMPLATE_MARK:
        raise Conflict(f"repository {seen.url} exists and was not made by mlops-new")
    chosen = choose_template(seen)
    if f"refs/tags/{chosen.version}" in seen.refs:
        return None
    return PublishTemplate(seen.url, chosen.version, create=seen.hosted is None)


def publish(step: PublishTemplate, context: Context, console: Console) -> None:
    """Put them there."""
    spec = ProjectSpec(TEMPLATE_SLUG, Path(), {}, Template(step.url, step.version))
    apply(Plan((step,), {step: frozenset()}), spec, context, lambda done: console.done(done.step))
