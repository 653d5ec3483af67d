"""Names, marks and kinds of repository; a project's name is validated. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from mlops_new.errors import Invalid

# The strictest of the names made from it: a Bitbucket slug (at most 62 characters, lower case, no double or outer
# hyphen), a Bitbucket project key (begins with a letter, two or more), a SageMaker model package group (at most 63).
LONGEST_NAME = 62 - len("-deploy")
_NAME = re.compile(r"[a-z](-?[a-z0-9])+")


class Kind(StrEnum):
    """The two repositories of a project."""

    BUILD = "build"
    DEPLOY = "deploy"


# Where each repository keeps the definitions that are registered, by the pipeline's name after the project's.
DEFINITIONS: Mapping[Kind, Mapping[str, str]] = {
    Kind.BUILD: {"build": "pipeline.json"},
    Kind.DEPLOY: {"inference": "pipelines/inference.json", "model-quality": "pipelines/model_quality.json"},
}


@dataclass(frozen=True)
class Mark:
    """What says that a thing was made by mlops-new, and for what."""

    project: str
    repository: str

    def __str__(self) -> str:
        return f"mlops-new: project={self.project} repository={self.repository}"


def parse_mark(line: str) -> Mark | None:
    """Read back what `str(mark)` wrote, or None."""
    words = dict(word.split("=", 1) for word in line.split() if "=" in word)
    if not line.startswith("mlops-new: ") or not {"project", "repository"} <= words.keys():
        return None
    return Mark(words["project"], words["repository"])


# The repository that projects are rendered and updated from.
TEMPLATE_SLUG = "mlops-templates"
TEMPLATE_MARK = Mark(TEMPLATE_SLUG, "template")


ANSWERS_FILE = ".copier-answers.yml"


def slug(name: str, kind: Kind) -> str:
    """The name of a repository on the Git host and on disk."""
    return f"{name}-{kind}"


def pipeline_name(name: str, pipeline: str) -> str:
    """The name of a pipeline on the platform."""
    return f"{name}-{pipeline}"


def pipeline_names(name: str) -> list[str]:
    """The names of all pipelines of a project."""
    return [pipeline_name(name, short) for definitions in DEFINITIONS.values() for short in definitions]


def valid_name(name: str) -> str:
    """Return the name, or raise `Invalid` saying which rule it breaks."""
    if fault := _name_fault(name):
        raise Invalid(f"{name!r} cannot be a project's name: {fault}", hint=_suggestion(name))
    return name


def _name_fault(name: str) -> str | None:
    if len(name) > LONGEST_NAME:
        return f"it has {len(name)} characters; Bitbucket and SageMaker allow {LONGEST_NAME} before '-deploy' is added"
    if _NAME.fullmatch(name):
        return None
    return (
        "a name has two or more lower-case letters, digits and single hyphens, begins with a letter "
        "and does not end with a hyphen"
    )


def _suggestion(name: str) -> str:
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-").lstrip("0123456789-")[:LONGEST_NAME].strip("-")
    return f"for example: {plain}" if _NAME.fullmatch(plain) else "for example: fresh-sales"


def other_name(mark: Mark, found: Mark | None, also: str = "") -> str:
    """The way out where something of our name carries another mark, or none: people edit descriptions.

    Args:
        mark: What it should carry.
        found: What it carries.
        also: Another way to write the mark.
    """
    other = "choose another name"
    if found is not None:
        return other
    return f"{other}; or, if it is yours and its description was edited, begin that with the line: {mark}{also}"
