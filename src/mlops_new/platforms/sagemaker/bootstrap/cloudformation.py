"""The door to CloudFormation: one stack is looked at, changed by change sets, and followed to its end."""

import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mlops_new.errors import Error
from mlops_new.platforms.sagemaker.account import Account
from mlops_new.platforms.sagemaker.aws_errors import Absent, Taken, Unclear
from mlops_new.platforms.sagemaker.bootstrap.stack import TAGS, read_change, read_stack, way_out
from mlops_new.ports.account_setup import ChangeSet, Deployment, ResourceListener, Stack

# Polls come close together at first: some things are done at once.
_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 5.0
# A stack of a dozen resources takes two minutes; what takes this long is stuck.
_PATIENCE = 30 * 60.0
_NO_CHANGES = ("didn't contain changes", "no updates are to be performed")
_CANCELLED = "cancelled"


@dataclass(frozen=True)
class Stacks:
    """The door to CloudFormation.

    Args:
        account: Where.
    """

    account: Account

    def find(self, name: str) -> Stack | None:
        """The stack of that name or id, or None; one that was deleted is none."""
        answer = self.account.find("cloudformation", "DescribeStacks", about=f"stack {name}", StackName=name)
        found = read_stack(answer["Stacks"][0]) if answer and answer["Stacks"] else None
        return None if found and found.status == "DELETE_COMPLETE" else found

    def propose(self, name: str, wanted: Deployment, *, create: bool) -> ChangeSet:
        """Have CloudFormation work out what would change; nothing does. Without changes it is discarded again.

        Raises:
            Error: CloudFormation cannot do it.
        """
        label = f"mlops-new-{uuid.uuid4().hex}"
        request = {
            "StackName": name,
            "ChangeSetName": label,
            "ChangeSetType": "CREATE" if create else "UPDATE",
            "TemplateBody": wanted.template,
            "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in wanted.parameters.items()],
            "Tags": [{"Key": key, "Value": value} for key, value in TAGS.items()],
            "Capabilities": ["CAPABILITY_NAMED_IAM"],
            **({"ImportExistingResources": True} if wanted.adopt else {}),
        }
        try:
            self.account.call("cloudformation", "CreateChangeSet", about=f"stack {name}", **request)
        except (Taken, Unclear):
            # The answer was lost, and what boto sent again met its own first attempt.
            if self._change_set(name, label) is None:
                raise
        return self._worked_out(name, label)

    def discard(self, change_set: ChangeSet) -> None:
        """Drop changes that are not made, and the empty stack that was only their place."""
        self.account.find("cloudformation", "DeleteChangeSet", ChangeSetName=change_set.id, StackName=change_set.stack)
        stack = self.find(change_set.stack)
        if stack and stack.blank:
            self.account.find("cloudformation", "DeleteStack", about=f"stack {stack.name}", StackName=stack.id)

    def execute(self, change_set: ChangeSet, listener: ResourceListener) -> Stack:
        """Make the changes and follow them to the end.

        Raises:
            Error: they failed; it names the first failure. CloudFormation has put back what it had changed.
        """
        token = uuid.uuid4().hex
        self._begin(change_set, token)
        ended = self.follow(change_set.stack, listener, token)
        if ended is None or not ended.good:
            raise Error(f"stack {change_set.stack}: {self.first_failure(ended, token)}", hint=way_out(ended))
        return ended

    def _begin(self, change_set: ChangeSet, token: str) -> None:
        request = {"ChangeSetName": change_set.id, "StackName": change_set.stack, "ClientRequestToken": token}
        try:
            self.account.call("cloudformation", "ExecuteChangeSet", about=f"stack {change_set.stack}", **request)
        except Error:
            # The answer may have been lost, and what boto sent again refused because it was done already.
            if not self._events(self.find(change_set.stack), token):
                raise

    def follow(self, name: str, listener: ResourceListener, token: str = "") -> Stack | None:
        """Wait until CloudFormation has done with a stack, telling what happens to its resources.

        Args:
            name: The stack's name or id.
            listener: Told of every new status of a resource.
            token: Of the operation, where it is known: events of others are not told.

        Returns:
            The stack, or None where it is gone.
        """
        seen: set[str] = set()
        for _ in _polls(f"stack {name}"):
            stack = self.find(name)
            if stack is None:
                return None
            for event in self._news(stack, token, seen):
                listener(event["LogicalResourceId"], event["ResourceType"], event["ResourceStatus"])
            if not stack.moving:
                return stack
        return None

    def delete(self, stack: Stack, listener: ResourceListener) -> None:
        """Delete a stack and wait until it is gone; what its template retains stays.

        Raises:
            Error: something could not be deleted.
        """
        self.account.find("cloudformation", "DeleteStack", about=f"stack {stack.name}", StackName=stack.id)
        left = self.follow(stack.id, listener)
        if left is not None:
            raise Error(f"stack {stack.name} cannot be deleted: {self.first_failure(left)}", hint=way_out(left))

    def first_failure(self, stack: Stack | None, token: str = "") -> str:
        """The reason of the first thing that failed; what failed after it was mostly cancelled because of it."""
        events = [event for event in self._events(stack, token) if event["ResourceStatus"].endswith("_FAILED")]
        telling = [event for event in events if _CANCELLED not in event.get("ResourceStatusReason", _CANCELLED).lower()]
        if not telling:
            return f"it is {stack.status}" if stack else "it is gone"
        first = telling[-1]
        reason = " ".join(str(first["ResourceStatusReason"]).split())
        return f"{first['LogicalResourceId']} ({first['ResourceType']}) {first['ResourceStatus']}: {reason}"

    def _news(self, stack: Stack, token: str, seen: set[str]) -> list[dict[str, Any]]:
        fresh = [event for event in self._events(stack, token) if event["EventId"] not in seen]
        seen |= {event["EventId"] for event in fresh}
        return [event for event in reversed(fresh) if event["LogicalResourceId"] != stack.name]

    def _events(self, stack: Stack | None, token: str) -> list[dict[str, Any]]:
        """What happened, the newest first; of one operation, where its token is given."""
        if stack is None:
            return []
        pages = self.account.pages("cloudformation", "DescribeStackEvents", StackName=stack.id)
        events = [event for page in pages for event in page["StackEvents"]]
        return [event for event in events if not token or event.get("ClientRequestToken") == token]

    def _change_set(self, stack: str, label: str) -> dict[str, Any] | None:
        try:
            pages = list(
                self.account.pages("cloudformation", "DescribeChangeSet", StackName=stack, ChangeSetName=label)
            )
        except Absent:
            return None
        return {**pages[0], "Changes": [change for page in pages for change in page["Changes"]]}

    def _worked_out(self, stack: str, label: str) -> ChangeSet:
        for _ in _polls(f"the changes of stack {stack}"):
            found = self._change_set(stack, label)
            if found is None:
                raise Error(f"somebody has deleted the changes of stack {stack}", hint="run the same command again")
            if found["Status"] == "CREATE_COMPLETE":
                return ChangeSet(found["ChangeSetId"], stack, tuple(map(read_change, found["Changes"])))
            if found["Status"] == "FAILED":
                return self._nothing(ChangeSet(found["ChangeSetId"], stack, ()), str(found.get("StatusReason", "")))
        raise AssertionError  # polls end by raising

    def _nothing(self, change_set: ChangeSet, reason: str) -> ChangeSet:
        """CloudFormation calls it a failure when there is nothing to change."""
        self.discard(change_set)
        if any(words in reason.lower() for words in _NO_CHANGES):
            return change_set
        raise Error(
            f"CloudFormation cannot change stack {change_set.stack}: {' '.join(reason.split()) or 'no reason given'}"
        )


def refuse_stuck(stack: Stack, stacks: Stacks) -> None:
    """Raise `Error` for a stack that nothing can be deployed to: what failed first, and the way out."""
    if stack.stuck or stack.status == "UPDATE_ROLLBACK_FAILED":
        raise Error(f"stack {stack.name} is {stack.status}: {stacks.first_failure(stack)}", hint=way_out(stack))


def _polls(what: str) -> Iterator[None]:
    deadline = time.monotonic() + _PATIENCE
    pause = _FIRST_PAUSE
    while time.monotonic() < deadline:
        yield
        time.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE)
    raise Unclear(
        f"AWS has not done with {what} after {_PATIENCE / 60:.0f} minutes", hint="run the same command again: it waits"
    )
