"""What a run can cost at most: shown by `run --dry-run`, and held against a cap before anything is started."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from mlops_new.cli.adapters import cost_settings, listed_prices
from mlops_new.cli.console import table
from mlops_new.cost.estimate import Estimate, StepCost, estimate, money, refuse_above, rounded
from mlops_new.definition import Definition
from mlops_new.errors import Invalid
from mlops_new.settings.load import PlatformName, Settings

_HOUR = 3600
_LIMITS = {"definition": "", "default": " (SageMaker's default)", "assumed": " (assumed: it takes no limit)"}
_NOT_IN_IT = "Machines only: storage, traffic and logs come on top."


def estimated(definition: Definition, given: Mapping[str, str], settings: Settings) -> Estimate | None:
    """The most that a run can cost; on this machine, where nothing does, only for whoever has given prices.

    Raises:
        Invalid: the settings say something that cannot be.
    """
    about = cost_settings(settings)
    if settings.platform is PlatformName.LOCAL and about.prices is None:
        return None
    return estimate(definition, given, about.prices or listed_prices(settings))


def guard(
    definition: Definition,
    given: Mapping[str, str],
    settings: Settings,
    cap: Decimal | None,
    say: Callable[[str], None],
) -> None:
    """Hold the most that a run can cost against the cap, if there is one; prices that may be out of date are told.

    Raises:
        Invalid: it may cost more, or that cannot be told.
    """
    if settings.platform is PlatformName.LOCAL:
        if cap is not None:
            raise Invalid("--cost-cap has no effect: a run on this machine costs nothing")
        return
    limit = cost_settings(settings).cap if cap is None else cap
    cost = None if limit is None else estimated(definition, given, settings)
    if limit is not None and cost is not None:
        if cost.prices.warning:
            say(f"the cap is held against {cost.prices}")
        refuse_above(cost, limit)


def lines(estimate: Estimate) -> list[str]:
    """For people."""
    currency = estimate.prices.currency
    rows = [[f"  {one.step}", _machines(one), _time(one), _most(one, currency)] for one in estimate.steps]
    told = f"What it costs is not known: {estimate.unknown}."
    if estimate.total is not None:
        total = money(estimate.total, currency)
        told = f"At least {total}; not known: {estimate.unknown}." if estimate.unknown else f"At most {total}."
    return [
        "On SageMaker it costs at most:",
        *table(rows).splitlines(),
        told,
        f"With {estimate.prices}. {_NOT_IN_IT}",
    ]


def document(estimate: Estimate) -> dict[str, Any]:
    """For programs."""
    return {
        "currency": estimate.prices.currency,
        "total": None if estimate.total is None else float(rounded(estimate.total)),
        "complete": not estimate.unknown,
        "unknown": estimate.unknown or None,
        "prices": str(estimate.prices),
        "steps": [_step(one) for one in estimate.steps],
    }


def _step(cost: StepCost) -> dict[str, Any]:
    return {
        "name": cost.step,
        "type": cost.type,
        "instances": [{"type": machines.type, "count": machines.count} for machines in cost.machines],
        "seconds": cost.seconds,
        "limit": cost.limit or None,
        "attempts": cost.attempts,
        "most": None if cost.most is None else float(rounded(cost.most)),
        "unknown": cost.unknown or None,
    }


def _machines(cost: StepCost) -> str:
    return ", ".join(map(str, cost.machines))


def _time(cost: StepCost) -> str:
    if not cost.machines:
        return ""
    hours = "a time that is not known yet" if cost.seconds is None else f"{cost.seconds / _HOUR:.3g} h"
    tries = f"{cost.attempts} x " if cost.attempts > 1 else ""
    return f"{tries}{hours}{_LIMITS.get(cost.limit, '')}"


def _most(cost: StepCost, currency: str) -> str:
    return "unknown" if cost.most is None else money(cost.most, currency)
