"""A CloudFormation stack and what would change in it, as values. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mlops_new.names import Mark
from mlops_new.platforms.sagemaker import marks

# What belongs to no project but to the account carries this mark.
ACCOUNT_MARK = Mark("mlops-new", "account")
TAGS = {marks.PROJECT: ACCOUNT_MARK.project, marks.REPOSITORY: ACCOUNT_MARK.repository}


@dataclass(frozen=True)
class Stack:
    """A stack as it is.

    Args:
        name: Its name.
        id: Its ARN, by which it is found even when it is deleted.
        status: As CloudFormation says it.
        parameters: What it was deployed with.
        tags: Its tags.
        outputs: What it tells.
    """

    name: str
    id: str
    status: str
    parameters: Mapping[str, str]
    tags: Mapping[str, str]
    outputs: Mapping[str, str]

    @property
    def ours(self) -> bool:
        """Whether it carries our mark; one that nothing was ever deployed to has no say."""
        return self.blank or TAGS.items() <= self.tags.items()

    @property
    def blank(self) -> bool:
        """Whether it is only the place of a change set that nobody has executed."""
        return self.status == "REVIEW_IN_PROGRESS"

    @property
    def moving(self) -> bool:
        """Whether CloudFormation is working on it."""
        return self.status.endswith("_IN_PROGRESS") and not self.blank

    @property
    def stuck(self) -> bool:
        """Whether it can only be deleted: its creation failed, or a deletion did."""
        return self.status in {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED"}

    @property
    def good(self) -> bool:
        """Whether the last thing that was done to it succeeded."""
        return self.status in {"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"}


@dataclass(frozen=True)
class Change:
    """What happens to one resource.

    Args:
        action: Add, Modify, Remove, Import or Dynamic.
        resource: Its name in the template.
        type: Such as AWS::S3::Bucket.
        name: Its own name, where that is known.
        replacement: True, Conditional, False, or empty where there is nothing to replace.
    """

    action: str
    resource: str
    type: str
    name: str = ""
    replacement: str = ""

    @property
    def replaces(self) -> bool:
        """Whether what there is may be taken away and made anew."""
        return self.replacement in {"True", "Conditional"}

    def __str__(self) -> str:
        sign = {"Add": "+", "Import": "+", "Remove": "-"}.get(self.action, "~")
        adopted = "  (exists, and is taken over)" if self.action == "Import" else ""
        replaced = {"True": "  replaced", "Conditional": "  perhaps replaced"}.get(self.replacement, "")
        return f"{sign} {self.type} {self.name or self.resource}{adopted}{replaced}"


@dataclass(frozen=True)
class ChangeSet:
    """Changes that CloudFormation has worked out and not made."""

    id: str
    stack: str
    changes: tuple[Change, ...]


@dataclass(frozen=True)
class Deployment:
    """What a stack is to be.

    Args:
        template: The text.
        parameters: Of the template.
        adopt: Whether resources of the given names that exist already are taken over.
    """

    template: str
    parameters: Mapping[str, str]
    adopt: bool = False


def read_stack(found: Mapping[str, Any]) -> Stack:
    """A stack as `DescribeStacks` tells it."""
    return Stack(
        name=found["StackName"],
        id=found["StackId"],
        status=found["StackStatus"],
        parameters={one["ParameterKey"]: one["ParameterValue"] for one in found.get("Parameters", ())},
        tags={one["Key"]: one["Value"] for one in found.get("Tags", ())},
        outputs={one["OutputKey"]: one["OutputValue"] for one in found.get("Outputs", ())},
    )


def read_change(found: Mapping[str, Any]) -> Change:
    """A change as `DescribeChangeSet` tells it."""
    change = found["ResourceChange"]
    return Change(
        action=change["Action"],
        resource=change["LogicalResourceId"],
        type=change["ResourceType"],
        name=change.get("PhysicalResourceId", ""),
        replacement=change.get("Replacement", "") if change["Action"] in {"Modify", "Dynamic"} else "",
    )


def way_out(stack: Stack | None) -> str:
    """What to do after something failed, by the state that it left the stack in."""
    if stack and stack.stuck:
        return (
            "CloudFormation lets a stack in this state only be deleted: put right what failed, then "
            "`mlops-new bootstrap --delete-failed` deletes it (bucket and images stay) and begins anew"
        )
    if stack and stack.status == "UPDATE_ROLLBACK_FAILED":
        return f"put right what failed, then: aws cloudformation continue-update-rollback --stack-name {stack.name}"
    return "put right what failed and run the same command again; everything is as it was before"
