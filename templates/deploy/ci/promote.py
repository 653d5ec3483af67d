"""Promote an approved model package from the account before this one.

    python3 -m ci.promote                 the latest approved version there
    python3 -m ci.promote --version 7     that version of it

Its image, model and baselines are copied by their content, and a model package with the same metrics, baselines and
metadata is registered here, which says where it came from and waits for approval. A version is promoted once: the
same command again finds it here. The role MLOPS_SOURCE_ROLE_ARN signs in to the account it comes from.
"""

from __future__ import annotations

import argparse
import sys
import uuid
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import model_in_use
from ci import account, errors, images, repository
from ci.errors import CiError, say
from ci.objects import Objects, below, split
from ci.register import ensure_group

if TYPE_CHECKING:
    from collections.abc import Callable

    from ci.account import Account

Package = dict[str, Any]
ORIGIN, CREATED = "promoted_from", "model_created"
# What DescribeModelPackage tells that CreateModelPackage takes, beside what is made anew.
KEPT = ("ModelPackageDescription", "MetadataProperties", "Domain", "Task", "ModelLifeCycle")


def packages(sagemaker: Any, project: str) -> list[Package]:
    """The project's model packages as SageMaker describes them; none where there is no group."""
    from botocore.exceptions import ClientError

    try:
        pages = sagemaker.get_paginator("list_model_packages").paginate(ModelPackageGroupName=project)
        arns = [one["ModelPackageArn"] for page in pages for one in page["ModelPackageSummaryList"]]
    except ClientError as error:
        if errors.absent(error):
            return []
        raise
    return [dict(sagemaker.describe_model_package(ModelPackageName=arn)) for arn in arns]


def chosen(found: list[Package], version: str, project: str) -> Package:
    """The package that is to be promoted.

    Raises:
        CiError: There is none, or it is not approved.
    """
    if version == "latest":
        package = model_in_use.latest_approved(found)
        if package is None:
            raise CiError(f"no model of {project} is approved in the account it comes from: approve one there")
        return package
    for package in found:
        if str(package["ModelPackageVersion"]) == version:
            status = package["ModelApprovalStatus"]
            if status != "Approved":
                raise CiError(f"version {version} of {project} is {status}: approve it in the account it comes from")
            return package
    versions = ", ".join(str(package["ModelPackageVersion"]) for package in found) or "none"
    raise CiError(f"there is no version {version} of {project} in the account it comes from; there is: {versions}")


def promoted(found: list[Package], arn: str) -> Package | None:
    """The package that was made of another account's, if it is among these."""
    return next((one for one in found if one.get("CustomerMetadataProperties", {}).get(ORIGIN) == arn), None)


class Copies:
    """Copies what a model package refers to from one account to another.

    Args:
        source: A boto3 client of S3, signed in to the account it comes from.
        target: The project's objects here.
        folder: Where files are in between.
    """

    def __init__(self, source: Any, target: Objects, folder: Path) -> None:
        self._source, self._target, self._folder = source, target, folder
        self._done: dict[str, str] = {}

    def file(self, uri: str) -> str:
        """Copy one object; gives its new URI."""
        bucket, key = split(uri)
        path = self._folder / str(len(self._done)) / key.rpartition("/")[2]
        return self._once(uri, lambda: self._fetch(bucket, key, path), path.parent, path.name)

    def beside(self, uri: str) -> str:
        """Copy an object with all that lies in its folder, which belongs together; gives its new URI."""
        bucket, key = split(uri)
        prefix, _, name = key.rpartition("/")
        folder = self._folder / str(len(self._done))
        copied = self._once(uri.rpartition("/")[0], lambda: self._fetch_folder(bucket, prefix, folder), folder, "")
        return f"{copied}/{name}"

    def _once(self, what: str, bring: Callable[[], None], folder: Path, name: str) -> str:
        if what not in self._done:
            folder.mkdir(parents=True)
            bring()
            self._done[what] = self._target.upload("promoted", below(folder))
        return f"{self._done[what]}/{name}".rstrip("/")

    def _fetch_folder(self, bucket: str, prefix: str, folder: Path) -> None:
        for page in self._source.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{prefix}/"):
            for found in page.get("Contents", []):
                self._fetch(bucket, found["Key"], folder / found["Key"].removeprefix(f"{prefix}/"))

    def _fetch(self, bucket: str, key: str, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._source.download_file(bucket, key, str(path))


def copied(document: Any, copy: Callable[[str], str]) -> Any:
    """A document with every `S3Uri` in it replaced by that of a copy."""
    match document:
        case dict():
            return {
                name: copy(value) if name == "S3Uri" and isinstance(value, str) else copied(value, copy)
                for name, value in document.items()
            }
        case list():
            return [copied(item, copy) for item in document]
        case _:
            return document


def image_reference(uri: str) -> dict[str, str]:
    """How a registry is asked for the image of a URI."""
    name, at, digest = uri.partition("@")
    return {"imageDigest": digest} if at else {"imageTag": name.rpartition(":")[2]}


def request(package: Package, project: str, containers: list[dict[str, Any]], copies: Copies) -> dict[str, Any]:
    """What CreateModelPackage is asked for here: the same as there, but with copies, and waiting for approval."""
    specification = {**package["InferenceSpecification"], "Containers": containers}
    arn = package["ModelPackageArn"]
    known = {CREATED: str(package["CreationTime"])[:10], **package.get("CustomerMetadataProperties", {}), ORIGIN: arn}
    return {
        **{name: package[name] for name in KEPT if name in package},
        "ModelPackageGroupName": project,
        "InferenceSpecification": specification,
        "ModelMetrics": copied(package.get("ModelMetrics", {}), copies.beside),
        "DriftCheckBaselines": copied(package.get("DriftCheckBaselines", {}), copies.beside),
        "CustomerMetadataProperties": known,
        "ModelApprovalStatus": "PendingManualApproval",
        # The same for the same source, so that an answer that was lost does not make a second version.
        "ClientToken": str(uuid.uuid5(uuid.NAMESPACE_URL, arn)),
    }


def container(found: dict[str, Any], there: Account, here: Account, project: str, copies: Copies) -> dict[str, Any]:
    """A container of the package, with its image and model copied."""
    reference = image_reference(found["Image"])
    tag = reference.get("imageTag") or f"{project}-{reference['imageDigest'].removeprefix('sha256:')}"
    done = images.copy(images.registry(there), images.registry(here), reference, tag)
    say(f"image {tag}: {'copied' if done else 'there already'}")
    kept = {name: value for name, value in found.items() if name not in {"ModelDataSource", "ModelDataETag"}}
    return {**kept, "Image": here.image(tag), "ModelDataUrl": copies.file(found["ModelDataUrl"])}


def promote(options: argparse.Namespace) -> None:
    """Promote, unless it was done before."""
    project = repository.project()
    here = account.connect()
    there = account.as_role(images.source_role(options.source_role), here)
    if (there.id, there.region) == (here.id, here.region):
        raise CiError(f"both roles are of account {here.id}: MLOPS_SOURCE_ROLE_ARN has to be of the one before it")
    package = chosen(packages(there.client("sagemaker"), project), options.version, project)
    sagemaker = here.client("sagemaker")
    arn, version = package["ModelPackageArn"], package["ModelPackageVersion"]
    if ensure_group(sagemaker, project):
        say(f"model package group {project}: created")
    if known := promoted(packages(sagemaker, project), arn):
        say(f"version {version} of account {there.id} is version {known['ModelPackageVersion']} here already")
        return
    with TemporaryDirectory() as folder:
        objects = Objects(here.client("s3"), here.bucket, project)
        copies = Copies(there.client("s3"), objects, Path(folder))
        containers = [
            container(one, there, here, project, copies) for one in package["InferenceSpecification"]["Containers"]
        ]
        made = sagemaker.create_model_package(**request(package, project, containers, copies))
    say(f"version {version} of account {there.id} is {made['ModelPackageArn']}; it waits for approval here")


def main() -> int:
    """Promote a model package."""
    parser = argparse.ArgumentParser(prog="ci.promote", description="Promote a model package to this account.")
    parser.add_argument("--version", default="latest", help="its version there (default: the latest approved)")
    parser.add_argument("--source-role", help="the role there (default: the variable MLOPS_SOURCE_ROLE_ARN)")
    options = parser.parse_args()
    return errors.run("ci.promote", lambda: promote(options))


if __name__ == "__main__":
    sys.exit(main())
