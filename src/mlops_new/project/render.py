"""Renders a project's repositories, commits each, and moves all into place at once."""

import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from mlops_new import definition
from mlops_new.errors import Error
from mlops_new.names import DEFINITIONS, Kind, slug
from mlops_new.project.context import Context
from mlops_new.project.spec import ProjectSpec
from mlops_new.project.steps import Render
from mlops_new.system import git
from mlops_new.system.files import make_folder, staging
from mlops_new.system.worker_pool import Here
from mlops_new.template import publish


def render(step: Render, spec: ProjectSpec, context: Context) -> None:
    """Make the working copies of a step, or none.

    Raises:
        Error: the template cannot be rendered, or lacks a definition that will be registered.
    """
    make_folder(spec.directory)
    with staging(spec.directory, spec.name) as place:
        place.mkdir()
        seeds = _begin(step, spec, context, place)
        context.helpers.close(wait=False)
        with ThreadPoolExecutor() as pool:
            for committed in [pool.submit(_grow, seed, spec, context) for seed in seeds]:
                committed.result()
        _move_all([(place / path.name, path) for _, path in step.paths])


@dataclass(frozen=True)
class _Seed:
    """A repository on its way to its first commit.

    Args:
        path: Where it is made.
        kind: Build or deploy.
        origin: Where it will be hosted.
        rendered: Returns when its files are there.
    """

    path: Path
    kind: Kind
    origin: str
    rendered: Callable[[], None]


def _begin(step: Render, spec: ProjectSpec, context: Context, place: Path) -> list[_Seed]:
    """The first is rendered in this process, the other at the same time where another process helps."""
    env = publish.at_hand(context.host.access, spec.template.url, context.scratch)
    seeds: list[_Seed] = []
    for kind, path in step.paths:
        made = place / path.name
        helpers = context.helpers if seeds else Here()
        rendered = helpers.begin(context.templates.render, spec.template, kind, spec.answers, made, env)
        seeds.append(_Seed(made, kind, context.host.repositories.url(slug(spec.name, kind)), rendered))
    return seeds


def _grow(seed: _Seed, spec: ProjectSpec, context: Context) -> None:
    """Whatever goes on beside: git works while the other repository is still rendered."""
    seed.rendered()
    for file in DEFINITIONS[seed.kind].values():
        _check_definition(seed.path, file, spec)
    context.setup.check_rendered(spec.name, seed.kind, seed.path)
    git.init(seed.path)
    git.set_origin(seed.path, seed.origin)
    git.commit_all(seed.path, f"Start {spec.name} from mlops-new template {spec.template.version}")


def _check_definition(made: Path, file: str, spec: ProjectSpec) -> None:
    if not (made / file).is_file():
        raise Error(
            f"template {spec.template.version} of {spec.template.url} has no {file}, which this mlops-new registers",
            hint="tag a newer template version there, or use the mlops-new that it was made for",
        )
    definition.check(definition.parse((made / file).read_bytes(), source=file), source=file)


def _move_all(moves: list[tuple[Path, Path]]) -> None:
    moved: list[Path] = []
    try:
        for source, target in moves:
            source.rename(target)  # replaces an empty folder, refuses any other
            moved.append(target)
    except OSError:
        for target in moved:
            shutil.rmtree(target)
        raise
