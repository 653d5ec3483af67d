"""Versions that a repository cannot be updated from or to. Pure."""

from collections.abc import Mapping

from mlops_new.errors import Conflict, Invalid
from mlops_new.ports.templates import Template
from mlops_new.template.versions import Recorded, version_of


def refuse_unrecorded(recorded: Recorded, where: str) -> None:
    """Raise where a repository does not say what it was rendered from."""
    if not recorded.url or not recorded.version:
        raise Invalid(f"{where} does not record which template version it has", hint=_ADOPT)


def refuse_unusable(recorded: Recorded, refs: Mapping[str, str], where: str) -> None:
    """Raise where a three-way merge would have no base.

    Args:
        recorded: What the repository records.
        refs: What that template repository has.
        where: The repository.
    """
    tagged = refs.get(f"refs/tags/{recorded.version}")
    if tagged is None and version_of(recorded.version) is None:
        raise Invalid(f"{where} was rendered from {recorded.version}, which is no tag of {recorded.url}", hint=_ADOPT)
    if tagged is None:
        raise Invalid(
            f"{recorded.url} has no tag {recorded.version}, which {where} was rendered from",
            hint=f"push the tag back to it, or {_ADOPT}",
        )
    if recorded.commit and recorded.commit != tagged:
        raise Conflict(
            f"the tag {recorded.version} of {recorded.url} was moved: {where} was rendered from "
            f"{recorded.commit[:10]}, and now it is {tagged[:10]}",
            hint=f"put it back: git push --force {recorded.url} {recorded.commit}:refs/tags/{recorded.version}",
        )


_ADOPT = "link it to a version anew: mlops-new adopt PATH --to VERSION"


def refuse_downgrade(recorded: Recorded, target: Template, where: str) -> None:
    """Raise where the repository is ahead of the version that was asked for."""
    have, want = version_of(recorded.version), version_of(target.version)
    if recorded.url == target.url and have and want and have > want:
        raise Invalid(
            f"{where} is at template {recorded.version}, and {target.version} is older",
            hint="projects are only brought forward: leave --to out, or update mlops-new",
        )
