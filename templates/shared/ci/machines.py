"""What an execution can take at most, by its definition alone: machines, their hours, and what those cost."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ci.errors import CiError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

HOUR = 3600
LONGEST = 86_400  # seconds of a job that nothing limits; a transform job, which takes no limit, is given the same


@dataclass(frozen=True)
class Machine:
    """What one job runs on.

    Args:
        instance: Its type, like `ml.m5.xlarge`; `?` where only the start of an execution tells.
        hours: All machines of the job together, each for as long as it may run.
    """

    instance: str
    hours: float


def machines(definition: Mapping[str, Any]) -> list[Machine]:
    """The machines of every job, in the order of the steps; those of all branches."""
    defaults = {one["Name"]: one.get("DefaultValue") for one in definition.get("Parameters", [])}
    return [_machine(cluster, job, defaults) for job in _arguments(definition) for cluster in _clusters(job)]


def told(found: list[Machine]) -> str:
    """`3 x ml.m5.xlarge, ml.c5.large`; `none` where there is no job."""
    counts = Counter(one.instance for one in found)
    return ", ".join(f"{count} x {name}" if count > 1 else name for name, count in counts.items()) or "none"


def most(found: list[Machine], prices: Mapping[str, Any]) -> str:
    """The most that an execution takes: a sum where every machine has a price, else hours.

    Args:
        found: The machines.
        prices: The table [prices] of `config.toml`: `currency`, and `hour`, a table of prices by instance type.

    Raises:
        CiError: A price is no number.
    """
    hours = f"{sum(one.hours for one in found):,.1f} machine hours"
    known = prices.get("hour", {})
    if not found or any(one.instance not in known for one in found):
        return hours
    try:
        total = sum(one.hours * float(known[one.instance]) for one in found)
    except (TypeError, ValueError):
        raise CiError("config.toml: a price in [prices] hour is no number") from None
    return f"{prices.get('currency', '')} {total:,.2f} ({hours})".strip()


def _arguments(definition: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for step in definition.get("Steps", []):
        arguments = step.get("Arguments", {})
        yield {name: value for name, value in arguments.items() if name not in {"IfSteps", "ElseSteps"}}
        for branch in ("IfSteps", "ElseSteps"):
            yield from _arguments({"Steps": arguments.get(branch, [])})


def _clusters(value: Any) -> Iterator[Mapping[str, Any]]:
    """Where a job says its machines: `ClusterConfig`, `ResourceConfig`, `TransformResources`."""
    match value:
        case {"InstanceType": _, "InstanceCount": _}:
            yield value
        case dict():
            for inner in value.values():
                yield from _clusters(inner)
        case _:
            pass


def _machine(cluster: Mapping[str, Any], job: Mapping[str, Any], defaults: Mapping[str, Any]) -> Machine:
    instance = _value(cluster["InstanceType"], defaults)
    count = _value(cluster["InstanceCount"], defaults)
    seconds = _value(job.get("StoppingCondition", {}).get("MaxRuntimeInSeconds", LONGEST), defaults)
    hours = (seconds if isinstance(seconds, int) else LONGEST) / HOUR
    return Machine(instance if isinstance(instance, str) else "?", hours * (count if isinstance(count, int) else 1))


def _value(value: Any, defaults: Mapping[str, Any]) -> Any:
    """A value, or the default of the parameter that it stands for."""
    match value:
        case {"Get": str(reference)}:
            return defaults.get(reference.removeprefix("Parameters."))
        case _:
            return value
