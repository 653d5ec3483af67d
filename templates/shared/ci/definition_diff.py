"""Say what a pull request changes in the pipelines: a step added, an instance changed.

    python3 -m ci.definition_diff [BRANCH]

Compares the committed definitions with those of a branch: the pull request's target, or main. A difference is no
failure: it is there to be read before somebody approves. In Bitbucket Pipelines it stands on the pull request, too,
with the machines, what an execution takes at most (a sum where the table [prices] of `config.toml` says what an hour
of each machine costs), and whether the sister repository agrees.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from typing import TYPE_CHECKING, Any

import definition
from ci import contract, errors, insights, machines, repository
from ci.errors import CiError, say

if TYPE_CHECKING:
    from pathlib import Path


def at(revision: str, path: Path) -> str:
    """A file as it is at a revision; empty where it is not there."""
    name = path.relative_to(repository.ROOT).as_posix()
    listed = repository.git("ls-tree", "--name-only", revision, "--", name)
    return repository.git("show", f"{revision}:{name}") if listed.strip() else ""


def fetched(branch: str) -> str:
    """The commit that a branch is at now; a clone in CI knows no other branch than its own."""
    try:
        repository.git("fetch", "--quiet", "--depth", "1", "origin", branch)
    except CiError as error:
        raise CiError(f"the branch {branch}, which this is compared with, cannot be fetched: {error}") from error
    return repository.git("rev-parse", "FETCH_HEAD").strip()


def differences(old: str, new: str) -> list[str]:
    """One sentence for each difference; none where the two are the same."""
    if old == new:
        return []
    return definition.summary(old, new) if old else ["new"]


def compare(branch: str) -> None:
    """Say how each definition differs from the branch's, here and on the pull request."""
    commit = fetched(branch)
    lines: list[str] = []
    fields: dict[str, str] = {}
    for short, path in repository.definitions().items():
        old, new = at(commit, path), path.read_text(encoding="utf-8")
        found = differences(old, new)
        lines.append(f"{short}: {'as in ' + branch if not found else 'differs from ' + branch}")
        lines += [f"  {line}" for line in found]
        fields |= facts(short, old, new)
    say("\n".join(lines))
    fields["Agrees with the sister repository"] = agreement()
    insights.show(insights.Report("definition", "What changes in the pipelines", "\n".join(lines), fields))


def facts(short: str, old: str, new: str) -> dict[str, str]:
    """What a reviewer wants to know of a pipeline at a glance."""
    before, after = _document(old), _document(new)
    prices = repository.config().get("prices", {})
    used = [machines.machines(one) for one in (before, after)]
    told = {
        f"{short}: steps": _steps(old, new),
        f"{short}: machines": _change(*map(machines.told, used)),
        f"{short}: at most": _change(*(machines.most(one, prices) for one in used)),
    }
    return told if old else {name: text.rpartition(" → ")[2] for name, text in told.items()}


def agreement() -> str:
    """Whether the sister repository counts on the same columns and template, in a word or two."""
    try:
        theirs = contract.sister(contract.ROOT)
        if theirs is None:
            return "not compared"
        found = list(contract.differences(contract.side(contract.reader(contract.ROOT)), contract.side(theirs)))
    except contract.ContractError as error:
        return f"not compared: {error}"
    return "; ".join(found) or "yes"


def _document(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text) if text else {}
    except ValueError:
        return {}  # the differences say that it is no JSON
    return found if isinstance(found, dict) else {}


def _steps(old: str, new: str) -> str:
    lines = [line.removeprefix("step ") for line in differences(old, new) if line.startswith("step ")]
    if not old:
        return "new pipeline"
    return "; ".join(lines) or "as they were"


def _change(before: str, after: str) -> str:
    return after if before == after else f"{before} → {after}"


def main() -> int:
    """Compare with the target branch."""
    parser = argparse.ArgumentParser(prog="ci.definition_diff", description="Say what changes in the pipelines.")
    parser.add_argument("branch", nargs="?", default=os.environ.get("BITBUCKET_PR_DESTINATION_BRANCH") or "main")
    return errors.run("ci.definition_diff", lambda: compare(parser.parse_args().branch))


if __name__ == "__main__":
    sys.exit(main())
