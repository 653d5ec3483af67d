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


def main(name):
    raw, document = TABLES[name]()
    settings = schema.parse(document)
    split = preprocess.preprocess(raw, settings)
    learn = split.train.reset_index(drop=True)
    columns = train.feature_names(learn, settings)
    judge = split.evaluation_data.iloc[:, len(settings.id_columns) :].set_axis(columns, axis=1).reset_index(drop=True)
    truth = train.read_target(split.ground_truth, settings).reset_index(drop=True)
    plain = [column for column in columns if column not in {f"{settings.time}_{part}" for part in CALENDAR}]
    peers = {
        peer: timed(lambda peer=peer: peer_answers(peer, learn, judge, plain, settings))
        for peer in ("lightgbm", "scikit-learn")
    }
    model = {}

    def ours():
        model["ours"] = train.train(learn, settings, Hyperparameters())
        return model["ours"].predict(judge)

    found = {"ours": timed(ours), **peers}
    return {
        "metric": settings.metric,
        "rows": len(raw),
        "trees": model["ours"].signature.learnt.trees,
        "distance": {who: distance(answers, truth, settings) for who, (answers, _) in found.items()},
        "seconds": {who: seconds for who, (_, seconds) in found.items()},
    }


def timed(work):
    """What it gives, and the seconds of processor time that it took: other programs on the machine do not count."""
    started = time.process_time()
    answers = work()
    return answers, time.process_time() - started


def peer_answers(peer, learn, judge, plain, settings):
    rows, asked = learn[plain].copy(), judge[plain].copy()
    for name in (name for name in plain if not pd.api.types.is_numeric_dtype(rows[name])):
        texts = sorted(rows[name].dropna().unique())
        rows[name], asked[name] = (pd.Categorical(frame[name], texts) for frame in (rows, asked))
        if peer == "scikit-learn" and len(texts) > MOST_OF_HGB:
            rows[name], asked[name] = rows[name].cat.codes, asked[name].cat.codes
    classes = settings.problem_type != "regression"
    target = train.read_target(learn, settings)
    if peer == "lightgbm":
        model = (lightgbm.LGBMClassifier if classes else lightgbm.LGBMRegressor)(verbose=-1)
    else:
        kind = HistGradientBoostingClassifier if classes else HistGradientBoostingRegressor
        model = kind(categorical_features="from_dtype", random_state=0)
    model.fit(rows, target)
    if not classes:
        return pd.DataFrame({"prediction": model.predict(asked)})
    chances = model.predict_proba(asked)
    told = chances[:, -1] if settings.problem_type == "binary_classification" else chances.max(axis=1)
    return pd.DataFrame({"label": np.asarray(model.classes_, object)[chances.argmax(axis=1)], "probability": told})


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
