"""`mlops-new template check`: whether the templates render, compile, pass their tests and update, in one table."""

import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlops_new.cli.adapters import Connect, connect
from mlops_new.cli.console import Console, table
from mlops_new.errors import DRIFT, Error
from mlops_new.names import TEMPLATE_SLUG, Kind
from mlops_new.ports.git_host import Repositories
from mlops_new.project.context import Context
from mlops_new.settings.load import Settings
from mlops_new.system import git
from mlops_new.system.files import read_json
from mlops_new.template.check.candidate import Candidate, gather
from mlops_new.template.check.combinations import Answers, combined, covering, finite, named
from mlops_new.template.check.trials import Trial, Tried, perform
from mlops_new.template.packaged import packaged_template
from mlops_new.template.repository import named_template
from mlops_new.template.source import TemplateFile, is_tracked, require_template, standing, untracked
from mlops_new.template.versions import tags

_KNOWN = "template-check.json"
# Trials between which is written down what went well.
_AT_ONCE = 24


@dataclass(frozen=True)
class Request:
    """What was typed.

    Args:
        folder: Holds the templates; None for the packaged ones.
        released: Where the released versions are; None: the folder's own tags, else the Git host's template repository.
        sdk_python: An interpreter with the SageMaker SDK; None: definitions are not compiled.
        python: An interpreter with what the rendered repositories' tests need; None: they are not run.
        fresh: Try everything, also what went well before.
    """

    folder: Path | None
    released: str | None
    sdk_python: str | None
    python: str | None
    fresh: bool


def run(request: Request, settings: Settings, console: Console, connect: Connect = connect) -> int:
    """Try everything and tell.

    Returns:
        The exit code: 0, or 6 where something is not as it should be.
    """
    context = connect(settings, console.say)
    git.check_version()
    url = _released(request, context.host.repositories)
    with tempfile.TemporaryDirectory(prefix="mlops-new-") as folder, context.host.access.credentials(url or "") as env:
        candidate = gather(_files(request, console), url, env, Path(folder) / "template.git")
        known = _Known(settings.home / _KNOWN, candidate.digest, fresh=request.fresh)
        told = _try(request, candidate, known, console)
    document = {"checks": [_document(what, some) for what, some in _by_what(told).items()]}
    console.result(_text(told), document)
    return DRIFT if any(one.faults for one in told) else 0


def _files(request: Request, console: Console) -> list[TemplateFile]:
    """What is checked: as it stands, what is not committed yet included."""
    if request.folder is None:
        return packaged_template()
    require_template(request.folder)
    if is_tracked(request.folder) and (others := untracked(request.folder)):
        console.say(f"not committed yet, and so not published: {', '.join(others)}")
    return standing(request.folder)


def faults(
    files: Sequence[TemplateFile], folder: Path, context: Context, settings: Settings, console: Console
) -> list[str]:
    """What is wrong with a template that is about to be published, a line each.

    Args:
        files: All of it.
        folder: Where it comes from; its tags are released versions.
        context: The outside.
        settings: In force.
        console: Told what is tried.
    """
    request = Request(folder, None, None, None, fresh=False)
    url = _released(request, context.host.repositories)
    with tempfile.TemporaryDirectory(prefix="mlops-new-") as place, context.host.access.credentials(url or "") as env:
        candidate = gather(files, url, env, Path(place) / "template.git")
        told = _try(request, candidate, _Known(settings.home / _KNOWN, candidate.digest, fresh=False), console)
    return list(_fault_lines(told))


def _released(request: Request, repositories: Repositories) -> str | None:
    """Where the released versions are: as named, else the folder's own tags, else in the hosted repository."""
    if request.released:
        return named_template(request.released).url
    if request.folder and (request.folder / ".git").exists() and tags(git.remote_refs(str(request.folder))):
        return str(request.folder.absolute())
    found = repositories.find(TEMPLATE_SLUG)
    return found.url if found and found.head else None


def _try(request: Request, candidate: Candidate, known: "_Known", console: Console) -> list[Tried]:
    tried = combined(finite(candidate.questions))
    console.say(f"{len(tried)} combinations of answers, {len(candidate.released)} released versions")
    renders = known.perform(_trials("render", tried, candidate))
    allowed = [answers for answers in tried if not _refused(answers, renders)]
    if not allowed:
        raise Error("no combination of answers can be rendered", hint="look at the validators in copier.yml")
    few = covering(allowed)
    others: list[Trial] = []
    if request.sdk_python:
        others += _trials("definitions", few, candidate, python=request.sdk_python)
    if request.python:
        others += _trials("tests", few, candidate, python=request.python)
    for version in candidate.released:  # the oldest first; most projects have the newest
        answers = [{}, *few] if version == candidate.released[-1] else [{}]
        others += _trials(f"update from {version}", answers, candidate, old=version)
    return [*renders, *known.perform(others)]


def _trials(what: str, tried: Iterable[Answers], candidate: Candidate, **more: str) -> list[Trial]:
    texts = [json.dumps(answers, sort_keys=True) for answers in tried]
    return [Trial(what, kind, text, candidate.template(), **more) for text in texts for kind in Kind]


def _refused(answers: Answers, renders: Iterable[Tried]) -> bool:
    return any(one.refused and one.trial.data == answers for one in renders)


class _Known:
    """What went well before, by everything that it depends on.

    Args:
        file: Keeps it between commands.
        digest: Of the templates.
        fresh: Forget it.
    """

    def __init__(self, file: Path, digest: str, *, fresh: bool) -> None:
        self._file = file
        self._digest = digest
        self._well: Mapping[str, Any] = {} if fresh else read_json(file)

    def perform(self, trials: Sequence[Trial]) -> list[Tried]:
        """Try what is not known to go well."""
        tried = {trial: before for trial in trials if (before := self._before(trial))}
        todo = [trial for trial in trials if trial not in tried]
        for start in range(0, len(todo), _AT_ONCE):  # a killed check has lost no more than this
            new = perform(todo[start : start + _AT_ONCE])
            self._keep(new)
            tried.update((one.trial, one) for one in new)
        return [tried[trial] for trial in trials]

    def _keep(self, trials: Iterable[Tried]) -> None:
        """Remember what went well with these templates; others are forgotten."""
        new = {one.trial.key(self._digest): "refused" if one.refused else "well" for one in trials if not one.faults}
        known = {key: value for key, value in self._well.items() if key.startswith(f"{self._digest} ")}
        self._well = well = {**known, **new}
        self._file.parent.mkdir(parents=True, exist_ok=True)
        partial = self._file.with_suffix(".partial")
        partial.write_text(json.dumps(well), encoding="utf-8")
        partial.replace(self._file)

    def _before(self, trial: Trial) -> Tried | None:
        before = self._well.get(trial.key(self._digest))
        return Tried(trial, refused=before == "refused") if before else None


def _by_what(trials: Iterable[Tried]) -> dict[str, list[Tried]]:
    found: dict[str, list[Tried]] = {}
    for one in trials:
        found.setdefault(one.trial.what, []).append(one)
    return found


def _text(trials: Sequence[Tried]) -> str:
    rows = [["check", "repositories", "refused", "faults", "seconds"]]
    for what, some in _by_what(trials).items():
        faults = sum(bool(one.faults) for one in some)
        refused = sum(one.refused for one in some)
        seconds = sum(one.seconds for one in some)
        took = f"{seconds:.1f}" if seconds else "known"
        rows.append([what, str(len(some) - refused), str(refused), str(faults), took])
    return "\n".join([table(rows), *_fault_lines(trials)])


def _fault_lines(trials: Iterable[Tried]) -> Iterator[str]:
    """What is wrong, once for all answers with which the same is wrong."""
    alike: dict[tuple[str, Kind, tuple[str, ...]], list[Tried]] = {}
    for one in trials:
        alike.setdefault((one.trial.what, one.trial.kind, one.faults), []).append(one)
    for (what, kind, faults), some in alike.items():
        others = f" and {len(some) - 1} more combinations" if len(some) > 1 else ""
        yield from (f"{what}, {kind}, {named(some[0].trial.data)}{others}: {fault}" for fault in faults)


def _document(what: str, some: Sequence[Tried]) -> dict[str, Any]:
    faults = [
        {"repository": one.trial.kind.value, "answers": one.trial.data, "faults": list(one.faults)}
        for one in some
        if one.faults
    ]
    refused = sum(one.refused for one in some)
    return {"check": what, "ok": not faults, "repositories": len(some) - refused, "refused": refused, "faults": faults}
