"""The part of the report about the forecasts themselves: their curve, and how they compare with those before."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from monitoring import charts
from monitoring.charts import share, short
from monitoring.forecasts import LEVELS
from monitoring.html import Safe, el, join
from monitoring.sections import labelled, table

Json = Mapping[str, Any]

KINDS = {
    "the weeks before": "soft",
    "a week before": "week",
    "a year before": "year",
    "two years before": "years",
    "these forecasts": "now",
}
SHOWN = (0.1, 0.5, 0.9)


def forecasts(told: Json) -> Safe:
    """The curve by day where rows have a time, and the distribution beside that of the last run."""
    parts = [_curve(told)] if told.get("days") else []
    return join(*parts, _table(told))


def _curve(told: Json) -> Safe:
    """Mean forecast of each day, over those of the same weekdays before."""
    known: dict[str, Mapping[str, float]] = dict(told.get("before") or {})
    known["these forecasts"] = {day: value for day, (_, value) in told["days"].items()}
    series = [(KINDS[name], name, _points(known[name])) for name in KINDS if known.get(name)]
    days = sorted(known["these forecasts"])
    places = list(dict.fromkeys([min(known.get("the weeks before", {days[0]: 0})), days[0], days[-1]]))
    chart = charts.lines(series, [(_number(day), day[5:]) for day in places])
    keys = charts.legend(*((f"curve-{kind}", name) for kind, name, _ in reversed(series)))
    means = [f"{name} {short(_mean(list(values.values())))}" for name, values in known.items() if values]
    return join(
        keys,
        el("div", chart, class_="scroll"),
        el("p", f"Mean forecast of a row, by day. On average: {', '.join(means)}.", class_="soft"),
    )


def _points(values: Mapping[str, float]) -> list[tuple[float, float]]:
    return [(_number(day), value) for day, value in sorted(values.items())]


def _number(day: str) -> float:
    return float(dt.date.fromisoformat(day).toordinal())


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _table(told: Json) -> Safe:
    known = [("Now", told["summary"]), ("Last run", told.get("last_run"))]
    some = [(title, item) for title, item in known if item]
    if "quantiles" not in told["summary"]:
        return _classes(some)
    rows = [_row("Rows", [f"{item['rows']:,}" for _, item in some], some)]
    rows.append(_row("Mean", [short(item["mean"]) for _, item in some], some))
    for level in SHOWN:
        place = round(level * (len(LEVELS) - 1))
        values = [short(item["quantiles"][place]) for _, item in some]
        rows.append(_row(f"{100 * level:.0f} % are at most", values, some))
    return table(["Forecasts", *(f"{title}#" for title, _ in some)], rows)


def _classes(some: Sequence[tuple[str, Json]]) -> Safe:
    names = sorted(
        {name for _, item in some for name in item["classes"]}, key=lambda n: -some[0][1]["classes"].get(n, 0.0)
    )
    rows = [_row(name, [share(item["classes"].get(name, 0.0)) for _, item in some], some) for name in names[:20]]
    return table(["Forecast", *(f"{title}#" for title, _ in some)], rows)


def _row(name: str, values: Sequence[str], some: Sequence[tuple[str, Json]]) -> Safe:
    cells = [labelled(title, value, class_="number") for (title, _), value in zip(some, values, strict=True)]
    return el("tr", el("th", name, scope="row"), *cells)
