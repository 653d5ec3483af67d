"""Versions that a repository cannot be updated from or to. Pure."""

from collections.abc import Mapping

from mlops_new.errors import Conflict, Invalid
from mlops_new.ports.templates import Template
from mlops_new.template.versions import Recorded, version_of


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
