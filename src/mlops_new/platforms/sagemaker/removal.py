"""What an account has of a project besides pipelines, as steps that delete it."""

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import partial

from mlops_new.names import Kind, Mark
from mlops_new.platforms.sagemaker import execution_reader
from mlops_new.platforms.sagemaker.account import Account, side_by_side
from mlops_new.platforms.sagemaker.s3_objects import Objects
from mlops_new.ports.registry import Group, Remains
from mlops_new.ports.step import Step

_IMAGES_AT_ONCE = 100


@dataclass(frozen=True)
class DeleteModels(Step):
    """Delete the models that Model steps have made, and that only a list of executions leads to."""

    pipelines: tuple[str, ...]

    action = "delete models"
    sign = "-"

    @property
    def target(self) -> str:
        """Whose."""
        return ", ".join(self.pipelines)

    def __str__(self) -> str:
        return f"Delete the models that executions of {self.target} made"


@dataclass(frozen=True)
class DeleteGroup(Step):
    """Delete a model package group with whatever versions it has."""

    name: str
    versions: int

    action = "delete model package group"
    subject = "name"
    sign = "-"

    def __str__(self) -> str:
        return f"Delete model package group {self.name}" + (
            f" with {_versions(self.versions)}" if self.versions else ""
        )


@dataclass(frozen=True)
class DeleteImages(Step):
    """Delete the images that CI has pushed for a project."""

    project: str
    count: int

    action = "delete images"
    subject = "project"
    sign = "-"

    def __str__(self) -> str:
        return f"Delete {self.count} image{'s' * (self.count > 1)} of {self.project}"


@dataclass(frozen=True)
class DeleteObjects(Step):
    """Delete every object below a prefix, older versions included."""

    uri: str

    action = "delete objects"
    subject = "uri"
    sign = "-"

    def __str__(self) -> str:
        return f"Delete everything below {self.uri}"


AccountStep = DeleteModels | DeleteGroup | DeleteImages | DeleteObjects


def remains(account: Account, group: Group | None, project: str, pipelines: Collection[str], *, purge: bool) -> Remains:
    """What there is. Reads only."""
    listed = side_by_side(partial(execution_reader.running, account), pipelines)
    running = tuple(name for found in listed for name in found)
    versions = len(list(_package_arns(account, project))) if group else 0
    kept = tuple(_kept(group, project, 0 if purge else versions))
    steps = list(_purge(account, project, pipelines)) if purge else []
    if group and not kept:
        steps.append(DeleteGroup(project, versions))
    return Remains(tuple(steps), kept, running)


def perform(account: Account, what: Step) -> None:
    """Do one step; what is gone is fine."""
    match what:
        case DeleteModels():
            _delete_models(account, what.pipelines)
        case DeleteGroup():
            _delete_group(account, what.name)
        case DeleteImages():
            _delete_images(account, what.project)
        case DeleteObjects():
            Objects(account).delete_below(what.uri)
        case _:
            raise TypeError(what)


def _kept(group: Group | None, project: str, versions: int) -> Iterator[str]:
    if group and group.mark != Mark(project, Kind.BUILD.value):
        yield f"model package group {project} was not made for this project"
    elif versions:
        yield f"model package group {project} holds {_versions(versions)} (--purge deletes them)"


def _purge(account: Account, project: str, pipelines: Collection[str]) -> Iterator[AccountStep]:
    ran = [name for name in pipelines if any(execution_reader.summaries(account, name, most=1))]
    if ran:
        yield DeleteModels(tuple(ran))
    if count := len(_image_tags(account, project)):
        yield DeleteImages(project, count)
    uri = f"s3://{account.bucket}/{project}/"
    if Objects(account).any_below(uri):
        yield DeleteObjects(uri)


def _delete_models(account: Account, pipelines: Collection[str]) -> None:
    arns = [
        summary["PipelineExecutionArn"] for name in pipelines for summary in execution_reader.summaries(account, name)
    ]
    names = [name for found in side_by_side(partial(execution_reader.model_names, account), arns) for name in found]
    side_by_side(_deleting(account, "DeleteModel", "ModelName"), names)


def _delete_group(account: Account, name: str) -> None:
    side_by_side(_deleting(account, "DeleteModelPackage", "ModelPackageName"), list(_package_arns(account, name)))
    _deleting(account, "DeleteModelPackageGroup", "ModelPackageGroupName")(name)


def _deleting(account: Account, operation: str, member: str) -> Callable[[str], None]:
    def delete(name: str) -> None:
        account.find("sagemaker", operation, about=name, **{member: name})

    return delete


def _package_arns(account: Account, group: str) -> Iterator[str]:
    pages = account.find_pages(
        "sagemaker", "ListModelPackages", about=f"model package group {group}", ModelPackageGroupName=group
    )
    for page in pages:
        yield from (one["ModelPackageArn"] for one in page["ModelPackageSummaryList"])


def _image_tags(account: Account, project: str) -> list[str]:
    """The tags of a project's images; the commit tells `sales` from `sales-next`."""
    ours = re.compile(re.escape(project) + r"-[0-9a-f]{40}")
    repository = account.settings.ecr_repository
    pages = account.find_pages("ecr", "ListImages", about=f"repository {repository}", repositoryName=repository)
    tags = [image.get("imageTag", "") for page in pages for image in page["imageIds"]]
    return [tag for tag in tags if ours.fullmatch(tag)]


def _delete_images(account: Account, project: str) -> None:
    tags = _image_tags(account, project)
    repository = account.settings.ecr_repository
    for start in range(0, len(tags), _IMAGES_AT_ONCE):
        images = [{"imageTag": tag} for tag in tags[start : start + _IMAGES_AT_ONCE]]
        account.call(
            "ecr", "BatchDeleteImage", about=f"repository {repository}", repositoryName=repository, imageIds=images
        )


def _versions(count: int) -> str:
    return f"{count} model version{'s' * (count > 1)}"
