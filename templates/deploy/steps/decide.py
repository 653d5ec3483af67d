"""Decide whether to retrain, from what the checks found, and say why.

Yours to edit: when a new model is worth its cost is a question of your business. The rules of `[retrain]` in
`config.toml` are applied by the model's image; add to what they say, or overrule it, in `overrule`.

Reads what checks left (`data_quality`, `attribution`, `forecasts`, `model_quality`: those that the pipeline ran, or
this very job before it decides) and `history`, what earlier executions left. Writes `decision.json`.
"""

from __future__ import annotations

import argparse
import json
import sys
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import job

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

CHECKS = ("data_quality", "attribution", "forecasts", "model_quality")


class Decide(Protocol):
    """Applies rules to what checks found: `{"retrain", "reasons", "rules"}`."""

    def __call__(self, found: Mapping[str, Path], rules: Mapping[str, Any], trained: str) -> dict[str, Any]:
        """The decision.

        Args:
            found: Where each check left its files.
            rules: The table `[retrain]`.
            trained: The date of the model in use, or nothing where it is not known.
        """


def main(decide: Decide, trained: str = "") -> None:
    """Decide, and write the decision."""
    places = {name: (job.input_folder(name), job.root() / "processing" / "output" / name) for name in CHECKS}
    found = {name: folder for name, either in places.items() for folder in either if folder.is_dir()}
    decision = overrule(decide(found, job.table("retrain"), trained))
    if decision.get("broken") and job.table("postprocess").get("publish_when_broken") is False:
        decision["withheld"] = True
    text = json.dumps(decision, indent=2, ensure_ascii=False) + "\n"
    (job.output_folder("decision") / "decision.json").write_text(text, encoding="utf-8")
    job.say(f"retrain: {'yes' if decision['retrain'] else 'no'}. {' '.join(decision['reasons'])}")


def overrule(decision: dict[str, Any]) -> dict[str, Any]:
    """The last word: change `retrain` and add to `reasons` where your business knows more than the rules."""
    return decision


def told(arguments: Sequence[str] | None = None) -> dict[str, str]:
    """What the pipeline says on the command line about the run and the model in use; other words are left alone."""
    parser = argparse.ArgumentParser(description="Decide whether to retrain.")
    parser.add_argument("--execution", default="", help="id of the pipeline's execution")
    parser.add_argument("--created", default="", help="when the execution was started")
    parser.add_argument("--model-package", dest="model", default="", help="ARN of the model package in use")
    parser.add_argument("--trained", default="", help="when it was registered")
    parser.add_argument("--waiting", default="", help="ARN of a newer one that waits for approval, or none")
    found = dict(vars(parser.parse_known_args(arguments)[0]))
    return {**found, "trained": "" if found["trained"] == "unknown" else found["trained"]}


if __name__ == "__main__":
    import image

    about = told()
    decided = partial(image.decide, told=about)
    sys.exit(job.run(lambda: main(decided, about["trained"]), expected=image.InputError))
