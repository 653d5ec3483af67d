"""Decide whether to retrain, from what the checks found, and say why.

Yours to edit: when a new model is worth its cost is a question of your business. The rules of `[retrain]` in
`config.toml` are applied by the model's image; add to what they say, or overrule it, in `overrule`.

Reads what checks left (`data_quality`, `attribution`, `model_quality`: those that the pipeline ran), and writes
`decision.json`.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any, Protocol

import job

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

CHECKS = ("data_quality", "attribution", "model_quality")


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
    found = {name: job.input_folder(name) for name in CHECKS if job.input_folder(name).is_dir()}
    decision = overrule(decide(found, job.table("retrain"), trained))
    text = json.dumps(decision, indent=2, ensure_ascii=False) + "\n"
    (job.output_folder("decision") / "decision.json").write_text(text, encoding="utf-8")
    job.say(f"retrain: {'yes' if decision['retrain'] else 'no'}. {' '.join(decision['reasons'])}")


def overrule(decision: dict[str, Any]) -> dict[str, Any]:
    """The last word: change `retrain` and add to `reasons` where your business knows more than the rules."""
    return decision


if __name__ == "__main__":
    import image

    sys.exit(job.run(lambda: main(image.decide), expected=image.InputError))
