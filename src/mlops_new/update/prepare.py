"""What of an update happens in scratch, for one project or many: fetch, render, merge. Nothing is pushed."""

import shutil
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from mlops_new.errors import Error, Invalid
from mlops_new.ports.git_host import GitHost
from mlops_new.ports.templates import Template, Templates
from mlops_new.template import repository
from mlops_new.template.answers import defaults_to_look_at, kept, own
from mlops_new.template.clones import TemplateClones, TemplateCopy
from mlops_new.update import refusals
from mlops_new.update.fetching import fetch_pair
from mlops_new.update.merge_result import Side, Updated
from mlops_new.update.renders import Job, perform
from mlops_new.update.staging import Refused, StagedProject, StagedRepository, merged_or_error

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


class Preparation:
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
        self._clones = TemplateClones(host, private / "templates")

    def fetch(self, names: Sequence[str], goal: Goal) -> dict[str, StagedProject | Error]:
        """The projects as the Git host has them, and where each goes."""
        with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
            fetched = list(pool.map(self._pair, names))
        return {name: self._decide(name, pair, goal) for name, pair in zip(names, fetched, strict=True)}

    def prepare(self, sided: Sequence[StagedProject]) -> dict[str, Prepared | Error]:
        """Render and merge."""
        renders = self._private / "renders"
        waiting = [StagedRepository(one, side, renders / side.slug) for one in sided for side in one.sides]
        todo = [one for one in waiting if one.in_place is None]
        self._render(todo, [one.jobs() for one in todo])
        # What looks current, or was edited, may lag behind what is recorded: earlier versions tell.
        self._render(todo, [one.earlier_jobs() if not one.failed else [] for one in todo])
        merged: dict[str, list[Updated | Error]] = {one.name: [] for one in sided}
        with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
            for one, result in zip(waiting, pool.map(merged_or_error, waiting), strict=True):
                merged[one.sided.name].append(result)
        shutil.rmtree(renders, ignore_errors=True)
        return {one.name: self._prepared(one, merged[one.name]) for one in sided}

    def _pair(self, name: str) -> tuple[Side, ...] | Error:
        try:
            return fetch_pair(name, self._host, self._private / "repositories")
        except Error as error:
            return error

    def _decide(self, name: str, pair: tuple[Side, ...] | Error, goal: Goal) -> StagedProject | Error:
        if isinstance(pair, Error):
            return pair
        try:
            return self._sided(name, pair, goal)
        except Error as error:
            return error

    def _sided(self, name: str, sides: tuple[Side, ...], goal: Goal) -> StagedProject:
        for side in sides:
            refusals.refuse_unrecorded(side.recorded, side.url)
        urls = sorted({side.recorded.url for side in sides})
        if len(urls) > 1 and not goal.template:
            raise Invalid(
                f"the repositories of {name} come from two templates: {' and '.join(urls)}",
                hint="mlops-new template switch URL brings both under one",
            )
        new = self._clones.copy(goal.template or urls[0])
        target = repository.choose_target(new.seen, goal.version)
        olds = {side.kind: self._old(side, new) for side in sides}
        for side in sides:
            refusals.refuse_unusable(side.recorded, olds[side.kind].refs, side.url)
            refusals.refuse_downgrade(side.recorded, target, side.url)
        return StagedProject(name, sides, olds, new, target, self._given(sides, goal, new, target))

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
            return self._clones.copy(side.recorded.url)
        except Error:
            tagged = new.refs.get(f"refs/tags/{side.recorded.version}")
            if tagged is None or tagged != side.recorded.commit:
                raise
            return new

    def _render(self, todo: Sequence[StagedRepository], jobs: Sequence[Sequence[Job]]) -> None:
        failures = iter(perform([job for some in jobs for job in some], self._templates))
        for one, some in zip(todo, jobs, strict=True):
            for _ in some:
                one.failed = next(failures) or one.failed

    def _prepared(self, sided: StagedProject, made: Sequence[Updated | Error]) -> Prepared | Error:
        failed = next((one for one in made if isinstance(one, Error)), None)
        if isinstance(failed, Refused):
            return self._refusal(sided, failed)
        updated = tuple(one for one in made if isinstance(one, Updated))
        if failed is None:
            updated = self._with_kept(sided, updated)
        return failed or Prepared(sided.name, updated, sided.new, sided.target)

    def _refusal(self, sided: StagedProject, refused: Refused) -> Error:
        """Why answers are impossible, in the template's own words, and the way on."""
        names = [one.question for one in refused.answers]
        told = ", ".join(f"{one.question} = {one.before!r} would become {one.after!r}" for one in refused.answers)
        why = self._words(sided, {one.question: one.before for one in refused.answers})
        return Invalid(
            f"template {sided.target.version} does not take {_count(len(names))} of {sided.name}: {told}{why}",
            hint="nothing was changed. Say what it is to be: the same command with "
            + " ".join(f"--data {name}=VALUE" for name in names),
        )

    def _words(self, sided: StagedProject, answers: Mapping[str, Any]) -> str:
        before = own(sided.sides[0].answers)
        try:
            data = {**sided.given, **answers}
            self._templates.resolve(sided.target, data, ask=False, env=sided.new.env, recorded=before)
        except Error as error:
            return f" ({error.message.removeprefix('an answer is refused: ')})"
        return ""

    def _with_kept(self, sided: StagedProject, made: tuple[Updated, ...]) -> tuple[Updated, ...]:
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


def _count(number: int) -> str:
    return "an answer" if number == 1 else f"{number} answers"
