"""Tags on pipelines, processing jobs, model package groups and model packages."""

from collections.abc import Callable, Sequence
from typing import Any

from mlops_new.aws_api.http.json_service import Operation
from mlops_new.aws_api.http.service_errors import not_found, validation
from mlops_new.aws_api.sagemaker import arns
from mlops_new.aws_api.sagemaker.paging import page
from mlops_new.errors import Invalid
from mlops_new.platforms.local.database import standalone
from mlops_new.platforms.local.database.group_table import ModelPackageGroups
from mlops_new.platforms.local.database.tag_table import Tags
from mlops_new.platforms.local.engine import Engine

Document = dict[str, Any]


class Tagging:
    """The operations on tags.

    Args:
        platform: The embedded platform.
    """

    def __init__(self, platform: Engine) -> None:
        self._platform = platform
        self._groups = ModelPackageGroups(platform.stores.database)
        self._tags = Tags(platform.stores.database)

    def operations(self) -> dict[str, Operation]:
        """By SageMaker's names."""
        return {"AddTags": self.add, "ListTags": self.list, "DeleteTags": self.delete}

    def add(self, params: Document) -> Document:
        """Set some."""
        resource = self._resource(params["ResourceArn"])
        self._tags.add(resource, by_key(params["Tags"]))
        return {"Tags": pairs(self._tags.of(resource))}

    def list(self, params: Document) -> Document:
        """All of one resource."""
        found = self._tags.of(self._resource(params["ResourceArn"]))
        shown = page(found.items(), params, lambda item: (item[0],))
        return {"Tags": pairs(dict(shown.items)), "NextToken": shown.token}

    def delete(self, params: Document) -> Document:
        """Remove some."""
        self._tags.remove(self._resource(params["ResourceArn"]), params["TagKeys"])
        return {}

    def _resource(self, arn: str) -> str:
        resource = arns.resource(arn)
        kind, _, name = resource.partition("/")
        exists: Callable[[str], object] | None = {
            "pipeline": self._platform.stores.pipelines.find,
            "model-package-group": self._groups.find,
            "model-package": self._package,
            "processing-job": self._job,
        }.get(kind)
        if exists is None or "/execution/" in name:
            raise validation(f"what is named {arn} has no tags on this machine")
        if exists(name) is None:
            raise not_found(f"there is nothing named {arn} on this machine")
        return resource

    def _job(self, name: str) -> object:
        return self._platform.stores.executions.all(standalone.pipeline(name)) or None

    def _package(self, name: str) -> object:
        try:
            return self._platform.stores.models.model_package(*arns.package(name))
        except Invalid:
            return None


def by_key(tags: Sequence[Document]) -> dict[str, str]:
    """Tags as a mapping.

    Raises:
        ServiceError: A key is there twice.
    """
    found = {tag["Key"]: tag["Value"] for tag in tags}
    if len(found) != len(tags):
        raise validation("Tags: a key is there twice")
    return found


def pairs(tags: dict[str, str]) -> list[Document]:
    """Tags as SageMaker writes them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]
