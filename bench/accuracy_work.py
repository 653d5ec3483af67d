"""One table of `bench.accuracy`, in the environment of `make bench-accuracy`: prints JSON.

    python bench/accuracy_work.py TABLE

Ours is `steps.preprocess` and `model.train` of the build template. The peers get the same rows and the same columns
but none of our features: LightGBM and scikit-learn's HistGradientBoosting with their defaults, text as categories.
"""

# mypy: ignore-errors
# These libraries are in the environment of `make bench-accuracy` only.

import contextlib
import json
import sys
import time
import warnings

import lightgbm
import numpy as np
import pandas as pd
from accuracy_tables import TABLES
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from model import metrics, schema, train
from model.schema import CALENDAR, LOWER_IS_BETTER, Hyperparameters
from steps import preprocess

MOST_OF_HGB = 255  # categories that it takes; a column with more goes in as the codes of its texts
FEW_ROWS = 2_000
REPEATS = (3, 10)  # of a table with many rows, and of one with few, whose judged rows decide little


def main(name):
    raw, document = TABLES[name]()
    settings = schema.parse(document)
    repeats = REPEATS[len(raw) <= FEW_ROWS]
    return {
        "metric": settings.metric,
        "rows": len(raw),
        "repeats": [repeated(version(raw, settings, number / repeats), settings) for number in range(repeats)],
    }


def version(raw, settings, place):
    """The table once more, so that other rows are judged: in another order, or without its last days, at most half."""
    if not settings.time:
        return raw.sample(frac=1, random_state=round(100 * place)).reset_index(drop=True)
    days = pd.to_datetime(raw[settings.time].astype(str).str.slice(0, 10))
    return raw[days <= days.max() - place * (days.max() - days.min()) / 2]


def repeated(table, settings):
    """What each model is away from perfect on one split, and the processor time of each."""
    split = preprocess.preprocess(table, settings)
    learn, taught = (rows.reset_index(drop=True) for rows in (split.train, split.taught))
    columns = train.feature_names(learn, settings)
    judge = split.evaluation_data.iloc[:, len(settings.id_columns) :].set_axis(columns, axis=1).reset_index(drop=True)
    truth = train.read_target(split.ground_truth, settings).reset_index(drop=True)
    plain = [column for column in columns if column not in {f"{settings.time}_{part}" for part in CALENDAR}]
    seconds, away = {}, {}
    for peer in ("lightgbm", "scikit-learn"):
        model, seconds[peer] = timed(lambda peer=peer: Peer(peer, learn, plain, settings))
        away[peer] = distance(model.answers(judge), truth, settings)
    model, seconds["train"] = timed(lambda: train.train(learn, settings, Hyperparameters()))
    away["ours"] = distance(model.predict(judge), truth, settings)
    _, seconds["refit"] = timed(lambda: train.refit(taught, settings, model.signature))
    return {"distance": away, "seconds": seconds, "trees": model.signature.learnt.trees}


def timed(work):
    """What it gives, and the seconds of processor time that it took: other programs on the machine do not count."""
    started = time.process_time()
    done = work()
    return done, time.process_time() - started


class Peer:
    """A fitted model of somebody else's defaults."""

    def __init__(self, peer, learn, plain, settings):
        self.peer, self.plain, self.learn = peer, plain, learn
        classes = settings.problem_type != "regression"
        if peer == "lightgbm":
            model = (lightgbm.LGBMClassifier if classes else lightgbm.LGBMRegressor)(verbose=-1, n_jobs=1)
        else:
            kind = HistGradientBoostingClassifier if classes else HistGradientBoostingRegressor
            model = kind(categorical_features="from_dtype", random_state=0)
        self.binary, self.classes = settings.problem_type == "binary_classification", classes
        self.model = model.fit(self.coded(learn), train.read_target(learn, settings))

    def coded(self, rows):
        """Numbers as they are, text as categories of the rows that taught."""
        coded = rows[self.plain].copy()
        for name in (name for name in self.plain if not pd.api.types.is_numeric_dtype(self.learn[name])):
            texts = sorted(self.learn[name].dropna().unique())
            coded[name] = pd.Categorical(coded[name], texts)
            if self.peer == "scikit-learn" and len(texts) > MOST_OF_HGB:
                coded[name] = coded[name].cat.codes
        return coded

    def answers(self, rows):
        """As `Model.predict` gives them."""
        asked = self.coded(rows)
        if not self.classes:
            return pd.DataFrame({"prediction": self.model.predict(asked)})
        chances = self.model.predict_proba(asked)
        told = chances[:, -1] if self.binary else chances.max(axis=1)
        label = np.asarray(self.model.classes_, object)[chances.argmax(axis=1)]
        return pd.DataFrame({"label": label, "probability": told})


def distance(answers, truth, settings):
    """How far the metric is from perfect: the error itself, or what is missing to 1."""
    joined = answers.assign(actual=truth)
    positive = metrics.positive_class(joined) if settings.problem_type == "binary_classification" else None
    value = metrics.of(settings.problem_type, joined, positive)[settings.metric]
    return float(value if settings.metric in LOWER_IS_BETTER else 1 - value)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    with contextlib.redirect_stdout(sys.stderr):
        told = main(sys.argv[1])
    print(json.dumps(told))
