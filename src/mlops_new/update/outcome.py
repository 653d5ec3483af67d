"""What came of updating one project, for people and for programs."""

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mlops_new.errors import Error
from mlops_new.names import Kind
from mlops_new.template.versions import branch
from mlops_new.update import descriptions
from mlops_new.update.merge_result import Updated
from mlops_new.update.prepare import Prepared


@dataclass(frozen=True)
class Outcome:
    """One project.

    Args:
        name: The project.
        prepared: Its update; None where it failed before.
        error: Why it failed.
        changed: Whether something was pushed or opened.
        proposals: The addresses of the pull requests that are open.
    """

    name: str
    prepared: Prepared | None = None
    error: Error | None = None
    changed: bool = False
    proposals: Mapping[Kind, str] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """The project for programs."""
        told: dict[str, Any] = {"project": self.name, "changed": self.changed}
        if self.prepared:
            target = self.prepared.target
            told["template"] = {"source": target.url, "version": target.version}
            for one in self.prepared.repositories:
                told[one.side.kind.value] = descriptions.document(one, self.proposals.get(one.side.kind))
        if self.error:
            told["error"] = {"code": self.error.code, "message": self.error.message, "hint": self.error.hint}
        return told

    def line(self, *, dry_run: bool) -> str:
        """The project among others."""
        return f"{self.name}: {self._summary(dry_run=dry_run)}"

    def text(self, copies: Mapping[Kind, Path], *, dry_run: bool) -> str:
        """The project by itself: every file, and what to do next."""
        lines = [self.line(dry_run=dry_run)]
        for one in self.prepared.repositories if self.prepared else ():
            lines += [one.side.slug, *descriptions.details(one)] if one.merged else []
        return "\n".join([*lines, *([] if dry_run else self._next(copies))])

    def answers(self) -> list[str]:
        """What becomes of the project's answers, each once: both repositories share them."""
        both = [answer for one in self.prepared.repositories for answer in one.answers] if self.prepared else []
        return list(dict.fromkeys(map(str, both)))

    def lines(self, *, dry_run: bool) -> list[str]:
        """The project among others, with what becomes of its answers."""
        return [self.line(dry_run=dry_run), *(f"  answer   {one}" for one in self.answers())]

    def _summary(self, *, dry_run: bool) -> str:
        if self.error:
            return self.error.message
        prepared = self.prepared
        if prepared is None or prepared.is_current:
            return f"at template {prepared.target.version}, nothing to do" if prepared else "nothing to do"
        name = branch(prepared.target.version)
        where = "would be on" if dry_run else "are on" if self.changed else "wait on"
        return f"{self._what(prepared)} {where} the branch {name}"

    @staticmethod
    def _what(prepared: Prepared) -> str:
        target, recorded = prepared.target, [one.side.recorded for one in prepared.repositories]
        froms = " and ".join(sorted({one.version for one in recorded}))
        if any(one.url != target.url for one in recorded):
            return f"the changes from template {froms} to {target.version} of {target.url}"
        if given := next((one.given for one in prepared.repositories if one.given), ()):
            return f"the new {'answer' if len(given) == 1 else 'answers'} to {', '.join(given)}"
        if froms == target.version:
            return f"what template {froms} has and was not here"
        return f"the changes from template {froms} to {target.version}"

    def _next(self, copies: Mapping[Kind, Path]) -> Iterator[str]:
        """What a person does next: resolve conflicts, or review pull requests; where the host has none, branches."""
        if self.prepared is None:
            return
        if self.prepared.clashes:
            yield from self._resolve(self.prepared, copies)
            return
        for one in self.prepared.repositories:
            kind = one.side.kind
            if kind in self.proposals:
                yield f"Review: {self.proposals[kind]}"
            elif _has_branch(one) and kind in copies:
                name, at = branch(one.target.version), f"git -C {shlex.quote(str(copies[kind]))}"
                yield f"Review: {at} diff main...origin/{name}"
                yield f"Merge:  {at} switch main && {at} merge origin/{name} && {at} push origin main"
            elif _has_branch(one):
                yield f"Review: {branch(one.target.version)} of {one.side.url}"

    def _resolve(self, prepared: Prepared, copies: Mapping[Kind, Path]) -> Iterator[str]:
        for one in prepared.repositories:
            if one.merged and one.merged.clashes and one.side.kind in copies:
                files = " ".join(shlex.quote(clash.path) for clash in one.merged.clashes)
                yield f"Resolve: mend what is marked, then git -C {shlex.quote(str(copies[one.side.kind]))} add {files}"
        yield f"Then:    mlops-new update {self.name} --continue"


def _has_branch(updated: Updated) -> bool:
    return updated.merged is not None or updated.in_place is not None
