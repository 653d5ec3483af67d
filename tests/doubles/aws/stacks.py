"""CloudFormation: stacks, change sets and events, as far as `bootstrap` asks. Its resources are made in moto.

moto's own stands for none of: replacements, change sets without changes, failures and what is rolled back after them.
"""

import itertools
import json
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.doubles.aws import templates
from tests.doubles.aws.made import ACCOUNT, Making, Properties
from tests.doubles.aws.packages import Refused
from tests.doubles.aws.templates import Deployment
from tests.doubles.aws.xml import listed

# Properties that AWS cannot change in place.
_FIXED = ("BucketName", "EncryptionConfiguration", "ManagedPolicyName", "RepositoryName", "RoleName", "Url")
_NOTHING = "The submitted information didn't contain changes. Submit different information to create a change set."


@dataclass
class Stack:
    """A stack with what was deployed."""

    name: str
    id: str
    status: str = "REVIEW_IN_PROGRESS"
    bodies: dict[str, dict[str, Any]] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    work: Iterator[None] | None = None


@dataclass
class ChangeSet:
    """Changes that were worked out."""

    id: str
    name: str
    stack: Stack
    deployment: Deployment
    tags: dict[str, str]
    adopt: bool
    changes: list[dict[str, Any]]
    polls: int = 0


class CloudFormation:
    """The stacks of one account and region.

    Args:
        making: Makes resources.
        region: The region.
    """

    def __init__(self, making: Making, region: str) -> None:
        self.stacks: dict[str, Stack] = {}
        self._deleted: list[Stack] = []
        self.change_sets: dict[str, ChangeSet] = {}
        self.fails: dict[str, str] = {}
        """Resources, by their names in the template, that cannot be made, each with the reason."""
        self._making = making
        self._region = region
        self._numbers = itertools.count(1)

    def put(self, template: str, name: str = "mlops-new") -> None:
        """Deploy a template at once with its defaults, as if it had been there before."""
        deployment = self._deployment(template, {})
        stack = self.stacks.get(name) or self._new(name)
        stack.bodies = {key: dict(body) for key, body in deployment.resources.items()}
        for body in stack.bodies.values():
            self._making.make(body["Type"], self._settled(body["Properties"], stack.bodies))
        self._finish(stack, deployment)
        stack.tags, stack.status = dict(templates.TAGS), "CREATE_COMPLETE"

    def act(self, action: str, form: dict[str, str]) -> dict[str, Any]:
        """Answer one request."""
        answers = {
            "CreateChangeSet": self._create_change_set,
            "DeleteChangeSet": self._delete_change_set,
            "DeleteStack": self._delete_stack,
            "DescribeChangeSet": self._describe_change_set,
            "DescribeStackEvents": self._describe_events,
            "DescribeStacks": self._describe_stacks,
            "ExecuteChangeSet": self._execute,
        }
        return answers[action](form)

    def _describe_stacks(self, form: dict[str, str]) -> dict[str, Any]:
        stack = self._stack(form)
        told = {
            "StackName": stack.name,
            "StackId": stack.id,
            "StackStatus": stack.status,
            "CreationTime": _now(),
            "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in stack.parameters.items()],
            "Tags": [{"Key": key, "Value": value} for key, value in stack.tags.items()],
            "Outputs": [{"OutputKey": key, "OutputValue": value} for key, value in stack.outputs.items()],
        }
        if stack.work:  # each question sees a little more
            next(stack.work, None)
        return {"Stacks": [told]}

    def _describe_events(self, form: dict[str, str]) -> dict[str, Any]:
        return {"StackEvents": list(reversed(self._stack(form).events))}

    def _create_change_set(self, form: dict[str, str]) -> dict[str, Any]:
        name, create = form["StackName"], form["ChangeSetType"] == "CREATE"
        if not create and (name not in self.stacks or self.stacks[name].status == "REVIEW_IN_PROGRESS"):
            raise Refused("ValidationError", f"Stack [{name}] does not exist")
        if any(one.name == form["ChangeSetName"] for one in self.change_sets.values()):
            raise Refused("AlreadyExistsException", f"ChangeSet {form['ChangeSetName']} already exists")
        if "CAPABILITY_NAMED_IAM" not in form.values():
            raise Refused("InsufficientCapabilitiesException", "Requires capabilities : [CAPABILITY_NAMED_IAM]")
        stack = self.stacks.get(name) or self._new(name)
        found = self._worked_out(stack, form)
        self.change_sets[found.id] = found
        return {"Id": found.id, "StackId": stack.id}

    def _new(self, name: str) -> Stack:
        arn = f"arn:aws:cloudformation:{self._region}:{ACCOUNT}:stack/{name}/{uuid.uuid4()}"
        self.stacks[name] = Stack(name, arn)
        return self.stacks[name]

    def _worked_out(self, stack: Stack, form: dict[str, str]) -> ChangeSet:
        parameters = {one["ParameterKey"]: one["ParameterValue"] for one in listed(form, "Parameters")}
        deployment = self._deployment(form["TemplateBody"], parameters)
        if unknown := parameters.keys() - deployment.parameters.keys():
            raise Refused("ValidationError", f"Parameters: [{', '.join(unknown)}] do not exist in the template")
        label = form["ChangeSetName"]
        return ChangeSet(
            id=f"arn:aws:cloudformation:{self._region}:{ACCOUNT}:changeSet/{label}/{uuid.uuid4()}",
            name=label,
            stack=stack,
            deployment=deployment,
            tags={one["Key"]: one["Value"] for one in listed(form, "Tags")},
            adopt=form.get("ImportExistingResources") == "true",
            changes=list(self._changes(stack.bodies, deployment.resources)),
        )

    def _deployment(self, template: str, parameters: Mapping[str, str]) -> Deployment:
        pseudo = {"AWS::Partition": "aws", "AWS::AccountId": ACCOUNT, "AWS::Region": self._region}
        return Deployment(templates.load(template), parameters, pseudo)

    def _changes(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        for name in [*after, *(name for name in before if name not in after)]:
            old, new = before.get(name), after.get(name)
            if old == new:
                continue
            action = "Add" if old is None else "Remove" if new is None else "Modify"
            change = {"Action": action, "LogicalResourceId": name, "ResourceType": (new or old or {})["Type"]}
            if old and new:
                fixed = any(old["Properties"].get(one) != new["Properties"].get(one) for one in _FIXED)
                change |= {"PhysicalResourceId": _named(old["Properties"]), "Replacement": "True" if fixed else "False"}
            yield {"Type": "Resource", "ResourceChange": change}

    def _describe_change_set(self, form: dict[str, str]) -> dict[str, Any]:
        found = self._change_set(form)
        found.polls += 1
        told: dict[str, Any] = {"ChangeSetId": found.id, "ChangeSetName": found.name, "StackName": found.stack.name}
        if found.polls == 1:
            return {**told, "Status": "CREATE_IN_PROGRESS", "Changes": []}
        if not found.changes:
            return {**told, "Status": "FAILED", "StatusReason": _NOTHING, "Changes": []}
        return {**told, "Status": "CREATE_COMPLETE", "Changes": found.changes}

    def _delete_change_set(self, form: dict[str, str]) -> dict[str, Any]:
        del self.change_sets[self._change_set(form).id]
        return {}

    def _execute(self, form: dict[str, str]) -> dict[str, Any]:
        found = self._change_set(form)
        stack, token = found.stack, form.get("ClientRequestToken", "")
        kind = "CREATE" if stack.status == "REVIEW_IN_PROGRESS" else "UPDATE"
        self.change_sets = {key: one for key, one in self.change_sets.items() if one.stack is not stack}
        stack.tags, stack.status = found.tags, f"{kind}_IN_PROGRESS"
        self._tell(stack, stack.name, "AWS::CloudFormation::Stack", stack.status, token)
        stack.work = self._deploy(found, kind, token)
        return {}

    def _deploy(self, found: ChangeSet, kind: str, token: str) -> Iterator[None]:
        stack, before = found.stack, dict(found.stack.bodies)
        yield
        for change in [one["ResourceChange"] for one in found.changes]:
            name = change["LogicalResourceId"]
            reason = self._apply(change["Action"], name, found)
            if reason:
                self._tell(stack, name, change["ResourceType"], f"{kind}_FAILED", token, reason)
                yield from self._roll_back(stack, before, kind, token)
                return
            self._tell(stack, name, change["ResourceType"], f"{kind}_COMPLETE", token)
        yield
        self._finish(stack, found.deployment)
        stack.status, stack.work = f"{kind}_COMPLETE", None

    def _finish(self, stack: Stack, deployment: Deployment) -> None:
        stack.parameters = {**deployment.parameters}
        stack.outputs = {name: self._settled(value, stack.bodies) for name, value in deployment.outputs.items()}

    def _apply(self, action: str, name: str, found: ChangeSet) -> str:
        """Change one resource; the reason, where that fails."""
        stack, bodies = found.stack, found.deployment.resources
        if name in self.fails:
            return self.fails[name]
        if action == "Remove":
            self._take(name, stack.bodies)
            del stack.bodies[name]
            return ""
        body = dict(bodies[name])
        properties = self._settled(body["Properties"], bodies)
        if action == "Add" and not found.adopt and self._making.exists(body["Type"], properties):
            return f"Resource of type '{body['Type']}' with identifier '{_named(properties)}' already exists."
        self._making.make(body["Type"], properties)
        stack.bodies[name] = body
        return ""

    def _roll_back(self, stack: Stack, before: dict[str, Any], kind: str, token: str) -> Iterator[None]:
        rolling = "ROLLBACK" if kind == "CREATE" else "UPDATE_ROLLBACK"
        stack.status = f"{rolling}_IN_PROGRESS"
        yield
        for name in [name for name in stack.bodies if name not in before]:
            self._take(name, stack.bodies)
            self._tell(stack, name, stack.bodies[name]["Type"], "DELETE_COMPLETE", token)
        stack.bodies = before
        stack.status, stack.work = f"{rolling}_COMPLETE", None

    def _delete_stack(self, form: dict[str, str]) -> dict[str, Any]:
        stack = self._stack(form)
        stack.status = "DELETE_IN_PROGRESS"
        stack.work = self._deleting(stack)
        if not stack.bodies:
            next(stack.work)
            next(stack.work, None)
        return {}

    def _deleting(self, stack: Stack) -> Iterator[None]:
        yield
        for name, body in reversed(list(stack.bodies.items())):
            if body.get("DeletionPolicy") != "Retain":
                self._take(name, stack.bodies)
        self._deleted.append(self.stacks.pop(stack.name))
        stack.status, stack.work = "DELETE_COMPLETE", None

    def _take(self, name: str, bodies: Mapping[str, Any]) -> None:
        self._making.take(bodies[name]["Type"], self._settled(bodies[name]["Properties"], bodies))

    def _tell(self, stack: Stack, name: str, kind: str, status: str, token: str, reason: str = "") -> None:
        event = {
            "EventId": str(next(self._numbers)),
            "StackId": stack.id,
            "StackName": stack.name,
            "LogicalResourceId": name,
            "ResourceType": kind,
            "ResourceStatus": status,
            "ResourceStatusReason": reason or None,
            "Timestamp": _now(),
            "ClientRequestToken": token or None,
        }
        stack.events.append(event)

    def _settled(self, node: Any, bodies: Mapping[str, Any]) -> Any:
        """A resolved part of a template with what only AWS knows."""
        match node:
            case {"Fn::GetAtt": [str(name), str(attribute)]}:
                body = bodies[name]
                return self._making.attribute(body["Type"], body["Properties"], attribute)
            case {"Ref": str(name)} if len(node) == 1:
                return self._making.reference(bodies[name]["Type"], bodies[name]["Properties"])
            case {"Fn::Join": [str(separator), list(parts)]}:
                return separator.join(str(self._settled(part, bodies)) for part in parts)
            case dict():
                return {key: self._settled(value, bodies) for key, value in node.items()}
            case list():
                return [self._settled(value, bodies) for value in node]
            case _:
                return node

    def _stack(self, form: dict[str, str]) -> Stack:
        asked = form["StackName"]
        for stack in self.stacks.values():
            if asked in {stack.name, stack.id}:
                return stack
        for stack in self._deleted:
            if asked == stack.id:  # by its name a deleted stack is not found
                return stack
        raise Refused("ValidationError", f"Stack with id {asked} does not exist")

    def _change_set(self, form: dict[str, str]) -> ChangeSet:
        asked = form["ChangeSetName"]
        for found in self.change_sets.values():
            if asked in {found.id, found.name}:
                return found
        raise Refused("ChangeSetNotFound", f"ChangeSet [{asked}] does not exist")


def _named(properties: Properties) -> str:
    return next((str(properties[name]) for name in _FIXED if isinstance(properties.get(name), str)), "")


def _now() -> str:
    return datetime.now(UTC).isoformat()


def digest(stack: Stack) -> str:
    """What a stack is, to compare before and after."""
    return json.dumps([stack.status, stack.bodies, stack.parameters, stack.tags], sort_keys=True)
