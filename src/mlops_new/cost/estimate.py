"""The most that an execution can cost, told from its definition before anything exists. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from typing import Any

from mlops_new.cost.job_demand import JobDemand, Machines
from mlops_new.cost.prices import Job, Prices
from mlops_new.definition import MISSING, Definition, Step
from mlops_new.errors import Invalid

_HOUR = 3600
_CENT = Decimal("0.01")

_JOBS = {
    "Processing": Job.PROCESSING,
    "QualityCheck": Job.PROCESSING,
    "ClarifyCheck": Job.PROCESSING,
    "Training": Job.TRAINING,
    "Transform": Job.TRANSFORM,
    "Tuning": Job.TRAINING,
}
# What starts no machine.
_FREE = frozenset({"Condition", "Fail", "Model", "RegisterModel", "EndpointConfig", "Lineage", "Cleanup", "ForEach"})


@dataclass(frozen=True)
class StepCost:
    """The most that one step can cost.

    Args:
        step: Its name.
        type: Its type in the definition.
        machines: What its job runs on; empty where it starts none.
        seconds: How long one attempt may take; None where only the run will tell.
        limit: Where that comes from: the definition, the service's default, or an assumption.
        attempts: How often it may be tried.
        most: The sum; None where it is not known.
        unknown: Why it is not known, or what is not in it.
    """

    step: str
    type: str
    machines: tuple[Machines, ...] = ()
    seconds: int | None = 0
    limit: str = ""
    attempts: int = 1
    most: Decimal | None = Decimal(0)
    unknown: str = ""


@dataclass(frozen=True)
class Estimate:
    """The most that an execution can cost.

    Args:
        steps: One for each step that starts machines, or whose cost is not known, in the definition's order.
        total: The sum of the dearest way through the conditions, of what is known; None where no price is.
        prices: What it was reckoned with.
    """

    steps: tuple[StepCost, ...]
    total: Decimal | None
    prices: Prices

    @property
    def unknown(self) -> str:
        """The first thing that is not in the total; empty where everything is."""
        return next((f"{one.step}: {one.unknown}" for one in self.steps if one.unknown), "")


def estimate(definition: Definition, given: Mapping[str, Any], prices: Prices) -> Estimate:
    """The most that an execution can cost: every machine for as long as it may run, every retry taken.

    Args:
        definition: The definition.
        given: Values of its parameters; the others have their defaults.
        prices: What an hour costs.
    """
    values = {name: one.default for name, one in definition.parameters.items() if one.default is not MISSING} | dict(
        given
    )
    costs = {step.path: _cost(step, values, prices) for step in definition.steps}
    top = [step for step in definition.steps if step.parent is None]
    lacks_prices = not prices.hourly and any(cost.most is None for cost in costs.values())
    total = None if lacks_prices else sum((_dearest(step, definition, costs) for step in top), Decimal(0))
    shown = tuple(cost for cost in costs.values() if cost.machines or cost.unknown)
    return Estimate(shown, total, prices)


def refuse_above(estimate: Estimate, cap: Decimal) -> None:
    """Raise `Invalid` where an execution may cost more than the cap, or where that cannot be told."""
    currency = estimate.prices.currency
    if estimate.total is not None and estimate.total > cap:
        raise Invalid(
            f"this may cost up to {money(estimate.total, currency)}, more than the cap of {money(cap, currency)}",
            hint="see `mlops-new run --dry-run`; smaller machines, shorter limits or a higher --cost-cap",
        )
    if estimate.unknown:
        raise Invalid(
            f"it cannot be told that this stays below the cap of {money(cap, currency)}: {estimate.unknown}; "
            f"with {estimate.prices}",
            hint="put the price into [sagemaker.prices], or start it without a cap",
        )


def money(value: Decimal, currency: str) -> str:
    """A sum for people, never rounded down."""
    return f"{currency} {rounded(value):,}"


def rounded(value: Decimal) -> Decimal:
    """A sum in hundredths, never rounded down."""
    return value.quantize(_CENT, ROUND_CEILING)


def _dearest(step: Step, definition: Definition, costs: Mapping[Any, StepCost]) -> Decimal:
    """What a step costs with the dearest of its branches, only one of which is taken."""
    branches: dict[str, Decimal] = {}
    for inner in definition.steps:
        if inner.parent is step:
            branches[inner.branch] = branches.get(inner.branch, Decimal(0)) + _dearest(inner, definition, costs)
    return (costs[step.path].most or Decimal(0)) + max(branches.values(), default=Decimal(0))


def _cost(step: Step, values: Mapping[str, Any], prices: Prices) -> StepCost:
    if step.type in _FREE:
        return StepCost(step.name, step.type)
    if step.type not in _JOBS:
        return StepCost(step.name, step.type, most=None, unknown=f"what {step.type} steps cost is not known")
    known = JobDemand(step, values)
    machines, seconds, attempts = tuple(known.machines()), known.seconds(), known.attempts()
    most, unknown = _most(_JOBS[step.type], machines, known.billed(seconds, attempts), prices)
    return StepCost(step.name, step.type, machines, seconds, known.limit(), attempts, most, unknown or _besides(step))


def _most(job: Job, machines: tuple[Machines, ...], seconds: int | None, prices: Prices) -> tuple[Decimal | None, str]:
    if seconds is None:
        return None, "its time limit is not known before it runs"
    total = Decimal(0)
    for one in machines:
        if one.type is None or one.count is None:
            return None, "its machines are not known before it runs"
        price = prices.of(job, one.type)
        if price is None:
            return None, f"the price of {one.type} for {job} is unknown"
        total += price * one.count * seconds / _HOUR
    return total, "" if machines else "its machines are not known before it runs"


def _besides(step: Step) -> str:
    """What a step costs besides its own machines."""
    if any(ancestor.type == "ForEach" for ancestor, _ in step.ancestors):
        return "it is repeated, and how often is not known before it runs"
    return "Clarify starts an endpoint of its own for it" if step.type == "ClarifyCheck" else ""
