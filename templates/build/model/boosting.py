"""Fits of scikit-learn's gradient-boosted trees: how many trees, averaged over how many fits, on how many threads.

The fits that look for the number of trees, each without other rows, are the ones that are averaged afterwards: nothing
is fitted twice. Only the one that has not seen the latest rows is left out where rows have a time.
"""

from __future__ import annotations

import copy
from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from threadpoolctl import threadpool_limits

from model import bagging, rounds

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    import pandas as pd
    from numpy.typing import NDArray

    from model.schema import Hyperparameters

    Rows = NDArray[np.bool_]
    Measure = Callable[[NDArray[np.int64], NDArray[np.float64]], float]

FEWEST_FOR_THREADS = 40_000
"""Rows from which several threads are faster than one; with few rows they mostly wait for each other."""
FEWEST_LEAVES = 50
"""So large may a leaf be at most that a tree could have so many."""
NEVER = 1_000_000  # rounds without a gain after which scikit-learn would stop by itself


@dataclass(frozen=True)
class Task:
    """What is to be learnt.

    Attributes:
        coded: Rows x columns; categories by their code, NaN where a value is missing.
        wanted: The target, classes by their number.
        time: When each row is of; None where rows have no time.
        categorical: Which columns are categories.
        classes: How many there are; 0 for a regression.
    """

    coded: NDArray[np.float64]
    wanted: NDArray[np.float64]
    time: pd.Series | None
    categorical: list[bool]
    classes: int

    @property
    def fewest_in_leaf(self) -> int:
        """Rows of a leaf among which one of the rarer of two classes is expected: with fewer, leaves tell its luck."""
        if self.classes != 2:  # noqa: PLR2004
            return 1
        rarer = max(1 / len(self.wanted), min(self.wanted.mean(), 1 - self.wanted.mean()))
        return int(min(1 / rarer, len(self.wanted) / FEWEST_LEAVES))

    def bags(self, hyperparameters: Hyperparameters) -> int:
        """How many fits are averaged."""
        return max(1, min(hyperparameters.bags, bagging.fits(len(self.wanted), self.classes)))


def search(task: Task, hyperparameters: Hyperparameters, measure: Measure) -> tuple[int, Any]:
    """Look for the number of trees on rows held back in turn; the number, and the model with it.

    Args:
        task: Rows and target.
        hyperparameters: `max_iter` is the most trees.
        measure: How good predictions are for the rows at some places; more is better.
    """
    usual = rounds.usual(hyperparameters)
    parts = [part for part in _parts(task, hyperparameters) if _judged(task, part).any()]
    if len(task.wanted) < rounds.FEWEST_ROWS or not parts:  # all rows may be of one moment
        return usual, fit(task, hyperparameters, usual)
    with _threads(task):
        grown, scores = _grow(task, hyperparameters, parts, usual)
        trees = _agreed(task, grown, parts, scores, usual=usual, measure=measure)
    usable = grown if task.time is None else grown[:-1]
    return trees, fit(task, hyperparameters, trees, [shortened(one, trees) for one in usable])


def fit(task: Task, hyperparameters: Hyperparameters, trees: int, done: Sequence[Any] = ()) -> Any:
    """A model of so many trees: one fit to all rows or, where they are few, the mean of several to most of them.

    Args:
        task: Rows and target.
        hyperparameters: All but the number of trees.
        trees: How many there are in each fit.
        done: Fits to most of the rows that need not be made again.
    """
    bags, chosen = task.bags(hyperparameters), replace(hyperparameters, max_iter=trees)
    with _threads(task):
        if bags == 1:
            return _fitted(_learner(task, chosen), task, np.ones(len(task.wanted), np.bool_))
        parts = _random_parts(task, hyperparameters, bags)[len(done) :]
        more = [_fitted(_learner(task, chosen), task, ~part) for part in parts]
    return bagging.Bags((*done[:bags], *more), task.classes)


def shortened(fitted: Any, trees: int) -> Any:
    """The same model with its first trees only, which scikit-learn offers as `staged_predict` alone."""
    short = copy.copy(fitted)
    short._predictors = fitted._predictors[:trees]  # noqa: SLF001
    short.max_iter = trees
    return short


def _parts(task: Task, hyperparameters: Hyperparameters) -> list[Rows]:
    """What is held back in turn: spans of time; without a time, what each of the averaged fits does not see."""
    number = bagging.fits(len(task.wanted), task.classes)
    if task.time is not None:
        spans = rounds.spans(task.time, hyperparameters.validation_fraction, number)
        return [span for span in spans if not task.classes or len(np.unique(task.wanted[~span])) > 1]
    bags = task.bags(hyperparameters)
    return _random_parts(task, hyperparameters, bags if bags > 1 else min(number, rounds.MOST_SPANS))


def _random_parts(task: Task, hyperparameters: Hyperparameters, number: int) -> list[Rows]:
    share = hyperparameters.validation_fraction
    return list(rounds.random_parts(task.wanted, share, number, classes=bool(task.classes)))


def _grow(
    task: Task, hyperparameters: Hyperparameters, parts: list[Rows], usual: int
) -> tuple[list[Any], NDArray[np.float64]]:
    """Fits without each of the parts, all of one length, and their scores on them: parts x rounds."""
    patient = {"early_stopping": True, "n_iter_no_change": NEVER, "warm_start": True}
    grown = [_learner(task, hyperparameters, **patient) for _ in parts]
    length = usual
    while True:
        for learner, part in zip(grown, parts, strict=True):
            learner.set_params(max_iter=length)
            _fitted(learner, task, ~part, judged=_judged(task, part))
        scores = np.stack([learner.validation_score_ for learner in grown])
        if length == hyperparameters.max_iter or not rounds.worth_more(scores, hyperparameters.n_iter_no_change):
            return grown, scores
        length = min(length + rounds.STEP, hyperparameters.max_iter)


def _judged(task: Task, part: Rows) -> Rows:
    """The rows of a part that can be scored: not those of a class that only the part has."""
    return part & np.isin(task.wanted, task.wanted[~part]) if task.classes else part


def _agreed(
    task: Task, grown: list[Any], parts: list[Rows], scores: NDArray[np.float64], *, usual: int, measure: Measure
) -> int:
    """The number of trees by the scores, unless the metric that the project is judged by is worse with it.

    The scores are of the loss, which may grow while classes are ordered better and better.
    """
    chosen = rounds.choose(scores, usual)
    if chosen == usual:
        return usual
    by_metric = [_measured(task, grown, parts, trees, measure) for trees in (chosen, usual)]
    return usual if by_metric[0] < by_metric[1] else chosen


def _measured(task: Task, grown: list[Any], parts: list[Rows], trees: int, measure: Measure) -> float:
    places, answers = [], []
    for learner, part in zip(grown, parts, strict=True):
        place = np.flatnonzero(_judged(task, part))
        model = bagging.Bags((shortened(learner, trees),), task.classes)
        predict = model.predict_proba if task.classes else model.predict
        places.append(place)
        answers.append(predict(task.coded[place]))
    return measure(np.concatenate(places), np.concatenate(answers))


def _learner(task: Task, hyperparameters: Hyperparameters, **more: Any) -> Any:
    kind = HistGradientBoostingClassifier if task.classes else HistGradientBoostingRegressor
    settings = asdict(hyperparameters) | {"early_stopping": False} | more
    settings["min_samples_leaf"] = max(hyperparameters.min_samples_leaf, task.fewest_in_leaf)
    del settings["bags"]
    return kind(**settings, categorical_features=task.categorical)


def _fitted(learner: Any, task: Task, rows: Rows, judged: Rows | None = None) -> Any:
    """A column without any value cannot be fitted; a constant in its place teaches just as little."""
    coded = task.coded[rows]
    empty = np.isnan(coded).all(axis=0)
    if empty.any():
        coded[:, empty] = 0.0
    held = {} if judged is None else {"X_val": task.coded[judged], "y_val": task.wanted[judged]}
    return learner.fit(coded, task.wanted[rows], **held)


def _threads(task: Task) -> AbstractContextManager[Any]:
    if len(task.wanted) >= FEWEST_FOR_THREADS:
        return nullcontext()
    limited: AbstractContextManager[Any] = threadpool_limits(1, user_api="openmp")  # from here on, not from `with`
    return limited
