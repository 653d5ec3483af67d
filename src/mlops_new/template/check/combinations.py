"""Which answers a template is tried with. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, product
from typing import Any

Answers = dict[str, Any]

# So many are tried one by one; where there would be more, every pair of answers occurs at least once.
MOST = 64


def finite(questions: Mapping[str, Any]) -> dict[str, list[Any]]:
    """The questions that have few answers, and these.

    A question whose choices depend on other answers keeps its default.
    """
    found = {}
    for name, question in questions.items():
        values = _values(question) if isinstance(question, dict) and not name.startswith("_") else []
        if len(values) > 1 and name != "repository_kind":
            found[name] = values
    return found


def combined(choices: Mapping[str, Sequence[Any]]) -> list[Answers]:
    """Every combination, or so many that each pair of answers occurs."""
    every = [dict(zip(choices, values, strict=True)) for values in product(*choices.values())]
    return every if len(every) <= MOST else list(_pairwise(every))


def covering(tried: Sequence[Answers]) -> list[Answers]:
    """A few of them in which every single answer occurs."""
    return list(_covering(tried, lambda answers: {(name, str(value)) for name, value in answers.items()}))


def named(answers: Mapping[str, Any]) -> str:
    """Answers in a line."""
    return ", ".join(f"{name}={value}" for name, value in answers.items()) or "defaults"


def _values(question: Mapping[str, Any]) -> list[Any]:
    choices = question.get("choices")
    match choices:
        case list():
            return list(choices)
        case dict():
            return list(choices.values())
        case None if question.get("type") == "bool":
            return [True, False]
        case _:
            return []


def _pairwise(every: Sequence[Answers]) -> Iterator[Answers]:
    def pairs(answers: Answers) -> set[Any]:
        return set(combinations(sorted((name, str(value)) for name, value in answers.items()), 2))

    return _covering(every, pairs)


def _covering(every: Sequence[Answers], covers: Any) -> Iterator[Answers]:
    """Greedily those that cover most of what is not covered yet."""
    open_ = {one for answers in every for one in covers(answers)}
    if not open_:
        yield from every[:1]
    while open_:
        best = max(every, key=lambda answers: len(covers(answers) & open_))
        open_ -= covers(best)
        yield best
