"""What a check found, also where Model Monitor or Clarify made it.

Their files say less than `check.json`: what they do not say is None, or named among the checks that were not made.
"""

import re
from pathlib import Path
from typing import Any

from model.errors import InputError
from monitoring import findings
from monitoring.findings import Finding, Result, Skipped

Json = dict[str, Any]

STATISTICS = "statistics.json"
DRIFT = "baseline_drift_check"
HIGHER_IS_WORSE = "GreaterThanThreshold"
_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_DISTANCE = re.compile(rf"distance:?\s*({_NUMBER})\D+({_NUMBER})")
_KEPT = re.compile(rf"Only ({_NUMBER})%")  # of the rows, or of the values
_SCORE = re.compile(rf"drift\s+({_NUMBER})\D+({_NUMBER})")


def details(folder: Path, kind: str) -> Json | None:
    """What a check of a kind left in a folder, as `check.json` has it; None where no check was made.

    Args:
        folder: The check's files.
        kind: data_quality, attribution or model_quality.

    Raises:
        InputError: A file is damaged.
    """
    if (folder / findings.DETAILS).exists():
        own: Json = findings.read(folder / findings.DETAILS)
        return own
    if not (folder / findings.VIOLATIONS).exists():
        return None
    try:
        return _translated(folder, kind, findings.read(folder / findings.VIOLATIONS)["violations"])
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{folder / findings.VIOLATIONS} is not as Model Monitor writes it: {error!r}") from None


def _translated(folder: Path, kind: str, violations: list[Json]) -> Json:
    statistics: Json = findings.read(folder / STATISTICS) if (folder / STATISTICS).exists() else {}
    match kind:
        case "data_quality":
            facts = _data_quality(statistics, violations)
        case "attribution":
            facts = _attribution(violations)
        case _:
            facts = _model_quality(statistics, violations)
    found = [_finding(item) for item in violations]
    result = Result(kind, found, _unknown(kind, facts), facts)
    return findings.document(result)


def _finding(item: Json) -> Finding:
    what = item.get("feature_name") or item.get("metric_name") or "(all)"
    kept = _KEPT.search(item["description"])
    share = 1.0 - float(kept[1]) / 100 if kept else 1.0
    return Finding(what if what != "shap" else "(all)", item["constraint_check_type"], item["description"], share=share)


def _data_quality(statistics: Json, violations: list[Json]) -> Json:
    """Which features drifted. How far, the analyzer only tells of those."""
    drifted = {
        item["feature_name"]: _two(_DISTANCE, item) for item in violations if item["constraint_check_type"] == DRIFT
    }
    features: dict[str, Json] = {
        name: {"distance": None, "threshold": None, "against": "the baseline", "drifted": name in drifted}
        for name in [*(feature["name"] for feature in statistics.get("features", [])), *drifted]
    }
    for name, (distance, threshold) in drifted.items():
        features[name] |= {"distance": distance, "threshold": threshold}
    return {"rows": statistics.get("dataset", {}).get("item_count", 0), "features": features}


def _attribution(violations: list[Json]) -> Json:
    """The scores, which Clarify only tells where they are too low."""
    told = {item["label"]: _two(_SCORE, item) for item in violations}
    scores = {label: score for label, (score, _) in told.items() if score is not None}
    return {"ndcg": scores, "threshold": next((limit for _, limit in told.values()), None), "ranks": {}}


def _model_quality(statistics: Json, violations: list[Json]) -> Json:
    """The metrics. The limit is only told of those beyond it: it is the last number in what is said of them."""
    worse = {item["metric_name"]: item for item in violations}
    measured: Json = next((told for key, told in statistics.items() if key.endswith("_metrics")), {})
    metrics = {
        name: {
            "value": told["value"],
            "standard_deviation": _number(told.get("standard_deviation")),
            "threshold": _last(worse[name]) if name in worse else None,
            "higher_is_worse": name in worse and worse[name]["constraint_check_type"] == HIGHER_IS_WORSE,
            "worse": name in worse,
        }
        for name, told in measured.items()
        if isinstance(told, dict) and _number(told.get("value")) is not None
    }
    return {"rows": statistics.get("dataset", {}).get("item_count", 0), "metrics": metrics}


def _unknown(kind: str, facts: Json) -> list[Skipped]:
    if kind == "data_quality" and not facts["features"]:
        return [Skipped("(all)", "statistics", f"there is no {STATISTICS}, so it is not known what was checked")]
    if kind == "model_quality" and not facts["metrics"]:
        return [Skipped("(all)", "metrics", f"there is no {STATISTICS}, so it is not known what was measured")]
    return []


def _two(pattern: re.Pattern[str], item: Json) -> tuple[float | None, float | None]:
    found = pattern.search(item["description"])
    return (float(found[1]), float(found[2])) if found else (None, None)


def _last(item: Json) -> float | None:
    numbers = re.findall(_NUMBER, item["description"])
    return float(numbers[-1]) if numbers else None


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
