"""The model itself: gradient-boosted trees of scikit-learn behind `fit`, `predict`, `save` and `load`.

Another algorithm goes in here; nothing outside this module knows which one it is.
"""

from __future__ import annotations

import io
import json
import tarfile
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

import joblib
import numpy as np
import pandas as pd
from sklearn.utils._param_validation import InvalidParameterError

from model import boosting, metrics
from model.errors import InputError
from model.schema import LOWER_IS_BETTER
from model.values import as_text, numbers, texts

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from model.schema import Hyperparameters, ProblemType

MOST_CATEGORIES = 254  # the trees can tell 255 apart, and one stands for all the rare ones
NOT_NEGATIVE = ("poisson", "gamma")  # losses for such targets


@dataclass(frozen=True)
class Column:
    """A model column in its place. Categories are in the order of their codes; numbers have none."""

    name: str
    categories: tuple[str, ...] | None = None
    rare: bool = False  # there were more categories than can be told apart: all others are one


@dataclass(frozen=True)
class Learnt:
    """What a training found out besides the trees: enough to fit again on more rows, and to compare with no model.

    Attributes:
        rows: Rows that it was fitted to.
        trees: The number of trees, of each class where there are several.
        hyperparameters: As given to the training.
        constants: What needs no model: `mean` and `median` of the target, or `most_frequent`, its commonest class.
    """

    rows: int
    trees: int
    hyperparameters: dict[str, Any] = field(default_factory=dict)
    constants: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Signature:
    """Everything but the trees that serving needs to know."""

    problem_type: ProblemType
    target: str
    ids: tuple[str, ...]
    columns: tuple[Column, ...]
    classes: tuple[str, ...] = ()
    learnt: Learnt | None = None

    def to_json(self) -> str:
        """As written beside the model."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Signature:
        """The inverse of `to_json`."""
        document = json.loads(text)
        columns = [
            Column(column["name"], _tuple_or_none(column["categories"]), column["rare"])
            for column in document["columns"]
        ]
        learnt = document.get("learnt")  # absent of models of earlier versions
        return cls(
            problem_type=document["problem_type"],
            target=document["target"],
            ids=tuple(document["ids"]),
            columns=tuple(columns),
            classes=tuple(document["classes"]),
            learnt=Learnt(**learnt) if learnt else None,
        )


@dataclass(frozen=True)
class Model:
    """A fitted model."""

    signature: Signature
    trees: Any

    def predict(self, features: pd.DataFrame) -> pd.DataFrame:
        """Predictions for rows with the model's columns, found by position.

        Regression: `prediction`. Classification: `label` and `probability`, which in a binary problem is that of the
        positive class (the last of the sorted ones), else that of the label.
        """
        coded = encode(features, self.signature)
        regression = self.signature.problem_type == "regression"
        return _answers(self.trees.predict(coded) if regression else self.trees.predict_proba(coded), self.signature)

    def scores(self, features: pd.DataFrame) -> NDArray[np.float64]:
        """What is explained, rows x outputs: the prediction, the positive class's probability, or each class's."""
        coded = encode(features, self.signature)
        if self.signature.problem_type == "regression":
            return np.asarray(self.trees.predict(coded), np.float64)[:, None]
        probabilities = np.asarray(self.trees.predict_proba(coded), np.float64)
        return probabilities[:, -1:] if self.signature.problem_type == "binary_classification" else probabilities

    def save(self, folder: Path) -> None:
        """Write what serving needs: the trees and the signature."""
        folder.mkdir(parents=True, exist_ok=True)
        joblib.dump(self.trees, folder / "model.joblib")
        (folder / "schema.json").write_text(self.signature.to_json(), encoding="utf-8")


def load(folder: Path) -> Model:
    """Read a saved model.

    Raises:
        InputError: The folder holds none.
    """
    try:
        signature = Signature.from_json((folder / "schema.json").read_text(encoding="utf-8"))
        return Model(signature, joblib.load(folder / "model.joblib"))
    except (OSError, ValueError, KeyError, EOFError) as error:
        raise InputError(f"{folder}: no model can be loaded from here: {error}") from error


def read_signature(folder: Path) -> Signature:
    """What a stored model was trained on, from its `model.tar.gz` or from the files that were in it.

    Raises:
        InputError: The folder holds no model.
    """
    try:
        for archive in folder.glob("*.tar.gz"):
            with tarfile.open(archive) as members:
                content = members.extractfile("schema.json")
                return Signature.from_json(content.read().decode() if content else "")
        return Signature.from_json((folder / "schema.json").read_text(encoding="utf-8"))
    except (OSError, tarfile.TarError, ValueError, KeyError, EOFError) as error:
        raise InputError(f"{folder}: this is no model of this repository: {error}") from error


def load_archive(folder: Path) -> Model:
    """The model of a folder with its `model.tar.gz`.

    Raises:
        InputError: The folder holds none.
    """
    signature = read_signature(folder)
    for archive in folder.glob("*.tar.gz"):
        with tarfile.open(archive) as members:
            content = members.extractfile("model.joblib")
            if content:
                return Model(signature, joblib.load(io.BytesIO(content.read())))
    raise InputError(f"{folder}: there is no model.tar.gz with a model")


def describe(features: pd.DataFrame) -> tuple[Column, ...]:
    """The columns of a typed table: text is a category, everything else a number."""
    return tuple(_describe(features[name]) for name in features.columns)


def as_trained(table: pd.DataFrame, signature: Signature) -> pd.DataFrame:
    """The model's columns of a table, whatever its values look like: categories as text, all others as floats.

    A value that is no number is missing (NaN) where one belongs.
    """
    read = {
        column.name: numbers(table[column.name])[0] if column.categories is None else texts(table[column.name])
        for column in signature.columns
    }
    return pd.DataFrame(read, index=table.index)


def encode(features: pd.DataFrame, signature: Signature) -> NDArray[np.float64]:
    """Numbers as they are and categories by code. What is missing or was never seen is missing (NaN)."""
    coded = np.empty((len(features), len(signature.columns)), order="F")
    for place, column in enumerate(signature.columns):
        values = features.iloc[:, place]
        coded[:, place] = numbers(values)[0] if column.categories is None else _codes(values, column)
    return coded


def fit(
    features: pd.DataFrame,
    target: pd.Series,
    time: pd.Series | None,
    signature: Signature,
    hyperparameters: Hyperparameters,
    *,
    metric: str,
    trees: int | None = None,
) -> Model:
    """Fit on all rows, or several times on most of them.

    Args:
        features: The model's columns.
        target: As numbers, or as text where it is a class.
        time: When each row is of, if rows have a time.
        signature: Of these columns.
        hyperparameters: Of the trees.
        metric: What the project is judged by.
        trees: How many; None: as many as do best on rows held back, see `model.rounds`.

    Raises:
        InputError: scikit-learn refuses a hyperparameter.
    """
    wanted = _wanted(target, signature)
    categorical = [column.categories is not None for column in signature.columns]
    task = boosting.Task(encode(features, signature), wanted, time, categorical, len(signature.classes))
    chosen = replace(hyperparameters, loss=_loss_for(wanted, signature, hyperparameters.loss))
    try:
        if trees is None:
            trees, fitted = boosting.search(task, chosen, _measure(target, signature, metric))
        else:
            fitted = boosting.fit(task, chosen, trees)
    except InvalidParameterError as error:
        raise InputError(f"[model.hyperparameters]: {error}") from error
    learnt = Learnt(len(wanted), trees, asdict(hyperparameters), _constants(target, signature))
    return Model(replace(signature, learnt=learnt), fitted)


def _answers(output: NDArray[np.float64], signature: Signature) -> pd.DataFrame:
    """Predicted numbers, or rows x classes of probabilities, as `Model.predict` gives them."""
    if signature.problem_type == "regression":
        return pd.DataFrame({"prediction": output})
    best = output.argmax(axis=1)
    told = output[:, -1] if signature.problem_type == "binary_classification" else output.max(axis=1)
    return pd.DataFrame({"label": np.array(signature.classes, dtype=object)[best], "probability": told})


def _measure(target: pd.Series, signature: Signature, metric: str) -> boosting.Measure:
    """The metric of answers for some rows, in the direction in which more is better."""
    sign = -1.0 if metric in LOWER_IS_BETTER else 1.0
    positive = signature.classes[-1] if signature.classes else None

    def measure(places: NDArray[np.int64], output: NDArray[np.float64]) -> float:
        judged = _answers(output, signature).assign(actual=target.iloc[places].to_numpy())
        return sign * metrics.of(signature.problem_type, judged, positive)[metric]

    return measure


def _tuple_or_none(values: list[str] | None) -> tuple[str, ...] | None:
    return None if values is None else tuple(values)


def _describe(values: pd.Series) -> Column:
    if pd.api.types.is_numeric_dtype(values):
        return Column(str(values.name))
    counts = values.value_counts()  # the most frequent first
    often = counts.index[:MOST_CATEGORIES] if len(counts) > MOST_CATEGORIES else counts.index
    return Column(str(values.name), tuple(sorted(often)), rare=len(counts) > MOST_CATEGORIES)


def _codes(values: pd.Series, column: Column) -> NDArray[np.float64]:
    """Each distinct value is looked up once, however many rows there are."""
    known = {name: float(code) for code, name in enumerate(column.categories or ())}
    other = float(len(known)) if column.rare else np.nan
    codes, distinct = pd.factorize(values)
    spelled = [as_text(value) for value in distinct]
    table = [np.nan if text is None else known.get(text, other) for text in spelled]
    coded: NDArray[np.float64] = np.array([*table, np.nan])[codes]
    return coded


def _wanted(target: pd.Series, signature: Signature) -> NDArray[Any]:
    """The target as numbers: classes by their place among the sorted ones."""
    place = {name: number for number, name in enumerate(signature.classes)}
    numeric = target if signature.problem_type == "regression" else target.map(place)
    wanted: NDArray[np.float64] = numeric.to_numpy(dtype="float64")
    return wanted


def _loss_for(wanted: NDArray[Any], signature: Signature, given: str) -> str:
    if given in NOT_NEGATIVE and wanted.min() < 0:
        raise InputError(
            f"[model.hyperparameters] loss = {given!r} needs a target that is never negative, "
            f"and {signature.target!r} goes down to {wanted.min():g}: take squared_error"
        )
    return _loss(wanted, signature.problem_type) if given == "auto" else given


def _loss(wanted: NDArray[Any], problem_type: ProblemType) -> str:
    """Counts have a variance that grows with their mean; other numbers are taken to have a constant one."""
    if problem_type != "regression":
        return "log_loss"
    counts = (wanted >= 0).all() and (wanted == np.floor(wanted)).all() and wanted.sum() > 0
    return "poisson" if counts else "squared_error"


def _constants(target: pd.Series, signature: Signature) -> dict[str, Any]:
    if signature.classes:
        return {"most_frequent": str(target.value_counts().sort_index().idxmax())}
    return {"mean": float(target.mean()), "median": float(target.median())}
