"""Model packages: versions of model package groups."""

import secrets
from collections.abc import Iterator
from typing import Any

from mlops_new.aws_api.http.json_service import Operation
from mlops_new.aws_api.http.service_errors import ServiceError, validation
from mlops_new.aws_api.http.service_models import fit, model
from mlops_new.aws_api.sagemaker import arns
from mlops_new.aws_api.sagemaker.paging import between, page
from mlops_new.aws_api.sagemaker.tagging import by_key
from mlops_new.errors import Invalid
from mlops_new.platforms.local.database.group_table import ModelPackageGroups
from mlops_new.platforms.local.database.model_table import described
from mlops_new.platforms.local.database.tag_table import Tags
from mlops_new.platforms.local.engine import Engine
from mlops_new.ports.executions import ModelPackage

Document = dict[str, Any]

_CHANGED = (
    "ModelApprovalStatus",
    "ModelPackageRegistrationType",
    "ApprovalDescription",
    "InferenceSpecification",
    "SourceUri",
    "ModelCard",
    "ModelLifeCycle",
)
_SUMMARY = (
    "ModelPackageGroupName",
    "ModelPackageVersion",
    "ModelPackageArn",
    "ModelPackageDescription",
    "CreationTime",
    "ModelPackageStatus",
    "ModelApprovalStatus",
    "ModelLifeCycle",
    "ModelPackageRegistrationType",
)


class Packages:
    """The operations on model packages.

    Args:
        platform: The embedded platform.
    """

    def __init__(self, platform: Engine) -> None:
        self._models = platform.stores.models
        self._groups = ModelPackageGroups(platform.stores.database)
        self._tags = Tags(platform.stores.database)
        self._shape = model("sagemaker").operation_model("DescribeModelPackage").output_shape
        self._batch = model("sagemaker").shape_for("BatchDescribeModelPackageSummary")

    def operations(self) -> dict[str, Operation]:
        """By SageMaker's names."""
        return {
            "CreateModelPackage": self.create,
            "DescribeModelPackage": self.describe,
            "BatchDescribeModelPackage": self.describe_several,
            "ListModelPackages": self.list,
            "UpdateModelPackage": self.update,
            "DeleteModelPackage": self.delete,
        }

    def create(self, params: Document) -> Document:
        """Register the next version of a group."""
        if "ModelPackageGroupName" not in params or "InferenceSpecification" not in params:
            raise validation("ModelPackageGroupName and InferenceSpecification are needed: only versions are kept here")
        tags, group = by_key(params.get("Tags", [])), arns.group(params["ModelPackageGroupName"])
        if self._groups.find(group) is None:
            raise validation(f"there is no model package group {group}: it does not exist on this machine")
        token = params.get("ClientToken") or secrets.token_hex(16)
        package = self._models.add_model_package(group, "", token, lambda version: described(params, group, version))
        self._tags.add(_resource(package), tags)
        return {"ModelPackageArn": package.arn}

    def describe(self, params: Document) -> Document:
        """All about one."""
        return self._described(self._find(params["ModelPackageName"]))

    def describe_several(self, params: Document) -> Document:
        """The most important about some."""
        found: Document = {"ModelPackageSummaries": {}, "BatchDescribeModelPackageErrorMap": {}}
        for arn in params["ModelPackageArnList"]:
            try:
                document = self._described(self._find(arn))
            except ServiceError as error:
                told = {"ErrorCode": error.code, "ErrorResponse": error.message}
                found["BatchDescribeModelPackageErrorMap"][arn] = told
            else:
                found["ModelPackageSummaries"][arn] = fit(document, self._batch)
        return found

    def list(self, params: Document) -> Document:
        """Those of a group, an approval status and a time."""
        chosen = [one for one in self._all(params) if _wanted(one, params)]
        by_name = params.get("SortBy") == "Name"
        shown = page(
            chosen, params, lambda one: (one.group, one.version) if by_name else (one.created, one.group, one.version)
        )
        return {"ModelPackageSummaryList": [_summary(one) for one in shown.items], "NextToken": shown.token}

    def update(self, params: Document) -> Document:
        """Approve, reject, or change what is said of one."""
        found = self._find(params["ModelPackageArn"])
        changed = self._models.change_model_package(
            found.group, found.version, lambda document: _changed(document, params)
        )
        return {"ModelPackageArn": changed.arn}

    def delete(self, params: Document) -> Document:
        """Remove one."""
        found = self._find(params["ModelPackageName"])
        self._models.remove_model_package(found.group, found.version)
        return {}

    def _find(self, name_or_arn: str) -> ModelPackage:
        group, version = arns.package(name_or_arn)
        try:
            return self._models.model_package(group, version)
        except Invalid as error:
            raise validation(f"{error.message}: it does not exist on this machine") from None

    def _all(self, params: Document) -> Iterator[ModelPackage]:
        grouped = "ModelPackageGroupName" in params
        # Without a group, SageMaker lists those that are no versions, and there are none of them here.
        if params.get("ModelPackageType", "Versioned" if grouped else "Unversioned") == "Unversioned":
            return
        groups = [arns.group(params["ModelPackageGroupName"])] if grouped else [one.name for one in self._groups.all()]
        for group in groups:
            yield from self._models.model_packages(group)

    def _described(self, package: ModelPackage) -> Document:
        return fit({"ModelPackageName": f"{package.group}/{package.version}", **package.document}, self._shape)


def _wanted(package: ModelPackage, params: Document) -> bool:
    return (
        params.get("ModelApprovalStatus", package.status) == package.status
        and params.get("NameContains", "") in package.group
        and between(package.created, params.get("CreationTimeAfter"), params.get("CreationTimeBefore"))
    )


def _summary(package: ModelPackage) -> Document:
    return {name: package.document[name] for name in _SUMMARY if name in package.document}


def _changed(document: Document, params: Document) -> Document:
    properties = {**document.get("CustomerMetadataProperties", {}), **params.get("CustomerMetadataProperties", {})}
    for name in params.get("CustomerMetadataPropertiesToRemove", []):
        properties.pop(name, None)
    added = params.get("AdditionalInferenceSpecificationsToAdd", [])
    more = [*document.get("AdditionalInferenceSpecifications", []), *added]
    return {
        **document,
        **{name: params[name] for name in _CHANGED if name in params},
        "CustomerMetadataProperties": properties,
        **({"AdditionalInferenceSpecifications": more} if more else {}),
    }


def _resource(package: ModelPackage) -> str:
    return f"model-package/{package.group}/{package.version}"
