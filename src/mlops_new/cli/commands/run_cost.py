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


def estimated(found: Definition, given: Mapping[str, str], settings: Settings) -> Estimate | None:
    """The most that a run can cost; on this machine, where nothing does, only for whoever has given prices.

    Raises:
        Invalid: the settings say something that cannot be.
    """
    about = cost_settings(settings)
    if settings.platform is PlatformName.LOCAL and about.prices is None:
        return None
    return estimate(found, given, about.prices or listed_prices(settings))


def guard(
    found: Definition, given: Mapping[str, str], settings: Settings, cap: Decimal | None, say: Callable[[str], None]
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
    cost = None if limit is None else estimated(found, given, settings)
    if limit is not None and cost is not None:
        if cost.prices.warning:
            say(f"the cap is held against {cost.prices}")
        refuse_above(cost, limit)


def lines(found: Estimate) -> list[str]:
    """For people."""
    currency = found.prices.currency
    rows = [[f"  {one.step}", _machines(one), _time(one), _most(one, currency)] for one in found.steps]
    told = f"What it costs is not known: {found.unknown}."
    if found.total is not None:
        total = money(found.total, currency)
        told = f"At least {total}; not known: {found.unknown}." if found.unknown else f"At most {total}."
    return [
        "On SageMaker it costs at most:",
        *table(rows).splitlines(),
        told,
        f"With {found.prices}. {_NOT_IN_IT}",
    ]


def document(found: Estimate) -> dict[str, Any]:
    """For programs."""
    return {
        "currency": found.prices.currency,
        "total": None if found.total is None else float(rounded(found.total)),
        "complete": not found.unknown,
        "unknown": found.unknown or None,
        "prices": str(found.prices),
        "steps": [_step(one) for one in found.steps],
    }


def _step(one: StepCost) -> dict[str, Any]:
    return {
        "name": one.step,
        "type": one.type,
        "instances": [{"type": machines.type, "count": machines.count} for machines in one.machines],
        "seconds": one.seconds,
        "limit": one.limit or None,
        "attempts": one.attempts,
        "most": None if one.most is None else float(rounded(one.most)),
        "unknown": one.unknown or None,
    }


def _machines(one: StepCost) -> str:
    return ", ".join(map(str, one.machines))


def _time(one: StepCost) -> str:
    if not one.machines:
        return ""
    hours = "a time that is not known yet" if one.seconds is None else f"{one.seconds / _HOUR:.3g} h"
    tries = f"{one.attempts} x " if one.attempts > 1 else ""
    return f"{tries}{hours}{_LIMITS.get(one.limit, '')}"


def _most(one: StepCost, currency: str) -> str:
    return "unknown" if one.most is None else money(one.most, currency)
