"""Register this repository's pipelines in the account that CI has signed in to, from the committed definitions.

    python3 -m ci.register

What is not there is created, what differs is updated, what is the same is not written again. A pipeline of this name
that was not made for this project is left alone, and fails the step.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any

from ci import account, errors, repository
from ci.errors import CiError, say

if TYPE_CHECKING:
    from pathlib import Path

    from ci.account import Account

LARGEST = 1_048_576  # characters of a definition that SageMaker takes in a request


def register(sagemaker: Any, name: str, definition: str, role: str, tags: list[dict[str, str]]) -> str:
    """Create a pipeline, or update it where it differs; says what was done: created, updated or unchanged.

    Args:
        sagemaker: A boto3 client.
        name: The pipeline's name.
        definition: The committed definition.
        role: What it runs as.
        tags: What marks it as this project's.

    Raises:
        CiError: There is a pipeline of this name that is not ours.
    """
    found = described(sagemaker, name)
    if found is None:
        sagemaker.create_pipeline(PipelineName=name, PipelineDefinition=definition, RoleArn=role, Tags=tags)
        return "created"
    refuse_foreign(sagemaker, f"pipeline {name}", found["PipelineArn"], tags)
    if found.get("RoleArn") == role and same(found.get("PipelineDefinition", ""), definition):
        return "unchanged"
    sagemaker.update_pipeline(PipelineName=name, PipelineDefinition=definition, RoleArn=role)
    return "updated"


def described(sagemaker: Any, name: str) -> dict[str, Any] | None:
    """A pipeline as it is registered; None where there is none."""
    from botocore.exceptions import ClientError

    try:
        return dict(sagemaker.describe_pipeline(PipelineName=name))
    except ClientError as error:
        if errors.absent(error):
            return None
        raise


def refuse_foreign(sagemaker: Any, what: str, arn: str, tags: list[dict[str, str]]) -> None:
    """Fail where a thing does not carry this project's mark."""
    pages = sagemaker.get_paginator("list_tags").paginate(ResourceArn=arn)
    if not account.is_ours([tag for page in pages for tag in page["Tags"]], tags):
        marks = ", ".join(f"{tag['Key']}={tag['Value']}" for tag in tags)
        raise CiError(
            f"there is a {what} that was not made for this project, so nothing was changed: delete it, or if it is "
            f"yours, tag it {marks}"
        )


def same(registered: str, committed: str) -> bool:
    """Whether two definitions mean the same."""
    try:
        return normal(json.loads(registered)) == normal(json.loads(committed))
    except ValueError:
        return False


def normal(document: Any) -> str:
    """A definition as text, without what means nothing: layout, order of members and parameters, empty members."""
    tidy = _compact(document)
    if isinstance(tidy, dict) and isinstance(tidy.get("Parameters"), list):
        tidy["Parameters"] = sorted(tidy["Parameters"], key=json.dumps)
    return json.dumps(tidy, sort_keys=True)


def _compact(value: Any) -> Any:
    match value:
        case dict():
            members = [(name, _compact(member)) for name, member in value.items()]
            return {name: member for name, member in members if member is not None and member not in ([], {})}
        case list():
            return [_compact(item) for item in value]
        case _:
            return value


def ensure_group(sagemaker: Any, project: str) -> bool:
    """Make the project's model package group, unless it is there; says whether it was made.

    Raises:
        CiError: There is a group of this name that is not ours.
    """
    from botocore.exceptions import ClientError

    marks = account.tags(project, "build")
    try:
        found = sagemaker.describe_model_package_group(ModelPackageGroupName=project)
    except ClientError as error:
        if not errors.absent(error):
            raise
        about = f"Model versions of {project}"
        sagemaker.create_model_package_group(
            ModelPackageGroupName=project, ModelPackageGroupDescription=about, Tags=marks
        )
        return True
    refuse_foreign(sagemaker, f"model package group {project}", found["ModelPackageGroupArn"], marks)
    return False


def text_of(path: Path) -> str:
    """A committed definition, after a look whether SageMaker can take it.

    Raises:
        CiError: It is no JSON object, or too large.
    """
    repository.definition(path)
    text = path.read_text(encoding="utf-8")
    if len(text) > LARGEST:
        raise CiError(f"{path.name} has {len(text):,} characters and SageMaker takes {LARGEST:,}: make it smaller")
    return text


def register_all(here: Account) -> None:
    """Register every pipeline of this repository, and in the build repository the model package group."""
    project, kind = repository.project(), repository.kind()
    texts = {f"{project}-{short}": text_of(path) for short, path in repository.definitions().items()}
    sagemaker = here.client("sagemaker")
    say(f"account {here.id}, {here.region}; role {here.execution_role}")
    for name, text in texts.items():
        done = register(sagemaker, name, text, here.execution_role, account.tags(project, kind))
        say(f"pipeline {name}: {done}")
    if kind == "build":
        say(f"model package group {project}: {'created' if ensure_group(sagemaker, project) else 'unchanged'}")


def main() -> int:
    """Register what is committed."""
    parser = argparse.ArgumentParser(prog="ci.register", description="Register this repository's pipelines.")
    parser.parse_args()
    return errors.run("ci.register", lambda: register_all(account.connect()))


if __name__ == "__main__":
    sys.exit(main())
