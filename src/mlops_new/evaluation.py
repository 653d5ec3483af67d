"""The evaluation document of a model version, read for people. Pure; every member may be missing."""

from collections.abc import Mapping
from typing import Any


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
    """The model against a benchmark, on the rows for which that has a forecast; every one is of an error."""
    other, ours = benchmark.get(metric), benchmark.get(f"model_{metric}")
    if not (isinstance(other, int | float) and isinstance(ours, int | float) and other):
        return []
    return [f"{name}: {metric} {_number(other)} on the same rows, so the model's error is {_margin(ours, other)}"]


def _margin(value: float, other: float) -> str:
    return f"{abs(1 - value / other):.0%} {'smaller' if value < other else 'larger'}"


def _number(value: object) -> str:
    return f"{value:.3f}" if isinstance(value, int | float) else "unknown"
