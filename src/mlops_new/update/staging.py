"""One project and its repositories on their way through the renders."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from mlops_new.errors import Error, Invalid
from mlops_new.names import ANSWERS_FILE, Kind
from mlops_new.ports.templates import Template
from mlops_new.system.git_trees import Entry, listing, tree_of
from mlops_new.template import versions
from mlops_new.template.answers import Answer, answered_anew, changes, own, refused
from mlops_new.template.clones import TemplateCopy
from mlops_new.update import branches
from mlops_new.update.lagging_files import LOOK_BACK, lagging, suspects
from mlops_new.update.merge import Renders, merge
from mlops_new.update.merge_result import Side, Updated
from mlops_new.update.renders import Job


@dataclass(frozen=True)
class StagedProject:
    """A project before its renders. `given` is what is answered anew, as the questions' types have it."""

    name: str
    sides: tuple[Side, ...]
    olds: Mapping[Kind, TemplateCopy]
    new: TemplateCopy
    target: Template
    given: Mapping[str, Any] = field(default_factory=dict)


class StagedRepository:
    """One repository on its way through the renders."""

    def __init__(self, sided: StagedProject, side: Side, folder: Path) -> None:
        self.sided = sided
        self.side = side
        self.failed: Error | None = None
        self.in_place = branches.in_place(side, sided.target, sided.given)
        self._folder = folder

    @property
    def _old(self) -> TemplateCopy:
        return self.sided.olds[self.side.kind]

    @property
    def _is_recorded(self) -> bool:
        return self.side.recorded.template == self.sided.target and self._wanted == self.side.answers

    @cached_property
    def _wanted(self) -> str:
        """The text of the answers file that the version is rendered with."""
        return answered_anew(self.side.answers, self.sided.given)

    def jobs(self) -> list[Job]:
        """The recorded version, and the one it goes to."""
        self._folder.mkdir(parents=True)
        base = self._job(self._old, self.side.recorded.version, "base")
        if self._is_recorded:
            return [base]
        theirs = self._job(self.sided.new, self.sided.target.version, "theirs")
        return [base, replace(theirs, answers=self._wanted)]

    def earlier_jobs(self) -> list[Job]:
        """Versions before the recorded one, where a file is otherwise."""
        if not any(path in self._ours for path in suspects(self._ours, self._now)):
            return []
        earlier = versions.older(self._old.refs, self.side.recorded.version)[:LOOK_BACK]
        return [self._job(self._old, tag, f"earlier-{tag}") for tag in earlier]

    def merge(self) -> Updated:
        """The update of this repository."""
        updated = Updated(self.side, self.sided.target, in_place=self.in_place)
        if self.in_place:
            return updated
        place, answers = self.side.place, self._answers()
        lags = lagging(place, self._ours, self._now, self._earlier())
        if self._is_recorded and not lags:
            return updated
        theirs = self._base if self._is_recorded else tree_of(place, self._folder / "theirs")
        renders = Renders(self._base, theirs, lags, self.sided.new.only_new(self.sided.target.version))
        given = tuple(self.sided.given) if self.side.recorded.template == self.sided.target and answers else ()
        merged = merge(place, self.side.main, self.side.kind, renders, branches.title(self.sided.target, given))
        return Updated(self.side, self.sided.target, merged, log=self._log(), answers=answers, given=given)

    def _answers(self) -> tuple[Answer, ...]:
        """What becomes of the answers.

        Raises:
            Refused: the version does not take one of them.
        """
        if self._is_recorded:
            return ()
        after = own((self._folder / "theirs" / ANSWERS_FILE).read_text(encoding="utf-8"))
        if impossible := refused(own(self._wanted), after):
            raise Refused(impossible)
        return tuple(changes(own(self.side.answers), after))

    @cached_property
    def _ours(self) -> Mapping[str, Entry]:
        return listing(self.side.place, self.side.main)

    @cached_property
    def _base(self) -> str:
        return tree_of(self.side.place, self._folder / "base")

    @cached_property
    def _now(self) -> Mapping[str, Entry]:
        return listing(self.side.place, self._base)

    def _earlier(self) -> Iterator[Mapping[str, Entry]]:
        for folder in sorted(self._folder.glob("earlier-*")):
            yield listing(self.side.place, tree_of(self.side.place, folder))

    def _log(self) -> tuple[str, ...]:
        return self.sided.new.log(self.side.recorded.version, self.sided.target.version)

    def _job(self, copy: TemplateCopy, version: str, name: str) -> Job:
        return Job(Template(copy.seen.url, version), self.side.answers, self._folder / name, copy.env)


class Refused(Invalid):
    """A version does not take an answer."""

    def __init__(self, answers: Sequence[Answer]) -> None:
        super().__init__("an answer is refused")
        self.answers = answers


def merged_or_error(staged: StagedRepository) -> Updated | Error:
    """The update of one repository, or why there is none: the others of a command go on."""
    if staged.failed:
        return staged.failed
    try:
        return staged.merge()
    except Error as error:
        return error
