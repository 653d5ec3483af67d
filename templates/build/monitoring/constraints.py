"""`constraints.json`: what a batch must be like, in Model Monitor's format, suggested from a baseline and read back.

Documented differences to Model Monitor: a column's own thresholds are in its `monitoringConfigOverrides` where the
baseline shows that the general ones would call good data bad.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from monitoring.baseline import Feature, Json, Statistics
from monitoring.columns import Type
from monitoring.settings import DataQuality
from monitoring.windows import Windows


@dataclass(frozen=True)
class Limits:
    """Thresholds, for all columns or one."""

    datatype: float = 1.0
    domain: float = 1.0
    numbers: float = 0.1
    numbers_method: str = "Robust"
    texts: float = 0.1
    texts_method: str = "LInfinity"


@dataclass(frozen=True)
class Constraint:
    """What a column must be like. `domain` is None where any text is allowed."""

    name: str
    type: Type
    completeness: float
    non_negative: bool = False
    domain: frozenset[str] | None = None
    limits: Limits = field(default_factory=Limits)
    enabled: bool = True


@dataclass(frozen=True)
class Constraints:
    """What a batch must be like."""

    features: Mapping[str, Constraint]
    compare: bool = True
    enabled: bool = True


def suggest(known: Statistics, settings: DataQuality) -> Constraints:
    """The constraints that the baseline itself meets, and with windows every usual part of it."""
    general = Limits(
        settings.datatype_check_threshold,
        settings.domain_content_threshold,
        settings.comparison_threshold,
        settings.comparison_method,
        settings.categorical_comparison_threshold,
        settings.categorical_drift_method,
    )
    return Constraints(
        {name: _of_feature(feature, general, settings.max_domain) for name, feature in known.features.items()}
    )


def _of_feature(known: Feature, general: Limits, max_domain: int) -> Constraint:
    listed = known.type == "String" and known.texts is not None and len(known.texts) <= max_domain
    limits = Limits(
        min(general.datatype, known.share_of(known.type)) if known.present else general.datatype,
        _domain_limit(known, general.domain),
        general.numbers,
        general.numbers_method,
        general.texts,
        general.texts_method,
    )
    return Constraint(
        known.name,
        known.type,
        known.completeness,
        known.numbers is not None and known.numbers.low >= 0,
        frozenset(known.texts or ()) if listed else None,
        limits,
    )


def _domain_limit(known: Feature, general: float) -> float:
    """Less than all values need be known where windows of the baseline have categories that no other window has."""
    if not known.windows or known.windows.scale.edges is not None:
        return general
    return min(general, max(0.0, 1.0 - 2.0 * _only_there(known.windows)))


def _only_there(windows: Windows) -> float:
    """The largest share that categories of one window alone have in it."""
    counts = windows.counts[:, :-1]
    alone = (counts > 0).sum(axis=0) == 1
    return float((counts[:, alone].sum(axis=1) / np.maximum(windows.counts.sum(axis=1), 1)).max(initial=0.0))


def to_json(known: Constraints, settings: DataQuality) -> Json:
    """The document."""
    general = suggest(Statistics(0, {}), settings)
    return {
        "version": 0.0,
        "features": [_constraint_json(item, settings) for item in known.features.values()],
        "monitoring_config": {
            "evaluate_constraints": "Enabled" if general.enabled else "Disabled",
            "emit_metrics": "Enabled",
            "datatype_check_threshold": settings.datatype_check_threshold,
            "domain_content_threshold": settings.domain_content_threshold,
            "distribution_constraints": {
                "perform_comparison": "Enabled",
                "comparison_threshold": settings.comparison_threshold,
                "comparison_method": settings.comparison_method,
                "categorical_comparison_threshold": settings.categorical_comparison_threshold,
                "categorical_drift_method": settings.categorical_drift_method,
            },
        },
    }


def _constraint_json(item: Constraint, settings: DataQuality) -> Json:
    document: Json = {"name": item.name, "inferred_type": item.type, "completeness": item.completeness}
    if item.type in ("Integral", "Fractional"):
        document["num_constraints"] = {"is_non_negative": item.non_negative}
    elif item.domain is not None:
        document["string_constraints"] = {"domains": sorted(item.domain)}
    own: Json = {}
    if item.limits.datatype != settings.datatype_check_threshold:
        own["datatype_check_threshold"] = item.limits.datatype
    if item.limits.domain != settings.domain_content_threshold:
        own["domain_content_threshold"] = item.limits.domain
    return document | ({"monitoringConfigOverrides": own} if own else {})


def from_json(document: Json) -> Constraints:
    """Read a document of this module or of Model Monitor; KeyError, TypeError or ValueError where it is neither."""
    config = document.get("monitoring_config", {})
    general = _limits(Limits(), config)
    compared = config.get("distribution_constraints", {}).get("perform_comparison", "Enabled")
    enabled = config.get("evaluate_constraints", "Enabled") == "Enabled"
    return Constraints(
        {item["name"]: _constraint(item, general, enabled=enabled) for item in document["features"]},
        compare=compared == "Enabled",
        enabled=enabled,
    )


def _constraint(item: Json, general: Limits, *, enabled: bool) -> Constraint:
    numbers, texts = item.get("num_constraints") or {}, item.get("string_constraints") or {}
    own: dict[str, Any] = {}
    for place in (item, numbers, texts):  # documents of different age have them in different places, by either name
        own |= place.get("monitoringConfigOverrides") or place.get("monitoring_config_overrides") or {}
    domain = texts.get("domains")
    if item["inferred_type"] not in ("Integral", "Fractional", "String", "Unknown"):
        raise ValueError(f"{item['name']!r} is of the unknown type {item['inferred_type']!r}")
    return Constraint(
        item["name"],
        item["inferred_type"],
        float(item.get("completeness", 0.0)),
        bool(numbers.get("is_non_negative", False)),
        None if domain is None else frozenset(map(str, domain)),
        _limits(general, own),
        own["evaluate_constraints"] == "Enabled" if "evaluate_constraints" in own else enabled,
    )


_METHODS = {"Simple": "Simple", "Robust": "Robust", "linf_simple": "Simple", "linf_robust": "Robust"}


def _limits(general: Limits, config: Json) -> Limits:
    compared = config.get("distribution_constraints", {})
    known = asdict(general)
    for key, name in (("datatype_check_threshold", "datatype"), ("domain_content_threshold", "domain")):
        known[name] = float(config.get(key, known[name]))
    known["numbers"] = float(compared.get("comparison_threshold", known["numbers"]))
    known["texts"] = float(compared.get("categorical_comparison_threshold", known["texts"]))
    known["numbers_method"] = _METHODS[compared.get("comparison_method", known["numbers_method"])]
    known["texts_method"] = compared.get("categorical_drift_method", known["texts_method"])
    if known["texts_method"] not in ("LInfinity", "ChiSquared"):
        raise ValueError(f"categorical_drift_method {known['texts_method']!r} is not known")
    return Limits(**known)
