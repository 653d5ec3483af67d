"""Bitbucket Pipelines of one repository: switched on, environments, variables, schedules."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from mlops_new.errors import Invalid
from mlops_new.hosts.bitbucket.api.answer_fields import Document, created, identifier
from mlops_new.hosts.bitbucket.api.convergence import expect
from mlops_new.hosts.bitbucket.api.repository_endpoint import Repository
from mlops_new.hosts.bitbucket.setup.setup_model import (
    Deployment,
    Environment,
    Plain,
    Schedule,
    Secured,
    Variable,
    settled,
)


def enabled(repository: Repository) -> bool:
    """Whether Pipelines is on; a repository that never had it on has no configuration at all."""
    found = repository.transport.find(
        repository.at("pipelines_config"), f"see whether Pipelines is on for {repository.slug}"
    )
    return bool(found and found.get("enabled"))


def enable(repository: Repository) -> None:
    """Switch Pipelines on."""

    def act(seen: bool) -> bool:  # noqa: FBT001  # what `enabled` returns
        del seen
        repository.put("pipelines_config", what="switch on Pipelines", body={"enabled": True})
        return True

    repository.settle(lambda: enabled(repository), bool, act)


def variables(repository: Repository, environment: str | None = None) -> frozenset[Variable]:
    """The variables of the repository, or of one of its environments (by identifier)."""
    return frozenset(_variable(found) for found in _variables(repository, _where(environment)))


def set_variable(repository: Repository, wanted: Variable, environment: str | None = None) -> None:
    """Create a variable or put it right.

    Args:
        repository: Whose.
        wanted: The variable, with its value.
        environment: The name of the environment that it belongs to; else it is the repository's.
    """
    where = _where(environment_id(repository, environment) if environment else None)
    what = f"set the variable {wanted.key}"

    def look() -> Document | None:
        return next((found for found in _variables(repository, where) if found.get("key") == wanted.key), None)

    def act(seen: Document | None) -> Document:
        body = _body(wanted)
        if seen is None:
            return repository.post(*where, what=what, body=body)
        return repository.change(*where, identifier(seen, "uuid", what), what=what, body=body)

    repository.settle(look, lambda seen: settled(wanted, _variable(seen) if seen else None), act)


def environments(repository: Repository) -> list[tuple[str, Environment]]:
    """The deployment environments with their identifiers."""
    what = "list the environments"
    found = repository.list("environments", what=what, absent_is_empty=True)
    return [(identifier(one, "uuid", what), Environment(str(one.get("name")), _kind(one))) for one in found]


def deployments(repository: Repository, with_variables: Collection[str]) -> tuple[Deployment, ...]:
    """The environments, with the variables of those that are named."""
    return tuple(
        Deployment(found, tuple(variables(repository, uuid)) if found.name in with_variables else ())
        for uuid, found in environments(repository)
    )


def create_environment(repository: Repository, wanted: Environment) -> None:
    """Create an environment; one of that name stays as it is."""

    def act(seen: str | None) -> str:
        del seen
        body = {"name": wanted.name, "environment_type": {"name": wanted.kind}}
        what = f"create the environment {wanted.name}"
        uuid = created(repository.post("environments", what=what, body=body), "uuid", what)
        repository.transport.created(repository.at(*_where(uuid)))
        return uuid

    repository.settle(lambda: _find_environment(repository, wanted.name), lambda seen: seen is not None, act)


def environment_id(repository: Repository, name: str) -> str:
    """The identifier of an environment that exists, or was created a moment ago."""
    return expect(
        lambda: _find_environment(repository, name),
        repository.transport.retry_policy,
        f"{repository.slug} has no environment {name}",
    )


@dataclass(frozen=True)
class _Found:
    uuid: str
    schedule: Schedule


def schedules(repository: Repository) -> tuple[Schedule, ...]:
    """The schedules of custom pipelines."""
    return tuple(found.schedule for found in _schedules(repository))


def set_schedule(repository: Repository, wanted: Schedule) -> None:
    """Let there be exactly this schedule for its pipeline and branch.

    A pattern cannot be changed, and doubles are not refused: a fitting one is found or made, then the others go.
    """
    what = f"schedule the pipeline {wanted.pipeline}"

    def act(seen: list[_Found]) -> list[_Found]:
        made = repository.post("pipelines_config", "schedules", what=what, body=_schedule_body(wanted))
        return [*seen, _Found(created(made, "uuid", what), replace(wanted, enabled=bool(made.get("enabled"))))]

    found = repository.settle(lambda: _fitting(repository, wanted), bool, act, unique=False)
    _remove_others(repository, wanted, what)
    if not found[0].schedule.enabled:  # a new one may come switched off, too
        _switch_on(repository, wanted, what)


def _switch_on(repository: Repository, wanted: Schedule, what: str) -> None:
    def look() -> _Found:
        absent = f"the schedule of {wanted.pipeline} in {repository.slug} does not appear"
        return expect(lambda: next(iter(_fitting(repository, wanted)), None), repository.transport.retry_policy, absent)

    def act(seen: _Found) -> _Found:
        repository.change("pipelines_config", "schedules", seen.uuid, what=what, body={"enabled": True})
        return seen

    repository.settle(look, lambda seen: seen.schedule.enabled, act)


def _fitting(repository: Repository, wanted: Schedule) -> list[_Found]:
    found = (one for one in _schedules(repository) if replace(one.schedule, enabled=wanted.enabled) == wanted)
    return sorted(found, key=lambda one: one.uuid)


def _remove_others(repository: Repository, wanted: Schedule, what: str) -> None:
    same = [found for found in _schedules(repository) if found.schedule.target == wanted.target]
    fitting = sorted(found.uuid for found in same if found.schedule.cron == wanted.cron)
    for found in same:
        if found.uuid not in fitting[:1]:  # two people may make one at the same moment: both keep the same
            repository.delete("pipelines_config", "schedules", found.uuid, what=what)


def _variables(repository: Repository, where: tuple[str, ...]) -> list[Document]:
    return repository.list(*where, what="list the variables", absent_is_empty=True)


def _where(environment: str | None) -> tuple[str, ...]:
    if environment is None:
        return ("pipelines_config", "variables")
    return ("deployments_config", "environments", environment, "variables")


def _variable(document: Document) -> Variable:
    key = str(document.get("key"))
    return Secured(key) if document.get("secured") else Plain(key, str(document.get("value", "")))


def _body(variable: Variable) -> dict[str, Any]:
    match variable:
        case Plain():
            return {"key": variable.key, "value": variable.value, "secured": False}
        case Secured():
            if variable.value is None:
                raise Invalid(
                    f"the secured variable {variable.key} has no value",
                    hint=f"set the environment variable {variable.source} and run the same command again",
                )
            return {"key": variable.key, "value": variable.value.reveal(), "secured": True}


def _find_environment(repository: Repository, name: str) -> str | None:
    return next((uuid for uuid, found in environments(repository) if found.name == name), None)


def _kind(document: Document) -> str:
    kind = document.get("environment_type")
    return str(kind.get("name", "")) if isinstance(kind, dict) else ""


def _schedules(repository: Repository) -> list[_Found]:
    what = "list the schedules"
    found = repository.list("pipelines_config", "schedules", what=what, absent_is_empty=True)
    return [_Found(identifier(one, "uuid", what), schedule) for one in found if (schedule := _schedule(one))]


def _schedule(document: Document) -> Schedule | None:
    target = document.get("target") or {}
    selector = target.get("selector") or {}
    if selector.get("type") != "custom":
        return None
    return Schedule(
        pipeline=str(selector.get("pattern")),
        cron=str(document.get("cron_pattern")),
        branch=str(target.get("ref_name")),
        enabled=bool(document.get("enabled")),
    )


def _schedule_body(schedule: Schedule) -> dict[str, Any]:
    return {
        "type": "pipeline_schedule",
        "enabled": True,
        "cron_pattern": schedule.cron,
        "target": {
            "ref_type": "branch",
            "ref_name": schedule.branch,
            "selector": {"type": "custom", "pattern": schedule.pipeline},
        },
    }
