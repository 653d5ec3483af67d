"""All projects of a Git host side by side: template version, drift, what happens. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from mlops_new.errors import Error
from mlops_new.names import Kind, pipeline_names, slug
from mlops_new.ports.activity import Activity
from mlops_new.ports.git_host import Listed
from mlops_new.template.answers import differing, edited_by_hand
from mlops_new.template.versions import Recorded, recorded

# Of a template version, files that are copied as they are: by repository, path and blob.
Copied = Mapping[Kind, Mapping[str, str]]


@dataclass(frozen=True)
class Known:
    """What is known of a template repository.

    Args:
        newest: The newest version; None where it cannot be read.
        versions: The versions that are tags, the oldest first.
        copied: The files that each copies.
    """

    newest: str | None
    versions: tuple[str, ...] = ()
    copied: Mapping[str, Copied] = field(default_factory=dict)


@dataclass(frozen=True)
class Project:
    """One project.

    Args:
        name: Its name.
        recorded: By repository, what it says of its template; None where it says nothing.
        known: What is known of that template.
        drift: What is not as it should be, a sentence each.
        updates: Where open updates can be reviewed.
        proposed: The repositories that have one.
        activity: What happens on the platform; None where that is not known.
    """

    name: str
    recorded: Mapping[Kind, Recorded | None]
    known: Known
    drift: tuple[str, ...]
    updates: tuple[str, ...] = ()
    proposed: frozenset[str] = frozenset()
    activity: Activity | None = None

    @property
    def versions(self) -> list[str]:
        """The versions that its repositories have, each once."""
        return sorted({one.version for one in self.recorded.values() if one})

    @property
    def behind(self) -> list[Kind]:
        """The repositories that are not at the newest version."""
        newest = self.known.newest
        return [kind for kind, one in self.recorded.items() if one and newest and one.version != newest]

    def document(self) -> dict[str, Any]:
        """The project for programs."""
        runs = self.activity.executions if self.activity else {}
        return {
            "project": self.name,
            "template": {"version": " and ".join(self.versions) or None, "latest": self.known.newest},
            "in_sync": not self.drift,
            "differences": list(self.drift),
            "updates": list(self.updates),
            "executions": {name: {"status": status, "started": begun} for name, (status, begun) in runs.items()},
            "model": self.activity.model if self.activity else None,
        }

    def row(self) -> list[str]:
        """The project for people."""
        version = " and ".join(self.versions) or "?"
        arrow = f" < {self.known.newest}" if self.behind else ""
        model = str(self.activity.model) if self.activity and self.activity.model else "-"
        update = f"{len(self.updates)} open" if self.updates else "-"
        return [self.name, version + arrow, update, model, self._last(), "; ".join(self.drift) or "-"]

    def _last(self) -> str:
        runs = self.activity.executions if self.activity else {}
        if not runs:
            return "-"
        name, (status, begun) = max(runs.items(), key=lambda run: run[1][1])
        return f"{name.removeprefix(self.name + '-')} {status} {begun[:10]}"


HEADINGS = ["project", "template", "update", "model", "last run", "drift"]


def by_project(listed: Iterable[Listed]) -> dict[str, dict[Kind, Listed]]:
    """The repositories of each project, in the order of names."""
    found: dict[str, dict[Kind, Listed]] = {}
    for one in listed:
        mark = one.repository.mark
        if mark.repository in list(Kind):
            found.setdefault(mark.project, {})[Kind(mark.repository)] = one
    return dict(sorted(found.items()))


def said(pair: Mapping[Kind, Listed]) -> dict[Kind, Recorded | None]:
    """What each repository records; nothing where its answers file is missing or broken."""
    return {kind: _said(pair.get(kind)) for kind in Kind}


def _said(listed: Listed | None) -> Recorded | None:
    if listed is None or listed.answers is None:
        return None
    try:
        return recorded(listed.answers)
    except Error:
        return None


def drift(
    name: str,
    pair: Mapping[Kind, Listed],
    found: Mapping[Kind, Recorded | None],
    known: Known,
    activity: Activity | None,
) -> Iterator[str]:
    """What is not as it should be in one project."""
    for kind in Kind:
        yield from _repository(slug(name, kind), pair.get(kind), found[kind], known, kind)
    yield from _edited(name, pair)
    versions = {kind: one for kind, one in found.items() if one}
    if len({(one.url, one.version) for one in versions.values()}) > 1:
        yield ", ".join(f"{kind} is at {one.version}" for kind, one in versions.items())
    else:  # other versions may well ask otherwise
        yield from _answered_otherwise(name, pair)
    for pipeline in pipeline_names(name) if activity else ():
        if activity and pipeline not in activity.pipelines:
            yield f"pipeline {pipeline} is not registered"


def half_pushed(project: Project) -> Iterator[str]:
    """An update that a killed command has brought to one of two repositories."""
    has = {kind: slug(project.name, kind) for kind in project.behind}
    there = [name for name in has.values() if name in project.proposed]
    if len(has) == len(Kind) and len(there) == 1:
        lacks = next(name for name in has.values() if name not in there)
        yield f"an update is open in {there[0]} and not in {lacks}: `mlops-new update {project.name}` finishes it"


def by_hand(name: str, kind: Kind) -> str:
    """An answers file that somebody has edited."""
    return f"the answers of {slug(name, kind)} were edited by hand: take that back, and answer by `{_anew(name)}`"


def _anew(name: str) -> str:
    return f"mlops-new update {name} --data QUESTION=VALUE"


def _edited(name: str, pair: Mapping[Kind, Listed]) -> Iterator[str]:
    """Answers files that are not as Copier wrote them."""
    for kind, one in pair.items():
        if one.answers is not None and edited_by_hand(one.answers):
            yield by_hand(name, kind)


def _answered_otherwise(name: str, pair: Mapping[Kind, Listed]) -> Iterator[str]:
    texts = [one.answers for one in pair.values() if one.answers is not None]
    try:
        names = differing(*texts) if len(texts) == len(Kind) else []
    except Error:
        return  # a broken file is told as such
    if names:
        yield f"the two repositories are answered otherwise: {', '.join(names)}; `{_anew(name)}` makes them agree"


def _repository(name: str, listed: Listed | None, recorded: Recorded | None, known: Known, kind: Kind) -> Iterator[str]:
    if listed is None:
        yield f"{name} is missing"
    elif recorded is None:
        yield f"{name} does not say what it was rendered from"
    elif known.versions and recorded.version not in known.versions:
        yield f"{recorded.version} of {name} is no version of its template"
    elif lags := list(_lagging(listed, kind, recorded.version, known)):
        yield f"{name} lags behind {recorded.version}: {', '.join(lags)}"


def _lagging(listed: Listed, kind: Kind, version: str, known: Known) -> Iterator[str]:
    """Files that are as an earlier version copies them; rendered ones only `update` can tell."""
    now = known.copied.get(version, {}).get(kind, {})
    earlier = [known.copied[tag].get(kind, {}) for tag in known.versions[: _position(known, version)]]
    for path, blob in now.items():
        ours = (listed.files or {}).get(path)
        if ours and ours != blob and any(then.get(path) == ours for then in earlier):
            yield path


def _position(known: Known, version: str) -> int:
    return known.versions.index(version) if version in known.versions else 0
