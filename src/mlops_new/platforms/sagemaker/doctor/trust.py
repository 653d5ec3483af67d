"""Whom a role's trust policy lets assume it. Pure."""

from collections.abc import Mapping
from typing import Any

from mlops_new.ports.git_host import Workspace


def sagemaker(trust: Mapping[str, Any]) -> str:
    """Why SageMaker may not assume a role; empty where it may."""
    for statement in _statements(trust):
        if "sagemaker.amazonaws.com" in _several(_principals(statement).get("Service", [])):
            return ""
    return "SageMaker may not assume it: its trust policy does not name sagemaker.amazonaws.com"


def bitbucket(provider: str, workspace: Workspace, trust: Mapping[str, Any]) -> str:
    """Why a workspace's Pipelines may not assume a role, or others may too; empty where all is right.

    Args:
        provider: The ARN of the workspace's OIDC provider.
        workspace: The workspace.
        trust: The role's trust policy.
    """
    for statement in _statements(trust):
        if provider in _several(_principals(statement).get("Federated", [])):
            return _limits(statement.get("Condition", {}), workspace)
    return f"Bitbucket's workspace {workspace.name} may not assume it: its trust policy does not name {provider}"


def _limits(conditions: Mapping[str, Mapping[str, Any]], workspace: Workspace) -> str:
    tests = {key: _several(value) for tests in conditions.values() for key, value in tests.items()}
    if workspace.audience not in tests.get(f"{workspace.issuer}:aud", []):
        return f"its trust policy does not ask for the audience {workspace.audience}"
    return "" if tests.get(f"{workspace.issuer}:sub") else "its trust policy does not limit which repositories (sub)"


def _statements(trust: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [one for one in _several(trust.get("Statement", [])) if one.get("Effect") == "Allow"]


def _principals(statement: Mapping[str, Any]) -> Mapping[str, Any]:
    found = statement.get("Principal", {})
    return found if isinstance(found, dict) else {}


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
