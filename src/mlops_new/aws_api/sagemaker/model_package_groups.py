"""Model package groups."""

from typing import Any

from mlops_new.aws_api.http.json_service import Operation
from mlops_new.aws_api.http.service_errors import validation
from mlops_new.aws_api.sagemaker import arns
from mlops_new.aws_api.sagemaker.paging import between, page
from mlops_new.aws_api.sagemaker.tagging import by_key
from mlops_new.platforms.local.database.group_table import Group, ModelPackageGroups
from mlops_new.platforms.local.database.records import group_arn
from mlops_new.platforms.local.database.tag_table import Tags
from mlops_new.platforms.local.engine import Engine

Document = dict[str, Any]


class Groups:
    """The operations on model package groups.

    Args:
        platform: The embedded platform.
    """

    def __init__(self, platform: Engine) -> None:
        self._groups = ModelPackageGroups(platform.stores.database)
        self._tags = Tags(platform.stores.database)

    def operations(self) -> dict[str, Operation]:
        """By SageMaker's names."""
        return {
            "CreateModelPackageGroup": self.create,
            "DescribeModelPackageGroup": self.describe,
            "ListModelPackageGroups": self.list,
            "DeleteModelPackageGroup": self.delete,
        }

    def create(self, params: Document) -> Document:
        """Make one that is not there."""
        name = params["ModelPackageGroupName"]
        tags = by_key(params.get("Tags", []))
        self._groups.create(name, params.get("ModelPackageGroupDescription", ""))
        self._tags.add(f"model-package-group/{name}", tags)
        return {"ModelPackageGroupArn": group_arn(name)}

    def describe(self, params: Document) -> Document:
        """All about one."""
        return {**_shown(self._find(params["ModelPackageGroupName"])), "CreatedBy": {}}

    def list(self, params: Document) -> Document:
        """Those of a name and a time."""
        part, after, before = (params.get(name) for name in ("NameContains", "CreationTimeAfter", "CreationTimeBefore"))
        ours = [] if params.get("CrossAccountFilterOption") == "CrossAccount" else self._groups.all()
        chosen = [one for one in ours if (part or "") in one.name and between(one.created, after, before)]
        by_name = params.get("SortBy") == "Name"
        shown = page(chosen, params, lambda one: (one.name,) if by_name else (one.created, one.name))
        return {"ModelPackageGroupSummaryList": [_shown(one) for one in shown.items], "NextToken": shown.token}

    def delete(self, params: Document) -> Document:
        """Remove one that holds nothing."""
        self._groups.remove(self._find(params["ModelPackageGroupName"]).name)
        return {}

    def _find(self, name_or_arn: str) -> Group:
        name = arns.group(name_or_arn)
        found = self._groups.find(name)
        if found is None:
            raise validation(f"there is no model package group {name}: it does not exist on this machine")
        return found


def _shown(group: Group) -> Document:
    return {
        "ModelPackageGroupName": group.name,
        "ModelPackageGroupArn": group_arn(group.name),
        "ModelPackageGroupDescription": group.description or None,
        "CreationTime": group.created,
        "ModelPackageGroupStatus": "Completed",
    }
