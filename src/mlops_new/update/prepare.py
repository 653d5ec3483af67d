"""What of an update happens in scratch, for one project or many: fetch, render, merge. Nothing is pushed."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from mlops_new.errors import Error, Invalid
from mlops_new.names import ANSWERS_FILE, Kind
from mlops_new.ports.git_host import GitHost
from mlops_new.ports.templates import Template, Templates
from mlops_new.system.git_trees import Entry, listing, tree_of
from mlops_new.template import repository, versions
from mlops_new.template.answers import Answer, answered_anew, changes, defaults_to_look_at, kept, own, refused
from mlops_new.template.clones import Shelf, TemplateCopy
from mlops_new.update import branches, refusals
from mlops_new.update.fetching import fetch_pair
from mlops_new.update.lagging_files import LOOK_BACK, lagging, suspects
from mlops_new.update.merge import Renders, merge
from mlops_new.update.merge_result import Side, Updated
from mlops_new.update.renders import Job, perform

# Fetches wait for a server and for git's processes.
SIDE_BY_SIDE = 8


@dataclass(frozen=True)
class Goal:
    """Where projects are to be brought.

    Args:
        version: From `--to`; None for the newest.
        template: Another template repository to change to; None to stay with the recorded one.
        answers: What is answered anew, as it was typed.
    """

    version: str | None = None
    template: str | None = None
    answers: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Prepared:
    """A project's update, ready to be shown and pushed; or why it cannot be.

    Args:
        name: The project.
        repositories: Both repositories.
        template: The template repository that it goes to.
        target: The version.
    """

    name: str
    repositories: tuple[Updated, ...]
    template: TemplateCopy
    target: Template

    @property
    def is_current(self) -> bool:
        """Whether there is nothing to do, and nothing under way."""
        return not any(one.merged or one.in_place for one in self.repositories)

    @property
    def clashes(self) -> bool:
        """Whether a person has to decide something."""
        return any(one.merged and one.merged.clashes for one in self.repositories)


@dataclass(frozen=True)
class Sided:
    """A project before its renders. `given` is what is answered anew, as the questions' types have it."""

    name: str
    sides: tuple[Side, ...]
    olds: Mapping[Kind, TemplateCopy]
    new: TemplateCopy
    target: Template
    given: Mapping[str, Any] = field(default_factory=dict)


class Workshop:
    """Prepares updates in a folder of its own.

    Args:
        host: The Git host.
        templates: Copier.
        private: The folder.
    """

    def __init__(self, host: GitHost, templates: Templates, private: Path) -> None:
        self._host = host
        self._templates = templates
        self._private = private
        self._shelf = Shelf(host, private / "templates")

    def fetch(self, names: Sequence[str], goal: Goal) -> dict[str, Sided | Error]:
        """The projects as the Git host has them, and where each goes."""
        with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
            fetched = list(pool.map(self._pair, names))
        return {name: self._decide(name, pair, goal) for name, pair in zip(names, fetched, strict=True)}

    def prepare(self, sided: Sequence[Sided]) -> dict[str, Prepared | Error]:
        """Render and merge."""
        waiting = [_Waiting(one, side, self._private / "renders" / side.slug) for one in sided for side in one.sides]
        todo = [one for one in waiting if one.in_place is None]
        self._render(todo, [one.jobs() for one in todo])
        # What looks current, or was edited, may lag behind what is recorded: earlier versions tell.
        self._render(todo, [one.earlier_jobs() if not one.failed else [] for one in todo])
        with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
            merged = dict(zip(map(id, waiting), pool.map(_merged, waiting), strict=True))
        shutil.rmtree(self._private / "renders", ignore_errors=True)
        return {one.name: self._prepared(one, [merged[id(w)] for w in waiting if w.sided is one]) for one in sided}

    def _pair(self, name: str) -> tuple[Side, ...] | Error:
        try:
            return fetch_pair(name, self._host, self._private / "repositories")
        except Error as error:
            return error

    def _decide(self, name: str, pair: tuple[Side, ...] | Error, goal: Goal) -> Sided | Error:
        if isinstance(pair, Error):
            return pair
        try:
            return self._sided(name, pair, goal)
        except Error as error:
            return error

    def _sided(self, name: str, sides: tuple[Side, ...], goal: Goal) -> Sided:
        for side in sides:
            refusals.refuse_unrecorded(side.recorded, side.url)
        urls = sorted({side.recorded.url for side in sides})
        if len(urls) > 1 and not goal.template:
            raise Invalid(
                f"the repositories of {name} come from two templates: {' and '.join(urls)}",
                hint="mlops-new template switch URL brings both under one",
            )
        new = self._shelf.copy(goal.template or urls[0])
        target = repository.choose_target(new.seen, goal.version)
        olds = {side.kind: self._old(side, new) for side in sides}
        for side in sides:
            refusals.refuse_unusable(side.recorded, olds[side.kind].refs, side.url)
            refusals.refuse_downgrade(side.recorded, target, side.url)
        return Sided(name, sides, olds, new, target, self._given(sides, goal, new, target))

    def _given(self, sides: Sequence[Side], goal: Goal, new: TemplateCopy, target: Template) -> dict[str, Any]:
        """What is answered anew, read as the questions have it.

        Raises:
            Invalid: there is no such question, or the answer is refused.
        """
        if not goal.answers:
            return {}
        if fixed := sorted(goal.answers.keys() & {"project_name", "repository_kind"}):
            raise Invalid(f"{' and '.join(fixed)} cannot be answered anew", hint="it names what exists already")
        before = own(sides[0].answers)
        resolved = self._templates.resolve(target, goal.answers, ask=False, env=new.env, recorded=before)
        return {name: resolved[name] for name in goal.answers}

    def _old(self, side: Side, new: TemplateCopy) -> TemplateCopy:
        """Where the recorded version is: a fork may hold it too, should the repository it came from be gone."""
        try:
            return self._shelf.copy(side.recorded.url)
        except Error:
            tagged = new.refs.get(f"refs/tags/{side.recorded.version}")
            if tagged is None or tagged != side.recorded.commit:
                raise
            return new

    def _render(self, todo: "Sequence[_Waiting]", jobs: Sequence[Sequence[Job]]) -> None:
        failures = iter(perform([job for some in jobs for job in some], self._templates))
        for one, some in zip(todo, jobs, strict=True):
            for _ in some:
                one.failed = next(failures) or one.failed

    def _prepared(self, sided: Sided, made: Sequence[Updated | Error]) -> Prepared | Error:
        failed = next((one for one in made if isinstance(one, Error)), None)
        if isinstance(failed, Refused):
            return self._refusal(sided, failed)
        updated = tuple(one for one in made if isinstance(one, Updated))
        if failed is None:
            updated = self._with_kept(sided, updated)
        return failed or Prepared(sided.name, updated, sided.new, sided.target)

    def _refusal(self, sided: Sided, refused: "Refused") -> Error:
        """Why answers are impossible, in the template's own words, and the way on."""
        names = [one.question for one in refused.answers]
        told = ", ".join(f"{one.question} = {one.before!r} would become {one.after!r}" for one in refused.answers)
        why = self._words(sided, {one.question: one.before for one in refused.answers})
        return Invalid(
            f"template {sided.target.version} does not take {_count(len(names))} of {sided.name}: {told}{why}",
            hint="nothing was changed. Say what it is to be: the same command with "
            + " ".join(f"--data {name}=VALUE" for name in names),
        )

    def _words(self, sided: Sided, answers: Mapping[str, Any]) -> str:
        before = own(sided.sides[0].answers)
        try:
            data = {**sided.given, **answers}
            self._templates.resolve(sided.target, data, ask=False, env=sided.new.env, recorded=before)
        except Error as error:
            return f" ({error.message.removeprefix('an answer is refused: ')})"
        return ""

    def _with_kept(self, sided: Sided, made: tuple[Updated, ...]) -> tuple[Updated, ...]:
        """With the answers that stay though their default has moved: a threshold, say, of another metric."""
        one = next((one for one in made if one.merged), None)
        if one is None:
            return made
        moved = {answer.question for answer in one.answers}
        old, new = sided.olds[one.side.kind], sided.new
        then, now = old.questions(one.side.recorded.version), new.questions(sided.target.version)
        after = {**own(one.side.answers), **{answer.question: answer.after for answer in one.answers}}
        after = {name: value for name, value in after.items() if name in now}
        looked_at = defaults_to_look_at(then, now, moved) - moved
        if not looked_at:
            return made
        others = {name: value for name, value in after.items() if name not in looked_at}
        defaults = self._templates.resolve(sided.target, {}, ask=False, env=new.env, recorded=others)
        stay = tuple(kept(after, defaults, looked_at))
        return tuple(replace(one, answers=(*one.answers, *stay)) if one.merged else one for one in made)


class _Waiting:
    """One repository on its way through the renders."""

    def __init__(self, sided: Sided, side: Side, folder: Path) -> None:
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


def _count(number: int) -> str:
    return "an answer" if number == 1 else f"{number} answers"


def _merged(one: _Waiting) -> Updated | Error:
    if one.failed:
        return one.failed
    try:
        return one.merge()
    except Error as error:
        return error
