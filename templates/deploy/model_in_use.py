"""Which model does the inference pipeline use? The latest one that a person has approved.

    python3 model_in_use.py < packages.json         a JSON list of DescribeModelPackage answers
    python3 model_in_use.py --group fresh-sales     ask SageMaker (needs boto3 and credentials)

Prints the pipeline parameters that belong to that model package. Whoever starts the pipeline asks at that moment and
passes all of them, so image, model and baselines are always of one version. `PendingModelPackage` is a newer version
that waits for approval: while one does, no other is asked for.
No approved model: exit 1 before any job runs.
"""

from __future__ import annotations

import argparse
import json
import sys
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Package = dict[str, Any]


def latest_approved(packages: Iterable[Package]) -> Package | None:
    """The approved model package with the highest version, of DescribeModelPackage answers; None if none is.

    Raises:
        ValueError: An approved package lacks its version.
    """
    approved = [package for package in packages if package.get("ModelApprovalStatus") == "Approved"]
    return max(approved, key=version, default=None)


def version(package: Package) -> int:
    """The version of an approved package.

    Raises:
        ValueError: It has none.
    """
    match package:
        case {"ModelPackageVersion": int(version)}:
            return version
        case _:
            raise ValueError(f"{_name(package)} cannot be used: it has no ModelPackageVersion")


def parameters(package: Package) -> dict[str, str]:
    """The inference pipeline's parameters that belong to a model package.

    Raises:
        ValueError: The package lacks an image, model data or a baseline.
    """
    match package:
        case {
            "ModelPackageArn": str(arn),
            "InferenceSpecification": {"Containers": [{"Image": str(image), "ModelDataUrl": str(data)}, *_]},
            "CreationTime": created,
            "DriftCheckBaselines": {
                "ModelDataQuality": {"Statistics": {"S3Uri": str(statistics)}},
                "ModelQuality": {"Constraints": {"S3Uri": str(constraints)}},
                "Explainability": {"Constraints": {"S3Uri": str(analysis)}},
            },
        }:
            return {
                "ModelPackageArn": arn,
                "ImageUri": image,
                "ModelDataUrl": data,
                # A model that was promoted to this account is older than its model package here.
                "ModelCreated": package.get("CustomerMetadataProperties", {}).get("model_created", str(created)[:10]),
                "DataQualityBaselineUri": _folder(statistics),
                "ModelQualityBaselineUri": _folder(constraints),
                "AttributionBaselineUri": _folder(analysis),
            }
        case _:
            raise ValueError(f"{_name(package)} cannot be used: it does not tell its image, model data and baselines")


def waiting(packages: Iterable[Package], in_use: Package) -> str:
    """ARN of the newest version after the one in use that waits for approval; `none`, as no parameter may be empty.

    Raises:
        ValueError: A package lacks its version.
    """
    pending = [package for package in packages if package.get("ModelApprovalStatus") == "PendingManualApproval"]
    newer = [package for package in pending if version(package) > version(in_use)]
    return _name(max(newer, key=version)) if newer else "none"


def _folder(file: str) -> str:
    """The URI of the folder that a file is in: what belongs to it lies beside it."""
    return file.rpartition("/")[0]


def _name(package: Package) -> str:
    return str(package.get("ModelPackageArn", "a model package"))


def waiting_in_group(sagemaker: Any, group: str, in_use: Package) -> str:
    """The same of a group as SageMaker describes it.

    Args:
        sagemaker: A boto3 client.
        group: Name of the model package group.
        in_use: The model package in use.
    """
    pages = sagemaker.get_paginator("list_model_packages").paginate(
        ModelPackageGroupName=group, ModelApprovalStatus="PendingManualApproval"
    )
    return waiting((package for page in pages for package in page["ModelPackageSummaryList"]), in_use)


def approved_in_group(sagemaker: Any, group: str) -> list[Package]:
    """The latest approved model package of a group as SageMaker describes it: one, or none.

    Args:
        sagemaker: A boto3 client.
        group: Name of the model package group.
    """
    listed = latest_approved(all_approved(sagemaker, group))
    return [sagemaker.describe_model_package(ModelPackageName=listed["ModelPackageArn"])] if listed else []


def all_approved(sagemaker: Any, group: str) -> list[Package]:
    """ListModelPackages' answer for the approved versions of a group."""
    pages = sagemaker.get_paginator("list_model_packages").paginate(
        ModelPackageGroupName=group, ModelApprovalStatus="Approved"
    )
    return [package for page in pages for package in page["ModelPackageSummaryList"]]


def approved_by(sagemaker: Any, group: str, moment: datetime) -> Package | None:
    """Of the approved packages of a group, the one with the highest version that was approved by a moment.

    What was approved then and is not any more counts as little as what was approved later: neither should predict.
    """
    for package in sorted(all_approved(sagemaker, group), key=version, reverse=True):
        if package["CreationTime"] <= moment:
            described: Package = sagemaker.describe_model_package(ModelPackageName=package["ModelPackageArn"])
            if approved_at(described) <= moment:
                return described
    return None


def approved_at(package: Package) -> datetime:
    """When a package was approved: as `mlops-new models approve` has noted it, else when it was changed last.

    SageMaker itself keeps no moment of approval; its last change is never before it. What was noted before a promoted
    package was made here is another account's.
    """
    noted = package.get("CustomerMetadataProperties", {}).get("approved_at")
    changed: datetime = package["LastModifiedTime"]
    if noted is None or datetime.fromisoformat(noted) < package["CreationTime"]:
        return changed
    return datetime.fromisoformat(noted)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the parameters, or one line that says why there are none."""
    parser = argparse.ArgumentParser(description="Print the inference pipeline's parameters for the model in use.")
    parser.add_argument("--group", help="ask SageMaker for this model package group (default: read JSON from stdin)")
    options = parser.parse_args(arguments)
    try:
        packages = _ask(options.group) if options.group else _read(sys.stdin.read())
        package = latest_approved(packages)
        if package is None:
            return _fail("no model is approved: look at what the build pipeline registered and approve one")
        found = {**parameters(package), "PendingModelPackage": waiting(packages, package)}
        sys.stdout.write(json.dumps(found, indent=2, sort_keys=True) + "\n")
    except ValueError as error:
        return _fail(str(error))
    return 0


def _read(text: str) -> list[Package]:
    try:
        packages = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"stdin is not JSON: {error}") from error
    if not isinstance(packages, list) or not all(isinstance(package, dict) for package in packages):
        raise ValueError("stdin is not a JSON list of model packages")
    return packages


def _ask(group: str) -> list[Package]:
    # Here, so that everything else works where boto3 is not installed.
    try:
        import boto3
        from botocore.exceptions import BotoCoreError, ClientError
    except ImportError as error:
        raise ValueError("--group needs boto3: pip install boto3") from error
    try:
        client = boto3.client("sagemaker")
        approved = approved_in_group(client, group)
        pending = waiting_in_group(client, group, approved[0]) if approved else "none"
        return [*approved, *([client.describe_model_package(ModelPackageName=pending)] if pending != "none" else [])]
    except (BotoCoreError, ClientError) as error:
        raise ValueError(f"SageMaker does not tell the model packages of {group}: {error}") from error


def _fail(message: str) -> int:
    sys.stderr.write(f"model_in_use: {' '.join(message.split())}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
