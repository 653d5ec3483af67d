"""Model versions of an account, and a person's word on them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from mlops_new.errors import Invalid
from mlops_new.platforms.sagemaker.account import Account, side_by_side
from mlops_new.platforms.sagemaker.aws_errors import Absent, Unclear
from mlops_new.platforms.sagemaker.execution_reader import moment
from mlops_new.ports.executions import Execution, ModelPackage, approval


class SageMakerModels:
    """The model package groups of an account.

    Args:
        account: Where.
    """

    def __init__(self, account: Account) -> None:
        self._account = account

    def registered_by(self, execution: Execution, group: str) -> ModelPackage | None:
        """The model version that a run has registered, or None."""
        for step in execution.steps:
            if step.type == "RegisterModel" and (arn := step.properties.get("ModelPackageArn")):
                return self.model_package(group, int(arn.rpartition("/")[2]))
        return None

    def model_packages(self, group: str) -> list[ModelPackage]:
        """The versions of a group, the latest first; none when there is no such group."""
        pages = self._account.find_pages(
            "sagemaker",
            "ListModelPackages",
            about=f"model package group {group}",
            ModelPackageGroupName=group,
            SortBy="CreationTime",
            SortOrder="Descending",
        )
        arns = [one["ModelPackageArn"] for page in pages for one in page["ModelPackageSummaryList"]]
        return sorted(side_by_side(self._describe, arns), key=lambda package: -package.version)

    def model_package(self, group: str, version: int) -> ModelPackage:
        """One version; its `document` has DescribeModelPackage's shape.

        Raises:
            Invalid: There is none.
        """
        try:
            return self._describe(self._account.arn("model-package", f"{group}/{version}"))
        except Absent:
            hint = "`mlops-new models list` shows those it has"
            raise Invalid(f"{group!r} has no model version {version}", hint=hint) from None

    def set_approval(self, group: str, version: int, status: str, note: str = "") -> ModelPackage:
        """Approve or reject a version.

        Raises:
            Invalid: There is none.
        """
        package = self.model_package(group, version)
        known = package.document.get("CustomerMetadataProperties", {})
        try:
            self._account.call(
                "sagemaker",
                "UpdateModelPackage",
                about=f"{group} version {version}",
                ModelPackageArn=package.arn,
                ModelApprovalStatus=status,
                ApprovalDescription=note,
                CustomerMetadataProperties={**known, **approval(status)},
            )
        except Unclear:
            # It may have arrived all the same.
            if self.model_package(group, version).status != status:
                raise
        return self.model_package(group, version)

    def _describe(self, arn: str) -> ModelPackage:
        name = arn.partition("model-package/")[2]
        answer = self._account.call("sagemaker", "DescribeModelPackage", about=f"model {name}", ModelPackageName=arn)
        document = {key: _plain(value) for key, value in answer.items() if key != "ResponseMetadata"}
        return ModelPackage(
            group=document["ModelPackageGroupName"],
            version=document["ModelPackageVersion"],
            arn=document["ModelPackageArn"],
            status=document.get("ModelApprovalStatus", ""),
            created=document["CreationTime"],
            execution=document.get("CustomerMetadataProperties", {}).get("execution", ""),
            document=document,
        )


def _plain(value: Any) -> Any:
    """An answer as JSON has it: times as text."""
    match value:
        case datetime():
            return moment(value)
        case Mapping():
            return {key: _plain(member) for key, member in value.items()}
        case list():
            return [_plain(item) for item in value]
        case _:
            return value
