"""Whether to retrain, and why: the rules of [retrain] in `config.toml`, applied to what the checks found.

python3 -m monitoring.decision    inputs data_quality, attribution, model_quality (their outputs, any may be absent)
                                  → output decision: decision.json
"""

import argparse
import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import paths
from model import schema as schemas
from model.errors import InputError
from monitoring import analyzers, emf, findings, job, settings
from monitoring.settings import Retrain

Json = dict[str, Any]

CHECKS = ("data_quality", "attribution", "model_quality")
BROKEN = ("missing_column_check", "data_type_check", "completeness_check", "non_negative_check")


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
    trained = parser.parse_args().trained
    schema, config = schemas.load(paths.CONFIG), settings.load(paths.CONFIG)
    checks = {name: told for name in CHECKS if (told := analyzers.details(paths.step_input(name), name))}
    decision = decide(checks, config.retrain, age_in_days(trained) if trained else None)
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


def decide(checks: Mapping[str, Json], config: Retrain, age: int | None = None) -> Json:
    """The decision. Broken data never asks for a new model: a model learns nothing good from it."""
    rules = [
        rule
        for rule in (_drift(checks, config), _attribution(checks, config), _metrics(checks, config), _age(age, config))
        if rule
    ]
    broken = _broken(checks)
    wanted = [rule for rule in rules if rule.fired]
    retrain = bool(wanted) and not (config.unless_broken and broken.fired)
    reasons = [f"{rule.evidence[0].upper()}{rule.evidence[1:]}." for rule in wanted]
    if wanted and not retrain:
        reasons.append(f"But the data is broken and is to be mended first: {broken.evidence}.")
    if not wanted:
        reasons.append(_why_not(checks))
        if broken.fired:
            reasons.append(f"The data is broken and is to be mended: {broken.evidence}.")
    return {"retrain": retrain, "reasons": reasons, "rules": [asdict(rule) for rule in [*rules, broken]]}


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
    share = len(drifted) / len(compared)
    text = f"{len(drifted)} of {len(compared)} features drifted{': ' + _some(drifted) if drifted else ''}"
    return Rule(
        "drifted_features", share, config.drifted_features, fired=share >= config.drifted_features, evidence=text
    )


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
    worse = [f"{name} {item['value']:.4g}{_limit(item)}" for name, item in judged.items() if item["worse"]]
    text = f"{len(worse)} of {len(judged)} metrics are beyond their limit{': ' + _some(worse) if worse else ''}"
    return Rule(
        "worse_metrics", len(worse), config.worse_metrics, fired=len(worse) >= config.worse_metrics, evidence=text
    )


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
    found = [item for item in checks.get("data_quality", {}).get("violations", []) if item["check"] in BROKEN]
    text = _some([f"{item['feature']} ({item['check'].removesuffix('_check').replace('_', ' ')})" for item in found])
    return Rule(
        "broken_data", len(found), 1, fired=bool(found), evidence=text or "no column is missing, mistyped or incomplete"
    )


def _some(texts: list[str]) -> str:
    return ", ".join(texts[:5]) + (f" and {len(texts) - 5} more" if len(texts) > 5 else "")  # noqa: PLR2004


if __name__ == "__main__":
    job.run(main)
