"""The evaluation document of a model version, read for people. Pure; every member may be missing."""

from collections.abc import Mapping
from typing import Any


def metrics(document: Mapping[str, Any]) -> dict[str, float]:
    """Each metric's value, by name, whatever the problem type."""
    blocks = [block for name, block in document.items() if name.endswith("_metrics") and isinstance(block, dict)]
    return {
        name: entry["value"]
        for block in blocks
        for name, entry in block.items()
        if isinstance(entry, dict) and isinstance(entry.get("value"), int | float)
    }


def summary(document: Mapping[str, Any]) -> list[str]:
    """The metric that decided, against its threshold and against forecasts that need no model."""
    gate = document.get("gate", {})
    if not isinstance(gate, dict) or "metric" not in gate:
        return [", ".join(f"{name} {value:.4g}" for name, value in metrics(document).items())]
    metric, value = str(gate["metric"]), gate.get("value")
    lines = [f"{metric} {_number(value)} (threshold {_number(gate.get('threshold'))})"]
    for name, others in document.get("benchmarks", {}).items():
        other = others.get(metric) if isinstance(others, dict) else None
        if isinstance(other, int | float) and isinstance(value, int | float) and other:
            lines.append(
                f"{name.replace('_', ' ')}: {metric} {_number(other)}, so the model's error is {_margin(value, other)}"
            )
    return lines


def _margin(value: float, other: float) -> str:
    return f"{abs(1 - value / other):.0%} {'smaller' if value < other else 'larger'}"


def _number(value: object) -> str:
    return f"{value:.3f}" if isinstance(value, int | float) else "unknown"
