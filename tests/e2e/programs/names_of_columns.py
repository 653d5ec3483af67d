"""A model's whole life, step by step in one process, on a table whose columns are called as our own are.

python names_of_columns.py BUILD DEPLOY FOLDER    prints one line for each name that changed what came out

What columns are called must not change what a model predicts or what is measured: each life is compared with that of
the same table under plain names.
"""

import contextlib
import io
import json
import logging
import os
import shutil
import sys
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BUILD, DEPLOY, FOLDER = map(Path, sys.argv[1:])
sys.path[:0] = [str(BUILD), str(DEPLOY / "steps")]

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402

import image  # noqa: E402
import paths  # noqa: E402
import postprocess  # noqa: E402
import preprocess as selecting  # noqa: E402
from model import schema, train, wire  # noqa: E402
from monitoring import attribution, data_quality, managed, matching, model_quality, settings  # noqa: E402
from steps import evaluate, preprocess, tables  # noqa: E402

NAMES = (
    *("label", "prediction", "probability", "row_number", "actual", "index", "created", "level_0", "_merge", "score"),
    *("same_weekday_last_week", "four_week_mean", "execution", "batch", "model_package", "predicted_label0", "self"),
    *("part", "row", "column", "value", "reason", "name", "count", "key_0", "0", "values", "T", "a_weekday", "a_lag_7"),
    *("a of the truth", "actual (id)", "prediction_", "probability_", "_row", "features", "series", "rows", "class"),
    *(
        "size",
        "loc",
        "columns",
        "None",
        "dtype",
        "a b",
        "a,b",
        "true",
        "__index_level_0__",
        "_c0",
        "(all)",
        "ground truth",
    ),
)
ROLES = ("target", "id", "number", "category", "time")
PLAIN = dict(zip(ROLES, ("y", "shop", "price", "colour", "day"), strict=True))
QUICK = settings.parse({"monitoring": {"attribution": {"rows": 8, "samples": 24, "clusters": 2}}})
PACKAGE = "arn:package/1"
LAST = 28  # rows to predict


@dataclass(frozen=True)
class Shape:
    """A kind of project."""

    problem: str
    ids: tuple[str, ...]
    dated: bool
    all_features: bool = False

    def document(self, called: dict[str, str]) -> dict[str, Any]:
        metric = {"regression": "mae", "binary_classification": "auc", "multiclass_classification": "accuracy"}
        data: dict[str, Any] = {
            "target": called["target"],
            "ids": [called[role] for role in self.ids],
            "features": [] if self.all_features else [called["number"], called["category"]],
            "categorical": [],
            "evaluation": 14 if self.dated else 0.3,
        }
        if self.all_features and not self.ids:
            data["exclude"] = [called["id"]]
        found = {
            "project": {"name": "a-project", "problem_type": self.problem},
            "data": {**data, **({"time": called["time"]} if self.dated else {})},
            "evaluation": {"metric": metric[self.problem], "threshold": -1e9 if self.problem != "regression" else 1e9},
            "model": {"hyperparameters": {"max_iter": 8, "min_samples_leaf": 5}},
        }
        if self.dated and self.problem == "regression":
            found["history"] = {"series": [called["id"]], "lead_days": 7, "lags_days": [7, 14], "window_days": [7]}
        if not self.dated and self.all_features:
            found["data"].setdefault("exclude", []).append(called["time"])
        return found


SHAPES = (
    Shape("regression", ("time", "id"), dated=True),
    Shape("binary_classification", ("id", "time"), dated=True),
    Shape("binary_classification", ("id", "time"), dated=False),
    Shape("multiclass_classification", (), dated=False),
    Shape("regression", (), dated=False, all_features=True),
)


def table(shape: Shape, called: dict[str, str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What is known, with what is to be predicted at its end; and what really happened then."""
    draws = np.random.default_rng(1)
    days = np.repeat(pd.date_range("2026-01-01", periods=63).strftime("%Y-%m-%d"), 4)
    price = draws.normal(10, 3, len(days)).round(2)
    colour = draws.choice(["red", "blue", "green"], len(days))
    level = price + 4 * (colour == "red") + draws.normal(0, 1, len(days))
    kinds = np.where(level > 13, "high", np.where(level > 9, "middle", "low"))
    target = {"regression": level.round(3), "binary_classification": np.where(level > 11, "yes", "no")}
    columns = {
        "time": days,
        "id": np.tile(["a", "b", "c", "d"], 63),
        "number": price,
        "category": colour,
        "target": target.get(shape.problem, kinds),
    }
    whole = pd.DataFrame({called[role]: values for role, values in columns.items()})
    late = np.arange(len(whole)) >= len(whole) - LAST
    asked = whole.astype(object).copy()
    asked.loc[late, called["target"]] = None
    return asked.astype(object), whole[late]


def answered(sent: Path, model: Any, place: Path) -> None:
    """What a transform job leaves."""
    body = sent.read_bytes()
    answers = wire.write_csv(model.predict(wire.read_csv(body, model.signature))).decode().splitlines()
    lines = body.decode().splitlines()
    place.mkdir(parents=True, exist_ok=True)
    joined = "".join(f"{line},{answer}\n" for line, answer in zip(lines, answers, strict=True))
    (place / "rows.csv.out").write_text(joined, encoding="utf-8")


def toml(document: dict[str, Any]) -> str:
    out = io.StringIO()
    for name, content in document.items():
        nested = {key: value for key, value in content.items() if isinstance(value, dict)}
        out.write(f"[{name}]\n")
        out.writelines(f"{key} = {json.dumps(value)}\n" for key, value in content.items() if key not in nested)
        for key, value in nested.items():
            out.write(f"[{name}.{key}]\n")
            out.writelines(f"{item} = {json.dumps(told)}\n" for item, told in value.items())
    return out.getvalue()


def life(shape: Shape, called: dict[str, str], place: Path) -> dict[str, Any]:
    """From the table to model quality; what came out, without names."""
    asked, truths = table(shape, called)
    config = place / "config.toml"
    place.mkdir(parents=True)
    config.write_text(toml(shape.document(called)), encoding="utf-8")
    paths.CONFIG = config
    for cached in (image.schema, image.signature, image.trained):
        cached.cache_clear()
    known = schema.load(config)
    raw = place / "raw.csv"
    asked.to_csv(raw, index=False)

    split = preprocess.preprocess(tables.read(raw), known)
    for name in ("train", "data", "ground_truth"):
        (place / name).mkdir()
    split.train.to_parquet(place / "train" / "train.parquet", index=False)
    split.evaluation_data.to_csv(place / "data" / "evaluation.csv", index=False, header=False)
    split.ground_truth.to_csv(place / "ground_truth" / "ground_truth.csv", index=False)
    model = train.train(tables.read_parquet(place / "train"), known, known.hyperparameters)
    answered(place / "data" / "evaluation.csv", model, place / "answers")
    report = evaluate.evaluate(
        evaluate.read_predictions(place / "answers", known), tables.read(place / "ground_truth"), known
    )
    data_quality.make_baseline(place / "train", place / "data_quality", known, QUICK.data_quality)
    attribution.make_baseline(tables.read(place / "train"), model, place / "attribution", QUICK.attribution)
    model_quality.make_baseline(place / "answers", place / "ground_truth", place / "model_quality", known, QUICK)
    managed.model_columns(tables.read(place / "train"), known)

    predictions, counts = predicted(known, model, raw, place)
    batch = tables.read(paths.step_output("batch"))
    quality = data_quality.check(
        paths.step_output("batch"), place / "data_quality", place / "checked", known, QUICK.data_quality
    )
    drift = attribution.check(batch, model, place / "attribution", place / "explained", QUICK.attribution)
    managed.model_columns(batch, known)
    compared = after(known, shape, called, truths, place)
    return {
        "evaluation": {key: value for key, value in report.items() if key != "gate"},
        "columns": len(model.signature.columns),
        "batch": batch.shape,
        "counts": counts,
        "predictions": predictions,
        "violations": sorted(finding.check for finding in quality.findings),
        "ndcg": {label: round(score, 6) for label, score in drift.facts["ndcg"].items()},
        **compared,
    }


def predicted(known: Any, model: Any, raw: Path, place: Path) -> tuple[list[list[str]], dict[str, Any]]:
    """The deploy repository's scripts."""
    os.environ["OPT_ML_ROOT"] = str(place / "opt-ml")
    for name, source in (("raw", raw),):
        paths.step_input(name).mkdir(parents=True)
        shutil.copy(source, paths.step_input(name))
    model.save(paths.step_input("model"))
    selecting.prepare(image, {})
    answered(paths.step_output("transform_input") / "rows.csv", model, paths.step_input("transformed"))
    for name in ("batch", "quarantine"):
        shutil.copytree(paths.step_output(name), paths.step_input(name))
    origin = {"model_package": PACKAGE, "execution": "e1", "created": "2026-07-01", "input": "s3://x"}
    postprocess.main(known, origin)
    table = pd.read_csv(paths.step_output("predictions") / "predictions.csv", dtype="str", keep_default_na=False)
    manifest = json.loads((paths.step_output("predictions") / "manifest.json").read_text(encoding="utf-8"))
    return table.to_numpy().tolist(), {name: manifest[name] for name in ("rows", "quarantined", "rows_to_predict")}


def after(known: Any, shape: Shape, called: dict[str, str], truths: pd.DataFrame, place: Path) -> dict[str, Any]:
    """Ground truth arrives."""
    told = truths[[called[role] for role in (*shape.ids, "target")]].copy()
    if not shape.ids:
        told[known.id_columns[0]] = truths.index + 1
    (place / "truth").mkdir()
    told.to_csv(place / "truth" / "truth.csv", index=False)
    found = matching.compare(
        paths.step_output("predictions"), place / "truth", place / "none", known, package=PACKAGE, limit=0.5
    )
    result = model_quality.judge(found, place / "model_quality", place / "compared", known)
    metrics = {name: item["value"] for name, item in result.facts["metrics"].items()}
    return {"compared": len(found.rows), "problem": found.problem, "metrics": metrics}


def differences(shape: Shape, called: dict[str, str], place: Path, plain: dict[str, Any]) -> list[str]:
    """What comes out otherwise under these names."""
    try:
        found = life(shape, called, place)
    except Exception:  # noqa: BLE001 (whatever it is, it is what is looked for)
        return [f"{shape} {called} {traceback.format_exc(limit=-3)}"]
    # Where all columns are features, they come in the order of their names, and trees depend on that.
    judged = ("compared", "counts", "batch") if shape.all_features else tuple(plain)
    return [
        f"{shape} {called} {what}: {str(found[what])[:300]} instead of {str(plain[what])[:300]}"
        for what in judged
        if found[what] != plain[what]
    ]


def main() -> None:
    """Live every life, and tell those that came out otherwise; what the steps print goes to the standard error."""
    logging.disable(logging.CRITICAL)
    stdout = sys.stdout
    with contextlib.redirect_stdout(sys.stderr):
        for number, shape in enumerate(SHAPES):
            plain = life(shape, PLAIN, FOLDER / f"{number}-plain")
            if plain["compared"] != LAST:
                raise AssertionError(plain)
            for start in range(0, len(NAMES), len(ROLES)):  # each name once a shape, and in every role in one of them
                five = [NAMES[(start + step) % len(NAMES)] for step in range(len(ROLES))]
                called = dict(zip(ROLES, five[number:] + five[:number], strict=True))
                for line in differences(shape, called, FOLDER / f"{number}-{start}", plain):
                    stdout.write(f"{line}\n")


if __name__ == "__main__":
    main()
