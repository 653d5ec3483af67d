"""What people and programs read about an update. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from mlops_new.template.versions import branch
from mlops_new.update.merge_result import Merged, Updated

_MOST = 20
_WHAT = "`mlops-new update` merged the template's changes with what was edited here."


def description(updated: Updated) -> str:
    """The text of a pull request, in Markdown: what the template changed, what was merged, kept and deleted."""
    recorded, target = updated.side.recorded, updated.target
    lines = [f"{_WHAT} From {recorded.version} to **{target.version}** of {target.url}.", ""]
    lines += _list("In the template", updated.log)
    lines += _list("Answers", (f"`{one}`" for one in updated.answers))
    if merged := updated.merged:
        lines += _list("Files", (f"{change}" for change in merged.changes))
        for heading, paths in _decided(merged).items():
            lines += _list(heading, (f"`{path}`" for path in paths))
    lines.append("Its sister repository has a pull request of the same name: merge both, CI compares the two.")
    return "\n".join(lines)


def details(updated: Updated) -> Iterator[str]:
    """The file-level difference, for a terminal."""
    merged = updated.merged
    if merged is None:
        return
    yield from (f"  answer   {one}" for one in updated.answers)
    if not (merged.changes or merged.clashes or _decided(merged) or updated.answers):
        yield "  only what is recorded of the template"
    yield from (f"  {change}" for change in merged.changes)
    for heading, paths in _decided(merged).items():
        yield from (f"  {heading.lower()}: {path}" for path in paths)
    yield from (f"  CONFLICT {clash}" for clash in merged.clashes)


def document(updated: Updated, pull_request: str | None) -> dict[str, Any]:
    """One repository for programs."""
    merged = updated.merged
    told: dict[str, Any] = {
        "from": updated.side.recorded.version,
        "to": updated.target.version,
        "branch": branch(updated.target.version) if merged or updated.in_place else None,
        "pull_request": pull_request,
        "answers": [one.document() for one in updated.answers],
    }
    if merged is None:
        return told | {"files": [], "conflicts": []}
    files = [
        {"path": one.path, "change": one.what, "added": one.added, "removed": one.removed}
        | ({"mode": one.mode} if one.mode else {})
        for one in merged.changes
    ]
    clashes = [{"path": clash.path, "reason": clash.why} for clash in merged.clashes]
    decided = {
        "merged": merged.both,
        "kept": merged.kept,
        "stays_deleted": merged.stays_deleted,
        "lagged": merged.healed,
    }
    return told | {"files": files, "conflicts": clashes} | {name: list(paths) for name, paths in decided.items()}


def _decided(merged: Merged) -> dict[str, tuple[str, ...]]:
    found = {
        "Edited here and merged": _few(merged.both),
        "Deleted by the template, edited here: kept, decide whether it is needed": merged.kept,
        "Changed by the template, deleted here: stays deleted": merged.stays_deleted,
        "Lagged behind the recorded version: brought along": _few(merged.healed),
    }
    return {heading: paths for heading, paths in found.items() if paths}


def _few(paths: Sequence[str]) -> tuple[str, ...]:
    """Files that are told among the changes, too: a heading does not repeat a hundred of them."""
    more = len(paths) - _MOST
    return (*paths[:_MOST], *([f"and {more} more"] if more > 0 else []))


def _list(heading: str, items: Iterable[object]) -> list[str]:
    lines = [f"- {item}" for item in items]
    return [f"**{heading}**", "", *lines, ""] if lines else []
