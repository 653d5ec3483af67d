"""The parts of the report, each from one check's outcome."""

from collections.abc import Mapping, Sequence
from typing import Any

from model.schema import LOWER_IS_BETTER
from monitoring import charts
from monitoring.baseline import Feature, Statistics
from monitoring.charts import share, short
from monitoring.html import Content, Safe, el, join
from monitoring.ranking import Rank

Json = Mapping[str, Any]

SHOWN = 200
"""Violations and ranks that are listed, at most; all of them are in the JSON files."""
LISTED, DRAWN, MOVED = 12, 25, 2
MOST_BYTES = 450_000
"""Of features' pictures: they are most of a page that is to stay below a megabyte."""
SEVERITIES = ("high", "medium", "low")


def number(value: float | None) -> Safe:
    """A cell with a number."""
    return el("td", "-" if value is None else short(value), class_="number")


def labelled(label: str, *content: Content, class_: str | None = None) -> Safe:
    """A cell that says what it is where a phone shows a row as a list."""
    return el("td", *content, data_label=label, class_=class_)


def facts(items: Sequence[tuple[str, str]]) -> Safe:
    """Names and what they are."""
    return el("dl", *(join(el("dt", name), el("dd", value)) for name, value in items if value), class_="facts")


def table(heads: Sequence[str], rows: Sequence[Safe]) -> Safe:
    """A table that scrolls inside itself where it is too wide. Heads of numbers end in a hash sign."""
    cells = [
        el("th", head.removesuffix("#"), scope="col", class_="number" if head.endswith("#") else None) for head in heads
    ]
    return el("div", el("table", el("thead", el("tr", *cells)), el("tbody", *rows), class_="stack"), class_="scroll")


def not_checked(checks: Mapping[str, Json]) -> Safe | None:
    """What could not be checked: that nothing was found in it does not say that all is well. None where all was."""
    by_reason: dict[str, list[str]] = {}
    for told in checks.values():
        for item in told.get("skipped", []):
            by_reason.setdefault(item["reason"], []).append(item["feature"])
    if not by_reason:
        return None
    lines = [el("li", el("b", _names(names)), f": {reason}") for reason, names in by_reason.items()]
    if len(lines) <= LISTED:
        return el("ul", *lines)
    more = el("details", el("summary", f"{len(lines) - LISTED} more"), el("ul", *lines[LISTED:SHOWN]))
    return join(el("ul", *lines[:LISTED]), more)


def _names(names: Sequence[str]) -> str:
    distinct = list(dict.fromkeys(names))
    return ", ".join(distinct) if len(distinct) <= LISTED else f"{', '.join(distinct[:3])} and {len(distinct) - 3} more"


def violations(checks: Mapping[str, Json]) -> Safe:
    """All violations, by severity, with the share of rows they concern."""
    found = [(name, item) for name, told in checks.items() for item in told.get("violations", [])]
    found.sort(key=lambda pair: (SEVERITIES.index(pair[1]["severity"]), -pair[1]["share"], pair[1]["feature"]))
    if not checks:
        return el("p", "No check ran.", class_="soft")
    skipped = any(told.get("skipped") for told in checks.values())
    nothing = "None in what was checked." if skipped else "None."
    parts: list[Safe] = [el("p", nothing) if not found else _violation_table(found)]
    if len(found) > SHOWN:
        rest = ", ".join(dict.fromkeys(item["feature"] for _, item in found[SHOWN:]))
        parts.append(el("p", f"{len(found) - SHOWN} more are in the JSON files, of {rest}.", class_="soft"))
    return join(*parts)


def _violation_table(found: Sequence[tuple[str, Json]]) -> Safe:
    rows = [
        el(
            "tr",
            el("th", item["feature"], scope="row"),
            labelled("Severity", el("span", item["severity"], class_=f"tag {item['severity']}")),
            labelled("Rows", share(item["share"]) if name == "data_quality" else "all", class_="number"),
            labelled("Found", *_said(item)),
        )
        for name, item in found[:SHOWN]
    ]
    return table(["What", "Severity", "Share of rows#", "Found"], rows)


def _said(item: Json) -> list[Safe]:
    """The sentence for a person where there is one, and what the file says."""
    told = item.get("sentence")
    if not told:
        return [el("span", item["description"])]
    return [el("p", told), el("small", item["description"])]


def metrics(judged: Mapping[str, Json], gate: str | None = None) -> Safe:
    """Metrics now and at registration, with their thresholds; the one that decides comes first."""
    rows = []
    for name, told in sorted(judged.items(), key=lambda item: item[0] != gate):
        deviation = told.get("standard_deviation")
        value = "-" if told["value"] is None else short(told["value"])
        sign = "≤" if told["higher_is_worse"] else "≥"
        rows.append(
            el(
                "tr",
                el("th", name, " decides" if name == gate else None, scope="row"),
                labelled("Now", value, f" ± {short(deviation)}" if deviation else None, class_="number"),
                labelled(
                    "At registration", "-" if told.get("baseline") is None else short(told["baseline"]), class_="number"
                ),
                labelled(
                    "Threshold",
                    "-" if told["threshold"] is None else f"{sign} {short(told['threshold'])}",
                    class_="number",
                ),
                labelled(
                    "Kept",
                    _kept(told),
                ),
            )
        )
    return table(["Metric", "Now#", "At registration#", "Threshold#", "Kept"], rows)


def _kept(told: Json) -> Safe:
    """Whether a metric is within its limit, or nobody knows."""
    if told["value"] is None or (told["threshold"] is None and not told["worse"]):
        return el("span", "not known", class_="tag")
    return el("span", "no" if told["worse"] else "yes", class_=f"tag {'no' if told['worse'] else 'yes'}")


def evaluation(told: Json) -> Safe:
    """A build's metrics on the evaluation data, and its benchmarks."""
    name = next((key for key in told if key.endswith("_metrics")), "")
    gate = told.get("gate", {})
    rows = [
        el(
            "tr",
            el("th", metric, scope="row"),
            labelled(
                "Value",
                short(item["value"]) if isinstance(item["value"], float | int) else "not defined",
                class_="number",
            ),
            labelled("Deviation", _deviation(item.get("standard_deviation")), class_="number"),
            labelled("Wanted", _wanted(metric, gate), class_="number"),
        )
        for metric, item in told.get(name, {}).items()
        if isinstance(item, dict) and "value" in item
    ]
    parts = [table(["Metric", "Value#", "± over samples#", "Wanted#"], rows)]
    for benchmark, item in told.get("benchmarks", {}).items():
        for metric in (key for key in item if f"model_{key}" in item):
            text = f"{benchmark.replace('_', ' ')}: {metric} {short(item[metric])}"
            model = f", the model {short(item[f'model_{metric}'])} on the same rows"
            parts.append(el("p", f"Without a model, {text}{model}.", class_="soft"))
    return join(*parts)


def _deviation(value: object) -> str:
    return short(value) if isinstance(value, float) else "-"


def _wanted(metric: str, gate: Json) -> str:
    if gate.get("metric") != metric:
        return ""
    return f"{'≤' if metric in LOWER_IS_BETTER else '≥'} {short(gate['threshold'])}"


def ranking(told: Json) -> Safe:
    """What predictions rest on at registration and now: shares where they are known, and ranks."""
    parts: list[Safe] = []
    if told.get("shares"):
        parts.append(_shares(told["shares"]))
    for label, items in told["ranks"].items():
        ranks = sorted((Rank(**item) for item in items), key=lambda rank: (_steps(rank) < MOVED, rank.rank_before))[
            :SHOWN
        ]
        title = f" of {label}" if len(told["ranks"]) > 1 else ""
        score = told["ndcg"][label]
        parts.append(el("p", f"NDCG{title}: {score:.3f} (1 is the same order; below {told['threshold']:g} is drift)."))
        rows = [
            el(
                "tr",
                el("th", rank.feature, scope="row"),
                labelled("Rank", f"{rank.rank_before} → {rank.rank_now}", class_="number"),
                labelled("Attribution at registration", short(rank.before), class_="number"),
                labelled("now", short(rank.now), class_="number"),
            )
            for rank in ranks
        ]
        # Names that do not fit beside the lines are in the table, whole.
        if len(ranks) <= DRAWN and all(len(rank.feature) <= charts.NAME for rank in ranks):
            parts.append(charts.slopes(sorted(ranks, key=lambda rank: (rank.rank_before, rank.rank_now, rank.feature))))
        heads = ["Feature", "Rank#", "Attribution at registration#", "Now#"]
        parts.append(el("details", el("summary", "Ranks and attributions"), table(heads, rows)))
    return join(*parts)


def _steps(rank: Rank) -> int:
    return abs(rank.rank_before - rank.rank_now)


def _shares(shares: Mapping[str, Json]) -> Safe:
    """Each feature's share of what predictions rest on, those that moved first."""
    order = sorted(
        shares, key=lambda name: (not shares[name]["moved"], -max(shares[name]["before"], shares[name]["now"]))
    )
    top = max((max(item["before"], item["now"]) for item in shares.values()), default=0.0) or 1.0
    rows = [
        el(
            "tr",
            el("th", name, scope="row"),
            el(
                "td",
                charts.bar(shares[name]["before"] / top, "before"),
                charts.bar(shares[name]["now"] / top, "now drifted" if shares[name]["moved"] else "now"),
                class_="bars",
            ),
            el("td", f"{share(shares[name]['before'])} → {share(shares[name]['now'])}"),
        )
        for name in order
    ]
    keys = charts.legend(("before", "at registration"), ("now", "now"), ("drifted", "moved"))
    moved = sum(item["moved"] for item in shares.values())
    first = max(DRAWN, moved)
    rest = el(
        "details", el("summary", f"{len(rows) - first} more"), el("table", *rows[first:], class_="categories wide")
    )
    return join(keys, el("table", *rows[:first], class_="categories wide"), rest if len(rows) > first else None)


def features(before: Statistics | None, now: Statistics | None, told: Json) -> Safe:
    """The two distributions of each column, those that drifted first."""
    drift = told.get("features", {})
    names = [name for known in (now, before) if known for name in known.features]
    order = sorted(dict.fromkeys(names), key=lambda name: -(_ratio(drift[name]) if name in drift else 0.0))
    cards, size = [], 0
    for name in order:
        known = (before.features.get(name) if before else None), (now.features.get(name) if now else None)
        card = _card(name, *known, drift.get(name))
        size += len(card)
        if size > MOST_BYTES:
            break
        cards.append(card)
    rest = order[len(cards) :]
    both = before is not None and now is not None
    keys = (
        [("before", "baseline"), ("now", "this batch"), ("drifted", "drifted")]
        if both
        else [("before", "training data")]
    )
    return join(
        charts.legend(*keys), el("div", *cards, class_="features"), _without_cards(rest, drift) if rest else None
    )


def _without_cards(names: Sequence[str], drift: Mapping[str, Json]) -> Safe:
    """Features that would make the page too large, by name and distance."""
    rows = []
    for name in names:
        item = drift.get(name) or {"distance": None, "threshold": None, "drifted": False}
        rows.append(
            el(
                "tr",
                el("th", name, scope="row"),
                *(number(item[key]) for key in ("distance", "threshold")),
                el("td", "drifted" if item["drifted"] else ""),
            )
        )
    open_ = "open" if any(drift.get(name, {}).get("drifted") for name in names) else None
    head = el("summary", f"{len(names)} more features")
    return el("details", head, table(["Feature", "Distance#", "Threshold#", ""], rows), open=open_)


def _ratio(item: Json) -> float:
    if item["distance"] is None:  # an analyzer tells it only of what drifted
        return 1e6 if item["drifted"] else 0.0
    return float(item["distance"]) / float(item["threshold"] or 1e-9) + (1e6 if item["drifted"] else 0.0)


def _card(name: str, before: Feature | None, now: Feature | None, drift: Json | None) -> Safe:
    drifted = bool(drift and drift["drifted"])
    shown = charts.overlay(before, now)
    lines: list[Safe] = []
    if drift and drift["distance"] is not None:
        lines.append(
            el(
                "p",
                f"Distance {short(drift['distance'])}, threshold {short(drift['threshold'])}, {drift['against']}",
                class_="soft",
            )
        )
    told = [
        f"{text} {_missing(known)}" for text, known in (("baseline", before), ("now", now)) if known and known.missing
    ]
    if told:
        lines.append(el("p", f"Missing: {', '.join(told)}", class_="soft"))
    picture = (
        charts.distribution(shown, name, drifted=drifted)
        if shown
        else el("p", _without_picture(now or before), class_="soft")
    )
    return el("section", el("h3", name), *lines, picture, class_=f"feature{' drifted' if drifted else ''}")


def _missing(known: Feature) -> str:
    return share(1.0 - known.completeness)


def _without_picture(known: Feature | None) -> str:
    if known is None or not known.present:
        return "No values."
    return f"About {known.distinct:,} different texts, compared by groups."


def history(runs: Sequence[Json]) -> Safe:
    """Earlier runs, the latest first, with their course."""
    series: list[tuple[str, list[float | None]]] = [
        ("Violations", [float(run["violations"]) for run in runs]),
        ("Share of features that drifted", [run.get("drifted_features") for run in runs]),
        ("NDCG of attributions", [run.get("ndcg") for run in runs]),
        *((f"{name}", [run.get("metrics", {}).get(name) for run in runs]) for name in _metric_names(runs)),
    ]
    lines = [
        el("div", el("small", name), charts.sparkline(values, name))
        for name, values in series
        if sum(value is not None for value in values) > 1
    ]
    rows = [
        el(
            "tr",
            el("th", run["created"], scope="row"),
            labelled("Run", run.get("execution", "")),
            labelled("Violations", run["violations"], class_="number"),
            labelled("Verdict", run["headline"]),
        )
        for run in reversed(runs[-20:])
    ]
    return join(el("div", *lines, class_="runs"), table(["When", "Run", "Violations#", "Verdict"], rows))


def _metric_names(runs: Sequence[Json]) -> list[str]:
    return list(dict.fromkeys(name for run in runs for name in run.get("metrics", {})))[:3]


def rules(decision: Json) -> Safe:
    """The rules of the decision."""
    rows = [
        el(
            "tr",
            el("th", rule["rule"].replace("_", " "), scope="row"),
            labelled("Value", "-" if rule["value"] is None else short(rule["value"]), class_="number"),
            labelled("Threshold", short(rule["threshold"]), class_="number"),
            labelled(
                "Fired", el("span", "yes" if rule["fired"] else "no", class_=f"tag {'no' if rule['fired'] else ''}")
            ),
            labelled("Evidence", rule["evidence"]),
        )
        for rule in decision["rules"]
    ]
    return table(["Rule", "Value#", "Threshold#", "Fired", "Evidence"], rows)
