"""The mark that everything of ours carries on AWS: three tags, given in the call that creates a thing."""

from collections.abc import Iterable, Mapping

from mlops_new.names import Mark
from mlops_new.platforms.sagemaker.account import Account

PROJECT = "mlops-new:project"
REPOSITORY = "mlops-new:repository"
# Studio shows together what has the same.
STUDIO = "sagemaker:project-name"


def tags(mark: Mark) -> list[dict[str, str]]:
    """A mark as tags."""
    values = {PROJECT: mark.project, REPOSITORY: mark.repository, STUDIO: mark.project}
    return [{"Key": key, "Value": value} for key, value in values.items()]


def read(found: Iterable[Mapping[str, str]]) -> Mark | None:
    """The mark that tags say, or None."""
    values = {tag["Key"]: tag["Value"] for tag in found}
    if not {PROJECT, REPOSITORY} <= values.keys():
        return None
    return Mark(values[PROJECT], values[REPOSITORY])


def mark_of(account: Account, arn: str) -> Mark | None:
    """The mark of a resource of SageMaker's."""
    pages = account.pages("sagemaker", "ListTags", about=arn, ResourceArn=arn)
    return read(tag for page in pages for tag in page.get("Tags", []))
