"""What `config.toml` says about the table, the features and the model, checked before any data is read."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Literal, TypeVar, get_args

from model import names
from model.errors import InputError, did_you_mean
from reading.form import DEFAULT, Form, checked

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

ProblemType = Literal["regression", "binary_classification", "multiclass_classification"]
PROBLEM_TYPES: tuple[ProblemType, ...] = get_args(ProblemType)
METRICS: Mapping[ProblemType, tuple[str, ...]] = {
    "regression": ("wape", "mae", "rmse", "mse", "r2"),
    "binary_classification": ("auc", "accuracy", "f1", "precision", "recall"),
    "multiclass_classification": ("accuracy", "weighted_f1", "weighted_recall", "weighted_precision"),
}
MONITORING = ("own", "managed")
LOWER_IS_BETTER = frozenset({"wape", "mae", "rmse", "mse"})
CALENDAR = ("weekday", "day_of_month", "day_of_year")  # features of a row's date

Number = (int, float)
Choice = (bool, list)
_Text = TypeVar("_Text", bound=str)
_TABLES: Mapping[str, Mapping[str, type | tuple[type, ...]]] = {
    "project": {"name": str, "description": str, "problem_type": str, "monitoring": str},
    "data": {
        "target": str,
        "time": str,
        "ids": list,
        "features": list,
        "categorical": list,
        "exclude": list,
        "calendar": Choice,
        "evaluation": Number,
        "censored": str,
        "decimal": str,
        "thousands": str,
        "delimiter": str,
        "date_format": str,
    },
    "history": {"series": list, "lead_days": int, "lags_days": list, "window_days": list},
    "evaluation": {"metric": str, "threshold": Number, "must_beat_naive": bool},
    "model": {"refit": bool, "hyperparameters": dict},
    "instances": {"processing": str, "training": str, "transform": str},
    "sample": {"input": str, "make": list},
}
_DEFAULTS: Mapping[str, Any] = {
    "project.description": "",
    "project.monitoring": "own",
    "data.time": "",
    "data.ids": [],
    "data.features": [],
    "data.categorical": [],
    "data.exclude": [],
    "data.calendar": True,
    "data.censored": "",
    "data.decimal": "",
    "data.thousands": "",
    "data.delimiter": "",
    "data.date_format": "",
    "evaluation.must_beat_naive": True,
    "model.refit": True,
    "model.hyperparameters": {},
}


@dataclass(frozen=True)
class Hyperparameters:
    """Settings of scikit-learn's `HistGradientBoosting*`, whose names they have, and `bags`.

    Attributes:
        min_samples_leaf: At least; where one of two classes is rare, so many that one row of it is expected.
        validation_fraction: Of the rows, held back in turn.
        n_iter_no_change: Rounds that must have gained enough for more trees to be grown, see `model.rounds`.
        bags: At most so many fits, each without another part of the rows, are averaged (Breiman 1996), see
            `model.bagging`.
    """

    loss: str = "auto"
    learning_rate: float = 0.1
    max_iter: int = 500
    max_leaf_nodes: int = 31
    min_samples_leaf: int = 20
    l2_regularization: float = 0.0
    max_features: float = 1.0
    validation_fraction: float = 0.1
    n_iter_no_change: int = 20
    bags: int = 10
    random_state: int = 1


@dataclass(frozen=True)
class History:
    """Features made of the target's own past, per series and by calendar date."""

    series: tuple[str, ...]
    lead_days: int
    lags_days: tuple[int, ...]
    window_days: tuple[int, ...]


@dataclass(frozen=True)
class Schema:
    """The part of `config.toml` that code reads. Names are columns of the table; empty text means there is none.

    Attributes:
        calendar: Features of a row's date; None: those whose period the table shows twice.
        must_beat_naive: Whether the gate wants the model to be better than a forecast that needs none.
        refit: Whether a model that passed the gate is fitted again on all rows, those of evaluation too.
    """

    name: str
    problem_type: ProblemType
    target: str
    time: str
    ids: tuple[str, ...]
    features: tuple[str, ...]
    categorical: tuple[str, ...]
    exclude: tuple[str, ...]
    calendar: tuple[str, ...] | None
    evaluation: float
    censored: str
    history: History | None
    metric: str
    threshold: float
    must_beat_naive: bool
    refit: bool
    hyperparameters: Hyperparameters
    form: Form = DEFAULT

    @property
    def id_columns(self) -> tuple[str, ...]:
        """The columns that identify a row in every output, and in ground truth."""
        return self.ids or (names.free(names.ROW_NUMBER, (self.target,)),)

    @property
    def stored_ids(self) -> tuple[str, ...]:
        """The same in tables that hold features, too."""
        return self.ids or (names.STORED_ROW_NUMBER,)


def load(path: Path) -> Schema:
    """Read and check a configuration file.

    Raises:
        InputError: It is absent, no TOML, or says something that cannot be meant.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not valid TOML: {error}") from None
    try:
        return parse(document)
    except InputError as error:
        raise InputError(f"{path.name}: {error}") from None


def parse(document: Mapping[str, Any]) -> Schema:
    """Check the tables of a configuration and make a schema of them."""
    _check_names(document)
    project, data, gate = (_table(document, name) for name in ("project", "data", "evaluation"))
    model = _table({"model": {}, **document}, "model")
    problem_type = _choice("[project] problem_type", project["problem_type"], PROBLEM_TYPES)
    _choice("[project] monitoring", project["monitoring"], MONITORING)
    schema = Schema(
        name=project["name"],
        problem_type=problem_type,
        target=data["target"],
        time=data["time"],
        ids=_names("[data] ids", data["ids"]),
        features=_names("[data] features", data["features"]),
        categorical=_names("[data] categorical", data["categorical"]),
        exclude=_names("[data] exclude", data["exclude"]),
        calendar=_calendar(data["calendar"]),
        evaluation=data["evaluation"],
        censored=data["censored"],
        history=_history(document),
        metric=_choice(f"[evaluation] metric of a {problem_type}", gate["metric"], METRICS[problem_type]),
        threshold=float(gate["threshold"]),
        must_beat_naive=gate["must_beat_naive"],
        refit=model["refit"],
        hyperparameters=_hyperparameters(model["hyperparameters"]),
        form=_form(data, problem_type),
    )
    _check_meaning(schema)
    return schema


def override(hyperparameters: Hyperparameters, given: Mapping[str, str]) -> Hyperparameters:
    """Replace hyperparameters by a training job's, which are text."""
    values = {field.name: getattr(hyperparameters, field.name) for field in fields(Hyperparameters)}
    for name, text in given.items():
        kind = type(_known_hyperparameter(name))
        try:
            values[name] = kind(str(text).strip('"'))
        except ValueError:
            raise InputError(f"hyperparameter {name} = {text!r}: {_spoken(kind)} was expected") from None
    return _hyperparameters(values)


def _check_names(document: Mapping[str, Any]) -> None:
    for table, content in document.items():
        if table not in _TABLES:
            hint = did_you_mean(table, _TABLES)
            if hint:  # a table with another name altogether is somebody's own
                raise InputError(f"unknown table [{table}]{hint}")
            continue
        if not isinstance(content, dict):
            raise InputError(f"{table} must be a table: write [{table}]")
        for key, value in content.items():
            if key not in _TABLES[table]:
                raise InputError(f"[{table}] has an unknown key {key!r}{did_you_mean(key, _TABLES[table])}")
            _check_type(f"[{table}] {key}", value, _TABLES[table][key])


def _check_type(where: str, value: object, kind: type | tuple[type, ...]) -> None:
    wants_bool = kind is bool or kind == Choice
    if not isinstance(value, kind) or (isinstance(value, bool) and not wants_bool):
        raise InputError(f"{where} = {value!r}: {_spoken(kind)} was expected")


def _spoken(kind: type | tuple[type, ...]) -> str:
    words: dict[object, str] = {
        str: "a text", list: "a list", int: "a whole number", float: "a number", dict: "a table",
        bool: "true or false", Choice: "true, false or a list", Number: "a number",
    }  # fmt: skip
    return words[kind]


def _table(document: Mapping[str, Any], name: str) -> dict[str, Any]:
    if name not in document:
        raise InputError(f"the table [{name}] is missing")
    content = dict(document[name])
    for key in _TABLES[name]:
        if key not in content and f"{name}.{key}" not in _DEFAULTS:
            raise InputError(f"[{name}] lacks the key {key!r}")
        content.setdefault(key, _DEFAULTS.get(f"{name}.{key}"))
    return content


def _choice(where: str, value: str, choices: tuple[_Text, ...]) -> _Text:
    for choice in choices:
        if choice == value:
            return choice
    raise InputError(f"{where} = {value!r}: one of {', '.join(choices)} was expected")


def _names(where: str, values: list[Any]) -> tuple[str, ...]:
    for value in values:
        _check_type(where, value, str)
    twice = sorted({value for value in values if values.count(value) > 1})
    if twice:
        raise InputError(f"{where} names {', '.join(twice)} twice")
    return tuple(values)


def _calendar(value: Any) -> tuple[str, ...] | None:
    if isinstance(value, bool):
        return None if value else ()
    names = _names("[data] calendar", value)
    return tuple(_choice("[data] calendar names", name, CALENDAR) for name in names)


def _days(where: str, values: list[Any]) -> tuple[int, ...]:
    for value in values:
        _check_type(where, value, int)
        if value < 1:
            raise InputError(f"{where} = {values!r}: whole days, 1 or more, were expected")
    return tuple(values)


def _history(document: Mapping[str, Any]) -> History | None:
    if "history" not in document:
        return None
    table = _table(document, "history")
    (lead,) = _days("[history] lead_days", [table["lead_days"]])
    lags = _days("[history] lags_days", table["lags_days"])
    if too_young := [lag for lag in lags if lag < lead]:
        raise InputError(
            f"[history] lags_days = {table['lags_days']}: {too_young[0]} days back is not known {lead} days ahead "
            f"(lead_days = {lead}); use lags of {lead} days or more"
        )
    windows = _days("[history] window_days", table["window_days"])
    return History(_names("[history] series", table["series"]), lead, lags, windows)


def _form(data: Mapping[str, Any], problem_type: ProblemType) -> Form:
    classes = () if problem_type == "regression" else (data["target"],)
    written = {key: data[key] for key in ("decimal", "thousands", "delimiter", "date_format")}
    days, codes = frozenset({data["time"], *data["ids"]} - {""}), frozenset({*data["categorical"], *classes})
    return checked(Form(**written, dates=days, codes=codes))


def _known_hyperparameter(name: str) -> str | float:
    known = {field.name: field.default for field in fields(Hyperparameters)}
    if name not in known:
        raise InputError(f"unknown hyperparameter {name!r}{did_you_mean(name, known)}")
    default: str | float = known[name]  # type: ignore[assignment]
    return default


def _hyperparameters(values: Mapping[str, Any]) -> Hyperparameters:
    for name, value in values.items():
        kind = type(_known_hyperparameter(name))
        _check_type(f"[model.hyperparameters] {name}", value, Number if kind is float else kind)
        if kind is not str and value < 0:
            raise InputError(f"[model.hyperparameters] {name} = {value}: it must not be negative")
    if not 0 < values.get("validation_fraction", 0.1) < 1:
        raise InputError("[model.hyperparameters] validation_fraction must lie between 0 and 1")
    # scikit-learn takes 1.0 for a share, and 1 for something else.
    converted: dict[str, Any] = {name: type(_known_hyperparameter(name))(value) for name, value in values.items()}
    return Hyperparameters(**converted)


def _check_meaning(schema: Schema) -> None:
    if not schema.target:
        raise InputError("[data] target is empty: name the column to predict")
    for key in ("time", "ids", "features", "categorical", "exclude", "censored"):
        named = getattr(schema, key)
        if schema.target in (named if isinstance(named, tuple) else (named,)):
            raise InputError(f"[data] {key} names the target {schema.target!r}: it is what is to be predicted")
    if schema.censored in (*schema.features, *schema.categorical):
        raise InputError(f"[data] features name the censored column {schema.censored!r}: it is not known beforehand")
    if both := [name for name in (*schema.features, *schema.categorical) if name in schema.exclude]:
        raise InputError(f"[data] exclude and features both name {both[0]!r}")
    if schema.time and not (isinstance(schema.evaluation, int) and schema.evaluation >= 1):
        raise InputError(f"[data] evaluation = {schema.evaluation!r}: with a time column, whole days at the end")
    if not schema.time and not 0 < schema.evaluation < 1:
        raise InputError(f"[data] evaluation = {schema.evaluation!r}: without a time column, a share between 0 and 1")
    if schema.history and not schema.time:
        raise InputError("[history] needs a time column: set [data] time, or remove the table [history]")
    if schema.history and schema.problem_type != "regression":
        raise InputError(f"[history] needs a target of numbers, a {schema.problem_type} has classes: remove [history]")
