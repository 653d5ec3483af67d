"""What an update makes of a project's answers: which are new, changed, gone or refused. Pure."""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import yaml

from mlops_new.errors import Error
from mlops_new.names import ANSWERS_FILE
from mlops_new.template.copier_errors import first_line

Answers = Mapping[str, Any]


class Change(StrEnum):
    """What becomes of an answer."""

    NEW = "new"
    CHANGED = "changed"
    DROPPED = "dropped"
    KEPT = "kept"


@dataclass(frozen=True)
class Answer:
    """One answer that a person should know of.

    Args:
        question: The question.
        change: What becomes of it.
        before: As recorded; None of a new one.
        after: As the update records it; of a kept one, the template's own default, which is another.
    """

    question: str
    change: Change
    before: Any = None
    after: Any = None

    def __str__(self) -> str:
        before, after = _shown(self.before), _shown(self.after)
        match self.change:
            case Change.NEW:
                return f"{self.question} = {after} (a new question: its default)"
            case Change.CHANGED:
                return f"{self.question} = {after} (was {before})"
            case Change.DROPPED:
                return f"{self.question} is no longer asked (was {before})"
            case Change.KEPT:
                return f"{self.question} stays {before} (the template's default is {after})"

    def document(self) -> dict[str, Any]:
        """The answer for programs."""
        return {"question": self.question, "change": self.change.value, "before": self.before, "after": self.after}


def own(text: str) -> dict[str, Any]:
    """The answers of an answers file, without what Copier notes for itself."""
    return {name: value for name, value in read_answers(text).items() if not name.startswith("_")}


def edited_by_hand(text: str) -> bool:
    """Whether somebody has changed answers in the file that Copier has written; older templates do not tell.

    The address and the version of the template do not count: another copy of it may be named there.
    """
    noted = _ANSWERED.search(text)
    body = "".join(f"{line}\n" for line in text.splitlines() if not line.startswith(("#", "_")))
    return noted is not None and noted.group(1) != hashlib.sha256(body.encode("utf-8", "surrogateescape")).hexdigest()


_ANSWERED = re.compile(r"^# Answered ([0-9a-f]{64})$", re.MULTILINE)


def differing(one: str, other: str) -> list[str]:
    """Questions that two repositories of a project answer otherwise."""
    ours, theirs = own(one), own(other)
    shared = (ours.keys() & theirs.keys()) - {"repository_kind"}
    return sorted(name for name in shared if ours[name] != theirs[name])


def answered_anew(text: str, given: Answers) -> str:
    """The text of an answers file with other answers; the same text where nothing differs."""
    recorded = read_answers(text)
    if all(name in recorded and recorded[name] == value for name, value in given.items()):
        return text
    return yaml.safe_dump({**recorded, **given}, sort_keys=True, allow_unicode=True)


def changes(before: Answers, after: Answers) -> Iterator[Answer]:
    """How answers differ, the questions in order of their names."""
    for question in sorted({*before, *after}):
        if question not in before:
            yield Answer(question, Change.NEW, after=after[question])
        elif question not in after:
            yield Answer(question, Change.DROPPED, before[question])
        elif before[question] != after[question]:
            yield Answer(question, Change.CHANGED, before[question], after[question])


def refused(wanted: Answers, after: Answers) -> list[Answer]:
    """Answers that a template has put others in the place of: its questions do not allow them any more.

    One that only its type has changed for, as `true` that is written `yes` now, is the same answer.
    """
    return [
        one
        for one in changes(wanted, after)
        if one.change is Change.CHANGED and not _means_the_same(one.before, one.after)
    ]


def defaults_to_look_at(then: Mapping[str, Any], now: Mapping[str, Any], moved: Iterable[str]) -> set[str]:
    """Questions whose default may be another one now: it is written otherwise, or is made from a moved answer.

    Args:
        then: The questions of the version before.
        now: Those of the version after.
        moved: Questions that are answered otherwise.
    """
    named = [re.compile(rf"\b{re.escape(name)}\b") for name in moved]
    found = set()
    for name, question in now.items():
        if name.startswith("_") or not isinstance(question, Mapping) or name not in then:
            continue
        old = then[name].get("default") if isinstance(then[name], Mapping) else then[name]
        text = str(question.get("default"))
        if old != question.get("default") or any(pattern.search(text) for pattern in named):
            found.add(name)
    return found


def kept(after: Answers, defaults: Answers, looked_at: Iterable[str]) -> list[Answer]:
    """Answers that stay, though the template's default for them has moved."""
    return [
        Answer(name, Change.KEPT, after[name], defaults[name])
        for name in sorted(looked_at)
        if name in after and name in defaults and after[name] != defaults[name]
    ]


def _means_the_same(before: Any, after: Any) -> bool:
    def meaning(value: Any) -> Any:
        try:
            return yaml.safe_load(value) if isinstance(value, str) else value
        except yaml.YAMLError:
            return value

    return type(before) is not type(after) and bool(meaning(before) == meaning(after))


def _shown(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def read_answers(text: str) -> dict[str, Any]:
    """The answers file of a repository."""
    try:
        answers = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise Error(f"{ANSWERS_FILE} is not YAML any more: {first_line(error)}") from error
    return answers if isinstance(answers, dict) else {}
