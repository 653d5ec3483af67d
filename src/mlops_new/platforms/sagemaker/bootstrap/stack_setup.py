"""An AWS account as `bootstrap` sees it: the protocol of `ports.account_setup`, by one CloudFormation stack."""

from collections.abc import Mapping
from dataclasses import dataclass

from mlops_new.platforms.sagemaker import account
from mlops_new.platforms.sagemaker.bootstrap import account_state, stack_template
from mlops_new.platforms.sagemaker.bootstrap.cloudformation import Stacks, refuse_stuck
from mlops_new.ports.account_setup import Account, Change, Deployment, Proposal, ResourceListener, Stack
from mlops_new.ports.git_host import Workspace


@dataclass(frozen=True)
class StackSetup:
    """The stack that the settings name.

    Args:
        where: The account.
    """

    where: account.Account

    @property
    def account(self) -> Account:
        """Where."""
        return Account(self.where.identity.account, self.where.region, self.where.settings.stack)

    @property
    def _stacks(self) -> Stacks:
        return Stacks(self.where)

    def find(self) -> Stack | None:
        """The stack as it is, or None. Reads only."""
        return self._stacks.find(self.where.settings.stack)

    def wait(self, stack: Stack, listener: ResourceListener) -> Stack | None:
        """See what CloudFormation is doing to the stack to its end."""
        return self._stacks.follow(stack.id, listener)

    def delete(self, stack: Stack, listener: ResourceListener) -> None:
        """Delete a stack that can only be deleted; what its template retains stays."""
        self._stacks.delete(stack, listener)

    def propose(self, before: Stack | None, workspace: Workspace | None, given: Mapping[str, str]) -> Proposal:
        """Work out what would change: for a new stack from the template, else by CloudFormation itself.

        Raises:
            Conflict: something of our names exists and is not ours.
            Error: nothing can be deployed to the stack.
        """
        if before:
            refuse_stuck(before, self._stacks)
        wanted = self._wanted(before, workspace, given)
        if before is None or before.blank:
            return Proposal(wanted, self._first(wanted), None)
        found = self._stacks.propose(before.name, wanted, create=False)
        return Proposal(wanted, found.changes, before, found)

    def discard(self, proposal: Proposal) -> None:
        """Forget changes that nobody makes."""
        if proposal.change_set:
            self._stacks.discard(proposal.change_set)

    def execute(self, proposal: Proposal, listener: ResourceListener) -> tuple[Stack, tuple[Change, ...]]:
        """Make the changes; the stack then, and what was changed.

        Raises:
            Error: they failed.
        """
        name = self.where.settings.stack
        found = proposal.change_set or self._stacks.propose(name, proposal.wanted, create=True)
        if proposal.before and not found.changes:
            return proposal.before, ()
        return self._stacks.execute(found, listener), found.changes

    def _wanted(self, before: Stack | None, workspace: Workspace | None, given: Mapping[str, str]) -> Deployment:
        names = account_state.named(self.where)
        found = account_state.look(self.where, names, workspace)
        chosen = account_state.parameters(names, workspace, found, before) | dict(given)
        declared = {name: value for name, value in chosen.items() if name in stack_template.document()["Parameters"]}
        return Deployment(stack_template.text(), declared, adopt=account_state.adopted(found, before))

    def _first(self, wanted: Deployment) -> tuple[Change, ...]:
        identity = self.where.identity
        place = stack_template.Place(identity.partition, identity.account, self.where.region)
        resolved = stack_template.Resolved(stack_template.document(), wanted.parameters, place)
        return tuple(Change("Add", one.logical_id, one.type, one.name) for one in resolved.resources)


class Template:
    """The CloudFormation template."""

    def text(self) -> str:
        """As it is deployed."""
        return stack_template.text()

    def check(self, given: Mapping[str, str]) -> None:
        """Raise `Invalid` for a parameter that it does not declare or does not allow."""
        account_state.check_parameters(given, stack_template.document())
