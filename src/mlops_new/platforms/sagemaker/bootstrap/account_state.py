"""What an account holds already when `bootstrap` comes to it, and the parameters that follow from that."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mlops_new.errors import Conflict, Denied, Invalid
from mlops_new.platforms.sagemaker.account import Account, side_by_side
from mlops_new.platforms.sagemaker.aws_errors import Absent
from mlops_new.platforms.sagemaker.bootstrap.stack import TAGS
from mlops_new.ports.account_setup import Stack
from mlops_new.ports.git_host import Workspace

# They say what exists, or follow from the settings, which the other commands read too.
_NOT_TO_CHOOSE = {
    "WorkspaceName": "workspace in [bitbucket]",
    "WorkspaceUuid": "--workspace-uuid",
    "OidcProvider": "what exists",
    "CiRole": "what exists",
    "ExecutionRole": "what exists",
    "BucketName": "bucket in [sagemaker]",
    "RepositoryName": "ecr_repository in [sagemaker]",
    "CiRoleName": "ci_role in [sagemaker]",
    "ExecutionRoleName": "execution_role in [sagemaker]",
    "ExecutionRoleArn": "execution_role in [sagemaker]",
}


@dataclass(frozen=True)
class Found:
    """Things of our names in the account; None is absent, else their tags."""

    provider: Mapping[str, Any] | None
    execution_role: Mapping[str, str] | None
    ci_role: Mapping[str, str] | None
    bucket: Mapping[str, str] | None
    repository: Mapping[str, str] | None


def named(account: Account) -> dict[str, str]:
    """The parameters that name things, from the settings."""
    settings = account.settings
    names = {
        "BucketName": settings.bucket or "",
        "RepositoryName": settings.ecr_repository,
        "CiRoleName": settings.ci_role,
    }
    if "/" in settings.execution_role:  # an ARN, or a role in a path, is somebody's own
        return {**names, "ExecutionRoleArn": account.execution_role}
    return {**names, "ExecutionRoleName": settings.execution_role, "ExecutionRoleArn": ""}


def look(account: Account, names: Mapping[str, str], workspace: Workspace | None) -> Found:
    """See what of our names is there. Reads only."""
    bucket = names["BucketName"] or f"mlops-new-{account.identity.account}-{account.region}"
    looks: Mapping[str, Callable[[], Any]] = {
        "provider": lambda: provider(account, workspace) if workspace else None,
        "execution_role": lambda: _role(account, names.get("ExecutionRoleName")),
        "ci_role": lambda: _role(account, names["CiRoleName"]) if workspace else None,
        "bucket": lambda: _bucket(account, bucket),
        "repository": lambda: repository_tags(account, names["RepositoryName"]),
    }
    return Found(**dict(zip(looks, side_by_side(lambda act: act(), looks.values()), strict=True)))


def parameters(
    names: Mapping[str, str], workspace: Workspace | None, found: Found, stack: Stack | None
) -> dict[str, str]:
    """What the template is deployed with: what it was deployed with before, and what follows from the surroundings.

    Raises:
        Conflict: something of our names exists and is not ours.
    """
    before = dict(stack.parameters) if stack and not stack.blank else {}
    chosen = {**before, **names}
    if workspace:
        chosen |= {"WorkspaceName": workspace.name, "WorkspaceUuid": workspace.uuid}
        chosen["OidcProvider"] = _provided(before, workspace, found)
        chosen["CiRole"] = _shared(before, "CiRole", names["CiRoleName"], found.ci_role)
    if "ExecutionRoleName" in names:
        chosen["ExecutionRole"] = _shared(before, "ExecutionRole", names["ExecutionRoleName"], found.execution_role)
    if not before:
        _refuse_foreign(found)
    return chosen


def adopted(found: Found, stack: Stack | None) -> bool:
    """Whether there is a bucket or a repository of ours that an earlier stack has left."""
    return (stack is None or stack.blank) and (found.bucket is not None or found.repository is not None)


def check_parameters(given: Mapping[str, str], document: Mapping[str, Any]) -> None:
    """Raise `Invalid` for a parameter that the template does not declare or does not allow."""
    declared = document["Parameters"]
    for name, value in given.items():
        if name in _NOT_TO_CHOOSE:
            raise Invalid(f"the parameter {name} is not to be given: it follows from {_NOT_TO_CHOOSE[name]}")
        if name not in declared:
            raise Invalid(
                f"the template has no parameter {name}",
                hint=f"it has: {', '.join(sorted(declared.keys() - _NOT_TO_CHOOSE))}",
            )
        pattern, choices = declared[name].get("AllowedPattern", r"[\s\S]*"), declared[name].get("AllowedValues")
        if not re.fullmatch(pattern, value) or (choices and value not in choices):
            hint = f"it is one of: {', '.join(choices)}" if choices else f"it has to match {pattern}"
            raise Invalid(f"the parameter {name} is {value!r}", hint=hint)


def _provided(before: Mapping[str, str], workspace: Workspace, found: Found) -> str:
    """Whether the stack makes the OIDC provider: an account can have only one of an issuer."""
    is_ours = before.get("OidcProvider") == "create" and before.get("WorkspaceName") == workspace.name
    if found.provider is None or (is_ours and before.get("WorkspaceUuid")):
        return "create"
    if workspace.audience not in found.provider["ClientIDList"]:
        raise Conflict(
            f"the account has an OIDC provider of {workspace.issuer} that lacks the audience {workspace.audience}",
            hint=audience_hint(found.provider, workspace),
        )
    return "existing"


def audience_hint(document: Mapping[str, Any], workspace: Workspace) -> str:
    """How a provider learns of our audience."""
    return (
        "aws iam add-client-id-to-open-id-connect-provider "
        f"--open-id-connect-provider-arn {document['Arn']} --client-id {workspace.audience}"
    )


def _shared(before: Mapping[str, str], parameter: str, name: str, found: Mapping[str, str] | None) -> str:
    """Whether the stack makes a role, or attaches its policy to the one that another region's stack has made."""
    if found is None or (before.get(parameter) == "create" and before.get(f"{parameter}Name") == name):
        return "create"
    if not found.items() >= TAGS.items():
        raise Conflict(
            f"role {name} exists and was not made by mlops-new",
            hint="name another in [sagemaker]; execution_role may also be the ARN of a role to use as it is",
        )
    return "attach"


def _refuse_foreign(found: Found) -> None:
    for what, tags, setting in (
        ("bucket", found.bucket, "bucket"),
        ("ECR repository", found.repository, "ecr_repository"),
    ):
        if tags is not None and not tags.items() >= TAGS.items():
            raise Conflict(
                f"the {what} exists and was not made by mlops-new",
                hint=f"name another with {setting} in [sagemaker] of the settings file",
            )


def provider(account: Account, workspace: Workspace) -> dict[str, Any] | None:
    """The OIDC provider of a workspace with its ARN, or None."""
    arn = f"arn:{account.identity.partition}:iam::{account.identity.account}:oidc-provider/{workspace.issuer}"
    answer = account.find("iam", "GetOpenIDConnectProvider", about="the OIDC provider", OpenIDConnectProviderArn=arn)
    return {"Arn": arn, **answer} if answer else None


def _role(account: Account, name: str | None) -> dict[str, str] | None:
    if name is None:
        return None
    answer = account.find("iam", "GetRole", about=f"role {name}", RoleName=name)
    return _tags(answer["Role"].get("Tags", ())) if answer else None


def _bucket(account: Account, name: str) -> dict[str, str] | None:
    try:
        account.call("s3", "HeadBucket", about=f"bucket {name}", Bucket=name)
    except Absent:
        return None
    except Denied as error:
        raise Conflict(
            f"bucket {name} exists, and these credentials may not see it: {error.message}",
            hint="it may be another account's: name another with bucket in [sagemaker] of the settings file",
        ) from error
    return bucket_tags(account, name)


def bucket_tags(account: Account, name: str) -> dict[str, str]:
    """The tags of a bucket that exists."""
    answer = account.find("s3", "GetBucketTagging", about=f"bucket {name}", Bucket=name)
    return _tags(answer["TagSet"]) if answer else {}


def repository_tags(account: Account, name: str) -> dict[str, str] | None:
    """The tags of an ECR repository, or None where there is none."""
    answer = account.find("ecr", "DescribeRepositories", about=f"ECR repository {name}", repositoryNames=[name])
    if answer is None:
        return None
    arn = answer["repositories"][0]["repositoryArn"]
    return _tags(account.call("ecr", "ListTagsForResource", about=f"ECR repository {name}", resourceArn=arn)["tags"])


def _tags(listed: Any) -> dict[str, str]:
    return {one["Key"]: one["Value"] for one in listed}
