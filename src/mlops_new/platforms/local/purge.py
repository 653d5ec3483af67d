"""Deleting what a project's executions have made on this machine, for `destroy --purge`."""

import json
import shutil
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import assert_never

from mlops_new.platforms.local.database.group_table import ModelPackageGroups
from mlops_new.platforms.local.stores import Stores
from mlops_new.ports.executions import Execution, Status
from mlops_new.ports.step import Step
from mlops_new.system.files import readable_errors


class What(StrEnum):
    """What executions leave behind."""

    EXECUTIONS = "executions"
    MODELS = "model versions"
    IMAGES = "images"
    OBJECTS = "objects"


@dataclass(frozen=True)
class Purge(Step):
    """Delete all of one kind that a project has.

    Args:
        what: The kind.
        project: Whose.
        pipelines: The names of the project's pipelines.
        count: How many there are.
    """

    what: What
    project: str
    pipelines: tuple[str, ...]
    count: int

    action = "purge"
    sign = "-"

    @property
    def target(self) -> str:
        """What of whom."""
        return f"{self.what} of {self.project}"

    def __str__(self) -> str:
        one = str(self.what).removesuffix("s")
        return f"Delete {self.count} {self.what if self.count > 1 else one} of {self.project}"


def steps(stores: Stores, project: str, pipelines: Collection[str]) -> tuple[Purge, ...]:
    """What there is to delete, one step a kind."""
    counts = {
        What.EXECUTIONS: len(_executions(stores, pipelines)),
        What.MODELS: len(stores.models.model_packages(project)),
        What.IMAGES: len(list(_images(stores, project))),
        What.OBJECTS: sum(1 for folder in _folders(stores, project) for file in folder.rglob("*") if file.is_file()),
    }
    return tuple(Purge(what, project, tuple(pipelines), count) for what, count in counts.items() if count)


def running(stores: Stores, pipelines: Collection[str]) -> tuple[str, ...]:
    """The executions that have not ended, each with its pipeline."""
    found = _executions(stores, pipelines)
    return tuple(f"{one.pipeline}/{one.id}" for one in found if one.status is Status.EXECUTING)


def perform(stores: Stores, purge: Purge) -> None:
    """Delete files first: what is listed no longer would not be found again after a killed command."""
    match purge.what:
        case What.EXECUTIONS:
            identities = [one.id for one in _executions(stores, purge.pipelines)]
            _remove([stores.home.executions / identity for identity in identities])
            stores.models.forget_models(identities)
            stores.executions.forget(identities)
        case What.MODELS:
            _forget_versions(stores, purge.project)
        case What.IMAGES:
            _remove(list(_images(stores, purge.project)))
        case What.OBJECTS:
            _remove(_folders(stores, purge.project))
            with stores.database.transaction() as rows:
                rows.execute("DELETE FROM objects WHERE key GLOB ?", (f"{purge.project}/*",))
        case _:
            assert_never(purge.what)


def _forget_versions(stores: Stores, group: str) -> None:
    for package in stores.models.model_packages(group):
        stores.models.remove_model_package(group, package.version)
    ModelPackageGroups(stores.database).remove(group)


def _executions(stores: Stores, pipelines: Collection[str]) -> list[Execution]:
    return [one for pipeline in pipelines for one in stores.executions.all(pipeline)]


def _images(stores: Stores, project: str) -> Iterator[Path]:
    """Images hold a project's own configuration, so no two projects share one."""
    for about in sorted(stores.home.images.glob("*/image.json")):
        if json.loads(about.read_text(encoding="utf-8"))["project"] == project:
            yield about.parent


def _folders(stores: Stores, project: str) -> list[Path]:
    """The project's part of each bucket: the pipelines' own and that of drills."""
    return sorted(folder for folder in stores.home.objects.glob(f"*/{project}") if folder.is_dir())


def _remove(folders: list[Path]) -> None:
    for folder in folders:
        if folder.exists():
            with readable_errors(folder):
                shutil.rmtree(folder)
