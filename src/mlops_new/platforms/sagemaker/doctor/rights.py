"""What each role needs to be allowed: the statements of the template, asked about one by one. Pure."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mlops_new.platforms.sagemaker.bootstrap.stack_template import Resolved

# Where a policy says "any", something is asked about that nobody has.
_EXAMPLE = "mlops-new-doctor"


@dataclass(frozen=True)
class Question:
    """Whether some actions are allowed on some resources.

    Args:
        actions: As IAM names them.
        resources: ARNs, or `*` where an action takes none.
        context: What a condition of the policy would look at.
    """

    actions: tuple[str, ...]
    resources: tuple[str, ...]
    context: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True)
class Need:
    """A statement that a role's policies have to amount to."""

    statement: Mapping[str, Any]

    @property
    def actions(self) -> tuple[str, ...]:
        """What it allows."""
        return tuple(_several(self.statement["Action"]))

    def questions(self) -> list[Question]:
        """The statement as questions: each action about the resources of its own kind."""
        groups: dict[tuple[str, ...], list[str]] = {}
        for action in self.actions:
            groups.setdefault(tuple(map(_example, self._resources(action))), []).append(action)
        context = tuple(_context(self.statement.get("Condition", {})))
        return [Question(tuple(actions), resources, context) for resources, actions in groups.items()]

    def lacking(self, refused: Collection[str]) -> dict[str, Any] | None:
        """The statement for the actions that were refused, ready to paste; None where there are none."""
        missing = [action for action in self.actions if action in refused]
        return {**self.statement, "Action": missing} if missing else None

    def _resources(self, action: str) -> list[str]:
        every = _several(self.statement["Resource"])
        return [one for one in every if _kind(one) == _noun(action)] or every


def needs(resolved: Resolved, *policies: str) -> list[Need]:
    """The statements of policies of the template; what cannot be named before it is made is left out."""
    found = [
        Need(statement)
        for policy in policies
        if policy in resolved.bodies
        for statement in resolved.bodies[policy]["Properties"]["PolicyDocument"]["Statement"]
    ]
    return [need for need in found if all(isinstance(one, str) for one in _several(need.statement["Resource"]))]


def policy(statements: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Statements as a policy of IAM."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _kind(arn: str) -> str:
    """The kind of a resource: `processing-job` in `arn:aws:sagemaker:…:processing-job/pipelines-*`."""
    return arn.rpartition(":")[2].partition("/")[0]


def _noun(action: str) -> str:
    """What an action is about, as ARNs say it: `processing-job` in `sagemaker:CreateProcessingJob`."""
    verb_and_noun = re.findall(r"[A-Z][a-z0-9]*", action.partition(":")[2])
    noun = "-".join(word.lower() for word in verb_and_noun[1:])
    return noun.removesuffix("s") if verb_and_noun and verb_and_noun[0] == "List" else noun


def _example(resource: str) -> str:
    return resource if resource == "*" else resource.replace("*", _EXAMPLE)


def _context(conditions: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Values for which the conditions hold."""
    for operator, tests in conditions.items():
        for key, wanted in tests.items():
            values = [_EXAMPLE] if operator == "Null" else [_example(str(one)) for one in _several(wanted)[:1]]
            yield key, tuple(values)
