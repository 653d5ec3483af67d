"""Whether to retrain, and why: the rules of [retrain] in `config.toml`, applied to what the checks found.

A rule that fires is not yet a retraining:
- what data says (drift, attribution) has to be found in `runs` runs in a row; ground truth counts at once;
- broken data is mended and not learnt (`unless_broken`);
- a version that waits for approval is enough;
- `cooldown_days` after a retraining was asked for, or a new version came into use, nothing is asked for.

python3 -m monitoring.decision    inputs data_quality, attribution, model_quality, forecasts (their outputs, any may be
                                  absent), history → output decision: decision.json
"""

import argparse
import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import paths
from model import schema as schemas
from model.errors import InputError
from monitoring import analyzers, emf, findings, job, past, settings
from monitoring.past import Past
from monitoring.settings import Retrain

Json = dict[str, Any]

CHECKS = ("data_quality", "attribution", "model_quality", "forecasts")
BROKEN = ("missing_column_check", "data_type_check", "completeness_check", "non_negative_check")
"""Violations that say that data is broken, where the check does not say so itself: Model Monitor's, for example."""
FEWEST_BROKEN = 0.05
"""A share of rows: one bad cell is no reason to refuse a retraining."""
LASTING = ("drifted_features", "attribution_ndcg")
"""Rules about data, which have to fire in several runs in a row."""


@dataclass(frozen=True)
class Rule:
    """One rule's outcome. `value` is None where there was nothing to apply it to."""

    rule: str
    value: float | None
    threshold: float
    fired: bool
    evidence: str


def main() -> None:
    """Read what the checks left, decide, and write the decision."""
    parser = argparse.ArgumentParser(description="Decide whether to retrain")
    parser.add_argument("--trained", default="", help="date of the model in use, like 2026-06-30 (for model_age_days)")
    parser.add_argument("--model", default="", help="ARN of the model package in use")
    parser.add_argument("--waiting", default="", help="ARN of a newer model package that waits for approval")
    told = dict(vars(parser.parse_args()))
    trained = told["trained"]
    schema, config = schemas.load(paths.CONFIG), settings.load(paths.CONFIG)
    checks = {name: left for name in CHECKS if (left := analyzers.details(paths.step_input(name), name))}
    before = past.read(paths.step_input("history"), checks, told)
    decision = decide(checks, config.retrain, age_in_days(trained) if trained else None, before)
    findings.save(decision, paths.step_output("decision") / "decision.json")
    emf.emit({"retrain": float(decision["retrain"])}, {"Project": schema.name, "Check": "decision"})
    job.say(f"Retrain: {'yes' if decision['retrain'] else 'no'}. {' '.join(decision['reasons'])}")


def age_in_days(trained: str, today: dt.date | None = None) -> int:
    """Days since a date.

    Raises:
        InputError: It is none.
    """
    try:
        return ((today or dt.datetime.now(tz=dt.UTC).date()) - dt.date.fromisoformat(trained[:10])).days
    except ValueError:
        raise InputError(f"--trained {trained!r}: a date like 2026-06-30 was expected") from None


def decide(checks: Mapping[str, Json], config: Retrain, age: int | None = None, before: Past | None = None) -> Json:
    """The decision.

    Args:
        checks: What each check found, as its `check.json` has it.
        config: The rules.
        age: Days since the model in use was trained; None where it is not known.
        before: What earlier runs found; None where that is not known, so that what is found once is enough.
    """
    rules = [
        rule
        for rule in (_drift(checks, config), _attribution(checks, config), _metrics(checks, config), _age(age, config))
        if rule
    ]
    broken = _broken(checks)
    wanted = [rule for rule in rules if rule.fired]
    lasting = [rule for rule in wanted if _lasts(rule, config, before)]
    held = _held_back(config, broken, before) if wanted else []
    reasons = [_sentence(rule, config, before) for rule in wanted] + held
    if not wanted:
        reasons.append(_why_not(checks))
        if broken.fired:
            reasons.append(f"The data is broken and is to be mended: {broken.evidence}.")
    return {
        "retrain": bool(lasting) and not held,
        "reasons": reasons,
        "rules": [asdict(rule) for rule in [*rules, broken]],
        "fired": [] if broken.fired else [rule.rule for rule in wanted],
        "broken": broken_inputs(checks),
    }


def _lasts(rule: Rule, config: Retrain, before: Past | None) -> bool:
    return rule.rule not in LASTING or before is None or before.in_a_row(rule.rule) >= config.runs


def _sentence(rule: Rule, config: Retrain, before: Past | None) -> str:
    text = f"{rule.evidence[0].upper()}{rule.evidence[1:]}."
    if before is None or _lasts(rule, config, before):
        return text
    count = before.in_a_row(rule.rule)
    return f"{text} It is found in run {count} of the {config.runs} in a row that ask for a retraining."


def _held_back(config: Retrain, broken: Rule, before: Past | None) -> list[str]:
    """Why no retraining is asked for although a rule fired."""
    why = []
    if config.unless_broken and broken.fired:
        why.append(f"But the data is broken and is to be mended first: {broken.evidence}.")
    if before is None:
        return why
    if before.waiting:
        number = past.version(before.waiting)
        name = f"version {number}" if number else before.waiting
        why.append(f"But {name} waits for approval: approve or reject it first.")
    for day, what in ((before.asked, "a retraining was asked for"), (before.replaced, "this version was made")):
        days = before.days_since(day)
        if days is not None and days < config.cooldown_days:
            why.append(f"But {what} on {day}, and for {config.cooldown_days} days after it none is asked for.")
    return why


def _why_not(checks: Mapping[str, Json]) -> str:
    """Why no rule asks for it: that nothing could be compared is no good news."""
    if not checks:
        return "Nothing was checked, so nothing asks for it."
    return f"Nothing asks for it, because {text}." if (text := _uncompared(checks)) else "No rule asks for it."


def _uncompared(checks: Mapping[str, Json]) -> str:
    """Why no ground truth was compared although there was some; empty where it was, or where there was none."""
    told = checks.get("model_quality", {})
    if told.get("metrics") or not told.get("violations"):
        return ""
    return str(told["violations"][0]["description"])


def _drift(checks: Mapping[str, Json], config: Retrain) -> Rule | None:
    if not config.drifted_features:
        return None
    compared = checks.get("data_quality", {}).get("features", {})
    if not compared:
        return Rule("drifted_features", None, config.drifted_features, fired=False, evidence="no feature was compared")
    drifted = [name for name, item in compared.items() if item["drifted"]]
    weights = _weights(checks, compared)
    share = sum(weights[name] for name in drifted) / sum(weights.values())
    text = f"{len(drifted)} of {len(compared)} features drifted{': ' + _some(drifted) if drifted else ''}"
    if drifted and len(set(weights.values())) > 1:
        text += f" ({100 * share:.0f} % of what predictions rest on)"
    return Rule(
        "drifted_features", share, config.drifted_features, fired=share >= config.drifted_features, evidence=text
    )


def _weights(checks: Mapping[str, Json], compared: Mapping[str, Json]) -> dict[str, float]:
    """How much each feature counts: by its share of attribution at registration, or each the same."""
    shares = checks.get("attribution", {}).get("shares", {})
    weights = {name: float(shares.get(name, {}).get("before", 0.0)) for name in compared}
    return weights if sum(weights.values()) > 0 else dict.fromkeys(compared, 1.0)


def _attribution(checks: Mapping[str, Json], config: Retrain) -> Rule | None:
    if not config.attribution_ndcg:
        return None
    scores = checks.get("attribution", {}).get("ndcg", {})
    if not scores:
        return Rule(
            "attribution_ndcg", None, config.attribution_ndcg, fired=False, evidence="attributions were not compared"
        )
    label = min(scores, key=lambda name: (scores[name], name))
    of = f" of {label}" if len(scores) > 1 else ""
    text = f"the features' attributions{of} rank with an NDCG of {scores[label]:.3f} against those at registration"
    return Rule(
        "attribution_ndcg",
        scores[label],
        config.attribution_ndcg,
        fired=scores[label] < config.attribution_ndcg,
        evidence=text,
    )


def _metrics(checks: Mapping[str, Json], config: Retrain) -> Rule | None:
    if not config.worse_metrics:
        return None
    judged = checks.get("model_quality", {}).get("metrics", {})
    if not judged:
        why = _uncompared(checks) or "there was no new ground truth"
        return Rule("worse_metrics", None, config.worse_metrics, fired=False, evidence=why)
    worse = {name: f"{name} {item['value']:.4g}{_limit(item)}" for name, item in judged.items() if item["worse"]}
    text = f"{len(worse)} of {len(judged)} metrics are beyond their limit"
    text += f": {_some(list(worse.values()))}" if worse else ""
    gate = checks["model_quality"].get("gate")
    decides = gate is None or gate not in judged or gate in worse
    if worse and not decides:
        text += f"; {gate}, which decides, is not"
    fired = decides and len(worse) >= config.worse_metrics
    return Rule("worse_metrics", len(worse), config.worse_metrics, fired=fired, evidence=text)


def _limit(item: Json) -> str:
    return "" if item["threshold"] is None else f" (limit {item['threshold']:.4g})"


def _age(age: int | None, config: Retrain) -> Rule | None:
    if not config.model_age_days:
        return None
    if age is None:
        return Rule(
            "model_age_days", None, config.model_age_days, fired=False, evidence="the model's date was not given"
        )
    return Rule(
        "model_age_days",
        age,
        config.model_age_days,
        fired=age >= config.model_age_days,
        evidence=f"the model is {age} days old",
    )


def _broken(checks: Mapping[str, Json]) -> Rule:
    found = broken_inputs(checks)
    text = _some([f"{_plain(item['feature'])} ({_plain(item['check'])})" for item in found])
    return Rule("broken_data", len(found), 1, fired=bool(found), evidence=text or NOTHING_BROKEN)


def _plain(name: str) -> str:
    """A feature or a check for a person: `(forecasts)`, `data_type_check`."""
    return name.strip("()").removesuffix("_check").replace("_", " ") if name.endswith(("_check", ")")) else name


NOTHING_BROKEN = "no column is missing, mistyped or incomplete"


def broken_inputs(checks: Mapping[str, Json]) -> list[Json]:
    """What is broken: `feature`, `check`, and a `sentence`, which may be empty."""
    quality = checks.get("data_quality", {})
    found = quality["broken"] if "broken" in quality else list(map(_as_broken, filter(_matters, _violations(quality))))
    forecasts = list(map(_as_broken, _violations(checks.get("forecasts", {}))))
    truth = checks.get("model_quality", {})
    if truth.get("rows") and truth.get("broken_rows", 0) == truth["rows"]:
        sentence = " ".join(truth.get("broken", []))
        forecasts.append({"feature": "(all)", "check": "predicted_from_broken_data", "sentence": sentence})
    return [*found, *forecasts]


def _violations(check: Json) -> list[Json]:
    return list(check.get("violations", []))


def _matters(item: Json) -> bool:
    return item["check"] in BROKEN and item.get("share", 1.0) >= FEWEST_BROKEN


def _as_broken(item: Json) -> Json:
    return {"feature": item["feature"], "check": item["check"], "sentence": item.get("sentence", "")}


def _some(texts: list[str]) -> str:
    return ", ".join(texts[:5]) + (f" and {len(texts) - 5} more" if len(texts) > 5 else "")  # noqa: PLR2004


if __name__ == "__main__":
    job.run(main)
