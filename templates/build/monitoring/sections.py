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


def violations(checks: Mapping[str, Json]) -> Safe:
    """All violations, by severity, with the share of rows they concern."""
    found = [(name, item) for name, told in checks.items() for item in told.get("violations", [])]
    found.sort(key=lambda pair: (SEVERITIES.index(pair[1]["severity"]), -pair[1]["share"], pair[1]["feature"]))
    skipped = [item for told in checks.values() for item in told.get("skipped", [])]
    if not checks:
        return el("p", "No check ran.", class_="soft")
    parts: list[Safe] = [el("p", "None.") if not found else _violation_table(found)]
    if len(found) > SHOWN:
        parts.append(el("p", f"{len(found) - SHOWN} more are in the JSON files.", class_="soft"))
    if skipped:
        lines = [el("li", f"{item['feature']}: {item['reason']}") for item in skipped[:SHOWN]]
        parts.append(el("details", el("summary", f"{len(skipped)} checks could not be made"), el("ul", *lines)))
    return join(*parts)


def _violation_table(found: Sequence[tuple[str, Json]]) -> Safe:
    rows = [
        el(
            "tr",
            el("th", item["feature"], scope="row"),
            labelled("Severity", el("span", item["severity"], class_=f"tag {item['severity']}")),
            labelled("Rows", share(item["share"]) if name == "data_quality" else "all", class_="number"),
            labelled("Found", item["description"]),
        )
        for name, item in found[:SHOWN]
    ]
    return table(["What", "Severity", "Share of rows#", "Found"], rows)


def metrics(judged: Mapping[str, Json]) -> Safe:
    """Metrics now and at registration, with their thresholds."""
    rows = []
    for name, told in judged.items():
        deviation = told.get("standard_deviation")
        value = "-" if told["value"] is None else short(told["value"])
        sign = "≤" if told["higher_is_worse"] else "≥"
        rows.append(
            el(
                "tr",
                el("th", name, scope="row"),
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
                    el("span", "no" if told["worse"] else "yes", class_=f"tag {'no' if told['worse'] else 'yes'}"),
                ),
            )
        )
    return table(["Metric", "Now#", "At registration#", "Threshold#", "Kept"], rows)


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
    """Ranks of the features at registration and now."""
    parts: list[Safe] = []
    for label, items in told["ranks"].items():
        ranks = [Rank(**item) for item in items][:SHOWN]
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
        parts.append(charts.slopes(ranks))
        heads = ["Feature", "Rank#", "Attribution at registration#", "Now#"]
        parts.append(el("details", el("summary", "The numbers"), table(heads, rows)))
    return join(*parts)


def features(before: Statistics | None, now: Statistics | None, told: Json) -> Safe:
    """The two distributions of each column, those that drifted first."""
    drift = told.get("features", {})
    names = [name for known in (now, before) if known for name in known.features]
    order = sorted(dict.fromkeys(names), key=lambda name: -(_ratio(drift[name]) if name in drift else 0.0))
    cards = [
        _card(
            name,
            before.features.get(name) if before else None,
            now.features.get(name) if now else None,
            drift.get(name),
        )
        for name in order
    ]
    both = before is not None and now is not None
    keys = (
        [("before", "baseline"), ("now", "this batch"), ("drifted", "drifted")]
        if both
        else [("before", "training data")]
    )
    return join(charts.legend(*keys), el("div", *cards, class_="features"))


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
