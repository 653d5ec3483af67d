"""What `config.toml` says about monitoring: the tables [monitoring] and [retrain]. Every key has a default."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

from model.errors import InputError, did_you_mean

T = TypeVar("T")


@dataclass(frozen=True)
class DataQuality:
    """[monitoring.data_quality]: written into constraints.json by the baseline, and read from there by the check."""

    ignore: tuple[str, ...] = ()
    """Columns that are not looked at, besides ids, time and target."""
    window_days: int = 7
    """With a time column: the days that one batch covers. 0: compare with all rows of the baseline at once."""
    sensitivity: str = "normal"
    """How sure a finding must be, and how large: `low`, `normal` or `high` (`LEVELS`)."""
    datatype_check_threshold: float = 1.0
    domain_content_threshold: float = 1.0
    comparison_threshold: float = 0.05
    """The largest difference of cumulative shares that does not matter yet, however sure it is."""
    comparison_method: str = "Robust"
    categorical_comparison_threshold: float = 0.05
    """The same of the share of a category."""
    categorical_drift_method: str = "LInfinity"
    max_domain: int = 100
    """Columns of text with at most so many categories get a domain."""


@dataclass(frozen=True)
class ModelQuality:
    """[monitoring.model_quality]."""

    tolerance: float = 3.0
    """How many standard deviations a metric may be worse than at registration by the thresholds in constraints.json,
    which count where Model Monitor checks, or where the baseline is of an earlier version."""
    matters: float = 0.1
    """A metric is worse by at least this share of its value at registration (of scores: of their distance from 1)."""
    match_limit: float = 0.5
    """Share of the rows of ground truth that must have a prediction; with a day in the ids, of predicted days only."""


@dataclass(frozen=True)
class Attribution:
    """[monitoring.attribution]."""

    threshold: float = 0.90
    rows: int = 1000
    """Rows that are explained, at most: of a larger table a sample."""
    samples: int = 0
    """Coalitions of features evaluated for each row and background row; 0: chosen by the number of features."""
    clusters: int = 10
    """Rows of the background."""
    share: float = 0.05
    """A feature's share of attribution has moved by at least so much of the whole, else it does not matter."""
    seconds: int = 600
    """A check explains as many rows as it can in this time, about; 0: as many as `rows` says."""
    aggregate: str = "mean_abs"
    seed: int = 1


@dataclass(frozen=True)
class Retrain:
    """[retrain]: when data or model have changed so much that a new one should be trained. 0 switches a rule off."""

    drifted_features: float = 0.3
    """Share of the features whose distribution drifted, weighted by what predictions rest on where that is known."""
    attribution_ndcg: float = 0.90
    """Attributions ranked less alike than this."""
    worse_metrics: int = 1
    """Number of metrics beyond their limit, the one that decides about registration among them."""
    model_age_days: int = 0
    """Days since the model was trained."""
    runs: int = 2
    """What data says has to be found in so many runs in a row; ground truth counts at once."""
    cooldown_days: int = 7
    """Days after a retraining was asked for, or a new version came into use, in which none is asked for."""
    unless_broken: bool = True
    """Never on data with missing columns, wrong types or missing values: such data is to be mended, not learnt."""


@dataclass(frozen=True)
class Settings:
    """All of it. `topic` is the SNS topic that gets one message for each check with violations."""

    fail_on_violation: bool = False
    topic: str = ""
    data_quality: DataQuality = field(default_factory=DataQuality)
    model_quality: ModelQuality = field(default_factory=ModelQuality)
    attribution: Attribution = field(default_factory=Attribution)
    retrain: Retrain = field(default_factory=Retrain)


@dataclass(frozen=True)
class Level:
    """What a sensitivity stands for.

    Attributes:
        chance: Of any false alarm in a good batch, over all that is looked at in it.
        scale: By which thresholds of what matters are multiplied.
        points: Share of the rows by which missing, mistyped or unknown values must become more to matter.
    """

    chance: float
    scale: float
    points: float


LEVELS: Mapping[str, Level] = {
    "low": Level(0.002, 2.0, 0.03),
    "normal": Level(0.015, 1.0, 0.01),
    "high": Level(0.05, 0.5, 0.003),
}

CHOICES: Mapping[str, tuple[str, ...]] = {
    "sensitivity": tuple(LEVELS),
    "comparison_method": ("Robust", "Simple"),
    "categorical_drift_method": ("LInfinity", "ChiSquared"),
    "aggregate": ("mean_abs", "median", "mean_sq"),
}
_SHARES = {
    "datatype_check_threshold", "domain_content_threshold", "comparison_threshold", "categorical_comparison_threshold",
    "threshold", "share", "matters", "drifted_features", "attribution_ndcg", "match_limit",
}  # fmt: skip


def load(path: Path) -> Settings:
    """Read the settings of a configuration file.

    Raises:
        InputError: It is absent, no TOML, or says something that cannot be meant.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not valid TOML: {error}") from None
    return parse(document)


def parse(document: Mapping[str, Any]) -> Settings:
    """Check the tables [monitoring] and [retrain]."""
    given = dict(document.get("monitoring", {}))
    parts = {kind.__name__: given.pop(name, {}) for name, kind in _PARTS.items()}
    known = {item.name for item in fields(Settings)} - {"retrain"}
    for key in given:
        if key not in known:
            raise InputError(f"[monitoring] has an unknown key {key!r}{did_you_mean(key, known)}")
    plain = _values("[monitoring]", Settings, given)
    return Settings(
        **plain,
        data_quality=_part("[monitoring.data_quality]", DataQuality, parts["DataQuality"]),
        model_quality=_part("[monitoring.model_quality]", ModelQuality, parts["ModelQuality"]),
        attribution=_part("[monitoring.attribution]", Attribution, parts["Attribution"]),
        retrain=_part("[retrain]", Retrain, document.get("retrain", {})),
    )


_PARTS: Mapping[str, type] = {"data_quality": DataQuality, "model_quality": ModelQuality, "attribution": Attribution}


def _part(where: str, kind: type[T], given: Any) -> T:
    if not isinstance(given, dict):
        raise InputError(f"{where} must be a table")
    return kind(**_values(where, kind, given))


def _values(where: str, kind: Any, given: Mapping[str, Any]) -> dict[str, Any]:
    defaults = {item.name: item.default for item in fields(kind)}
    for key in given:
        if key not in defaults:
            raise InputError(f"{where} has an unknown key {key!r}{did_you_mean(key, defaults)}")
    return {key: _value(f"{where} {key}", key, value, defaults[key]) for key, value in given.items()}


def _value(where: str, key: str, value: Any, default: Any) -> Any:
    if isinstance(default, tuple):
        if not (isinstance(value, list) and all(isinstance(name, str) for name in value)):
            raise InputError(f"{where} = {value!r}: a list of column names was expected")
        return tuple(value)
    expected = (int, float) if isinstance(default, float) else type(default)
    if not isinstance(value, expected) or (isinstance(value, bool) and not isinstance(default, bool)):
        raise InputError(f"{where} = {value!r}: {_SPOKEN[type(default)]} was expected")
    if key in CHOICES and value not in CHOICES[key]:
        raise InputError(f"{where} = {value!r}: one of {', '.join(CHOICES[key])} was expected")
    if isinstance(value, (int, float)) and not 0 <= value <= (1 if key in _SHARES else float("inf")):
        raise InputError(
            f"{where} = {value!r}: {'a share from 0 to 1' if key in _SHARES else '0 or more'} was expected"
        )
    return value


_SPOKEN = {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}
