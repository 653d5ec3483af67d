"""`mlops-new status --all`: every project of the Git host at a glance."""

import re
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from mlops_new.cli.adapters import Connect, activities, connect
from mlops_new.cli.console import Console, table
from mlops_new.errors import DRIFT, Error
from mlops_new.names import Kind, slug
from mlops_new.ports.activity import Activities, Activity
from mlops_new.ports.git_host import Listed
from mlops_new.project.context import Context
from mlops_new.project.fleet import HEADINGS, Copied, Known, Project, by_project, drift, half_pushed, said
from mlops_new.settings.load import Settings
from mlops_new.system import git
from mlops_new.system.git_trees import listing
from mlops_new.template.clones import TemplateClones, TemplateCopy
from mlops_new.template.repository import choose_template
from mlops_new.template.versions import BRANCHES, Recorded, tags


def run(settings: Settings, console: Console, connect: Connect = connect) -> int:
    """Look at everything and tell; nothing is changed.

    Returns:
        The exit code: 0, or 6 where something differs.
    """
    context = connect(settings, console.say)
    git.check_version()
    projects = look(context.host.repositories.overview(), context, activities(settings))
    text = table([HEADINGS, *(one.row() for one in projects)]) if projects else "There are no projects here."
    console.result(text, {"projects": [one.document() for one in projects]})
    return DRIFT if any(one.drift for one in projects) else 0


def look(listed: Iterable[Listed], context: Context, activities: Activities) -> list[Project]:
    """Everything that is known of each project."""
    pairs = by_project(listed)
    recorded = {name: said(pair) for name, pair in pairs.items()}
    happening = activities(list(pairs))
    templates = _templates(recorded.values(), context)
    found = [_project(name, pairs[name], recorded[name], templates, happening.get(name)) for name in pairs]
    # Where a repository is at the newest version, there is no update to look for.
    slugs = [slug(one.name, kind) for one in found for kind in one.behind]
    updates = context.host.pull_requests.open_updates(slugs, BRANCHES)
    return [_with_updates(one, updates) for one in found]


def _project(
    name: str,
    pair: Mapping[Kind, Listed],
    recorded: Mapping[Kind, Recorded | None],
    templates: Mapping[str, Known],
    activity: Activity | None,
) -> Project:
    url = next((one.url for one in recorded.values() if one), "")
    known = templates.get(url, Known(None))
    return Project(name, recorded, known, tuple(drift(name, pair, recorded, known, activity)), activity=activity)


def _with_updates(project: Project, updates: Mapping[str, str]) -> Project:
    slugs = [slug(project.name, kind) for kind in Kind]
    found = tuple(updates[one] for one in slugs if one in updates)
    project = replace(project, updates=found, proposed=frozenset(one for one in slugs if one in updates))
    return replace(project, drift=(*project.drift, *half_pushed(project)))


def _templates(recorded: Iterable[Mapping[Kind, Recorded | None]], context: Context) -> dict[str, Known]:
    """What is known of every template repository that a project comes from."""
    urls = {one.url for pair in recorded for one in pair.values() if one and one.url}
    with tempfile.TemporaryDirectory(prefix="mlops-new-") as folder:
        clones = TemplateClones(context.host, Path(folder))
        return {url: _known(clones, url) for url in sorted(urls)}


def _known(clones: TemplateClones, url: str) -> Known:
    try:
        copy = clones.copy(url)
        newest = choose_template(copy.seen).version
    except Error:
        return Known(None)
    versions = tags(copy.refs)
    return Known(newest, tuple(versions), {tag: _copied(copy, tag) for tag in versions})


def _copied(copy: TemplateCopy, version: str) -> Copied:
    """The files that a version copies as they are, where its folders are named as ours are."""
    found: dict[Kind, dict[str, str]] = {kind: {} for kind in Kind}
    for path, (_, blob) in listing(copy.path, version).items():
        match = _COPIED.fullmatch(path)
        if match and not path.endswith(".jinja") and "{" not in path:
            found[Kind(match.group(1))][match.group(2)] = blob
    return found


_COPIED = re.compile(rf"templates/({'|'.join(Kind)})/(.+)")
