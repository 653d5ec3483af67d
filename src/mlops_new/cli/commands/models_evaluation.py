"""The evaluation document of a model version, read for people. Pure; every member may be missing."""

from collections.abc import Mapping
from typing import Any

_ERRORS = frozenset({"wape", "mae", "rmse", "mse"})  # of these, less is better


def metrics(document: Mapping[str, Any]) -> dict[str, float]:
    """Each metric's value, by name, whatever the problem type; the one that decides comes first."""
    blocks = [block for name, block in document.items() if name.endswith("_metrics") and isinstance(block, dict)]
    found = {
        name: entry["value"]
        for block in blocks
        for name, entry in block.items()
        if isinstance(entry, dict) and isinstance(entry.get("value"), int | float)
    }
    gate = document.get("gate")
    decides = gate.get("metric") if isinstance(gate, dict) else None
    return dict(sorted(found.items(), key=lambda item: item[0] != decides))


def gate(document: Mapping[str, Any]) -> dict[str, Any] | None:
    """What decided about registration: `metric`, `value`, `threshold`, `passed`, `reason` and `advice`."""
    match document.get("gate"):
        case {"metric": str(), "passed": bool(passed), **rest}:
            advice = rest.get("advice")
            reason = str(rest.get("reason") or f"{document['gate']['metric']} is {_number(rest.get('value'))}")
            given = [str(line) for line in advice] if isinstance(advice, list) else []
            return {**document["gate"], "passed": passed, "reason": reason, "advice": given}
        case _:
            return None


def warnings(document: Mapping[str, Any]) -> list[str]:
    """What nobody should miss who approves the model."""
    found = document.get("warnings")
    return [str(warning) for warning in found] if isinstance(found, list) else []


def summary(document: Mapping[str, Any]) -> list[str]:
    """The metric that decided, against its threshold and against forecasts that need no model."""
    gate = document.get("gate", {})
    if not isinstance(gate, dict) or "metric" not in gate:
        return [", ".join(f"{name} {value:.4g}" for name, value in metrics(document).items())]
    metric, value = str(gate["metric"]), gate.get("value")
    lines = [f"{metric} {_number(value)} (threshold {_number(gate.get('threshold'))})"]
    for name, benchmark in document.get("benchmarks", {}).items():
        lines += _against(name.replace("_", " "), benchmark, metric) if isinstance(benchmark, dict) else []
    return lines


def _against(name: str, benchmark: Mapping[str, Any], metric: str) -> list[str]:
    """The model against an answer that needs none, on the rows for which there is one."""
    other, ours = benchmark.get(metric), benchmark.get(f"model_{metric}")
    if not (isinstance(other, int | float) and isinstance(ours, int | float) and other):
        return []
    return [f"{name}: {metric} {_number(other)} on the same rows, so the model's {_margin(ours, other, metric)}"]


def _margin(value: float, other: float, metric: str) -> str:
    if metric in _ERRORS:
        return f"error is {abs(1 - value / other):.0%} {'smaller' if value < other else 'LARGER'}"
    difference = value - other
    return f"{metric} is {abs(difference):.3f} {'higher' if difference > 0 else 'LOWER'}"


def _number(value: object) -> str:
    return f"{value:.3f}" if isinstance(value, int | float) else "unknown"
