"""`mlops-new bootstrap`: once for a workspace and an AWS account, what every project needs."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mlops_new.cli.adapters import Connect, account_setup, account_template, bitbucket_workspace, connect
from mlops_new.cli.commands import bootstrap_templates
from mlops_new.cli.console import Console
from mlops_new.cli.suggested_commands import typed
from mlops_new.errors import Denied, Invalid
from mlops_new.names import TEMPLATE_SLUG
from mlops_new.ports.account_setup import AccountSetup, Stack
from mlops_new.ports.git_host import Workspace
from mlops_new.ports.step import lines
from mlops_new.project import bootstrap_plan
from mlops_new.project.bootstrap_plan import BootstrapPlan
from mlops_new.project.context import Context
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
    text = account_template().text()
    console.result(text, {"template": text})


Open = Callable[[Settings], AccountSetup]


def run(
    request: Request, settings: Settings, console: Console, connect: Connect = connect, open_setup: Open = account_setup
) -> None:
    """Look, show, ask, do."""
    account_template().check(request.parameters)
    given = _given_workspace(request, settings)
    context = connect(settings, console.say)
    workspace = given or context.host.workspace()
    publication = bootstrap_templates.lacking(context)
    setup = open_setup(settings)
    try:
        before = _before(request, setup, console)
        plan = BootstrapPlan(setup.propose(before, workspace, request.parameters), publication)
        _carry_out(plan, request, setup, context, console, typed(settings, "git", "config"))
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
    name = bitbucket_workspace(settings)
    if name is None:
        raise Invalid(
            "--workspace-uuid says which workspace, but not its name",
            hint="set BITBUCKET_WORKSPACE, or workspace in [bitbucket] of the settings file",
        )
    return Workspace(name, found[1])


def _before(request: Request, setup: AccountSetup, console: Console) -> Stack | None:
    """The stack as it is, once nobody else works on it; one that can only be deleted is, where that was asked for."""
    found = setup.find()
    bootstrap_plan.refuse_foreign(found)
    if found and found.moving:
        if request.dry_run:
            bootstrap_plan.refuse_moving(found)
        console.say(f"waiting for stack {found.name}, which is {found.status}")
        found = setup.wait(found, _listener(console))
    if found and found.stuck and request.delete_failed:
        if not request.dry_run:
            _clear(found, request, setup, console)
        return None
    return found


def _clear(stack: Stack, request: Request, setup: AccountSetup, console: Console) -> None:
    if not request.yes:
        console.confirm_by_name(stack.name)
    setup.delete(stack, _listener(console))
    console.say(f"- stack {stack.name}, which was {stack.status}")


def _carry_out(
    plan: BootstrapPlan, request: Request, setup: AccountSetup, context: Context, console: Console, options: str
) -> None:
    account, url = setup.account, context.host.repositories.url(TEMPLATE_SLUG)
    nothing = f"Account {account.number} is ready in {account.region}: nothing to do."
    try:
        if not (request.allow_replacement or request.dry_run):
            bootstrap_plan.refuse_replacement(plan)
        if request.dry_run:
            told = bootstrap_plan.document(plan, account, url, None, plan.proposal.changes)
            console.result("\n".join(lines(plan.steps)) or nothing, told)
        else:
            _confirm(plan, request, setup, console)
    except BaseException:  # also Ctrl-C at the question: changes that nobody makes are not left lying about
        setup.discard(plan.proposal)
        raise
    if request.dry_run:
        setup.discard(plan.proposal)
        return
    stack, changes = setup.execute(plan.proposal, _listener(console))
    if plan.publication:
        bootstrap_templates.publish(plan.publication, context, console)
    told = bootstrap_plan.document(plan, account, url, stack, changes)
    console.result(_text(told, stack, nothing, options), told)


def _confirm(plan: BootstrapPlan, request: Request, setup: AccountSetup, console: Console) -> None:
    if not plan.steps:
        return
    console.plan(plan.steps, f"Plan for account {setup.account.number} in {setup.account.region}")
    if not request.yes and not console.confirm("Go ahead?"):
        raise KeyboardInterrupt


def _listener(console: Console) -> Callable[[str, str, str], None]:
    def tell(resource: str, kind: str, status: str) -> None:
        if status.endswith("_COMPLETE"):
            console.say(f"✓ {kind} {resource}", "green")
        elif status.endswith("_FAILED"):
            console.say(f"✗ {kind} {resource}: {status}", "red")

    return tell


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
