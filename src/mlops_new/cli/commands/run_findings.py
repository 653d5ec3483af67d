"""What a run found out about rows and metrics, read from what its steps left, for people and programs."""

from collections.abc import Mapping
from typing import Any

from mlops_new.ports.platform import Objects
from mlops_new.system.files import parse_json

Found = dict[str, Any]

_QUARANTINE = "quarantine.csv"
_UNUSUAL = {
    "without_a_past": "of series without any known past",
    "in_the_past": "of days whose later past is known",
}
_MOST_METRICS = 8


def of_run(stored: Mapping[str, str], objects: Objects) -> Found:
    """Members of a run's document: `rows`, what became of those to predict; `model_quality`, what was compared.

    Args:
        stored: The URIs of what the steps stored, by name.
        objects: Where they are.
    """
    rows, quality = _rows(stored, objects), _quality(stored, objects)
    return {**({"rows": rows} if rows else {}), **({"model_quality": quality} if quality else {})}


def _document(folder: str | None, name: str, objects: Objects) -> Found | None:
    found = parse_json(objects.read(f"{folder.rstrip('/')}/{name}")) if folder else None
    return found if isinstance(found, dict) and found else None


def _rows(stored: Mapping[str, str], objects: Objects) -> Found | None:
    counts = _document(stored.get("quarantine"), "counts.json", objects)
    if counts is None:
        return None
    file = f"{stored['quarantine'].rstrip('/')}/{_QUARANTINE}"
    return {**counts, "quarantine": objects.place(file)}


def _quality(stored: Mapping[str, str], objects: Objects) -> Found | None:
    """Model quality as the check has it; where an analyzer made it, its metrics without limits."""
    folder = stored.get("model_quality")
    if told := _document(folder, "check.json", objects):
        metrics = {name: _metric(item) for name, item in told.get("metrics", {}).items()}
        problems = [item["description"] for item in told.get("violations", []) if item["feature"] not in metrics]
        return {"rows": told.get("rows", 0), "metrics": metrics, "problems": problems, **_matched(told)}
    measured = _document(folder, "statistics.json", objects)
    if measured is None:
        return None
    found: Found = next((told for key, told in measured.items() if key.endswith("_metrics")), {})
    values = {
        name: {"value": item["value"]} for name, item in found.items() if isinstance(item, dict) and "value" in item
    }
    return {"rows": measured.get("dataset", {}).get("item_count", 0), "metrics": values, "problems": []}


def _metric(item: Found) -> Found:
    known = {"value": "value", "baseline": "registration", "threshold": "limit", "worse": "worse"}
    return {new: item.get(old) for old, new in known.items()}


def _matched(told: Found) -> Found:
    return {"ground_truth": told["ground_truth"]} if "ground_truth" in told else {}


def rows_lines(rows: Found | None) -> list[str]:
    """What is unusual about the rows that were to be predicted."""
    if not rows:
        return []
    asked, bad, past = rows["rows_to_predict"], rows["quarantined"], rows["quarantined_past"]
    texts = [f"{bad:,} of {asked:,} rows could not be used"] if bad else []
    texts += [f"{past:,} rows of the past could not be used"] if past else []
    lines = [f"  quarantine    {'; '.join(texts)}: {rows['quarantine']}"] if texts else []
    lines += [f"                the first: {rows['first_fault']}"] if texts else []
    notes = [f"{rows['skipped']:,} skipped"] if rows["skipped"] else []
    notes += [f"{rows[name]:,} {text}" for name, text in _UNUSUAL.items() if rows.get(name)]
    return [*lines, *([f"  rows          {'; '.join(notes)}"] if notes else [])]


def quality_lines(quality: Found | None, deciding: str) -> list[str]:
    """What came of comparing predictions with ground truth: each metric now, at registration, and its limit.

    Args:
        quality: As `of_run` has it.
        deciding: The metric that comes first.
    """
    if not quality:
        return []
    metrics = quality["metrics"]
    names = sorted((name for name in metrics if "_best_constant_" not in name), key=lambda name: name != deciding)
    shown = [name for name in names if name == deciding or metrics[name].get("worse")] or names[:1]
    shown += [name for name in names if name not in shown]
    texts = [f"{quality['rows']:,} rows compared with ground truth", *(_line(name, metrics[name]) for name in shown)]
    texts = [*texts[: _MOST_METRICS + 1], *quality["problems"]]
    return [f"  {'quality' if place == 0 else '':<12}  {text}" for place, text in enumerate(texts)]


def _line(name: str, item: Found) -> str:
    told = [f"{name} {_number(item['value'])} now"]
    told += [f"{_number(item['registration'])} at registration"] if item.get("registration") is not None else []
    told += [f"limit {_number(item['limit'])}"] if item.get("limit") is not None else []
    return ", ".join(told) + (": worse than the limit" if item.get("worse") else "")


def _number(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, int | float) else "not defined"
