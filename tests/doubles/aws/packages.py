"""Model package groups and their versions: moto loses metadata and deletes nothing."""

import time
from dataclasses import dataclass, field
from typing import Any

Document = dict[str, Any]
_SAID = {"ModelApprovalStatus", "ApprovalDescription", "CustomerMetadataProperties"}
_ARN = "arn:aws:sagemaker:eu-north-1:123456789012"


class Refused(Exception):
    """The service says no."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


def absent(what: str) -> Refused:
    """How SageMaker says that there is no such thing."""
    return Refused("ValidationException", f"{what} does not exist.")


@dataclass
class Packages:
    """The model registry."""

    groups: dict[str, Document] = field(default_factory=dict)
    versions: dict[str, Document] = field(default_factory=dict)
    tags: dict[str, list[Document]] = field(default_factory=dict)

    def create_group(self, request: Document) -> Document:
        name = request["ModelPackageGroupName"]
        if name in self.groups:
            raise Refused("ValidationException", f"Model Package Group already exists: {name}")
        arn = f"{_ARN}:model-package-group/{name}"
        self.groups[name] = {
            "ModelPackageGroupName": name,
            "ModelPackageGroupArn": arn,
            "CreationTime": time.time(),
            "CreatedBy": {},
            "ModelPackageGroupStatus": "Completed",
        }
        self.tags[arn] = request.get("Tags", [])
        return {"ModelPackageGroupArn": arn}

    def describe_group(self, request: Document) -> Document:
        name = request["ModelPackageGroupName"]
        if name not in self.groups:
            raise absent(f"ModelPackageGroup {_ARN}:model-package-group/{name}")
        return self.groups[name]

    def delete_group(self, request: Document) -> Document:
        name = self.describe_group(request)["ModelPackageGroupName"]
        if any(one["ModelPackageGroupName"] == name for one in self.versions.values()):
            raise Refused("ConflictException", f"Model Package Group {name} is not empty")
        del self.groups[name]
        return {}

    def create(self, request: Document) -> Document:
        group = request["ModelPackageGroupName"]
        self.describe_group(request)
        version = 1 + sum(1 for one in self.versions.values() if one["ModelPackageGroupName"] == group)
        arn = f"{_ARN}:model-package/{group}/{version}"
        self.versions[arn] = {
            "ModelApprovalStatus": "PendingManualApproval",
            **{name: value for name, value in request.items() if name not in {"Tags", "ClientToken"}},
            "ModelPackageArn": arn,
            "ModelPackageName": arn,
            "ModelPackageVersion": version,
            "ModelPackageStatus": "Completed",
            "ModelPackageStatusDetails": {"ValidationStatuses": []},
            "CreationTime": time.time(),
        }
        return {"ModelPackageArn": arn}

    def describe(self, request: Document) -> Document:
        arn = request["ModelPackageName"]
        if arn not in self.versions:
            raise absent(f"ModelPackage {arn}")
        return {**self.versions[arn], "ModelPackageName": arn.partition("/")[2].replace("/", "-")}

    def update(self, request: Document) -> Document:
        arn = request["ModelPackageArn"]
        self.describe({"ModelPackageName": arn})
        self.versions[arn] |= {name: value for name, value in request.items() if name in _SAID}
        self.versions[arn]["LastModifiedTime"] = time.time()
        return {"ModelPackageArn": arn}

    def delete(self, request: Document) -> Document:
        self.describe(request)
        del self.versions[request["ModelPackageName"]]
        return {}

    def listed(self, request: Document) -> Document:
        group = request["ModelPackageGroupName"]
        self.describe_group(request)
        shown = ("ModelPackageArn", "ModelPackageGroupName", "ModelPackageVersion", "CreationTime",
                 "ModelPackageStatus", "ModelApprovalStatus")  # fmt: skip
        found = [one for one in self.versions.values() if one["ModelPackageGroupName"] == group]
        return {"ModelPackageSummaryList": [{name: one[name] for name in shown} for one in reversed(found)]}
