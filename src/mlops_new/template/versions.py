"""What a repository was rendered from, and what it is updated to. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mlops_new.errors import Conflict, Invalid
from mlops_new.names import Template
from mlops_new.project.observe import TemplateRepository, version_of
from mlops_new.project.plan import choose_template
from mlops_new.template.copier import read_answers

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


@dataclass(frozen=True)
class Source:
    """A template repository as people name it.

    Args:
        url: Where it is; a folder by its absolute path.
        version: The tag; None for the newest.
    """

    url: str
    version: str | None


def named_template(text: str) -> Source:
    """Read `URL` or `URL@VERSION`.

    Raises:
        Invalid: it is nothing that an update could come back to.
    """
    found = _SOURCE.fullmatch(text.strip())
    if found is None:
        raise Invalid(f"{text!r} names no template repository", hint="like https://example.com/templates.git@v1.2.3")
    url, version = found.groups()
    if _is_path(url):
        url = str(Path(url).expanduser().resolve())
        if not Path(url).is_dir():
            raise Invalid(f"there is no template repository {url}", hint="name a Git repository: a folder or a URL")
    elif not url.endswith(".git"):
        url += ".git"  # Copier takes it for a plain folder otherwise
    return Source(url, version)


# A version begins after the last @, unless that belongs to the user of an address.
_SOURCE = re.compile(r"(.+?)(?:@([^@/:]+))?")


def _is_path(url: str) -> bool:
    return not re.match(r"[a-z+]+://|[^/]+@[^/]+:", url)


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


def choose_target(seen: TemplateRepository, wanted: str | None) -> Template:
    """The version that projects are rendered from or brought to.

    Args:
        seen: The template repository.
        wanted: A version that was asked for; None for the newest.

    Raises:
        Invalid: it has no such version, or none at all.
    """
    newest = choose_template(seen).version
    known = {*tags(seen.refs), newest}
    if wanted is None:
        return Template(seen.url, newest)
    found = next((name for name in (wanted, f"v{wanted}") if name in known), None)
    if found is None:
        raise Invalid(f"{seen.url} has no version {wanted}", hint=f"it has {', '.join(sorted(known, key=version_of))}")  # type: ignore[arg-type]  # all are versions
    return Template(seen.url, found)


def refuse_unrecorded(found: Recorded, where: str) -> None:
    """Raise where a repository does not say what it was rendered from."""
    if not found.url or not found.version:
        raise Invalid(f"{where} does not record which template version it has", hint=_ADOPT)


def refuse_unusable(found: Recorded, refs: Mapping[str, str], where: str) -> None:
    """Raise where a three-way merge would have no base.

    Args:
        found: What the repository records.
        refs: What that template repository has.
        where: The repository.
    """
    tagged = refs.get(f"refs/tags/{found.version}")
    if tagged is None and version_of(found.version) is None:
        raise Invalid(f"{where} was rendered from {found.version}, which is no tag of {found.url}", hint=_ADOPT)
    if tagged is None:
        raise Invalid(
            f"{found.url} has no tag {found.version}, which {where} was rendered from",
            hint=f"push the tag back to it, or {_ADOPT}",
        )
    if found.commit and found.commit != tagged:
        raise Conflict(
            f"the tag {found.version} of {found.url} was moved: {where} was rendered from {found.commit[:10]}, "
            f"and now it is {tagged[:10]}",
            hint=f"put it back: git push --force {found.url} {found.commit}:refs/tags/{found.version}",
        )


_ADOPT = "link it to a version anew: mlops-new adopt PATH --to VERSION"


def refuse_downgrade(found: Recorded, target: Template, where: str) -> None:
    """Raise where the repository is ahead of the version that was asked for."""
    have, want = version_of(found.version), version_of(target.version)
    if found.url == target.url and have and want and have > want:
        raise Invalid(
            f"{where} is at template {found.version}, and {target.version} is older",
            hint="projects are only brought forward: leave --to out, or update mlops-new",
        )
