"""A CloudFormation stack and what would change in it, read from its answers. Pure."""

from collections.abc import Mapping
from typing import Any

from mlops_new.names import Mark
from mlops_new.platforms.sagemaker import marks
from mlops_new.ports.account_setup import Change, Stack

# What belongs to no project but to the account carries this mark.
ACCOUNT_MARK = Mark("mlops-new", "account")
TAGS = {marks.PROJECT: ACCOUNT_MARK.project, marks.REPOSITORY: ACCOUNT_MARK.repository}


def read_stack(document: Mapping[str, Any]) -> Stack:
    """A stack as `DescribeStacks` tells it."""
    return Stack(
        name=document["StackName"],
        id=document["StackId"],
        status=document["StackStatus"],
        parameters={one["ParameterKey"]: one["ParameterValue"] for one in document.get("Parameters", ())},
        marked=TAGS.items() <= {one["Key"]: one["Value"] for one in document.get("Tags", ())}.items(),
        outputs={one["OutputKey"]: one["OutputValue"] for one in document.get("Outputs", ())},
    )


def read_change(document: Mapping[str, Any]) -> Change:
    """A change as `DescribeChangeSet` tells it."""
    change = document["ResourceChange"]
    return Change(
        kind=change["Action"],
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
