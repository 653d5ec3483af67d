"""Pipelines: create, change, describe, list, delete."""

import hashlib
from collections.abc import Mapping
from typing import Any

from mlops_new.aws_api.http.json_service import Operation
from mlops_new.aws_api.http.service_errors import not_found, validation
from mlops_new.aws_api.sagemaker import arns
from mlops_new.aws_api.sagemaker.paging import between, page
from mlops_new.aws_api.sagemaker.tagging import by_key
from mlops_new.definition import canonical, check, parse
from mlops_new.errors import Error
from mlops_new.platforms.local.database.records import ROLE, Pipeline, pipeline_arn
from mlops_new.platforms.local.engine import Engine

Document = dict[str, Any]

_ABOUT = ("PipelineDisplayName", "PipelineDescription", "RoleArn", "ParallelismConfiguration")


class Pipelines:
    """The operations on pipelines.

    Args:
        platform: The embedded platform.
    """

    def __init__(self, platform: Engine) -> None:
        self._platform = platform
        self._table = platform.stores.pipelines

    def operations(self) -> dict[str, Operation]:
        """By SageMaker's names."""
        return {
            "CreatePipeline": self.create,
            "UpdatePipeline": self.update,
            "DescribePipeline": self.describe,
            "ListPipelines": self.list,
            "DeletePipeline": self.delete,
        }

    def create(self, params: Document) -> Document:
        """Register a definition that has no fault."""
        name = params["PipelineName"]
        text, digest = self._definition(params)
        if text is None:
            raise validation("PipelineDefinition or PipelineDefinitionS3Location is needed")
        tags, token = by_key(params.get("Tags", [])), params["ClientRequestToken"]
        self._table.create(name, text, digest, _about(params), given=tags, token=token)
        return {"PipelineArn": pipeline_arn(name)}

    def update(self, params: Document) -> Document:
        """Change what is given, and leave the rest."""
        found = self.find(params["PipelineName"])
        text, digest = self._definition(params)
        self._table.update(found.name, text, digest, _about(params))
        return {"PipelineArn": found.arn}

    def describe(self, params: Document) -> Document:
        """All about one."""
        found = self.find(params["PipelineName"])
        return {
            **_shown(found),
            **{name: found.about[name] for name in ("ParallelismConfiguration",) if name in found.about},
            "PipelineDefinition": self._platform.stores.pipelines.definition(found.name),
            "PipelineStatus": "Active",
            "LastRunTime": self._platform.stores.executions.last_runs().get(found.name),
        }

    def list(self, params: Document) -> Document:
        """Those of a prefix and a time."""
        prefix, after, before = (params.get(name) for name in ("PipelineNamePrefix", "CreatedAfter", "CreatedBefore"))
        ours = [] if params.get("ManagedBy") == "AWS" else self._table.all()
        chosen = [one for one in ours if one.name.startswith(prefix or "") and between(one.created, after, before)]
        by_name = params.get("SortBy") == "Name"
        shown = page(
            chosen, params, lambda one: (one.name,) if by_name else (one.created, one.name), descending=not by_name
        )
        runs = self._platform.stores.executions.last_runs()
        summaries = [{**_shown(one), "LastExecutionTime": runs.get(one.name)} for one in shown.items]
        return {"PipelineSummaries": summaries, "NextToken": shown.token}

    def delete(self, params: Document) -> Document:
        """Unregister one that does not run."""
        found = self.find(params["PipelineName"])
        self._platform.stores.executions.reconcile()
        self._table.remove(found.name)
        return {"PipelineArn": found.arn}

    def find(self, name_or_arn: str) -> Pipeline:
        """A registered pipeline.

        Raises:
            ServiceError: There is none of this name.
        """
        name = arns.pipeline(name_or_arn)
        found = self._platform.stores.pipelines.find(name)
        if found is None:
            raise not_found(f"there is no pipeline {name} on this machine")
        return found

    def _definition(self, params: Document) -> tuple[str | None, str]:
        """The text and the digest of what it says; no text where the request has none."""
        text = params.get("PipelineDefinition")
        if "PipelineDefinitionS3Location" in params:
            if text is not None:
                raise validation("PipelineDefinition and PipelineDefinitionS3Location cannot both be given")
            text = self._stored(params["PipelineDefinitionS3Location"])
        if text is None:
            return None, ""
        document = parse(text, source="PipelineDefinition")
        check(document, source="PipelineDefinition")
        return text, hashlib.sha256(canonical(document.document).encode()).hexdigest()

    def _stored(self, location: Mapping[str, str]) -> str:
        uri = f"s3://{location['Bucket']}/{location['ObjectKey']}"
        try:
            return self._platform.stores.objects.path(uri).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError, Error):
            raise validation(f"PipelineDefinitionS3Location: there is no text at {uri}") from None


def _about(params: Document) -> Document:
    return {name: params[name] for name in _ABOUT if name in params}


def _shown(pipeline: Pipeline) -> Document:
    return {
        "PipelineArn": pipeline.arn,
        "PipelineName": pipeline.name,
        "PipelineDisplayName": pipeline.about.get("PipelineDisplayName", pipeline.name),
        "PipelineDescription": pipeline.about.get("PipelineDescription"),
        "RoleArn": pipeline.about.get("RoleArn", ROLE),
        "CreationTime": pipeline.created,
        "LastModifiedTime": pipeline.updated,
    }
