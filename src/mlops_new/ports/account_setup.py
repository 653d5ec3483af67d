"""What `bootstrap` needs of an AWS account: a stack, what would change in it, and how it is changed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from mlops_new.ports.git_host import Workspace
from mlops_new.ports.step import Step


@dataclass(frozen=True)
class Stack:
    """A CloudFormation stack as it is.

    Args:
        name: Its name.
        id: Its ARN, by which it is found even when it is deleted.
        status: As CloudFormation says it.
        parameters: What it was deployed with.
        marked: Whether it carries our mark.
        outputs: What it tells.
    """

    name: str
    id: str
    status: str
    parameters: Mapping[str, str]
    marked: bool
    outputs: Mapping[str, str]

    @property
    def ours(self) -> bool:
        """Whether it carries our mark; one that nothing was ever deployed to has no say."""
        return self.blank or self.marked

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
class Change(Step):
    """What happens to one resource of a stack.

    Args:
        kind: Add, Modify, Remove, Import or Dynamic.
        resource: Its name in the template.
        type: Such as AWS::S3::Bucket.
        name: Its own name, where that is known.
        replacement: True, Conditional, False, or empty where there is nothing to replace.
    """

    kind: str
    resource: str
    type: str
    name: str = ""
    replacement: str = ""

    subject = "resource"

    @property
    def action(self) -> str:
        """What CloudFormation calls it."""
        return self.kind

    @property
    def sign(self) -> str:
        """Whether it comes, goes or changes."""
        return {"Add": "+", "Import": "+", "Remove": "-"}.get(self.kind, "~")

    @property
    def replaces(self) -> bool:
        """Whether what there is may be taken away and made anew."""
        return self.replacement in {"True", "Conditional"}

    def __str__(self) -> str:
        adopted = "  (exists, and is taken over)" if self.kind == "Import" else ""
        replaced = {"True": "  replaced", "Conditional": "  perhaps replaced"}.get(self.replacement, "")
        return f"{self.type} {self.name or self.resource}{adopted}{replaced}"


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


@dataclass(frozen=True)
class Account:
    """Where things are made.

    Args:
        number: Of the account.
        region: Its region.
        stack: The name of the stack that holds everything.
    """

    number: str
    region: str
    stack: str


@dataclass(frozen=True)
class Proposal:
    """What would change.

    Args:
        wanted: What the stack is to be.
        changes: In CloudFormation's order.
        before: The stack as it is; None where a new one is made.
        change_set: Where CloudFormation keeps the changes already; None where it is asked only when they are made.
    """

    wanted: Deployment
    changes: tuple[Change, ...]
    before: Stack | None
    change_set: ChangeSet | None = None


ResourceListener = Callable[[str, str, str], None]
"""Told of a resource's name in the template, its type and its new status."""


class AccountSetup(Protocol):
    """The stack of one account and region."""

    @property
    def account(self) -> Account:
        """Where."""
        ...

    def find(self) -> Stack | None:
        """The stack as it is, or None. Reads only."""
        ...

    def wait(self, stack: Stack, listener: ResourceListener) -> Stack | None:
        """See what CloudFormation is doing to the stack to its end."""
        ...

    def delete(self, stack: Stack, listener: ResourceListener) -> None:
        """Delete a stack that can only be deleted; what its template retains stays."""
        ...

    def propose(self, before: Stack | None, workspace: Workspace | None, given: Mapping[str, str]) -> Proposal:
        """Work out what would change; nothing does.

        Args:
            before: The stack as it is; None makes a new one.
            workspace: The Bitbucket workspace whose Pipelines are to be trusted.
            given: Parameters that were given by hand.

        Raises:
            Conflict: something of our names exists and is not ours.
            Error: nothing can be deployed to the stack.
        """
        ...

    def discard(self, proposal: Proposal) -> None:
        """Forget changes that nobody makes."""
        ...

    def execute(self, proposal: Proposal, listener: ResourceListener) -> tuple[Stack, tuple[Change, ...]]:
        """Make the changes; the stack then, and what was changed."""
        ...


class AccountTemplate(Protocol):
    """What is deployed to an account."""

    def text(self) -> str:
        """For organisations that deploy it another way."""
        ...

    def check(self, given: Mapping[str, str]) -> None:
        """Raise `Invalid` for a parameter that it does not declare or does not allow."""
        ...
