"""Pipelines and model package groups of an account, as making a project sees them."""

import json
from collections.abc import Collection
from typing import Any

from mlops_new import definition as documents
from mlops_new.definition import Definition, canonical
from mlops_new.errors import Conflict, Error, Invalid
from mlops_new.names import Mark
from mlops_new.platforms.sagemaker import marks, removal
from mlops_new.platforms.sagemaker.account import Account
from mlops_new.platforms.sagemaker.aws_errors import Taken, Unclear
from mlops_new.platforms.sagemaker.s3_objects import Objects
from mlops_new.ports.checks import Check, Purpose
from mlops_new.ports.registry import Group, Pipeline, Remains
from mlops_new.ports.step import Step

# What the SDK sends in the request itself; what is larger goes by way of the bucket.
_INLINE_BYTES = 100 * 1024
LARGEST_BYTES = 1024 * 1024
_OTHER_NAME = "choose another project name"


class SageMakerRegistry:
    """The account's side of making a project: look, create what is absent, look again after an unclear answer.

    Args:
        account: Where.
    """

    def __init__(self, account: Account) -> None:
        self._account = account

    # Pipelines

    def find_pipeline(self, name: str) -> Pipeline | None:
        """The registered pipeline, or None."""
        found = self._account.find("sagemaker", "DescribePipeline", about=f"pipeline {name}", PipelineName=name)
        if found is None or found.get("PipelineStatus") == "Deleting":
            return None
        return Pipeline(name, _digest(found), marks.mark_of(self._account, found["PipelineArn"]))

    def register(self, name: str, definition: Definition, *, mark: Mark) -> None:
        """Create or update; the same definition is not written again.

        Raises:
            Conflict: a pipeline of this name is not marked so.
            Invalid: the definition is too large, or the role cannot be used.
        """
        found = self.find_pipeline(name)
        if found is None:
            self._create(name, definition, mark)
        else:
            self._update(found, definition, mark)

    def unregister(self, name: str, *, mark: Mark) -> None:
        """Delete; gone is fine. What its executions made stays.

        Raises:
            Conflict: a pipeline of this name is not marked so.
        """
        found = self.find_pipeline(name)
        if found is not None:
            _require(found.mark, mark, f"pipeline {name}")
            self._account.find("sagemaker", "DeletePipeline", about=f"pipeline {name}", PipelineName=name)

    def examine(self, purpose: Purpose) -> list[Check]:
        """Whether the account is ready, and the credentials and roles allow what is needed. Reads only."""
        from mlops_new.platforms.sagemaker.doctor import account_checks  # slow: it reads the stack's template

        return account_checks.examine(self._account, purpose)

    def _create(self, name: str, definition: Definition, mark: Mark) -> None:
        try:
            self._account.call(
                "sagemaker",
                "CreatePipeline",
                about=f"pipeline {name}",
                PipelineName=name,
                RoleArn=self._account.execution_role,
                Tags=marks.tags(mark),
                **self._body(name, definition, mark),
            )
        except (Taken, Unclear) as unclear:
            # It may have arrived all the same, or somebody makes the same project at this moment.
            self._settle(name, definition, mark, unclear)

    def _settle(self, name: str, definition: Definition, mark: Mark, unclear: Error) -> None:
        found = self.find_pipeline(name)
        if found is None:
            raise unclear
        self._update(found, definition, mark)

    def _update(self, pipeline: Pipeline, definition: Definition, mark: Mark) -> None:
        _require(pipeline.mark, mark, f"pipeline {pipeline.name}")
        if pipeline.digest == definition.digest:
            return
        self._account.call(
            "sagemaker",
            "UpdatePipeline",
            about=f"pipeline {pipeline.name}",
            PipelineName=pipeline.name,
            RoleArn=self._account.execution_role,
            **self._body(pipeline.name, definition, mark),
        )

    def _body(self, name: str, definition: Definition, mark: Mark) -> dict[str, Any]:
        text = canonical(definition.document)
        if len(text.encode()) < _INLINE_BYTES:
            return {"PipelineDefinition": text}
        compact = json.dumps(definition.document, sort_keys=True, separators=(",", ":")).encode()
        if len(compact) > LARGEST_BYTES:
            size = f"{len(compact) / 1024:,.0f} kB"
            raise Invalid(
                f"the definition of pipeline {name} is too large: {size}, and SageMaker takes 1,024 kB",
                hint="move what is long (data, code, lists of values) out of the pipeline's arguments into files",
            )
        key = f"{mark.project}/definitions/{definition.digest}.json"
        Objects(self._account).put(compact, f"s3://{self._account.bucket}/{key}")
        return {"PipelineDefinitionS3Location": {"Bucket": self._account.bucket, "ObjectKey": key}}

    # Model package groups

    def find_group(self, name: str) -> Group | None:
        """The model package group, or None."""
        found = self._account.find(
            "sagemaker", "DescribeModelPackageGroup", about=f"model package group {name}", ModelPackageGroupName=name
        )
        return Group(name, marks.mark_of(self._account, found["ModelPackageGroupArn"])) if found else None

    def create_group(self, name: str, *, mark: Mark) -> None:
        """Create it, marked in the same act; one that is ours already is fine.

        Raises:
            Conflict: one of this name is not marked so.
        """
        found = self.find_group(name)
        if found is None:
            found = self._create_group(name, mark)
        _require(found.mark, mark, f"model package group {name}")

    def _create_group(self, name: str, mark: Mark) -> Group:
        try:
            self._account.call(
                "sagemaker",
                "CreateModelPackageGroup",
                about=f"model package group {name}",
                ModelPackageGroupName=name,
                ModelPackageGroupDescription=f"Model versions of {name}",
                Tags=marks.tags(mark),
            )
        except (Taken, Unclear):
            found = self.find_group(name)
            if found is None:
                raise
            return found
        return Group(name, mark)

    # Taking down

    def remains(self, project: str, pipelines: Collection[str], *, purge: bool) -> Remains:
        """What there is of a project besides pipelines. Reads only."""
        return removal.remains(self._account, self.find_group(project), project, pipelines, purge=purge)

    def perform(self, what: Step) -> None:
        """Do one of the steps that `remains` gave; what is gone is fine."""
        removal.perform(self._account, what)


def _digest(document: dict[str, Any]) -> str:
    """Of the registered definition; empty, and so like no other, where it is none that can be read."""
    try:
        return documents.parse(document["PipelineDefinition"], source="the registered definition").digest
    except Error:
        return ""


def _require(mark: Mark | None, wanted: Mark, what: str) -> None:
    if mark != wanted:
        owner = f"belongs to {mark.project} ({mark.repository})" if mark else "was not made by mlops-new"
        raise Conflict(f"{what} exists and {owner}", hint=_OTHER_NAME)
