"""What `bootstrap` would change in an account and on the Git host, and what it refuses. Pure."""

from dataclasses import dataclass
from typing import Any

from mlops_new.errors import Conflict, Error
from mlops_new.ports.account_setup import Account, Change, Proposal, Stack
from mlops_new.project.steps import PublishTemplate


@dataclass(frozen=True)
class BootstrapPlan:
    """What would be done, in this order.

    Args:
        proposal: The changes of the stack.
        publication: What puts the templates on the Git host; None where they are there.
    """

    proposal: Proposal
    publication: PublishTemplate | None

    @property
    def steps(self) -> tuple[Change | PublishTemplate, ...]:
        """All of it."""
        return (*self.proposal.changes, *([self.publication] if self.publication else []))


def refuse_foreign(stack: Stack | None) -> None:
    """Raise `Conflict` for a stack that is not ours."""
    if stack and not stack.ours:
        raise Conflict(
            f"stack {stack.name} exists and was not made by mlops-new",
            hint="name another with stack in [sagemaker] of the settings file",
        )


def refuse_moving(stack: Stack) -> None:
    """Raise `Error` for a stack that somebody else works on, where nothing may be waited for."""
    raise Error(f"stack {stack.name} is being changed now ({stack.status})", hint="try again in a minute")


def refuse_replacement(plan: BootstrapPlan) -> None:
    """Nothing is replaced silently: what it held would be gone, or another thing of the same name in its place.

    Raises:
        Conflict: naming what would be replaced.
    """
    if replaced := [change for change in plan.proposal.changes if change.replaces]:
        named = ", ".join(f"{one.resource} ({one.type} {one.name})".replace(" )", ")") for one in replaced)
        raise Conflict(
            f"this would replace {named}",
            hint="--dry-run shows all changes; --allow-replacement goes ahead",
        )


def document(
    plan: BootstrapPlan, account: Account, url: str, stack: Stack | None, changes: tuple[Change, ...]
) -> dict[str, Any]:
    """What is, or would be, for programs.

    Args:
        plan: What was planned.
        account: Where.
        url: Of the template repository.
        stack: As it is now; None where nothing was done.
        changes: What was, or would be, changed.
    """
    published = plan.publication.version if plan.publication else None
    return {
        "stack": {
            "name": account.stack,
            "region": account.region,
            "account": account.number,
            "status": stack.status if stack else None,
        },
        "changed": bool(stack and (changes or published)),
        "changes": [_change(one) for one in changes],
        "outputs": dict(stack.outputs) if stack else {},
        "template": {"url": url, "published": published},
    }


def _change(change: Change) -> dict[str, str]:
    return {
        "resource": change.resource,
        "type": change.type,
        "name": change.name,
        "action": change.kind,
        "replacement": change.replacement,
    }
