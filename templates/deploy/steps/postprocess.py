"""Turn what the model answered into predictions that people and systems can use.

Yours to edit: the rules of your business belong here.

Reads `transformed` (the rows of `transform_input`, each with the model's answer behind it, without a header),
`batch` (the same rows with a header) and `quarantine` (the rows that could not be used); what the check of the data
left (`data_quality`), and what forecasts are compared with: `known`, the baseline of the model, and `history`, the runs
before. Writes `predictions.csv`, `quarantine.csv` where there are such rows, and `manifest.json`, which says what made
them and counts them. Where the data or the forecasts are broken and `publish_when_broken` is false, all of it goes to
`withheld` instead, a folder of this execution that nobody else reads.

Outside of the pipeline, as a job of its own (`--decide`), it decides about retraining, too: see `decide.py`.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import pandas as pd

import decide
import job

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

RULES: Mapping[str, job.Kind] = {"publish_when_broken": "true or false"}
OF_NUMBERS: Mapping[str, job.Kind] = {"lowest": "number"}  # of a regression; a class has none


class Watch(Protocol):
    """Compares forecasts with those before."""

    def __call__(self, predictions: pd.DataFrame, ids: pd.DataFrame, origin: Mapping[str, str], /) -> list[str]:
        """What is broken, of the forecasts or of the data that they were made from: a sentence each."""


class Schema(Protocol):
    """What postprocessing has to know about the model, which its image tells."""

    @property
    def id_columns(self) -> tuple[str, ...]:
        """The columns that identify a row; they come first in what was sent to the model."""

    @property
    def problem_type(self) -> str:
        """Like `problem_type` in `config.toml`."""


def main(schema: Schema, origin: Mapping[str, str], watch: Watch | None = None) -> None:
    """Read, attach the header, apply the rules, compare with earlier forecasts, write.

    Args:
        schema: Of the model that answered.
        origin: What the manifest says about where the predictions come from.
        watch: Tells what is broken; None where nothing is looked at.
    """
    batch = read_text(job.input_folder("batch") / "batch.csv")
    ids, answers = answers_to(batch, read_answers(job.input_folder("transformed")), schema)
    known = {**RULES, **OF_NUMBERS} if schema.problem_type == "regression" else RULES
    rules = job.rules("postprocess", known)
    answers = apply_rules(answers, rules)
    predictions = with_ids(ids, answers)
    broken = watch(answers, ids, origin) if watch else []
    withheld = bool(broken) and not rules.get("publish_when_broken", True)
    about = {"broken": broken, "published": not withheld} if broken else {}
    write(predictions, {**origin, **about}, withheld=withheld)
    where = "KEPT BACK (publish_when_broken is false), see the folder withheld" if withheld else "published"
    why = f" of broken data, {where}: {' '.join(broken)}" if broken else "."
    job.say(f"{len(predictions):,} predictions{why}")


def write(predictions: pd.DataFrame, about: Mapping[str, object], *, withheld: bool) -> None:
    """Write predictions and the manifest, where others read them or where nobody does."""
    folder = job.output_folder("withheld" if withheld else "predictions")
    predictions.to_csv(folder / "predictions.csv", index=False)
    manifest = {**about, "rows": len(predictions), **put_aside(folder, len(predictions))}
    text = json.dumps(manifest, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    (folder / "manifest.json").write_text(text, encoding="utf-8")
    for name in ("predictions", "withheld"):
        job.output_folder(name)  # an output of a job has to be there, if empty


def put_aside(folder: Path, predicted: int) -> dict[str, Any]:
    """Lay the quarantine beside the predictions; what became of all rows that were to be predicted.

    `batch` is the same for the same rows: model quality tells by it which rows come again in another batch.

    Raises:
        UnusableError: Some have vanished.
    """
    place = job.input_folder("quarantine")
    if not place.is_dir():
        return {}
    counts: dict[str, Any] = json.loads((place / "counts.json").read_text(encoding="utf-8"))
    if counts["quarantined"] + counts["quarantined_past"]:
        shutil.copy(place / "quarantine.csv", folder)
    elsewhere = counts["quarantined"] + counts["skipped"]
    if predicted + elsewhere != counts["rows_to_predict"]:
        raise job.UnusableError(
            f"{counts['rows_to_predict']} rows were to be predicted: {predicted} were, and {elsewhere} were put aside"
        )
    return counts


def read_text(path: Path, header: int | None = 0) -> pd.DataFrame:
    """A CSV file with each value as it is written, so that ids like `007` stay what they are."""
    return pd.read_csv(path, header=header, dtype="str", keep_default_na=False)


def read_answers(folder: Path) -> pd.DataFrame:
    """The files of a transform job as one table without names.

    Raises:
        UnusableError: There are none.
    """
    files = sorted(folder.rglob("*.out"))
    if not files:
        raise job.UnusableError(f"the transform job left no answers: there is no .out file in {folder}")
    return pd.concat([read_text(file, header=None) for file in files], ignore_index=True)


def answers_to(batch: pd.DataFrame, answers: pd.DataFrame, schema: Schema) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Each row's ids, and the model's answer to it: `prediction`, and for classes its `probability`.

    Args:
        batch: The rows that were sent, with names; ids come first.
        answers: Ids, features and answer of each row, without names.
        schema: Of the model that answered.

    Raises:
        UnusableError: These are not the answers to these rows.
    """
    if len(answers) != len(batch):
        raise job.UnusableError(f"{len(batch)} rows were sent to the model and {len(answers)} answers came back")
    names = list(schema.id_columns)
    ids = batch.iloc[:, : len(names)].set_axis(names, axis=1)
    other = (answers.iloc[:, : ids.shape[1]].to_numpy() != ids.to_numpy()).any(axis=1)
    if other.any():
        raise job.UnusableError(f"from row {other.argmax() + 1} on, the answers are not to the rows that were sent")
    if schema.problem_type == "regression":
        return ids, pd.DataFrame({"prediction": numbers(answers.iloc[:, -1], "prediction")})
    probability = numbers(answers.iloc[:, -1], "probability")
    return ids, pd.DataFrame({"prediction": answers.iloc[:, -2], "probability": probability})


def with_ids(ids: pd.DataFrame, predicted: pd.DataFrame) -> pd.DataFrame:
    """Ids with what was predicted beside them. Where an id has the name of a prediction, that gets an underscore."""
    rows = ids.copy()
    for name in predicted.columns:
        free = name
        while free in ids.columns:
            free += "_"
        rows[free] = predicted[name]
    return rows


def numbers(values: pd.Series, name: str) -> pd.Series:
    """Text as numbers.

    Raises:
        UnusableError: Some of it is none.
    """
    parsed = pd.to_numeric(values, errors="coerce")
    wrong = parsed.isna()
    if wrong.any():
        found = values[wrong].iloc[0]
        raise job.UnusableError(f"the model answered {found!r} where a {name} belongs, in {wrong.sum()} rows")
    return parsed


def apply_rules(predictions: pd.DataFrame, rules: Mapping[str, Any]) -> pd.DataFrame:
    """Apply the rules of `[postprocess]` in `config.toml`: `lowest`, below which no prediction goes."""
    if "lowest" not in rules:
        return predictions
    return predictions.assign(prediction=predictions["prediction"].clip(lower=rules["lowest"]))


def origin_of(arguments: Sequence[str] | None = None) -> dict[str, str]:
    """What the pipeline says on the command line about this execution."""
    parser = argparse.ArgumentParser(description="Turn the model's answers into predictions.")
    parser.add_argument("--model-package", required=True, help="ARN of the model package that answered")
    parser.add_argument("--execution", required=True, help="id of the pipeline's execution")
    parser.add_argument("--input", required=True, help="URI of the table that was preprocessed")
    parser.add_argument("--commit", required=True, help="commit of this repository")
    parser.add_argument("--created", required=True, help="when the execution was started")
    parser.add_argument("--trained", default="", help="when the model package was registered")
    return dict(vars(parser.parse_known_args(arguments)[0]))


if __name__ == "__main__":
    import image

    origin = origin_of()
    trained = origin.pop("trained")

    def work() -> None:
        """Predictions, and outside of the pipeline the decision."""
        main(image.schema(), origin, image.watch)
        if "--decide" in sys.argv:
            decide.main(partial(image.decide, told=decide.told()), trained)

    sys.exit(job.run(work, expected=image.InputError))
