"""The page of what `--json` prints, from documents that the tests compare with the program's own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from reference.commands import commands

if TYPE_CHECKING:
    from pathlib import Path

DOCUMENTS = {
    "project": ("..", "mlops-new project churn --yes --json"),
    "project --dry-run": ("..", "mlops-new project another --dry-run --json"),
    "data": ("../churn-build", "mlops-new data --input ../customers.csv --json"),
    "run (build)": ("../churn-build", "mlops-new run --input ../customers.csv --json"),
    "run (inference)": (".", "mlops-new run --input ../customers.csv --json"),
    "models list": (".", "mlops-new models list --json"),
    "models show": (".", "mlops-new models show 1 --json"),
    "models approve": (".", "mlops-new models approve 1 --json"),
    "status": (".", "mlops-new status --json"),
    "status --all": ("..", "mlops-new status --all --json"),
    "update --dry-run": (".", "mlops-new update --dry-run --json"),
    "drill": (".", "mlops-new drill nulls --input ../customers.csv --json"),
    "lineage": (".", "mlops-new lineage 1 --json"),
    "doctor": (".", "mlops-new doctor --json"),
    "destroy --dry-run": ("..", "mlops-new destroy churn --dry-run --json"),
    "models reject": (".", "mlops-new models reject 2 --json"),
    "image": ("../churn-build", "mlops-new image --json"),
    "adopt --dry-run": ("..", "mlops-new adopt churn-build churn-deploy --dry-run --json"),
    "template publish --dry-run": ("..", "mlops-new template publish --dry-run --json"),
    "an error": (".", "mlops-new models show 99 --json"),
}
"""Which commands print the documents, and where: in the deploy repository at the end of the page about own data."""

_HEAD = """\
# What `--json` prints

With `--json`, a command prints one JSON document on stdout, and what it says to people on stderr. An error is a
document, too: `{"error": {"code", "message", "hint"}}` with the [exit code](exit-codes.md) of the process. A newer
version may add members; none is renamed or removed.

The documents below were printed by the program for the project of
[Use your own data](../how-to/own-data.md). The tests type that page, print the documents again, and fail where a member
is missing here or there. These commands have the option:
"""


def page(folder: Path) -> str:
    """The page, in Markdown.

    Args:
        folder: Holds the documents of `DOCUMENTS`, named like them: `models list.json`.
    """
    takers = ", ".join(f"`{one.words.partition(' ')[2]}`" for one in commands() if "--json" in one.options)
    parts = [f"{_HEAD}{takers}.\n"]
    for name in DOCUMENTS:
        document = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
        shown = json.dumps(document, indent=2, ensure_ascii=False)
        parts.append(f"## {name}\n\n{_members(document)}\n\n```json\n{shown}\n```\n")
    return "\n".join(parts)


def _members(document: Any) -> str:
    if isinstance(document, list):
        return f"A list; each has {_names(document[0])}." if document else "A list."
    return f"An object with {_names(document)}."


def _names(document: dict[str, Any]) -> str:
    return ", ".join(f"`{name}`" for name in document)


def shape(value: Any) -> Any:
    """What a document is made of: names and kinds of values, for a comparison of two of them."""
    if isinstance(value, dict):
        return {name: shape(one) for name, one in sorted(value.items())}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__
