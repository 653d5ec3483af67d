"""`mlops-new bootstrap`: once for a workspace and an AWS account, what every project needs."""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mlops_new.cli.adapters import Connect, account, connect
from mlops_new.cli.commands import bootstrap_templates
from mlops_new.cli.console import Console
from mlops_new.cli.suggested_commands import typed
from mlops_new.errors import Conflict, Denied, Error, Invalid
from mlops_new.hosts.bitbucket.setup import bitbucket_settings
from mlops_new.names import TEMPLATE_SLUG
from mlops_new.platforms.sagemaker.account import Account
from mlops_new.platforms.sagemaker.bootstrap import account_state, stack_template
from mlops_new.platforms.sagemaker.bootstrap.cloudformation import Stacks, refuse_stuck
from mlops_new.platforms.sagemaker.bootstrap.stack import Change, ChangeSet, Deployment, Stack
from mlops_new.ports.git_host import Workspace
from mlops_new.project.context import World
from mlops_new.project.steps import PublishTemplate
from mlops_new.settings.load import Settings

_UUID = re.compile(r"\{?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\}?")


@dataclass(frozen=True)
class Request:
    """What was typed.

    Args:
        dry_run: Show what would be done only.
        yes: Confirmed beforehand.
        workspace_uuid: Of the Bitbucket workspace; None: Bitbucket is asked.
        parameters: Of the template, by name.
        allow_replacement: Resources may be taken away and made anew.
        delete_failed: A stack that can only be deleted is deleted first.
    """

    dry_run: bool
    yes: bool
    workspace_uuid: str | None
    parameters: Mapping[str, str]
    allow_replacement: bool
    delete_failed: bool


def show(console: Console) -> None:
    """Print the template, for organisations that deploy it another way."""
    console.result(stack_template.text(), {"template": stack_template.text()})


Open = Callable[[Settings], Account]


def run(
    request: Request, settings: Settings, console: Console, connect: Connect = connect, open_account: Open = account
) -> None:
    """Look, show, ask, do."""
    account_state.check_parameters(request.parameters, stack_template.document())
    given = _given_workspace(request, settings)
    world = connect(settings, console.say)
    workspace = given or world.host.workspace()
    lacking, options = bootstrap_templates.lacking(world), typed(settings, "git", "config")
    bootstrap = _Run(request, console, open_account(settings), workspace, world, lacking, options)
    try:
        bootstrap.run()
    except Denied as error:
        error.hint = f"{error.hint}; or let an administrator of the account deploy `mlops-new bootstrap --print`"
        raise


def _given_workspace(request: Request, settings: Settings) -> Workspace | None:
    """The workspace of `--workspace-uuid`, for which Bitbucket is not asked."""
    if request.workspace_uuid is None:
        return None
    found = _UUID.fullmatch(request.workspace_uuid.lower())
    if found is None:
        hint = "for example: 11111111-2222-4333-8444-555555555555; Bitbucket shows it in the workspace's settings"
        raise Invalid(f"--workspace-uuid is {request.workspace_uuid!r}, which is no UUID", hint=hint)
    name = os.environ.get("BITBUCKET_WORKSPACE") or bitbucket_settings.parse(settings.bitbucket, os.environ).workspace
    if name is None:
        raise Invalid(
            "--workspace-uuid says which workspace, but not its name",
            hint="set BITBUCKET_WORKSPACE, or workspace in [bitbucket] of the settings file",
        )
    return Workspace(name, found[1])


@dataclass(frozen=True)
class _Run:
    request: Request
    console: Console
    account: Account
    workspace: Workspace | None
    world: World
    publication: PublishTemplate | None
    options: str

    def run(self) -> None:
        """Bring the stack and the template repository to what they should be."""
        before = self._before()
        wanted = self._wanted(before)
        if before is None or before.blank:
            self._create(wanted)
        else:
            self._update(wanted, before)

    @property
    def stacks(self) -> Stacks:
        """CloudFormation."""
        return Stacks(self.account)

    @property
    def name(self) -> str:
        """The stack's name."""
        return self.account.settings.stack

    def _before(self) -> Stack | None:
        """The stack as it is, once nobody else works on it.

        Raises:
            Conflict: it is not ours.
            Error: nothing can be deployed to it.
        """
        found = self.stacks.find(self.name)
        if found and not found.ours:
            raise Conflict(
                f"stack {self.name} exists and was not made by mlops-new",
                hint="name another with stack in [sagemaker] of the settings file",
            )
        if found and found.moving:
            if self.request.dry_run:
                raise Error(f"stack {self.name} is being changed now ({found.status})", hint="try again in a minute")
            self.console.say(f"waiting for stack {self.name}, which is {found.status}")
            found = self.stacks.follow(found.id, self._tell)
        if found and found.stuck and self.request.delete_failed:
            return self._cleared(found)
        if found:
            refuse_stuck(found, self.stacks)
        return found

    def _cleared(self, found: Stack) -> Stack | None:
        if self.request.dry_run:
            return None
        if not self.request.yes:
            self.console.confirm_by_name(self.name)
        self.stacks.delete(found, self._tell)
        self.console.say(f"- stack {self.name}, which was {found.status}")
        return None

    def _wanted(self, before: Stack | None) -> Deployment:
        names = account_state.named(self.account)
        found = account_state.look(self.account, names, self.workspace)
        chosen = account_state.parameters(names, self.workspace, found, before) | dict(self.request.parameters)
        declared = {name: value for name, value in chosen.items() if name in stack_template.document()["Parameters"]}
        return Deployment(stack_template.text(), declared, adopt=account_state.adopted(found, before))

    def _create(self, wanted: Deployment) -> None:
        identity = self.account.identity
        place = stack_template.Place(identity.partition, identity.account, self.account.region)
        resolved = stack_template.Resolved(stack_template.document(), wanted.parameters, place)
        changes = [Change("Add", one.logical_id, one.type, one.name) for one in resolved.resources]
        if self._agreed(changes):
            found = self.stacks.propose(self.name, wanted, create=True)
            self._finish(self.stacks.execute(found, self._tell), list(found.changes))

    def _update(self, wanted: Deployment, before: Stack) -> None:
        found = self.stacks.propose(self.name, wanted, create=False)
        try:
            self._guard(found)
            agreed = self._agreed(list(found.changes))
        except BaseException:  # also Ctrl-C at the question: changes that nobody makes are not left lying about
            self.stacks.discard(found)
            raise
        if not agreed:
            self.stacks.discard(found)
        elif found.changes:
            self._finish(self.stacks.execute(found, self._tell), list(found.changes))
        else:
            self._finish(before, [])

    def _guard(self, found: ChangeSet) -> None:
        """Nothing is replaced silently: what it held would be gone, or another thing of the same name in its place."""
        replaced = [change for change in found.changes if change.replaces]
        if replaced and not (self.request.allow_replacement or self.request.dry_run):
            named = ", ".join(f"{one.resource} ({one.type} {one.name})".replace(" )", ")") for one in replaced)
            raise Conflict(
                f"this would replace {named}",
                hint="--dry-run shows all changes; --allow-replacement goes ahead",
            )

    def _agreed(self, changes: list[Change]) -> bool:
        """Show it; whether it is to be done."""
        lines = [*map(str, changes), *([f"+ {self.publication}"] if self.publication else [])]
        if self.request.dry_run:
            self.console.result("\n".join(lines) or self._nothing, self._document(None, changes))
            return False
        if not lines:
            return True
        self.console.say(f"Plan for account {self.account.identity.account} in {self.account.region}:")
        for line in lines:
            self.console.say(f"  {line}")
        if not self.request.yes and not self.console.confirm("Go ahead?"):
            raise KeyboardInterrupt
        return True

    @property
    def _nothing(self) -> str:
        return f"Account {self.account.identity.account} is ready in {self.account.region}: nothing to do."

    def _finish(self, stack: Stack, changes: list[Change]) -> None:
        if self.publication:
            bootstrap_templates.publish(self.publication, self.world, self.console)
        document = self._document(stack, changes)
        self.console.result(_text(document, stack, self._nothing, self.options), document)

    def _tell(self, resource: str, kind: str, status: str) -> None:
        if status.endswith("_COMPLETE"):
            self.console.say(f"✓ {kind} {resource}", "green")
        elif status.endswith("_FAILED"):
            self.console.say(f"✗ {kind} {resource}: {status}", "red")

    def _document(self, stack: Stack | None, changes: list[Change]) -> dict[str, Any]:
        about = {"name": self.name, "region": self.account.region, "account": self.account.identity.account}
        listed = [
            {
                "resource": one.resource,
                "type": one.type,
                "name": one.name,
                "action": one.action,
                "replacement": one.replacement,
            }
            for one in changes
        ]
        published = self.publication.version if self.publication else None
        return {
            "stack": {**about, "status": stack.status if stack else None},
            "changed": bool(stack and (changes or published)),
            "changes": listed,
            "outputs": dict(stack.outputs) if stack else {},
            "template": {"url": self.world.host.url(TEMPLATE_SLUG), "published": published},
        }


def _text(document: Mapping[str, Any], stack: Stack, nothing: str, options: str) -> str:
    if not document["changed"]:
        return nothing
    about = document["stack"]
    lines = [f"Account {about['account']} is ready in {about['region']} (stack {stack.name})."]
    lines += [f"  {name:<15}{value}" for name, value in sorted(stack.outputs.items())]
    if role := stack.outputs.get("CiRole"):
        lines.append("For CI, in the settings file under [bitbucket.variables]:")
        lines += [f'  AWS_REGION = "{about["region"]}"', f'  AWS_ROLE_ARN = "{role}"']
    return "\n".join([*lines, f"Next: mlops-new doctor --platform sagemaker{options}"])
