"""Many renders: by several processes where there are many, since Copier works in its process's one current folder."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from mlops_new.errors import Error
from mlops_new.ports.templates import Template, Templates
from mlops_new.system.worker_pool import Carried, spread

# Up to here a second process, which has to load Copier, would not save time.
_ALONE = 4


@dataclass(frozen=True)
class Job:
    """One repository to render.

    Args:
        template: What is rendered.
        answers: The text of the repository's answers file.
        destination: A place that does not exist yet.
        env: Lets git read the template.
    """

    template: Template
    answers: str
    destination: Path
    env: Mapping[str, str]


def perform(jobs: Sequence[Job], templates: Templates) -> list[Carried | None]:
    """Render; for each job, why it failed."""
    return spread(partial(_perform, templates), jobs, alone=_ALONE)


def _perform(templates: Templates, job: Job) -> Carried | None:
    try:
        templates.rerender(job.template, job.answers, job.destination, job.env)
    except Error as error:
        return Carried.of(error)
    return None
