"""What a repository was rendered from, and what it is updated to. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from packaging.version import InvalidVersion, Version

from mlops_new.ports.templates import Template
from mlops_new.template.answers import read_answers

# What the names of updates' branches begin with.
BRANCHES = "mlops-new/template-"
_COMMIT = re.compile(r"^# Rendered from commit ([0-9a-f]{40,64})$", re.MULTILINE)


@dataclass(frozen=True)
class Recorded:
    """What an answers file says of the template.

    Args:
        url: The template repository; empty where it does not say.
        version: The tag; empty where it does not say.
        commit: The commit that the tag had then; None where it does not say.
    """

    url: str
    version: str
    commit: str | None

    @property
    def template(self) -> Template:
        """The same as what can be rendered."""
        return Template(self.url, self.version)


def recorded(answers: str) -> Recorded:
    """What the text of an answers file says."""
    found = read_answers(answers)
    commit = _COMMIT.search(answers)
    return Recorded(
        url=str(found.get("_src_path") or ""),
        version=str(found.get("_commit") or ""),
        commit=commit.group(1) if commit else None,
    )


def branch(version: str) -> str:
    """The branch that an update to a version goes to."""
    return BRANCHES + version


def branch_version(name: str) -> str | None:
    """The version that such a branch is named after, or None."""
    return name.removeprefix(BRANCHES) if name.startswith(BRANCHES) else None


def tags(refs: Mapping[str, str]) -> list[str]:
    """The tags that are versions, the oldest first."""
    named = [ref.removeprefix("refs/tags/") for ref in refs if ref.startswith("refs/tags/")]
    found = [(version, tag) for tag in named if (version := version_of(tag))]
    return [tag for _, tag in sorted(found)]


def older(refs: Mapping[str, str], version: str) -> list[str]:
    """The versions before one, the newest first."""
    limit = version_of(version)
    return [tag for tag in reversed(tags(refs)) if limit and (found := version_of(tag)) and found < limit]


def version_of(tag: str) -> Version | None:
    """The version that a tag names, or None."""
    try:
        return Version(tag)
    except InvalidVersion:
        return None
